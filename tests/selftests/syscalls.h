/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Recordings of the channel syscalls: to start and receive, to find records.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef SYSCALLS_H
#define SYSCALLS_H

#include "child.h"

#include <linux/bulk_syscalls.h>

#define LOG_STEP	65536	/* room for a RECV: above any record */
#define NOBODY		65534
#define MODULE		"bulk_syscalls"

/* Records as they were received, one behind the other. */
struct log {
	char *at;
	size_t used;
	size_t room;
};

/* The record behind @rec, or the first for NULL; NULL at the end. */
static inline struct bulk_packed *log_next(const struct log *log,
					   struct bulk_packed *rec)
{
	char *at = rec ? (char *)rec + BULK_PACKED_SIZE(rec->len) : log->at;

	return at < log->at + log->used ? (struct bulk_packed *)at : NULL;
}

/* As many records as there are, at least one: how many, or an errno. */
static inline int log_receive(struct log *log, int fd, unsigned int flags)
{
	struct bulk_seg seg;
	long ret;

	if (log->room - log->used < LOG_STEP) {
		log->room = 2 * log->room + LOG_STEP;
		log->at = realloc(log->at, log->room);
	}
	seg = seg_recv(log->at + log->used, LOG_STEP);
	seg.flags = BULK_SEG_PACKED;
	ret = bulk_xfer(fd, &seg, 1, flags);
	if (ret != 1)
		return ret;
	log->used += (seg.res + 7) & ~7;
	return seg.tag;
}

static inline const struct bulk_syscalls_head *
head_of(const struct bulk_packed *rec)
{
	return (const void *)rec->data;
}

static inline const struct bulk_syscalls_enter *
enter_of(const struct bulk_packed *rec)
{
	return (const void *)rec->data;
}

static inline const struct bulk_syscalls_exit *
exit_of(const struct bulk_packed *rec)
{
	return (const void *)rec->data;
}

/* Entries and exits have the number at the same place. */
static inline bool is_call(const struct bulk_packed *rec, int type, pid_t tid,
			   __u32 nr)
{
	return head_of(rec)->type == type && enter_of(rec)->nr == nr &&
	       (!tid || head_of(rec)->tid == (__u32)tid);
}

/* The first such record behind @rec, or NULL; @tid 0 is any thread. */
static inline struct bulk_packed *find_type(const struct log *log,
					    struct bulk_packed *rec, int type,
					    pid_t tid)
{
	while ((rec = log_next(log, rec)))
		if (head_of(rec)->type == type &&
		    (!tid || head_of(rec)->tid == (__u32)tid))
			break;
	return rec;
}

static inline struct bulk_packed *find_call(const struct log *log,
					    struct bulk_packed *rec, int type,
					    pid_t tid, __u32 nr)
{
	while ((rec = log_next(log, rec)))
		if (is_call(rec, type, tid, nr))
			break;
	return rec;
}

static inline unsigned long count_calls(const struct log *log, int type,
					pid_t tid, __u32 nr)
{
	struct bulk_packed *rec = NULL;
	unsigned long n = 0;

	while ((rec = find_call(log, rec, type, tid, nr)))
		n++;
	return n;
}

/* All but the TOTALS, which no figure counts. */
static inline unsigned long count_all(const struct log *log)
{
	struct bulk_packed *rec = NULL;
	unsigned long n = 0;

	while ((rec = log_next(log, rec)))
		n += head_of(rec)->type != BULK_SYSCALLS_TOTALS;
	return n;
}

static inline unsigned long lost_in_band(const struct log *log)
{
	struct bulk_packed *rec = NULL;
	unsigned long n = 0;

	while ((rec = log_next(log, rec)))
		n += rec->lost;
	return n;
}

/* One part of a record, at byte @pos of its parts; NULL: no more is whole. */
static inline const struct bulk_syscalls_part *
part_at(const struct bulk_packed *rec, size_t pos)
{
	size_t parts = enter_of(rec)->parts;
	const __u8 *at = rec->data + rec->len - parts + pos;
	const struct bulk_syscalls_part *part = (const void *)at;

	if (parts > rec->len || pos > parts || parts - pos < sizeof(*part) ||
	    part->len > parts - pos - sizeof(*part))
		return NULL;
	return part;
}

static inline const struct bulk_syscalls_part *
find_part(const struct bulk_packed *rec, int kind, unsigned int arg)
{
	const struct bulk_syscalls_part *part;
	size_t pos = 0;

	while ((part = part_at(rec, pos))) {
		if (part->kind == kind &&
		    (kind != BULK_SYSCALLS_PART_PATH || part->arg == arg))
			break;
		pos += (sizeof(*part) + part->len + 7) & ~7UL;
	}
	return part;
}

/* Have a call among those that are recorded. */
static inline void filter_call(struct bulk_syscalls_filter *filter, __u32 nr)
{
	filter->flags |= BULK_SYSCALLS_CALLS;
	filter->calls[nr / 64] |= 1ULL << nr % 64;
}

/* A request with so many pids, whatever it says itself: 0, or an errno. */
static inline int ask_with(int fd, const struct bulk_syscalls_request *req,
			   const __u32 *pids, size_t count)
{
	size_t len = sizeof(*req) + count * sizeof(*pids), i;
	struct bulk_syscalls_request *whole = malloc(len);
	int ret;

	*whole = *req;
	for (i = 0; i < count; i++)
		whole->pids[i] = pids[i];
	ret = bulk_send(fd, whole, len, 0);
	free(whole);
	return ret;
}

static inline int ask(int fd, const struct bulk_syscalls_request *req,
		      const __u32 *pids)
{
	return ask_with(fd, req, pids, req->nr_pids);
}

/* A STOP or JOIN, which need not have a filter: 0, or an errno. */
static inline int ask_short(int fd, __u32 op, __u64 recording, __u32 cpu)
{
	struct bulk_syscalls_request req = {
		.op = op, .recording = recording, .cpu = cpu,
	};

	return bulk_send(fd, &req, offsetof(typeof(req), filter), 0);
}

struct recording {
	int fd;
	struct bulk_syscalls_started started;
	__u64 tag; /* of @started */
	struct log log;
};

/* Start one, and receive what says so: 0, or an errno. */
static inline int start(struct recording *r,
			const struct bulk_syscalls_request *req,
			const __u32 *pids)
{
	struct bulk_packed *rec;
	int ret;

	*r = (struct recording){ };
	r->fd = open_channel("syscalls", O_RDWR | O_CLOEXEC);
	if (r->fd < 0)
		return r->fd;
	ret = ask(r->fd, req, pids);
	if (ret)
		return ret;
	ret = log_receive(&r->log, r->fd, BULK_DONTWAIT);
	if (ret < 0)
		return ret;
	rec = log_next(&r->log, NULL);
	if (rec->len != sizeof(r->started) ||
	    head_of(rec)->type != BULK_SYSCALLS_STARTED)
		return -EBADMSG;
	memcpy(&r->started, rec->data, sizeof(r->started));
	r->tag = rec->tag;
	return 0;
}

/* Start one of a process, and with what else @req has. */
static inline int start_pid(struct recording *r,
			    struct bulk_syscalls_request *req, pid_t pid)
{
	__u32 pids[] = { pid };

	req->op = BULK_SYSCALLS_START;
	req->filter.flags |= BULK_SYSCALLS_PIDS;
	req->nr_pids = 1;
	return start(r, req, pids);
}

/* All that waits and the TOTALS behind it, which it returns; NULL: an error. */
static inline const struct bulk_syscalls_totals *
collect(struct log *log, int fd)
{
	struct bulk_packed *rec;
	struct log tail;
	size_t from;

	do {
		from = log->used;
		if (log_receive(log, fd, 0) < 0)
			return NULL;
		tail.at = log->at + from;
		tail.used = log->used - from;
		rec = find_type(&tail, NULL, BULK_SYSCALLS_TOTALS, 0);
	} while (!rec);
	return (const void *)rec->data;
}

static inline const struct bulk_syscalls_totals *stop(struct recording *r)
{
	if (ask_short(r->fd, BULK_SYSCALLS_STOP, 0, 0))
		return NULL;
	return collect(&r->log, r->fd);
}

static inline void end_recording(struct recording *r)
{
	close(r->fd);
	free(r->log.at);
	*r = (struct recording){ .fd = -1 };
}

/* A call as it is: the result, or a negative errno. */
static inline long raw_call(long nr, long a, long b, long c, long d, long e,
			    long f)
{
	long ret = syscall(nr, a, b, c, d, e, f);

	return ret == -1 ? -errno : ret;
}

/* A 32-bit call of a 64-bit process; SIGSEGV where there are none. */
static inline long int80(long nr, long a, long b, long c)
{
	long ret;

	asm volatile("int $0x80"
		     : "=a" (ret)
		     : "a" (nr), "b" (a), "c" (b), "d" (c)
		     : "memory", "cc", "r8", "r9", "r10", "r11");
	return (int)ret;
}

#define NR32_GETPPID	64	/* of asm/unistd_32.h */

#endif /* SYSCALLS_H */
