// SPDX-License-Identifier: GPL-2.0
/*
 * Errors of a channel, in words that say what to do.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "explain.h"
#include "message.h"
#include "sysfs.h"

static const char no_call[] =
	"this kernel has no bulk_xfer(2), or a seccomp filter hides it: it takes CONFIG_BULK_XFER=y";

static void __attribute__((noreturn))
no_channel(const struct channel *ch)
{
	char **names, list[512] = "none";
	size_t used = 0;
	int nr, i;

	nr = sysfs_channels(ch->sysroot, &names);
	if (nr < 0)
		fail("no channel %s: %s/sys/class/bulk is not there (kernel without CONFIG_BULK_XFER, or no sysfs mounted)",
		     ch->name, ch->sysroot);
	for (i = 0; i < nr && used < sizeof(list); i++)
		used += snprintf(list + used, sizeof(list) - used, "%s%s",
				 i ? ", " : "", names[i]);
	sysfs_free(names, nr);
	fail("no channel %s: is the module loaded? channels: %s", ch->name,
	     list);
}

static void __attribute__((noreturn))
no_permission(const char *path, int flags)
{
	const char *what = "read and write";
	struct stat st;

	if ((flags & O_ACCMODE) == O_RDONLY)
		what = "read";
	if ((flags & O_ACCMODE) == O_WRONLY)
		what = "write";
	if (stat(path, &st))
		fail("no permission for %s: run as root", path);
	fail("no permission to %s %s (mode %04o, uid %u, gid %u): run as root, or the channel has no such direction",
	     what, path, st.st_mode & 07777, st.st_uid, st.st_gid);
}

void explain_open(const struct channel *ch, const char *path, int flags)
{
	switch (errno) {
	case ENOENT:
	case ENXIO:
	case ENODEV:
		no_channel(ch);
	case EACCES:
	case EPERM:
		no_permission(path, flags);
	case EINVAL:
	case EISDIR:
	case ENOTDIR:
		fail("%s is not a channel", path);
	case ENOSYS:
		fail("%s", no_call);
	}
	fail("%s: %s", path, strerror(errno));
}

/* Bytes of the record that a SEND failed with: the first, of a region. */
static uint32_t record_len(const struct bulk_seg *seg)
{
	const struct bulk_packed *first = (void *)(unsigned long)seg->addr;

	return seg->flags & BULK_SEG_PACKED ? first->len : seg->len;
}

static void __attribute__((noreturn))
wrong_size(const struct channel *ch, const struct bulk_seg *seg)
{
	if (seg->op == BULK_OP_RECV)
		fail("a record of %u bytes waits on channel %s: give it room with -r %u",
		     seg->len, ch->name, seg->len);
	fail("a record of %u bytes is above the limit of channel %s (its max_record)",
	     record_len(seg), ch->name);
}

/* Errors that any transfer may meet. */
static void explain_common(const struct channel *ch, int err)
{
	switch (err) {
	case EBADMSG:
		fail("channel %s: the window was written to by something else than the kernel's own function",
		     ch->name);
	case ENODEV:
		fail("channel %s went away: its module was unloaded",
		     ch->name);
	case ENOMEM:
		fail("channel %s: no memory: the limit of locked memory (ulimit -l) or of the memory cgroup is reached",
		     ch->name);
	case ENOSYS:
		fail("%s", no_call);
	}
}

static const char *name_of(unsigned int op)
{
	static const char *const names[] = {
		[BULK_OP_SEND] = "send",
		[BULK_OP_RECV] = "receive",
		[BULK_OP_RESERVE] = "reserve",
		[BULK_OP_COMMIT] = "commit",
		[BULK_OP_BORROW] = "borrow",
		[BULK_OP_RETURN] = "return",
	};

	return names[op];
}

void explain_transfer(const struct channel *ch, const struct bulk_seg *seg)
{
	int err = errno;

	if (err == EMSGSIZE)
		wrong_size(ch, seg);
	explain_common(ch, err);
	fail("%s on channel %s: %s", name_of(seg->op), ch->name, strerror(err));
}

void explain_flush(const struct channel *ch)
{
	int err = errno;

	explain_common(ch, err);
	fail("channel %s did not take all that was sent: %s", ch->name,
	     strerror(err));
}
