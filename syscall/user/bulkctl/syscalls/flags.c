// SPDX-License-Identifier: GPL-2.0
/*
 * Names of the values and flags that calls are given.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <linux/futex.h>

#include "flags.h"

#define N(name)		{ name, #name }
#define END		{ 0, NULL }

/* The kernel's: that of libc is 0 in a 64-bit program. */
#define KERNEL_O_LARGEFILE	0100000

static const struct name open_modes[] = {
	N(O_RDONLY), N(O_WRONLY), N(O_RDWR), END
};

static const struct name open_bits[] = {
	N(O_TMPFILE), N(O_SYNC), N(O_DSYNC), N(O_CREAT), N(O_EXCL),
	N(O_NOCTTY), N(O_TRUNC), N(O_APPEND), N(O_NONBLOCK), N(O_ASYNC),
	N(O_DIRECT), { KERNEL_O_LARGEFILE, "O_LARGEFILE" }, N(O_DIRECTORY),
	N(O_NOFOLLOW), N(O_NOATIME), N(O_CLOEXEC), N(O_PATH), END
};

const struct flags flags_open = { open_modes, open_bits, O_ACCMODE };

static const struct name access_none[] = { N(F_OK), END };
static const struct name access_bits[] = { N(R_OK), N(W_OK), N(X_OK), END };

const struct flags flags_access = { access_none, access_bits, 0 };

static const struct name at_bits[] = {
	N(AT_SYMLINK_NOFOLLOW), N(AT_REMOVEDIR), N(AT_SYMLINK_FOLLOW),
	N(AT_NO_AUTOMOUNT), N(AT_EMPTY_PATH), END
};

const struct flags flags_at = { NULL, at_bits, 0 };

static const struct name prot_none[] = { N(PROT_NONE), END };
static const struct name prot_bits[] = {
	N(PROT_READ), N(PROT_WRITE), N(PROT_EXEC), N(PROT_GROWSDOWN),
	N(PROT_GROWSUP), END
};

const struct flags flags_prot = { prot_none, prot_bits, 0 };

static const struct name map_types[] = {
	N(MAP_SHARED), N(MAP_PRIVATE), N(MAP_SHARED_VALIDATE), END
};

static const struct name map_bits[] = {
	N(MAP_FIXED), N(MAP_ANONYMOUS), N(MAP_32BIT), N(MAP_NORESERVE),
	N(MAP_POPULATE), N(MAP_NONBLOCK), N(MAP_GROWSDOWN), N(MAP_DENYWRITE),
	N(MAP_LOCKED), N(MAP_STACK), N(MAP_HUGETLB), N(MAP_SYNC),
	N(MAP_FIXED_NOREPLACE), END
};

const struct flags flags_map = { map_types, map_bits, MAP_TYPE };

static const struct name advice[] = {
	N(MADV_NORMAL), N(MADV_RANDOM), N(MADV_SEQUENTIAL), N(MADV_WILLNEED),
	N(MADV_DONTNEED), N(MADV_FREE), N(MADV_REMOVE), N(MADV_DONTFORK),
	N(MADV_DOFORK), N(MADV_MERGEABLE), N(MADV_UNMERGEABLE),
	N(MADV_HUGEPAGE), N(MADV_NOHUGEPAGE), N(MADV_DONTDUMP),
	N(MADV_DODUMP), N(MADV_WIPEONFORK), N(MADV_KEEPONFORK), N(MADV_COLD),
	N(MADV_PAGEOUT), END
};

const struct flags flags_advice = { advice, NULL, UINT64_MAX };

/* CSIGNAL is what the parent is sent at the end. */
static const struct name clone_bits[] = {
	N(CLONE_VM), N(CLONE_FS), N(CLONE_FILES), N(CLONE_SIGHAND),
	N(CLONE_PIDFD), N(CLONE_PTRACE), N(CLONE_VFORK), N(CLONE_PARENT),
	N(CLONE_THREAD), N(CLONE_NEWNS), N(CLONE_SYSVSEM), N(CLONE_SETTLS),
	N(CLONE_PARENT_SETTID), N(CLONE_CHILD_CLEARTID), N(CLONE_DETACHED),
	N(CLONE_UNTRACED), N(CLONE_CHILD_SETTID), N(CLONE_NEWCGROUP),
	N(CLONE_NEWUTS), N(CLONE_NEWIPC), N(CLONE_NEWUSER), N(CLONE_NEWPID),
	N(CLONE_NEWNET), N(CLONE_IO), N(SIGCHLD), END
};

const struct flags flags_clone = { NULL, clone_bits, 0 };

static const struct name futex_ops[] = {
	N(FUTEX_WAIT), N(FUTEX_WAKE), N(FUTEX_FD), N(FUTEX_REQUEUE),
	N(FUTEX_CMP_REQUEUE), N(FUTEX_WAKE_OP), N(FUTEX_LOCK_PI),
	N(FUTEX_UNLOCK_PI), N(FUTEX_TRYLOCK_PI), N(FUTEX_WAIT_BITSET),
	N(FUTEX_WAKE_BITSET), N(FUTEX_WAIT_REQUEUE_PI),
	N(FUTEX_CMP_REQUEUE_PI), N(FUTEX_LOCK_PI2), END
};

static const struct name futex_bits[] = {
	N(FUTEX_PRIVATE_FLAG), N(FUTEX_CLOCK_REALTIME), END
};

const struct flags flags_futex = { futex_ops, futex_bits,
				   (uint32_t)FUTEX_CMD_MASK };

static const struct name domains[] = {
	N(AF_UNSPEC), N(AF_UNIX), N(AF_INET), N(AF_INET6), N(AF_NETLINK),
	N(AF_PACKET), N(AF_ALG), N(AF_VSOCK), N(AF_XDP), N(AF_BLUETOOTH), END
};

const struct flags flags_domain = { domains, NULL, UINT64_MAX };

static const struct name socket_types[] = {
	N(SOCK_STREAM), N(SOCK_DGRAM), N(SOCK_RAW), N(SOCK_RDM),
	N(SOCK_SEQPACKET), END
};

static const struct name socket_bits[] = {
	N(SOCK_CLOEXEC), N(SOCK_NONBLOCK), END
};

/* SOCK_TYPE_MASK of the kernel's include/linux/net.h */
const struct flags flags_socket = { socket_types, socket_bits, 0xf };

static const struct name shutdowns[] = {
	N(SHUT_RD), N(SHUT_WR), N(SHUT_RDWR), END
};

const struct flags flags_shutdown = { shutdowns, NULL, UINT64_MAX };

static const struct name fcntls[] = {
	N(F_DUPFD), N(F_GETFD), N(F_SETFD), N(F_GETFL), N(F_SETFL),
	N(F_GETLK), N(F_SETLK), N(F_SETLKW), N(F_SETOWN), N(F_GETOWN),
	N(F_SETSIG), N(F_GETSIG), N(F_SETOWN_EX), N(F_GETOWN_EX),
	N(F_OFD_GETLK), N(F_OFD_SETLK), N(F_OFD_SETLKW), N(F_SETLEASE),
	N(F_GETLEASE), N(F_NOTIFY), N(F_DUPFD_CLOEXEC), N(F_SETPIPE_SZ),
	N(F_GETPIPE_SZ), N(F_ADD_SEALS), N(F_GET_SEALS), END
};

const struct flags flags_fcntl = { fcntls, NULL, UINT64_MAX };

static const struct name fd_bits[] = { N(FD_CLOEXEC), END };

const struct flags flags_fd = { NULL, fd_bits, 0 };

static const struct name epolls[] = {
	N(EPOLL_CTL_ADD), N(EPOLL_CTL_DEL), N(EPOLL_CTL_MOD), END
};

const struct flags flags_epoll = { epolls, NULL, UINT64_MAX };

static const struct name whences[] = {
	N(SEEK_SET), N(SEEK_CUR), N(SEEK_END), N(SEEK_DATA), N(SEEK_HOLE), END
};

const struct flags flags_whence = { whences, NULL, UINT64_MAX };

static const struct name wait_bits[] = {
	N(WNOHANG), N(WUNTRACED), N(WEXITED), N(WCONTINUED), N(WNOWAIT),
	{ 0x20000000, "__WNOTHREAD" }, { 0x40000000, "__WALL" },
	{ 0x80000000, "__WCLONE" }, END
};

const struct flags flags_wait = { NULL, wait_bits, 0 };

static const struct name sigmasks[] = {
	N(SIG_BLOCK), N(SIG_UNBLOCK), N(SIG_SETMASK), END
};

const struct flags flags_sigmask = { sigmasks, NULL, UINT64_MAX };

static const struct name clocks[] = {
	N(CLOCK_REALTIME), N(CLOCK_MONOTONIC), N(CLOCK_PROCESS_CPUTIME_ID),
	N(CLOCK_THREAD_CPUTIME_ID), N(CLOCK_MONOTONIC_RAW),
	N(CLOCK_REALTIME_COARSE), N(CLOCK_MONOTONIC_COARSE),
	N(CLOCK_BOOTTIME), N(CLOCK_REALTIME_ALARM), N(CLOCK_BOOTTIME_ALARM),
	N(CLOCK_TAI), END
};

const struct flags flags_clock = { clocks, NULL, UINT64_MAX };
