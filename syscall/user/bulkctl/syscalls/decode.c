// SPDX-License-Identifier: GPL-2.0
/*
 * Calls as text, as strace(1) prints them.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>
#include <linux/futex.h>

#include "args.h"
#include "decode.h"
#include "flags.h"
#include "record.h"

#define NR_ARGS		6
#define MAX_ERRNO	4095

/* In an argument whose kind is not known, more than this is an address. */
#define MOST_NUMBER	0xffff

/* libc's O_TMPFILE contains O_DIRECTORY. */
#define TMPFILE_BIT	(O_TMPFILE & ~O_DIRECTORY)

/* The kernel has these beside errno; the texts are those of strace. */
#define ERESTARTSYS		512
#define ERESTARTNOINTR		513
#define ERESTARTNOHAND		514
#define ERESTART_RESTARTBLOCK	516

/* A call that is printed. */
struct decoded {
	const struct bulk_syscalls_head *head;
	const __u64 *args;
	const char *spec;	/* NULL: not known */
	unsigned int nr;	/* how many arguments it has */
};

/* ENTER and EXIT have their number in the same place. */
static uint32_t number_of(const struct bulk_syscalls_head *head)
{
	return ((const struct bulk_syscalls_enter *)head)->nr;
}

static const struct call *call_of(const struct bulk_syscalls_head *head)
{
	return call_find(head->abi, number_of(head));
}

/* Return: letters of the arguments, without what stands before; NULL: not known. */
static const char *spec_of(const struct call *call, bool *pointer)
{
	const char *spec = call ? args_spec(call->name) : NULL;

	*pointer = spec && *spec == RETURNS_POINTER;
	return spec ? spec + *pointer : NULL;
}

void decode_name(struct line *l, const struct bulk_syscalls_head *head)
{
	const struct call *call = call_of(head);

	if (call)
		line_add(l, "%s", call->name);
	else
		line_add(l, "syscall_%#x", number_of(head));
}

static const struct flags *flags_of(char kind)
{
	switch (kind) {
	case ARG_OPEN:
		return &flags_open;
	case ARG_ACCESS:
		return &flags_access;
	case ARG_AT:
		return &flags_at;
	case ARG_PROT:
		return &flags_prot;
	case ARG_MAP:
		return &flags_map;
	case ARG_ADVICE:
		return &flags_advice;
	case ARG_CLONE:
		return &flags_clone;
	case ARG_FUTEX:
		return &flags_futex;
	case ARG_DOMAIN:
		return &flags_domain;
	case ARG_SOCKET:
		return &flags_socket;
	case ARG_SHUTDOWN:
		return &flags_shutdown;
	case ARG_FCNTL:
		return &flags_fcntl;
	case ARG_EPOLL:
		return &flags_epoll;
	case ARG_WHENCE:
		return &flags_whence;
	case ARG_WAIT:
		return &flags_wait;
	case ARG_SIGMASK:
		return &flags_sigmask;
	case ARG_CLOCK:
		return &flags_clock;
	}
	return NULL;
}

static void add_pointer(struct line *l, uint64_t value)
{
	if (value)
		line_add(l, "%#" PRIx64, value);
	else
		line_add(l, "NULL");
}

static void add_long(struct line *l, const struct decoded *d, uint64_t value)
{
	if (d->head->abi == BULK_SYSCALLS_ABI_32)
		line_add(l, "%" PRId32, (int32_t)value);
	else
		line_add(l, "%" PRId64, value);
}

/* The command before says what it is. */
static void add_fcntl_arg(struct line *l, uint64_t command, uint64_t value)
{
	switch (command) {
	case F_SETFL:
		line_flags(l, &flags_open, value);
		break;
	case F_SETFD:
		line_flags(l, &flags_fd, value);
		break;
	case F_DUPFD:
	case F_DUPFD_CLOEXEC:
	case F_SETPIPE_SZ:
		line_add(l, "%" PRIu32, (uint32_t)value);
		break;
	default:
		line_add(l, "%#" PRIx64, value);
	}
}

/* Small ones, of both signs, are numbers; registers hold negative ones in 32 bits. */
static void add_unknown(struct line *l, uint64_t value)
{
	if (value <= MOST_NUMBER)
		line_add(l, "%" PRIu64, value);
	else if ((value >> 32 == 0 || value >> 32 == UINT32_MAX) &&
		 (int32_t)value < 0 && (int32_t)value >= -MAX_ERRNO)
		line_add(l, "%" PRId32, (int32_t)value);
	else
		line_add(l, "%#" PRIx64, value);
}

static void add_fd(struct line *l, char kind, int32_t fd)
{
	if (kind == ARG_DIR_FD && fd == AT_FDCWD)
		line_add(l, "AT_FDCWD");
	else
		line_add(l, "%" PRId32, fd);
}

static void add_value(struct line *l, const struct decoded *d, unsigned int i)
{
	const uint64_t value = d->args[i];
	const char kind = d->spec ? d->spec[i] : '\0';
	const struct flags *flags = flags_of(kind);

	if (flags) {
		/* All of these are int, but for the flags of mmap() and clone(). */
		line_flags(l, flags, kind == ARG_CLONE ? value : (uint32_t)value);
		return;
	}
	switch (kind) {
	case ARG_FD:
	case ARG_DIR_FD:
	case ARG_INT:
		add_fd(l, kind, value);
		break;
	case ARG_LONG:
		add_long(l, d, value);
		break;
	case ARG_UNSIGNED:
		line_add(l, "%" PRIu64, value);
		break;
	case ARG_HEX:
		line_add(l, "%#" PRIx64, value);
		break;
	case ARG_OCTAL:
		line_add(l, "%#" PRIo64, value & 0xffff);
		break;
	case ARG_POINTER:
	case ARG_PATH:
		add_pointer(l, value);
		break;
	case ARG_SIGNAL:
		line_signal(l, (uint32_t)value);
		break;
	case ARG_FCNTL_ARG:
		add_fcntl_arg(l, d->args[i - 1], value);
		break;
	default:
		add_unknown(l, value);
	}
}

static const struct bulk_syscalls_part *path_of(const struct decoded *d,
						unsigned int arg)
{
	const struct bulk_syscalls_part *part = NULL;

	while ((part = record_part(d->head, part))) {
		if (part->kind == BULK_SYSCALLS_PART_PATH && part->arg == arg)
			return part;
	}
	return NULL;
}

/* Of a string of which nothing could be read, the address is all there is. */
static void add_arg(struct line *l, const struct decoded *d, unsigned int i)
{
	const struct bulk_syscalls_part *path = path_of(d, i);

	if (!path || (!path->len && path->flags & BULK_SYSCALLS_PART_FAULT)) {
		add_value(l, d, i);
		return;
	}
	line_quote(l, path->data, path->len);
	if (path->flags & (BULK_SYSCALLS_PART_CUT | BULK_SYSCALLS_PART_FAULT))
		line_add(l, "...");
}

static unsigned int futex_args(uint64_t op)
{
	switch (op & FUTEX_CMD_MASK) {
	case FUTEX_WAKE:
		return 3;
	case FUTEX_WAIT:
		return 4;
	}
	return NR_ARGS;
}

/* Does this command of fcntl(2) have an argument? */
static bool fcntl_has_arg(uint64_t command)
{
	switch (command) {
	case F_GETFD:
	case F_GETFL:
	case F_GETOWN:
	case F_GETSIG:
	case F_GETLEASE:
	case F_GETPIPE_SZ:
	case F_GET_SEALS:
		return false;
	}
	return true;
}

/* Return: how many there are of the arguments, where one says whether others count. */
static unsigned int count_args(const struct decoded *d)
{
	unsigned int i;

	for (i = 0; d->spec && i + 1 < d->nr; i++) {
		if (d->spec[i] == ARG_OPEN && d->spec[i + 1] == ARG_OCTAL &&
		    !(d->args[i] & (O_CREAT | TMPFILE_BIT)))
			return i + 1;
		if (d->spec[i] == ARG_FCNTL && !fcntl_has_arg(d->args[i]))
			return i + 1;
		if (d->spec[i] == ARG_FUTEX)
			return futex_args(d->args[i]);
	}
	return d->nr;
}

void decode_args(struct line *l, const struct bulk_syscalls_head *head)
{
	const struct call *call = call_of(head);
	struct decoded d = { .head = head, .args = record_args(head) };
	unsigned int i;
	bool pointer;

	d.spec = spec_of(call, &pointer);
	d.nr = call && call->nr_args < NR_ARGS ? call->nr_args : NR_ARGS;
	if (d.spec && strlen(d.spec) < d.nr)
		d.nr = strlen(d.spec);
	d.nr = count_args(&d);
	for (i = 0; i < d.nr; i++) {
		if (i)
			line_put(l, ", ", 2);
		add_arg(l, &d, i);
	}
}

static const char *restart_of(unsigned int error)
{
	switch (error) {
	case ERESTARTSYS:
		return "ERESTARTSYS (To be restarted if SA_RESTART is set)";
	case ERESTARTNOINTR:
		return "ERESTARTNOINTR (To be restarted)";
	case ERESTARTNOHAND:
		return "ERESTARTNOHAND (To be restarted if no handler)";
	case ERESTART_RESTARTBLOCK:
		return "ERESTART_RESTARTBLOCK (Interrupted by signal)";
	}
	return NULL;
}

static void add_error(struct line *l, unsigned int error)
{
	const char *name = errno_name(error), *restart = restart_of(error);

	if (restart)
		line_add(l, "? %s", restart);
	else if (name)
		line_add(l, "-1 %s (%s)", name, strerror(error));
	else
		line_add(l, "-1 (errno %u)", error);
}

void decode_result(struct line *l, const struct bulk_syscalls_exit *e)
{
	bool pointer;

	spec_of(call_of(&e->head), &pointer);
	if (e->result < 0 && e->result >= -MAX_ERRNO)
		add_error(l, -e->result);
	else if (pointer)
		line_add(l, "%#" PRIx64, (uint64_t)e->result);
	else
		line_add(l, "%" PRId64, (int64_t)e->result);
}
