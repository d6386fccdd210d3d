/* SPDX-License-Identifier: MIT */
/*
 * libbulk: records between a program and a channel of the kernel.
 *
 * Every function is safe to call from several threads and from signal handlers
 * on one handle, except that bulk_close() must be the last, and that opening and
 * closing are not for handlers. Those that fail set errno. libbulk(3) is the
 * manual page.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef BULK_H
#define BULK_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>
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

/* A window of the size that the kernel suggests. */
#define BULK_WINDOW_DEFAULT	((size_t)-1)

/**
 * bulk_open() - open a channel
 * @channel: its name ("echo"), or a path when it contains a slash
 * @flags: O_RDWR, O_RDONLY or O_WRONLY, with O_NONBLOCK if wanted. O_CLOEXEC
 *	is implied; other flags are EINVAL.
 *
 * An endpoint that is opened O_RDWR is given a window where kernel, limits and
 * vDSO allow it: most records then need no system call, and a SEND may return
 * before the provider has the record. Without one, all works the same.
 *
 * Where the system call is missing, or a seccomp filter holds it back and answers
 * ENOSYS, EPERM or EACCES, the handle works through read(2) and write(2), which
 * carry neither tags nor losses; what needs these then fails with ENOSYS. So it
 * does when the filter comes later, and for some threads only.
 *
 * Return: the handle, or NULL with errno: those of open(2); EINVAL: a flag, or
 * the file is not an endpoint; ENOSYS: bulk_xfer(2) is missing or held back, and
 * the file is not an endpoint as far as /proc tells.
 */
struct bulk *bulk_open(const char *channel, int flags);

/**
 * bulk_open_window() - open a channel, with a say in its window
 * @channel: as for bulk_open()
 * @flags: as for bulk_open()
 * @size: bytes that the window may have, which is brought within what the kernel
 *	allows; BULK_WINDOW_DEFAULT; or 0 for no window
 *
 * Return: as bulk_open(). A window that can't be had is no error, see
 * bulk_window().
 */
struct bulk *bulk_open_window(const char *channel, int flags, size_t size);

/**
 * bulk_window() - has this endpoint a window?
 * @b: the handle
 *
 * Return: its bytes, 0 if there is none.
 */
size_t bulk_window(const struct bulk *b);

/**
 * bulk_close() - close an endpoint
 * @b: the handle, or NULL
 *
 * What was sent is handed to the provider. What it has no room for at this
 * moment ends here, as does what it answers: bulk_flush() waits, and tells. What
 * was not received is gone.
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
 * With a window, a @buf that isn't there is a SIGSEGV.
 *
 * Return: 0, or -1 with errno: EAGAIN (O_NONBLOCK, and the channel can't take
 * it now), EINTR, EMSGSIZE (above max_record), EBADF (opened O_RDONLY),
 * EBADMSG (something else was written to the window), EFAULT, ENODEV (the
 * channel's module is gone), ENOMEM, ENOSYS (@tag is not 0 and the system call
 * is missing).
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
 * the record stays queued for a larger buffer. With a window, a @buf that
 * isn't there is a SIGSEGV.
 *
 * Return: the length of the record (0 is a record too), or -1 with errno:
 * EAGAIN (O_NONBLOCK and none there), EINTR, EMSGSIZE, EBADF (opened
 * O_WRONLY), EBADMSG, EFAULT, ENODEV, ENOMEM, ENOSYS (@tag or @lost is wanted
 * and the system call is missing).
 */
ssize_t bulk_recv(struct bulk *b, void *buf, size_t room, uint64_t *tag,
		  uint32_t *lost);

/**
 * bulk_send_many() - send records, in order
 * @b: the endpoint
 * @records: the records
 * @nr: how many
 * @tags: a tag for each; NULL: all are 0
 *
 * Stops at the first that fails and at a signal: go on with the rest, and the
 * call that sends none tells why.
 *
 * Return: how many were sent, or -1 with errno when none was; see bulk_send().
 */
long bulk_send_many(struct bulk *b, const struct iovec *records,
		    unsigned int nr, const uint64_t *tags);

/**
 * bulk_recv_many() - receive the records that are there, at least one
 * @b: the endpoint
 * @room: where they go; each .iov_len is set to the length of its record
 * @nr: how many there is room for
 * @tags: out: a tag for each; may be NULL
 * @lost: out: for each, the records lost just before it; may be NULL
 *
 * Waits for the first record only (with O_NONBLOCK not even for that).
 * Where the system call is missing, one record is received at a time.
 *
 * Return: how many were received, or -1 with errno when none was; see
 * bulk_recv(). With EMSGSIZE, .iov_len of the first is what its record needs,
 * unless the system call is missing.
 */
long bulk_recv_many(struct bulk *b, struct iovec *room, unsigned int nr,
		    uint64_t *tags, uint32_t *lost);

/**
 * bulk_call() - run many segments, in order, with as few calls as possible
 * @b: the endpoint
 * @segs: the segments, any number of them; see bulk_xfer(2)
 * @nr: how many
 * @flags: BULK_DONTWAIT, BULK_FLUSH, BULK_NO_SYSCALL, BULK_NO_RESTART (of no
 *	effect where the system call is missing)
 *
 * BULK_NO_SYSCALL stops with EAGAIN where it would take a system call: when the
 * window holds no record, or so much that the kernel wants to be called, when
 * somebody sleeps who waits for what is sent, and at once if there is no window.
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
 * Return: how many segments completed, or -1 with errno when none did, or when
 * BULK_FLUSH failed after them: what was moved then stands in their .res only.
 */
long bulk_call(struct bulk *b, struct bulk_seg *segs, unsigned int nr,
	       unsigned int flags);

/**
 * bulk_flush() - wait until the provider has taken all that was sent
 * @b: the endpoint
 *
 * This is what tells of a record that was sent through the window and that the
 * provider then did not take.
 *
 * Return: 0, or -1 with errno: EINTR, EAGAIN (O_NONBLOCK, and the provider has
 * no room now), EBADMSG, ENODEV, ENOMEM, ENOSYS (there is a window, and a filter
 * has held the system call back since: nothing tells), or what the provider said
 * to the first record since the last flush that it did not take.
 */
int bulk_flush(struct bulk *b);

#ifdef __cplusplus
}
#endif

#endif /* BULK_H */
