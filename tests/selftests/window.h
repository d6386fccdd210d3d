/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Endpoints with a window, and the vDSO function that uses it.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef WINDOW_H
#define WINDOW_H

#include <sys/auxv.h>
#include <sys/mman.h>

#include "bulk_test.h"
#include "../vDSO/parse_vdso.h"

typedef long (*vdso_bulk_xfer)(int fd, struct bulk_seg *segs,
			       unsigned int nr_segs, unsigned int flags,
			       void *window);

/* An endpoint and, where @window is not NULL, its window. */
struct windowed {
	vdso_bulk_xfer call;
	struct bulk_params params;
	int fd;
	void *window;
};

/* NULL where there is no vDSO, or no such function in it. */
static inline vdso_bulk_xfer find_vdso_call(void)
{
	unsigned long base = getauxval(AT_SYSINFO_EHDR);

	if (!base)
		return NULL;
	vdso_init_from_sysinfo_ehdr(base);
	return (vdso_bulk_xfer)vdso_sym("LINUX_2.6", "__vdso_bulk_xfer");
}

static inline void *map_window(const struct windowed *w, size_t size)
{
	void *window = mmap(NULL, size, w->params.mmap_prot,
			    w->params.mmap_flags, w->fd, 0);

	return window == MAP_FAILED ? NULL : window;
}

/* 0, or an errno: -ENOENT without the channel, -EOPNOTSUPP without a vDSO. */
static inline int open_windowed(struct windowed *w, const char *channel)
{
	*w = (struct windowed){ .fd = -1, .call = find_vdso_call() };
	if (!w->call || w->call(-1, NULL, 0, BULK_QUERY, &w->params))
		return -EOPNOTSUPP;
	w->fd = open_channel(channel, O_RDWR | O_CLOEXEC);
	if (w->fd < 0)
		return w->fd;
	w->window = map_window(w, w->params.window_default);
	return w->window ? 0 : -errno;
}

static inline void close_windowed(struct windowed *w)
{
	if (w->window)
		munmap(w->window, w->params.window_default);
	if (w->fd >= 0)
		close(w->fd);
}

/* One SEND through the window, or past it: 0 or an errno. */
static inline int window_send(const struct windowed *w, const void *buf,
			      size_t len, __u64 tag, unsigned int flags)
{
	struct bulk_seg seg = seg_send(buf, len, tag);
	long ret = w->call(w->fd, &seg, 1, flags, w->window);

	return ret == 1 ? 0 : ret;
}

/* One RECV through the window, or past it: bytes or an errno. */
static inline int window_recv(const struct windowed *w, void *buf, size_t room,
			      __u64 *tag, unsigned int flags)
{
	struct bulk_seg seg = seg_recv(buf, room);
	long ret = w->call(w->fd, &seg, 1, flags, w->window);

	if (tag)
		*tag = seg.tag;
	return ret == 1 ? seg.res : ret;
}

#endif /* WINDOW_H */
