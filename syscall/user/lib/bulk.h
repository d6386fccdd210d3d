/* SPDX-License-Identifier: MIT */
/*
 * libbulk: records between a program and a channel of the kernel.
 *
 * Every function is safe to call from several threads on one handle, except
 * that bulk_close() must be the last. Those that fail set errno.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef BULK_H
#define BULK_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <linux/bulk_xfer.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * struct bulk - one endpoint: an open channel
 *
 * Opaque. A thread that wants an order of its own opens an endpoint of its own.
 */
struct bulk;

/**
 * bulk_open() - open a channel
 * @channel: its name ("echo"), or a path when it contains a slash
 * @flags: O_RDWR, O_RDONLY or O_WRONLY, with O_NONBLOCK if wanted. O_CLOEXEC
 *	is implied; other flags are EINVAL.
 *
 * Where the system call is missing or is held back by a seccomp filter that
 * answers ENOSYS, the handle works through read(2) and write(2), which carry
 * neither tags nor losses; what needs these then fails with ENOSYS.
 *
 * Return: the handle, or NULL with errno: those of open(2); EINVAL: a flag, or
 * the file is not an endpoint; ENOSYS: no bulk_xfer(2), and not an endpoint as
 * far as /proc tells.
 */
struct bulk *bulk_open(const char *channel, int flags);

/**
 * bulk_close() - close an endpoint
 * @b: the handle, or NULL
 *
 * What was sent still reaches the provider; what was not received is gone.
 */
void bulk_close(struct bulk *b);

/**
 * bulk_fd() - the endpoint's file descriptor
 * @b: the handle, which keeps owning the descriptor
 *
 * For poll(2), epoll(7) and fcntl(2).
 *
 * Return: the descriptor.
 */
int bulk_fd(const struct bulk *b);

/**
 * bulk_send() - send one record
 * @b: the endpoint
 * @buf: the record
 * @len: bytes in it, 0 to the channel's max_record
 * @tag: 64 bits that travel with it
 *
 * A record is sent whole or not at all: after EINTR or EAGAIN, send it again.
 *
 * Return: 0, or -1 with errno: EAGAIN (O_NONBLOCK, or the channel can't take
 * it now), EINTR, EMSGSIZE (above max_record), EBADF (opened O_RDONLY),
 * EFAULT, ENODEV (the channel's module is gone), ENOMEM, ENOSYS (@tag is not 0
 * and the system call is missing).
 */
int bulk_send(struct bulk *b, const void *buf, size_t len, uint64_t tag);

/**
 * bulk_recv() - receive one record
 * @b: the endpoint
 * @buf: where it goes
 * @room: bytes of room at @buf
 * @tag: out: its tag; may be NULL
 * @lost: out: records lost by the channel's policy just before this one; may
 *	be NULL. Add it up: nothing else tells.
 *
 * Nothing is consumed by a receive that fails. Too little room is EMSGSIZE:
 * the record stays queued for a larger buffer.
 *
 * Return: the length of the record (0 is a record too), or -1 with errno:
 * EAGAIN (O_NONBLOCK and none there), EINTR, EMSGSIZE, EBADF (opened
 * O_WRONLY), EFAULT, ENODEV, ENOMEM, ENOSYS (@tag or @lost is wanted and the
 * system call is missing).
 */
ssize_t bulk_recv(struct bulk *b, void *buf, size_t room, uint64_t *tag,
		  uint32_t *lost);

/**
 * bulk_call() - run many segments, in order, with as few calls as possible
 * @b: the endpoint
 * @segs: the segments, any number of them; see bulk_xfer(2)
 * @nr: how many
 * @flags: BULK_DONTWAIT, BULK_FLUSH
 *
 * Stops at the first segment that fails and at a signal. A count below @nr is
 * therefore no error: go on with @segs + count, and the call that completes
 * nothing tells why. No segment that completed is ever run again.
 *
 *	while (done < nr) {
 *		long n = bulk_call(b, segs + done, nr - done, 0);
 *
 *		if (n < 0 && errno != EINTR)
 *			break;
 *		if (n > 0)
 *			done += n;
 *	}
 *
 * Return: how many segments completed, or -1 with errno when none did.
 */
long bulk_call(struct bulk *b, struct bulk_seg *segs, unsigned int nr,
	       unsigned int flags);

/**
 * bulk_flush() - wait until the provider has taken all that was sent
 * @b: the endpoint
 *
 * Return: 0, or -1 with errno: EINTR, ENODEV.
 */
int bulk_flush(struct bulk *b);

#ifdef __cplusplus
}
#endif

#endif /* BULK_H */
