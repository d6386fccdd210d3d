/* SPDX-License-Identifier: MIT */
/*
 * libbulk: records between a program and a channel of the kernel.
 *
 * Every function is safe to call from several threads and from signal handlers
 * on one handle, except that bulk_close() must be the last, and that opening,
 * closing and page rooms are not for handlers. A page room is for one thread at
 * a time. Those that fail set errno. libbulk(3) is the manual page.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef BULK_H
#define BULK_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
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
 * O_WRONLY), EBADMSG, EBUSY (records are borrowed, see bulk_borrow()), EFAULT,
 * ENODEV, ENOMEM, ENOSYS (@tag or @lost is wanted and the system call is
 * missing).
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
 * struct bulk_region - a region that is being filled with records
 * @buf: memory of the caller's, at a multiple of 8, as malloc() gives it
 * @room: bytes at @buf
 * @used: bytes of the records in it, to be sent; 0 empties it
 *
 * Records in one piece cost less than one by one: each is a struct bulk_packed,
 * and hundreds of them are one segment, and one copy.
 */
struct bulk_region {
	void *buf;
	size_t room;
	size_t used;
};

/**
 * bulk_region_room() - add a record whose bytes are yet to be written
 * @r: the region
 * @len: bytes of the record, 0 is a record too
 * @tag: 64 bits that travel with it
 *
 * Return: where its bytes go; or NULL with errno: ENOSPC (no room in the region:
 * send it, empty it, go on), EMSGSIZE (no region can hold such a record).
 */
static inline void *bulk_region_room(struct bulk_region *r, size_t len,
				     uint64_t tag)
{
	unsigned char *at = (unsigned char *)r->buf + r->used;
	struct bulk_packed head;

	if (len > INT32_MAX - BULK_PACKED_SIZE(0)) {
		errno = EMSGSIZE;
		return NULL;
	}
	if (BULK_PACKED_SIZE(len) > r->room - r->used) {
		errno = ENOSPC;
		return NULL;
	}
	head.len = (uint32_t)len;
	head.lost = 0;
	head.tag = tag;
	memcpy(at, &head, sizeof(head));
	r->used += BULK_PACKED_SIZE(len);
	return at + sizeof(head);
}

/**
 * bulk_region_add() - add a record
 * @r: the region
 * @data: the record
 * @len: bytes in it, 0 is a record too
 * @tag: 64 bits that travel with it
 *
 * Return: 0, or -1 with errno; see bulk_region_room().
 */
static inline int bulk_region_add(struct bulk_region *r, const void *data,
				  size_t len, uint64_t tag)
{
	void *to = bulk_region_room(r, len, tag);

	if (!to)
		return -1;
	if (len)
		memcpy(to, data, len);
	return 0;
}

/**
 * struct bulk_cursor - a place in a region that is being read
 * @at: the next record; at first, the region
 * @left: bytes from there on
 */
struct bulk_cursor {
	const void *at;
	size_t left;
};

/**
 * bulk_region_next() - the next record of a region
 * @c: the cursor, which goes on to the record behind it
 * @len: set to its bytes
 * @tag: set to its tag; may be NULL
 * @lost: set to the records that the channel's policy lost just before it; may
 *	be NULL. Add it up: nothing else tells.
 *
 * Nothing outside of the region is read, whatever is in it.
 *
 * Return: the bytes of the record, or NULL: at the end, if @c->left is 0;
 * otherwise because what follows is no record.
 */
static inline const void *bulk_region_next(struct bulk_cursor *c, size_t *len,
					   uint64_t *tag, uint32_t *lost)
{
	const unsigned char *at = (const unsigned char *)c->at;
	struct bulk_packed head;
	size_t bytes;

	if (c->left < sizeof(head))
		return NULL;
	memcpy(&head, at, sizeof(head));
	bytes = head.len;
	/* Others may write to it meanwhile: it must not be read a second time. */
	__asm__("" : "+r" (bytes));
	if (BULK_PACKED_SIZE(bytes) > c->left)
		return NULL;
	c->at = at + BULK_PACKED_SIZE(bytes);
	c->left -= BULK_PACKED_SIZE(bytes);
	*len = bytes;
	if (tag)
		*tag = head.tag;
	if (lost)
		*lost = head.lost;
	return at + sizeof(head);
}

/**
 * bulk_send_region() - send the records of a region, in order
 * @b: the endpoint
 * @region: the first struct bulk_packed, at a multiple of 8
 * @len: bytes of the region
 *
 * Waits until all are sent. Only a signal, a record that can't be sent, and
 * O_NONBLOCK when there is no more room, make it stop between two of them: go on
 * with the rest, @region plus what it returned, and the call that sends none
 * tells why. With a window, or where the system call is missing, a @region that
 * isn't there is a SIGSEGV.
 *
 * Return: bytes of the records that were sent; or -1 with errno when none was:
 * EINVAL (@region is not at a multiple of 8, or begins with what is no record);
 * otherwise see bulk_send().
 */
ssize_t bulk_send_region(struct bulk *b, const void *region, size_t len);

/**
 * bulk_recv_region() - receive the records that are there, at least one
 * @b: the endpoint
 * @buf: where they go, at a multiple of 8
 * @room: bytes of room at @buf; BULK_PACKED_SIZE() of the channel's max_record
 *	is enough for any record
 *
 * Waits for the first record only (with O_NONBLOCK not even for that), and takes
 * as many whole ones as there are and fit; bulk_region_next() walks them. What
 * fails consumes nothing. With a window, a @buf that isn't there is a SIGSEGV.
 *
 * Return: bytes of the region; or -1 with errno: EMSGSIZE (not even the first
 * fits); EINVAL (@buf is not at a multiple of 8); ENOSYS (the system call is
 * missing: read(2) tells neither tag nor losses); otherwise see bulk_recv().
 */
ssize_t bulk_recv_region(struct bulk *b, void *buf, size_t room);

/**
 * bulk_reserve() - get room in the window, to write a region there
 * @b: the endpoint
 * @least: bytes that it must have, BULK_PACKED_SIZE() for each record
 * @room: out: bytes that it has
 *
 * What is written there is sent by bulk_commit(), without being copied. Waits
 * until there is as much room. A handle has one reservation at a time; it belongs
 * to the handle, not to the thread: whoever has it may commit, and where that
 * thread is gone, any other may let go of it, bulk_commit() of 0 bytes with
 * BULK_SEG_DISCARD. Meanwhile, all that is sent in another way takes a system
 * call, and goes before it. A forked child does not have it.
 *
 * Return: the room, at a multiple of 8: with @room it makes a struct bulk_region;
 * or NULL with errno: EOPNOTSUPP (no window, or the channel wants each record at
 * once, or a filter has held the system call back that it takes here: use
 * bulk_send_region()), EBUSY (there is a reservation), EMSGSIZE (no window has
 * as much), EAGAIN (O_NONBLOCK, and no room now), EINTR, EBADF, EBADMSG, ENODEV,
 * ENOMEM.
 */
void *bulk_reserve(struct bulk *b, size_t least, size_t *room);

/**
 * bulk_commit() - send records that were written to reserved room
 * @b: the endpoint
 * @len: bytes of the records, from the start of the room
 * @flags: BULK_SEG_DISCARD: let go of the room behind them; or 0: that stays
 *	reserved, if it could hold a record, and begins behind them
 *
 * What is no record, or is too long for the window, ends it: those before it are
 * sent, and the rest stays reserved.
 *
 * Return: bytes of the records that were sent; or -1 with errno when none was:
 * EINVAL (the first is no record, or nothing, or less, is reserved, or a flag),
 * EBUSY (another thread commits), EOPNOTSUPP, EBADF, EBADMSG, ENODEV.
 */
ssize_t bulk_commit(struct bulk *b, size_t len, unsigned int flags);

/**
 * bulk_borrow() - read the records in the window where they lie
 * @b: the endpoint
 * @most: bytes that they may have together; SIZE_MAX: all that are there
 * @len: out: bytes that they have; with EMSGSIZE, those that the first needs
 *
 * Waits for the first record only. They are received when bulk_return() says so,
 * and stay as they are until then. A handle has one borrow at a time; it belongs
 * to the handle, not to the thread: whoever has it may return, and where that
 * thread is gone, any other may end it, bulk_return() of 0 bytes with
 * BULK_SEG_DISCARD. Meanwhile, nothing else receives: EBUSY. A forked child does
 * not have it.
 *
 * Return: a region of at least one record, for bulk_region_next(); or NULL with
 * errno: EOPNOTSUPP (no window, or the channel makes its records when asked, or a
 * filter has held the system call back that it takes here: use
 * bulk_recv_region()), EBUSY (there is a borrow), EMSGSIZE (the first record is
 * longer than @most, or than any in a window: bulk_recv() has it), EAGAIN
 * (O_NONBLOCK, and none there), EINTR, EBADF, EBADMSG, ENODEV, ENOMEM.
 */
const void *bulk_borrow(struct bulk *b, size_t most, size_t *len);

/**
 * bulk_return() - have received the first of the records that are borrowed
 * @b: the endpoint
 * @len: bytes of these records, up to the end of one of them
 * @flags: BULK_SEG_DISCARD: end the borrow, and have the rest received again by
 *	who comes next; or 0: the rest stays borrowed
 *
 * When nothing is left, the borrow ends.
 *
 * Return: 0, or -1 with errno when nothing was returned: EINVAL (no record ends
 * there, or nothing, or less, is borrowed, or a flag), EBUSY (another thread
 * returns), EOPNOTSUPP, EBADF, EBADMSG.
 */
int bulk_return(struct bulk *b, size_t len, unsigned int flags);

/**
 * bulk_send_pages() - send one record from the pages where it lies
 * @b: the endpoint
 * @buf: the record, anywhere
 * @len: bytes in it, 0 to the channel's max_record
 * @tag: 64 bits that travel with it
 *
 * As bulk_send(), but the pages of a long record are pinned while the call runs,
 * and the provider reads them where they are: nobody should write there until it
 * returns. A short record, which costs less to copy, and memory that can't be
 * pinned, as a device's, are copied.
 *
 * Return: 0, or -1 with errno; see bulk_send().
 */
int bulk_send_pages(struct bulk *b, const void *buf, size_t len, uint64_t tag);

/**
 * struct bulk_pages - a page room: memory where the pages of records are mapped
 *
 * Opaque. It is for one thread at a time; each may have its own.
 */
struct bulk_pages;

/**
 * bulk_pages_open() - make a page room
 * @b: the endpoint, open for reading
 * @size: bytes of the longest record that is to be mapped; 0: all are copied
 *
 * A room that can't be had, for a limit of the kernel or of the user, is no error:
 * each record is then copied. A room counts against RLIMIT_MEMLOCK, and keeps the
 * endpoint open, also after bulk_close().
 *
 * Return: the room, or NULL with errno: ENOMEM.
 */
struct bulk_pages *bulk_pages_open(struct bulk *b, size_t size);

/**
 * bulk_pages_close() - let go of a page room, and of the record in it
 * @p: the room, or NULL
 *
 * May come before bulk_close(), or after it.
 */
void bulk_pages_close(struct bulk_pages *p);

/**
 * bulk_recv_pages() - receive one record where its pages are
 * @p: the room, whose endpoint it is received from
 * @len: out: bytes in it; with EMSGSIZE, those that the room needs
 * @tag: out: its tag; may be NULL
 * @lost: out: records lost by the channel's policy just before this one; may
 *	be NULL. Add it up: nothing else tells.
 *
 * A record that lies in pages is mapped, and not copied. Others, all
 * of them where there is no room, and those that a forked child receives, are
 * copied to memory that grows as needed. A receive that fails consumes nothing.
 *
 * Return: the record, at a multiple of 8, to be read until the next call with @p
 * (an empty one has an address, too); or NULL with errno: EMSGSIZE (its pages
 * don't fit the room: bulk_recv() copies it); otherwise see bulk_recv().
 */
const void *bulk_recv_pages(struct bulk_pages *p, size_t *len, uint64_t *tag,
			    uint32_t *lost);

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
 * nothing tells why. No segment that completed is ever run again. A region of
 * which a part was sent has completed, and is the last that does: its .res is
 * below its .len, and the rest must be sent before anything else.
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
