/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The least of aio that one poll at a time needs.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef AIO_H
#define AIO_H

#include "bulk_test.h"

#include <linux/aio_abi.h>
#include <time.h>

struct aio {
	aio_context_t context;
};

/* 0, or -1 with errno. */
static inline int aio_setup(struct aio *aio)
{
	aio->context = 0;
	return syscall(__NR_io_setup, 1, &aio->context);
}

static inline int aio_destroy(struct aio *aio)
{
	return syscall(__NR_io_destroy, aio->context);
}

/* 0 or -errno. */
static inline int aio_poll(struct aio *aio, int fd, int events)
{
	struct iocb iocb = {
		.aio_lio_opcode = IOCB_CMD_POLL,
		.aio_fildes = fd,
		.aio_buf = events,
	};
	struct iocb *iocbs[] = { &iocb };

	return syscall(__NR_io_submit, aio->context, 1, iocbs) == 1 ? 0 : -errno;
}

/* The events of the oldest one; without @wait, -EAGAIN when there are none. */
static inline int aio_reap(struct aio *aio, bool wait)
{
	struct timespec now = { 0, 0 };
	struct io_event event;
	long n;

	n = syscall(__NR_io_getevents, aio->context, wait, 1, &event,
		    wait ? NULL : &now);
	if (n < 0)
		return -errno;
	return n ? (int)event.res : -EAGAIN;
}

#endif /* AIO_H */
