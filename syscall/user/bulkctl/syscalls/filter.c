// SPDX-License-Identifier: GPL-2.0
/*
 * Sets of system calls by name.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "../message.h"
#include "args.h"
#include "event.h"
#include "filter.h"

/* Calls that strace has in these classes, and whose arguments do not tell. */
static const char *const network[] = {
	"accept", "accept4", "bind", "connect", "getpeername", "getpmsg",
	"getsockname", "getsockopt", "listen", "putpmsg", "recv", "recvfrom",
	"recvmmsg", "recvmmsg_time64", "recvmsg", "send", "sendfile",
	"sendfile64", "sendmmsg", "sendmsg", "sendto", "setsockopt",
	"shutdown", "socket", "socketcall", "socketpair", NULL
};

static const char *const process[] = {
	"clone", "clone3", "execve", "execveat", "exit", "exit_group", "fork",
	"kill", "pidfd_send_signal", "rt_sigqueueinfo", "rt_tgsigqueueinfo",
	"tgkill", "tkill", "unshare", "vfork", "wait4", "waitid", "waitpid",
	NULL
};

static const char *const memory[] = {
	"brk", "get_mempolicy", "io_destroy", "io_setup", "madvise", "mbind",
	"migrate_pages", "mincore", "mlock", "mlock2", "mlockall", "mmap",
	"mmap2", "move_pages", "mprotect", "mremap", "mseal", "msync",
	"munlock", "munlockall", "munmap", "pkey_mprotect",
	"process_madvise", "remap_file_pages", "set_mempolicy",
	"set_mempolicy_home_node", "shmat", "shmdt", NULL
};

/**
 * struct class - calls that are chosen together
 * @name: behind the '%'
 * @args: calls with such an argument
 * @calls: and these; NULL: no others
 */
static const struct class {
	const char *name;
	const char *args;
	const char *const *calls;
} classes[] = {
	{ "file", (const char[]){ ARG_PATH, '\0' }, NULL },
	{ "desc", (const char[]){ ARG_FD, ARG_DIR_FD, '\0' }, NULL },
	{ "network", "", network },
	{ "net", "", network },
	{ "process", "", process },
	{ "memory", "", memory },
};

/* The convention and its bits; x32 has the numbers, and the bits, of 64. */
static const struct table {
	unsigned int abi;
	unsigned int bits;
} tables[] = {
	{ BULK_SYSCALLS_ABI_64, BULK_SYSCALLS_NR },
	{ BULK_SYSCALLS_ABI_X32, BULK_SYSCALLS_NR },
	{ BULK_SYSCALLS_ABI_32, BULK_SYSCALLS_NR32 },
};

#define NR_TABLES	(sizeof(tables) / sizeof(tables[0]))

static __u64 *words_of(struct bulk_syscalls_filter *f, const struct table *t)
{
	return t->abi == BULK_SYSCALLS_ABI_32 ? f->calls32 : f->calls;
}

static void choose(struct bulk_syscalls_filter *f, const struct table *t,
		   unsigned int nr)
{
	words_of(f, t)[nr / 64] |= 1ULL << nr % 64;
}

static bool choose_call(struct bulk_syscalls_filter *f, const char *name)
{
	bool found = false;
	size_t i;
	int nr;

	for (i = 0; i < NR_TABLES; i++) {
		nr = call_number(tables[i].abi, name);
		if (nr < 0 || (unsigned int)nr >= tables[i].bits)
			continue;
		choose(f, &tables[i], nr);
		found = true;
	}
	return found;
}

static bool in_class(const struct class *c, const char *name)
{
	const char *spec = args_spec(name);
	unsigned int i;

	if (*c->args && spec && strpbrk(spec, c->args))
		return true;
	for (i = 0; c->calls && c->calls[i]; i++) {
		if (!strcmp(c->calls[i], name))
			return true;
	}
	return false;
}

static void choose_class(struct bulk_syscalls_filter *f, const struct class *c)
{
	const struct call *call;
	unsigned int nr;
	size_t i;

	for (i = 0; i < NR_TABLES; i++) {
		for (nr = 0; nr < tables[i].bits; nr++) {
			call = call_find(tables[i].abi, nr);
			if (call && in_class(c, call->name))
				choose(f, &tables[i], nr);
		}
	}
}

static void choose_named_class(struct bulk_syscalls_filter *f, const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
		if (!strcmp(classes[i].name, name)) {
			choose_class(f, &classes[i]);
			return;
		}
	}
	usage("syscalls: no class '%%%s': %%file, %%desc, %%network, %%process or %%memory",
	      name);
}

static void invert(struct bulk_syscalls_filter *f)
{
	size_t i;

	for (i = 0; i < BULK_SYSCALLS_NR / 64; i++)
		f->calls[i] = ~f->calls[i];
	for (i = 0; i < BULK_SYSCALLS_NR32 / 64; i++)
		f->calls32[i] = ~f->calls32[i];
}

/* Others may follow, as with strace, which has its set behind "trace=". */
static void choose_all(struct bulk_syscalls_filter *f)
{
	memset(f->calls, 0xff, sizeof(f->calls));
	memset(f->calls32, 0xff, sizeof(f->calls32));
}

static void choose_word(struct bulk_syscalls_filter *f, const char *word)
{
	if (*word == '%')
		choose_named_class(f, word + 1);
	else if (!strcmp(word, "all"))
		choose_all(f);
	else if (strcmp(word, "none") && !choose_call(f, word))
		usage("syscalls: no system call '%s'", word);
}

void filter_calls(struct bulk_syscalls_filter *f, const char *set)
{
	static const char prefix[] = "trace=";
	char *copy, *word, *rest;
	bool others;

	if (!strncmp(set, prefix, sizeof(prefix) - 1))
		set += sizeof(prefix) - 1;
	others = *set == '!';
	copy = strdup(set + others);
	if (!copy)
		fail("no memory for the names of calls");
	memset(f->calls, 0, sizeof(f->calls));
	memset(f->calls32, 0, sizeof(f->calls32));
	for (rest = copy; (word = strsep(&rest, ","));)
		choose_word(f, word);
	free(copy);
	if (others)
		invert(f);
	f->flags |= BULK_SYSCALLS_CALLS;
}
