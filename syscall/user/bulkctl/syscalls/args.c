// SPDX-License-Identifier: GPL-2.0
/*
 * What the arguments of calls are.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <stdlib.h>
#include <string.h>

#include "args.h"

struct spec {
	const char *name;
	const char *args;
};

/* Sorted by name, as strcmp(3) has it. The letters are those of enum arg. */
static const struct spec specs[] = {
	{ "_llseek", "fuupW" }, { "accept", "fpp" }, { "accept4", "fppT" },
	{ "access", "sA" }, { "acct", "s" }, { "alarm", "u" },
	{ "arch_prctl", "xx" }, { "bind", "fpu" }, { "bpf", "xpu" },
	{ "brk", "*p" }, { "bulk_xfer", "fpux" }, { "cachestat", "fppx" },
	{ "chdir", "s" }, { "chmod", "s8" }, { "chown", "sii" },
	{ "chown32", "sii" }, { "chroot", "s" }, { "clock_getres", "cp" },
	{ "clock_gettime", "cp" }, { "clock_nanosleep", "cxpp" },
	{ "clock_settime", "cp" }, { "clone", "Cpppp" }, { "clone3", "pu" },
	{ "close", "f" }, { "close_range", "uux" }, { "connect", "fpu" },
	{ "copy_file_range", "fpfpux" }, { "creat", "s8" },
	{ "delete_module", "sx" }, { "dup", "f" }, { "dup2", "ff" },
	{ "dup3", "ffO" }, { "epoll_create", "i" }, { "epoll_create1", "O" },
	{ "epoll_ctl", "fEfp" }, { "epoll_pwait", "fpiipu" },
	{ "epoll_pwait2", "fpippu" }, { "epoll_wait", "fpii" },
	{ "eventfd", "u" }, { "eventfd2", "uO" }, { "execve", "spp" },
	{ "execveat", "dspp@" }, { "exit", "i" }, { "exit_group", "i" },
	{ "faccessat", "dsA" }, { "faccessat2", "dsA@" },
	{ "fadvise64", "flui" }, { "fadvise64_64", "flui" },
	{ "fallocate", "fxll" }, { "fanotify_init", "xO" },
	{ "fanotify_mark", "fxxds" }, { "fchdir", "f" }, { "fchmod", "f8" },
	{ "fchmodat", "ds8" }, { "fchmodat2", "ds8@" }, { "fchown", "fii" },
	{ "fchownat", "dsii@" }, { "fcntl", "fFk" }, { "fcntl64", "fFk" },
	{ "fdatasync", "f" }, { "fgetxattr", "fspu" },
	{ "finit_module", "fsx" }, { "flistxattr", "fpu" },
	{ "flock", "fi" }, { "fremovexattr", "fs" }, { "fsconfig", "fxspi" },
	{ "fsetxattr", "fspux" }, { "fsmount", "fxx" }, { "fsopen", "sx" },
	{ "fspick", "dsx" }, { "fstat", "fp" }, { "fstat64", "fp" },
	{ "fstatat64", "dsp@" }, { "fstatfs", "fp" }, { "fstatfs64", "fup" },
	{ "fsync", "f" }, { "ftruncate", "fl" }, { "ftruncate64", "fll" },
	{ "futex", "pUippi" }, { "futex_waitv", "puxpi" },
	{ "futimesat", "dsp" }, { "get_robust_list", "ipp" },
	{ "getcwd", "pu" }, { "getdents", "fpu" }, { "getdents64", "fpu" },
	{ "getitimer", "ip" }, { "getpeername", "fpp" }, { "getpgid", "i" },
	{ "getpid", "" }, { "getppid", "" }, { "getrandom", "pux" },
	{ "getrlimit", "ip" }, { "getrusage", "ip" }, { "getsid", "i" },
	{ "getsockname", "fpp" }, { "getsockopt", "fiipp" },
	{ "gettid", "" }, { "gettimeofday", "pp" }, { "getuid", "" },
	{ "getxattr", "sspu" }, { "init_module", "pus" },
	{ "inotify_add_watch", "fsx" }, { "inotify_init", "" },
	{ "inotify_init1", "O" }, { "inotify_rm_watch", "fi" },
	{ "io_destroy", "p" }, { "io_getevents", "pllpp" },
	{ "io_setup", "up" }, { "io_submit", "plp" },
	{ "io_uring_enter", "fuuxpu" }, { "io_uring_register", "fupu" },
	{ "io_uring_setup", "up" }, { "ioctl", "fxx" }, { "kcmp", "iiixx" },
	{ "kill", "iS" }, { "landlock_add_rule", "fxpx" },
	{ "landlock_create_ruleset", "pux" },
	{ "landlock_restrict_self", "fx" }, { "lchown", "sii" },
	{ "lchown32", "sii" }, { "lgetxattr", "sspu" }, { "link", "ss" },
	{ "linkat", "dsds@" }, { "listen", "fi" }, { "listxattr", "spu" },
	{ "llistxattr", "spu" }, { "lremovexattr", "ss" },
	{ "lseek", "flW" }, { "lsetxattr", "sspux" }, { "lstat", "sp" },
	{ "lstat64", "sp" }, { "madvise", "puB" }, { "mbind", "puxpux" },
	{ "membarrier", "xxi" }, { "memfd_create", "sx" },
	{ "memfd_secret", "x" }, { "mincore", "pup" }, { "mkdir", "s8" },
	{ "mkdirat", "ds8" }, { "mknod", "s8i" }, { "mknodat", "ds8i" },
	{ "mlock", "pu" }, { "mlock2", "pux" }, { "mlockall", "x" },
	{ "mmap", "*puPMfx" }, { "mmap2", "*puPMfx" }, { "mount", "sssxp" },
	{ "mount_setattr", "dsxpu" }, { "move_mount", "dsdsx" },
	{ "mprotect", "puP" }, { "mq_getsetattr", "fpp" },
	{ "mq_notify", "fp" }, { "mq_open", "sO8p" },
	{ "mq_timedreceive", "fpupp" }, { "mq_timedsend", "fpuup" },
	{ "mq_unlink", "s" }, { "mremap", "*puuxp" }, { "msync", "pux" },
	{ "munlock", "pu" }, { "munmap", "pu" },
	{ "name_to_handle_at", "dspp@" }, { "nanosleep", "pp" },
	{ "newfstatat", "dsp@" }, { "open", "sO8" },
	{ "open_by_handle_at", "fpO" }, { "open_tree", "dsx" },
	{ "openat", "dsO8" }, { "openat2", "dspu" }, { "pause", "" },
	{ "perf_event_open", "piifx" }, { "pidfd_getfd", "ffx" },
	{ "pidfd_open", "ix" }, { "pidfd_send_signal", "fSpx" },
	{ "pipe", "p" }, { "pipe2", "pO" }, { "pivot_root", "ss" },
	{ "pkey_mprotect", "puPi" }, { "poll", "pui" }, { "ppoll", "pupu" },
	{ "prctl", "xxxxx" }, { "pread64", "fpul" }, { "preadv", "fpull" },
	{ "preadv2", "fpullx" }, { "prlimit64", "iipp" },
	{ "process_madvise", "fpuBx" }, { "process_vm_readv", "ipupux" },
	{ "process_vm_writev", "ipupux" }, { "pselect6", "ippppp" },
	{ "ptrace", "iipp" }, { "pwrite64", "fpul" }, { "pwritev", "fpull" },
	{ "pwritev2", "fpullx" }, { "quotactl", "xsip" }, { "read", "fpu" },
	{ "readahead", "flu" }, { "readlink", "spu" },
	{ "readlinkat", "dspu" }, { "readv", "fpu" },
	{ "recvfrom", "fpuxpp" }, { "recvmmsg", "fpuxp" },
	{ "recvmsg", "fpx" }, { "removexattr", "ss" }, { "rename", "ss" },
	{ "renameat", "dsds" }, { "renameat2", "dsdsx" },
	{ "restart_syscall", "" }, { "rmdir", "s" }, { "rseq", "puxx" },
	{ "rt_sigaction", "Sppu" }, { "rt_sigprocmask", "Hppu" },
	{ "rt_sigqueueinfo", "iSp" }, { "rt_sigsuspend", "pu" },
	{ "sched_getaffinity", "iup" }, { "sched_setaffinity", "iup" },
	{ "sched_yield", "" }, { "seccomp", "xxp" }, { "select", "ipppp" },
	{ "sendfile", "ffpu" }, { "sendfile64", "ffpu" },
	{ "sendmmsg", "fpux" }, { "sendmsg", "fpx" }, { "sendto", "fpuxpu" },
	{ "set_robust_list", "pu" }, { "set_tid_address", "p" },
	{ "setdomainname", "su" }, { "setgid", "i" },
	{ "sethostname", "su" }, { "setitimer", "ipp" }, { "setns", "fC" },
	{ "setpgid", "ii" }, { "setregid", "ii" }, { "setreuid", "ii" },
	{ "setrlimit", "ip" }, { "setsockopt", "fiipu" }, { "setuid", "i" },
	{ "setxattr", "sspux" }, { "shmat", "*ipx" }, { "shmctl", "iip" },
	{ "shmdt", "p" }, { "shmget", "xux" }, { "shutdown", "fR" },
	{ "signalfd", "fpu" }, { "signalfd4", "fpuO" }, { "socket", "DTi" },
	{ "socketpair", "DTip" }, { "splice", "fpfpux" }, { "stat", "sp" },
	{ "stat64", "sp" }, { "statfs", "sp" }, { "statfs64", "sup" },
	{ "statx", "ds@xp" }, { "swapoff", "s" }, { "swapon", "sx" },
	{ "symlink", "ss" }, { "symlinkat", "sds" },
	{ "sync_file_range", "fllx" }, { "syncfs", "f" },
	{ "syslog", "ipi" }, { "tee", "ffux" }, { "tgkill", "iiS" },
	{ "timer_create", "cpp" }, { "timer_settime", "ixpp" },
	{ "timerfd_create", "cO" }, { "timerfd_gettime", "fp" },
	{ "timerfd_settime", "fxpp" }, { "tkill", "iS" },
	{ "truncate", "sl" }, { "truncate64", "sll" }, { "umask", "8" },
	{ "umount", "s" }, { "umount2", "sx" }, { "unlink", "s" },
	{ "unlinkat", "ds@" }, { "unshare", "C" }, { "uselib", "s" },
	{ "userfaultfd", "O" }, { "utime", "sp" }, { "utimensat", "dsp@" },
	{ "utimes", "sp" }, { "vmsplice", "fpux" }, { "wait4", "ipwp" },
	{ "waitid", "iipwp" }, { "waitpid", "ipw" }, { "write", "fpu" },
	{ "writev", "fpu" },
};

static int compare(const void *name, const void *spec)
{
	return strcmp(name, ((const struct spec *)spec)->name);
}

const char *args_spec(const char *name)
{
	const struct spec *s = bsearch(name, specs,
				       sizeof(specs) / sizeof(specs[0]),
				       sizeof(specs[0]), compare);

	return s ? s->args : NULL;
}
