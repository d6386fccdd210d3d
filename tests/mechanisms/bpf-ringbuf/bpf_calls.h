/* SPDX-License-Identifier: GPL-2.0 */
/*
 * bpf(2): maps, programs made of instructions, the type information a callback needs.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef LAB_BPF_CALLS_H
#define LAB_BPF_CALLS_H

#include <linux/bpf.h>
#include <linux/btf.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static inline long bpf_call(int cmd, union bpf_attr *attr)
{
	return syscall(__NR_bpf, cmd, attr, sizeof(*attr));
}

static inline int map_create(uint32_t type, uint32_t value_size, uint32_t entries, uint32_t flags)
{
	union bpf_attr attr = {
		.map_type = type,
		.key_size = value_size ? 4 : 0,
		.value_size = value_size,
		.max_entries = entries,
		.map_flags = flags,
	};

	return bpf_call(BPF_MAP_CREATE, &attr);
}

static inline int map_get(int fd, uint32_t key, void *value)
{
	union bpf_attr attr = {
		.map_fd = fd,
		.key = (uintptr_t)&key,
		.value = (uintptr_t)value,
	};

	return bpf_call(BPF_MAP_LOOKUP_ELEM, &attr);
}

/* Two functions without parameters: the program, and its static callback. */
static inline int btf_load(void)
{
	static const struct {
		struct btf_header header;
		struct btf_type integer;
		uint32_t integer_data;
		struct btf_type proto;
		struct btf_type main;
		struct btf_type callback;
		char names[20];
	} btf = {
		.header = { BTF_MAGIC, BTF_VERSION, 0, sizeof(struct btf_header), 0, 52, 52, 20 },
		.integer = { 1, BTF_KIND_INT << 24, { 4 } },
		.integer_data = BTF_INT_SIGNED << 24 | 32,
		.proto = { 0, BTF_KIND_FUNC_PROTO << 24, { 1 } },
		.main = { 5, BTF_KIND_FUNC << 24, { 2 } },
		.callback = { 10, BTF_KIND_FUNC << 24, { 2 } },
		.names = "\0int\0main\0callback",
	};
	union bpf_attr attr = {
		.btf = (uintptr_t)&btf,
		.btf_size = sizeof(btf.header) + 52 + sizeof(btf.names),
	};

	return bpf_call(BPF_BTF_LOAD, &attr);
}

#define BTF_MAIN	3
#define BTF_CALLBACK	4

/* @callback: where it begins, or 0. What the verifier says goes to @log. */
static inline int prog_load(const struct bpf_insn *insns, unsigned int nr, unsigned int callback,
			    char *log, size_t room)
{
	struct bpf_func_info funcs[] = { { 0, BTF_MAIN }, { callback, BTF_CALLBACK } };
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_RAW_TRACEPOINT,
		.insns = (uintptr_t)insns,
		.insn_cnt = nr,
		.license = (uintptr_t)"GPL",
		.log_buf = (uintptr_t)log,
		.log_size = log ? room : 0,
		.log_level = log ? 1 : 0,
	};
	int fd;

	if (callback) {
		attr.prog_btf_fd = btf_load();
		attr.func_info = (uintptr_t)funcs;
		attr.func_info_rec_size = sizeof(funcs[0]);
		attr.func_info_cnt = 2;
	}
	fd = bpf_call(BPF_PROG_LOAD, &attr);
	if (callback)
		close(attr.prog_btf_fd);
	return fd;
}

/* The link; closing it detaches the program. */
static inline int tracepoint_attach(const char *name, int prog)
{
	union bpf_attr attr = { 0 };

	attr.raw_tracepoint.name = (uintptr_t)name;
	attr.raw_tracepoint.prog_fd = prog;
	return bpf_call(BPF_RAW_TRACEPOINT_OPEN, &attr);
}

#endif /* LAB_BPF_CALLS_H */
