/* SPDX-License-Identifier: MIT */
/*
 * What the files of libbulk share with each other.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef BULK_INTERNAL_H
#define BULK_INTERNAL_H

#include <stdbool.h>

#include <bulk_xfer.h>

#include "bulk.h"

/* Never written after bulk_open(), so threads share it without a lock. */
struct bulk {
	int fd;
	bool has_call;		/* false: read(2) and write(2) instead */
	bulk_vdso_call vdso;	/* set where there is a window */
	void *window;
	size_t window_size;
};

/* One thread's, or under a lock of the caller's. */
struct bulk_pages {
	struct bulk *b;
	void *room;		/* NULL: each record is copied */
	size_t size;
	pid_t owner;		/* the process that has it */
	void *copy;		/* made when it is needed */
	size_t copy_size;
};

bulk_vdso_call bulk_vdso_find(void);

/* The function @name in the ELF image of at most @limit bytes at @base, or NULL. */
const void *bulk_elf_function(const void *base, size_t limit, const char *name);

/* Leaves @b without a window where there can't be one. */
void bulk_window_open(struct bulk *b, size_t size);
void bulk_window_close(struct bulk *b);

bool bulk_is_endpoint(int fd);

/* Has a filter answered @ret in the kernel's place? */
bool bulk_is_withheld(long ret);

/* These return a negative errno; bulk_failed() makes -1 and errno of it. */
long bulk_run(struct bulk *b, struct bulk_seg *segs, unsigned int nr,
	      unsigned int flags);
/* What bulk_run() answered with @ret; done in another way if that was a filter. */
long bulk_answer(struct bulk *b, struct bulk_seg *segs, unsigned int nr,
		 unsigned int flags, long ret);
/* One call, whatever a filter says to it. */
long bulk_run_anyhow(struct bulk *b, struct bulk_seg *segs, unsigned int nr,
		     unsigned int flags);
long bulk_recv_seg(struct bulk *b, struct bulk_seg *seg, bool plain);
long bulk_fallback(int fd, struct bulk_seg *segs, unsigned int nr,
		   unsigned int flags);
long bulk_fallback_recv(int fd, struct bulk_seg *seg);
long bulk_stay(struct bulk_seg *segs, unsigned int nr, unsigned int flags);
long bulk_failed(long err);

/*
 * Was only the start of a region sent, so that what comes next must wait? It
 * must not overtake the rest.
 */
static inline bool bulk_is_short(const struct bulk_seg *seg)
{
	return (seg->op == BULK_OP_SEND || seg->op == BULK_OP_COMMIT) &&
	       seg->res >= 0 && (__u32)seg->res < seg->len;
}

/* No record, and no region, is longer than .res can tell. */
static inline __u32 bulk_room(size_t room)
{
	return room > INT32_MAX ? INT32_MAX : room;
}

#endif /* BULK_INTERNAL_H */
