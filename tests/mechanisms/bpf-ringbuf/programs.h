/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The BPF programs: send a record, stamp a record in place, take all records.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef LAB_BPF_PROGRAMS_H
#define LAB_BPF_PROGRAMS_H

#include <stddef.h>

#include "bpf_calls.h"
#include "lab_bpf.h"

#define I(_code, _dst, _src, _off, _imm) \
	((struct bpf_insn){ .code = (_code), .dst_reg = (_dst), .src_reg = (_src), \
			    .off = (_off), .imm = (_imm) })
#define MOV(d, s)	I(BPF_ALU64 | BPF_MOV | BPF_X, d, s, 0, 0)
#define SET(d, imm)	I(BPF_ALU64 | BPF_MOV | BPF_K, d, 0, 0, imm)
#define ADD(d, imm)	I(BPF_ALU64 | BPF_ADD | BPF_K, d, 0, 0, imm)
#define INVERT(d)	I(BPF_ALU64 | BPF_XOR | BPF_K, d, 0, 0, -1)
#define LOAD(d, s, off)	I(BPF_LDX | BPF_MEM | BPF_DW, d, s, off, 0)
#define STORE(d, off, s) I(BPF_STX | BPF_MEM | BPF_DW, d, s, off, 0)
#define STORE32(d, off, s) I(BPF_STX | BPF_MEM | BPF_W, d, s, off, 0)
#define ZERO32(d, off)	I(BPF_ST | BPF_MEM | BPF_W, d, 0, off, 0)
#define JUMP_IF(op, d, imm, off) I(BPF_JMP | (op) | BPF_K, d, 0, off, imm)
#define INCREMENT(d, off, s) I(BPF_STX | BPF_ATOMIC | BPF_DW, d, s, off, BPF_ADD)
#define CALL(f)		I(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_##f)
#define EXIT()		I(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)
/* Two instructions each. */
#define MAP(d, fd)	I(BPF_LD | BPF_IMM | BPF_DW, d, BPF_PSEUDO_MAP_FD, 0, fd), I(0, 0, 0, 0, 0)
#define FUNCTION(d, n)	I(BPF_LD | BPF_IMM | BPF_DW, d, BPF_PSEUDO_FUNC, 0, n), I(0, 0, 0, 0, 0)

#define R0	BPF_REG_0
#define R1	BPF_REG_1
#define R2	BPF_REG_2
#define R3	BPF_REG_3
#define R4	BPF_REG_4
#define R5	BPF_REG_5
#define R6	BPF_REG_6
#define R7	BPF_REG_7
#define FP	BPF_REG_10

#define DROPPED	offsetof(struct lab_bpf_state, dropped)

/* state->dropped++ and out. */
#define COUNT_DROPPED(state) \
	ZERO32(FP, -4), MOV(R2, FP), ADD(R2, -4), MAP(R1, state), CALL(map_lookup_elem), \
	JUMP_IF(BPF_JEQ, R0, 0, 2), SET(R1, 1), INCREMENT(R0, DROPPED, R1), SET(R0, 0), EXIT()

/* Copies the record that the tracepoint shows into a slot of the ring. */
static inline int load_copier(int ring, int state, uint32_t bytes, uint32_t slot, char *log,
			      size_t room)
{
	const struct bpf_insn prog[] = {
		LOAD(R6, R1, 0),
		MAP(R1, ring), SET(R2, slot), SET(R3, 0), CALL(ringbuf_reserve),
		JUMP_IF(BPF_JEQ, R0, 0, 10),
		MOV(R7, R0),
		MOV(R1, R7), SET(R2, bytes), MOV(R3, R6), CALL(probe_read_kernel),
		MOV(R1, R7), SET(R2, 0), CALL(ringbuf_submit),
		SET(R0, 0), EXIT(),
		COUNT_DROPPED(state),
	};

	return prog_load(prog, sizeof(prog) / sizeof(prog[0]), 0, log, room);
}

/* Makes the record in a slot of the ring, where the pattern is. */
static inline int load_stamper(int ring, int state, uint32_t bytes, uint32_t slot)
{
	const struct bpf_insn prog[] = {
		LOAD(R6, R1, 8),
		MAP(R1, ring), SET(R2, slot), SET(R3, 0), CALL(ringbuf_reserve),
		JUMP_IF(BPF_JEQ, R0, 0, 11),
		MOV(R7, R0),
		STORE(R7, 0, R6), INVERT(R6),
		MOV(R1, R7), ADD(R1, bytes - 8), STORE(R1, 0, R6),
		MOV(R1, R7), SET(R2, 0), CALL(ringbuf_submit),
		SET(R0, 0), EXIT(),
		COUNT_DROPPED(state),
	};

	return prog_load(prog, sizeof(prog) / sizeof(prog[0]), 0, NULL, 0);
}

/* Copies the samples that a user has sent into the slots, as many as there are slots. */
static inline int load_drainer(int ring, int state, int slots, uint32_t bytes, char *log,
			       size_t room)
{
	enum { CALLBACK = 9 };
	const struct bpf_insn prog[] = {
		MAP(R1, ring), FUNCTION(R2, CALLBACK - 3), SET(R3, 0), SET(R4, 0),
		CALL(user_ringbuf_drain),
		SET(R0, 0), EXIT(),
		/* CALLBACK: R1 is the sample */
		MOV(R6, R1),
		ZERO32(FP, -4), MOV(R2, FP), ADD(R2, -4), MAP(R1, state), CALL(map_lookup_elem),
		JUMP_IF(BPF_JEQ, R0, 0, 25),
		MOV(R7, R0), LOAD(R1, R7, 0), STORE32(FP, -8, R1),
		MOV(R2, FP), ADD(R2, -8), MAP(R1, slots), CALL(map_lookup_elem),
		JUMP_IF(BPF_JEQ, R0, 0, 16),
		MOV(R1, R0), SET(R2, bytes), MOV(R3, R6), SET(R4, 0), SET(R5, 0), CALL(dynptr_read),
		JUMP_IF(BPF_JEQ, R0, 0, 4),
		SET(R1, 1), INCREMENT(R7, DROPPED, R1), SET(R0, 0), EXIT(),
		LOAD(R1, R7, 0), ADD(R1, 1), STORE(R7, 0, R1),
		SET(R0, 0), JUMP_IF(BPF_JLT, R1, LAB_BPF_SLOTS, 1),
		SET(R0, 1), EXIT(),
	};

	return prog_load(prog, sizeof(prog) / sizeof(prog[0]), CALLBACK, log, room);
}

#endif /* LAB_BPF_PROGRAMS_H */
