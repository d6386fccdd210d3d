// SPDX-License-Identifier: GPL-2.0
/*
 * BPF: programs at the raw tracepoints of entry and exit, which write to a ring buffer.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * The newest records are lost when the ring is full, and the programs count them.
 */
#include <asm/ptrace.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../mechanisms/bpf-ringbuf/programs.h"
#include "../mechanisms/bpf-ringbuf/ring.h"
#include "consume.h"
#include "die.h"
#include "recorder.h"
#include "tracefs.h"

#define MAX_PROCESSES	1024
#define R8	BPF_REG_8
#define LOAD32(d, s, off) I(BPF_LDX | BPF_MEM | BPF_W, d, s, off, 0)
#define RIGHT(d, imm)	I(BPF_ALU64 | BPF_RSH | BPF_K, d, 0, 0, imm)

/* Is the current process recorded? Six instructions and a MAP(); R0 is 0 if not. */
#define LOOK_UP_CURRENT(pids) \
	CALL(get_current_pid_tgid), MOV(R7, R0), RIGHT(R0, 32), STORE32(FP, -4, R0), \
	MOV(R2, FP), ADD(R2, -4), MAP(R1, pids), CALL(map_lookup_elem)

/* The six arguments of an entry, and the two registers between them. */
#define ARGS		offsetof(struct pt_regs, r10)
#define ARGS_LEN	(offsetof(struct pt_regs, orig_rax) - ARGS)
#define NUMBER		offsetof(struct pt_regs, orig_rax)
#define NUMBER_LEN	sizeof(uint64_t)

/**
 * struct call - a record, as a program writes it
 * @ns: CLOCK_MONOTONIC
 * @pid_tid: process and thread
 * @value: entry: number of the call; exit: its result
 * @regs: entry: arguments; exit: number of the call
 */
struct call {
	uint64_t ns;
	uint64_t pid_tid;
	uint64_t value;
	uint64_t regs[];
};

enum { ENTER, EXIT, FORK, LINKS };

static struct {
	struct bpf_ring ring;
	int state;
	int pids;
	int links[LINKS];
} bpf;

static int must(int fd, const char *what)
{
	if (fd < 0)
		die("bpf: %s: %s", what, strerror(errno));
	return fd;
}

/* Arguments of the tracepoint: registers, then the number or the result. */
static int load_recording(size_t regs, size_t len)
{
	const struct bpf_insn prog[] = {
		MOV(R6, R1),
		LOOK_UP_CURRENT(bpf.pids),
		JUMP_IF(BPF_JEQ, R0, 0, 21),
		MAP(R1, bpf.ring.fd), SET(R2, sizeof(struct call) + len), SET(R3, 0),
		CALL(ringbuf_reserve),
		JUMP_IF(BPF_JEQ, R0, 0, 17),
		MOV(R8, R0),
		CALL(ktime_get_ns), STORE(R8, offsetof(struct call, ns), R0),
		STORE(R8, offsetof(struct call, pid_tid), R7),
		LOAD(R1, R6, 8), STORE(R8, offsetof(struct call, value), R1),
		MOV(R1, R8), ADD(R1, offsetof(struct call, regs)), SET(R2, len),
		LOAD(R3, R6, 0), ADD(R3, regs), CALL(probe_read_kernel),
		MOV(R1, R8), SET(R2, 0), CALL(ringbuf_submit),
		SET(R0, 0), EXIT(),
		COUNT_DROPPED(bpf.state),
	};

	return prog_load(prog, sizeof(prog) / sizeof(prog[0]), 0, NULL, 0);
}

static int attach_recording(const char *tracepoint, size_t regs, size_t len)
{
	int prog = must(load_recording(regs, len), tracepoint);
	int link = must(tracepoint_attach(tracepoint, prog), tracepoint);

	close(prog);
	return link;
}

/* What a recorded process forks is recorded, too. */
static int load_forking(size_t child)
{
	const struct bpf_insn prog[] = {
		MOV(R6, R1),
		LOOK_UP_CURRENT(bpf.pids),
		JUMP_IF(BPF_JEQ, R0, 0, 11),
		LOAD32(R1, R6, child), STORE32(FP, -4, R1), ZERO32(FP, -8),
		MOV(R2, FP), ADD(R2, -4), MOV(R3, FP), ADD(R3, -8), SET(R4, BPF_ANY),
		MAP(R1, bpf.pids), CALL(map_update_elem),
		SET(R0, 0), EXIT(),
	};
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_TRACEPOINT,
		.insns = (uintptr_t)prog,
		.insn_cnt = sizeof(prog) / sizeof(prog[0]),
		.license = (uintptr_t)"GPL",
	};

	return bpf_call(BPF_PROG_LOAD, &attr);
}

/* Only this kind of program is told the child's number; it runs on all processors. */
static int attach_forking(void)
{
	static const char event[] = "sched/sched_process_fork";
	struct perf_event_attr attr = {
		.type = PERF_TYPE_TRACEPOINT,
		.size = sizeof(attr),
		.config = tracefs_event_id(event),
	};
	int prog = must(load_forking(tracefs_field_offset(event, "child_pid")), event);
	int fd = must(syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC),
		      event);

	must(ioctl(fd, PERF_EVENT_IOC_SET_BPF, prog), event);
	must(ioctl(fd, PERF_EVENT_IOC_ENABLE, 0), event);
	close(prog);
	return fd;
}

static void record_process(uint32_t pid)
{
	uint32_t value = 0;
	union bpf_attr attr = {
		.map_fd = bpf.pids,
		.key = (uintptr_t)&pid,
		.value = (uintptr_t)&value,
	};

	must(bpf_call(BPF_MAP_UPDATE_ELEM, &attr), "process");
}

static bool bpf_start(pid_t pid, size_t bytes)
{
	if (!tracefs_is_there())
		return false;
	must(bpf_ring_map(&bpf.ring, must(map_create(BPF_MAP_TYPE_RINGBUF, 0, bytes, 0),
					  "ring buffer"), bytes, false), "map ring");
	bpf.state = must(map_create(BPF_MAP_TYPE_ARRAY, sizeof(struct lab_bpf_state), 1, 0),
			 "array");
	bpf.pids = must(map_create(BPF_MAP_TYPE_HASH, sizeof(uint32_t), MAX_PROCESSES, 0),
			"hash");
	record_process(pid);
	bpf.links[FORK] = attach_forking();
	bpf.links[ENTER] = attach_recording("sys_enter", ARGS, ARGS_LEN);
	bpf.links[EXIT] = attach_recording("sys_exit", NUMBER, NUMBER_LEN);
	return true;
}

static uint64_t bpf_drain(void)
{
	const uint8_t *record;
	uint64_t records = 0;
	uint32_t len;

	while ((record = bpf_ring_peek(&bpf.ring, &len))) {
		consume(record, len);
		bpf_ring_release(&bpf.ring, len);
		records++;
	}
	return records;
}

static int bpf_fd(void)
{
	return bpf.ring.fd;
}

static uint64_t bpf_lost(void)
{
	struct lab_bpf_state state = { 0 };

	must(map_get(bpf.state, 0, &state), "state");
	return state.dropped;
}

static void bpf_stop(void)
{
	unsigned int i;

	for (i = 0; i < LINKS; i++)
		close(bpf.links[i]);
	bpf_ring_unmap(&bpf.ring);
	close(bpf.ring.fd);
	close(bpf.state);
	close(bpf.pids);
}

const struct recorder recorder_bpf = {
	.name = "bpf",
	.about = "BPF programs at raw tracepoints, which write to a BPF ring buffer",
	.start = bpf_start,
	.drain = bpf_drain,
	.fd = bpf_fd,
	.lost = bpf_lost,
	.stop = bpf_stop,
};
