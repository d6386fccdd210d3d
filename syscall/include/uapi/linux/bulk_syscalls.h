/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * Records of the bulk_xfer(2) channel syscalls: the system calls of processes.
 *
 * An endpoint becomes a recording by a sent struct bulk_syscalls_request, and
 * then receives a record for each call's entry and for its exit. Further
 * endpoints of the same process may join it, each for the records of one CPU.
 *
 * The tag of every received record is its time, in nanoseconds of
 * CLOCK_MONOTONIC. Within an endpoint the records of a thread are in order;
 * those of several threads are nearly so, as are those of several endpoints
 * once they are merged by their tags.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef _UAPI_LINUX_BULK_SYSCALLS_H
#define _UAPI_LINUX_BULK_SYSCALLS_H

#include <linux/types.h>

/**
 * enum bulk_syscalls_op - what a request asks for
 * @BULK_SYSCALLS_START: begin a recording with @policy, @ring_bytes, @filter
 *	and the pids. The first record received is a BULK_SYSCALLS_STARTED
 * @BULK_SYSCALLS_FILTER: go on with @filter and the pids in place of those
 *	before, also after a STOP
 * @BULK_SYSCALLS_JOIN: receive the records of @cpu of @recording, which this
 *	process has started; its other CPUs' are not received here
 * @BULK_SYSCALLS_STOP: record no more; what waits can still be received.
 *
 * After a FILTER or STOP, each endpoint of the recording receives one
 * BULK_SYSCALLS_TOTALS as soon as nothing else waits there.
 */
enum bulk_syscalls_op {
	BULK_SYSCALLS_START	= 1,
	BULK_SYSCALLS_FILTER	= 2,
	BULK_SYSCALLS_JOIN	= 3,
	BULK_SYSCALLS_STOP	= 4,
};

/**
 * enum bulk_syscalls_policy - what happens when the reader is too slow
 * @BULK_SYSCALLS_OVERWRITE: the oldest records are lost: a flight recorder
 * @BULK_SYSCALLS_REFUSE: the newest records are lost
 * @BULK_SYSCALLS_BLOCK: nothing is lost: the recorded thread waits, at the end
 *	of its call, for as long as the reader does not receive. Only SIGKILL
 *	gets it out, or the end of the recording. One that exits by itself waits
 *	to tell so
 */
enum bulk_syscalls_policy {
	BULK_SYSCALLS_OVERWRITE	= 0,
	BULK_SYSCALLS_REFUSE	= 1,
	BULK_SYSCALLS_BLOCK	= 2,
};

/* Flags of a filter. */
#define BULK_SYSCALLS_PIDS	  (1U << 0) /* only the processes in pids[] */
#define BULK_SYSCALLS_DESCENDANTS (1U << 1) /* and those they fork from now on */
#define BULK_SYSCALLS_UID	  (1U << 2) /* only with effective uid @uid */
#define BULK_SYSCALLS_CGROUP	  (1U << 3) /* only in @cgroup, or below it */
#define BULK_SYSCALLS_CALLS	  (1U << 4) /* only those in @calls, @calls32 */
#define BULK_SYSCALLS_ERRORS	  (1U << 5) /* only calls that fail */
#define BULK_SYSCALLS_PATHS	  (1U << 6) /* paths that calls are given */

/* Numbers of calls that a filter can tell apart: of 64-bit and x32, 32-bit. */
#define BULK_SYSCALLS_NR	2048
#define BULK_SYSCALLS_NR32	512

/* Most pids of a request; most return addresses of a stack. */
#define BULK_SYSCALLS_MAX_PIDS	1024
#define BULK_SYSCALLS_MAX_STACK	64

/**
 * struct bulk_syscalls_filter - which calls are recorded
 * @flags: BULK_SYSCALLS_PIDS and following; every other bit must be 0
 * @uid: with BULK_SYSCALLS_UID, as the sender's user namespace has it
 * @cgroup: with BULK_SYSCALLS_CGROUP: inode number of its cgroup2 directory
 * @slower_ns: only calls that take at least so long; 0: all
 * @one_in: one call in so many, of each thread; 0 and 1: all
 * @stack: how many addresses of the caller's stack go with each entry: where the
 *	call returns to, then return addresses as frame pointers find them; at
 *	most BULK_SYSCALLS_MAX_STACK
 * @calls: bit n % 64 of word n / 64: call n of 64-bit callers, and call
 *	n | __X32_SYSCALL_BIT of x32 ones
 * @calls32: likewise of 32-bit callers
 *
 * A call is recorded if all say so. With BULK_SYSCALLS_ERRORS or @slower_ns,
 * that is known at its end, and no entry is recorded: the exit has the flag
 * BULK_SYSCALLS_ARGS, and the arguments.
 */
struct bulk_syscalls_filter {
	__u32		flags;
	__u32		uid;
	__aligned_u64	cgroup;
	__aligned_u64	slower_ns;
	__u32		one_in;
	__u32		stack;
	__aligned_u64	calls[BULK_SYSCALLS_NR / 64];
	__aligned_u64	calls32[BULK_SYSCALLS_NR32 / 64];
};

/**
 * struct bulk_syscalls_request - what is sent
 * @op: one of &enum bulk_syscalls_op
 * @policy: START: one of &enum bulk_syscalls_policy. Otherwise: must be 0
 * @ring_bytes: START: bytes that may wait, on each endpoint of the recording;
 *	0: BULK_SYSCALLS_RING. Otherwise: must be 0
 * @recording: JOIN: its number, from BULK_SYSCALLS_STARTED. Otherwise: must be 0
 * @cpu: JOIN: the CPU. Otherwise: must be 0
 * @nr_pids: START, FILTER: how many there are in @pids. Otherwise: must be 0
 * @filter: START, FILTER: which calls. Otherwise: not looked at, and need not
 *	be sent
 * @pids: START, FILTER with BULK_SYSCALLS_PIDS: processes, as the sender's pid
 *	namespace has them; all of their threads are recorded
 *
 * Needs CAP_PERFMON or CAP_SYS_PTRACE; without, only the sender's own
 * descendants can be recorded, with BULK_SYSCALLS_PIDS, as far as ptrace(2)
 * would let it attach to them. The process that started a recording is not
 * recorded.
 *
 * A SEND fails with EINVAL for what is not described here; EPERM; ESRCH for a
 * pid that there is not; ENOENT for a cgroup or recording that there is not;
 * EBUSY for a START or JOIN of an endpoint that has a recording; ENOMEM.
 */
struct bulk_syscalls_request {
	__u32		op;
	__u32		policy;
	__aligned_u64	ring_bytes;
	__aligned_u64	recording;
	__u32		cpu;
	__u32		nr_pids;
	struct bulk_syscalls_filter filter;
	__u32		pids[];
};

/* Default, least and most of ring_bytes. */
#define BULK_SYSCALLS_RING	(1U << 20)
#define BULK_SYSCALLS_RING_MIN	(1U << 16)
#define BULK_SYSCALLS_RING_MAX	(1U << 28)

/**
 * enum bulk_syscalls_type - what a received record tells of
 * @BULK_SYSCALLS_STARTED: the recording: struct bulk_syscalls_started
 * @BULK_SYSCALLS_ENTER: entry of a call: struct bulk_syscalls_enter
 * @BULK_SYSCALLS_EXIT: its exit: struct bulk_syscalls_exit
 * @BULK_SYSCALLS_EXEC: a program was executed: struct bulk_syscalls_exec
 * @BULK_SYSCALLS_FORK: a process or thread was made: struct bulk_syscalls_fork
 * @BULK_SYSCALLS_END: a thread has ended: struct bulk_syscalls_end
 * @BULK_SYSCALLS_COMM: a thread has a name: struct bulk_syscalls_comm; also one
 *	for each thread of the pids that a START or FILTER lists
 * @BULK_SYSCALLS_TOTALS: what was lost: struct bulk_syscalls_totals
 */
enum bulk_syscalls_type {
	BULK_SYSCALLS_STARTED	= 1,
	BULK_SYSCALLS_ENTER	= 2,
	BULK_SYSCALLS_EXIT	= 3,
	BULK_SYSCALLS_EXEC	= 4,
	BULK_SYSCALLS_FORK	= 5,
	BULK_SYSCALLS_END	= 6,
	BULK_SYSCALLS_COMM	= 7,
	BULK_SYSCALLS_TOTALS	= 8,
};

/* Calling conventions. An x32 call's number has __X32_SYSCALL_BIT. */
#define BULK_SYSCALLS_ABI_64	0
#define BULK_SYSCALLS_ABI_32	1
#define BULK_SYSCALLS_ABI_X32	2

/* Flags of a record. */
#define BULK_SYSCALLS_ARGS	(1U << 0) /* EXIT: arguments follow */
#define BULK_SYSCALLS_UNTIMED	(1U << 1) /* EXIT: of an entry not seen */

/**
 * struct bulk_syscalls_head - what each record begins with
 * @type: one of &enum bulk_syscalls_type
 * @abi: BULK_SYSCALLS_ABI_*, of calls
 * @flags: BULK_SYSCALLS_ARGS, BULK_SYSCALLS_UNTIMED
 * @cpu: where it was recorded
 * @pid: the process, as the pid namespace of the process that started the
 *	recording has it; 0: it is in none that is seen from there
 * @tid: the thread, likewise
 */
struct bulk_syscalls_head {
	__u16	type;
	__u8	abi;
	__u8	flags;
	__u32	cpu;
	__u32	pid;
	__u32	tid;
};

/**
 * struct bulk_syscalls_started - a recording has begun
 * @head: the type; @head.pid is the process that started it
 * @recording: its number, for JOIN
 * @realtime_ns: CLOCK_REALTIME less CLOCK_MONOTONIC, in nanoseconds
 * @cpus: CPUs that there may be: 0 to @cpus - 1
 * @ring_bytes: bytes that may wait
 */
struct bulk_syscalls_started {
	struct bulk_syscalls_head head;
	__u64	recording;
	__u64	realtime_ns;
	__u32	cpus;
	__u32	ring_bytes;
};

/**
 * struct bulk_syscalls_enter - entry of a call
 * @head: type and thread
 * @nr: number of the call, in the numbering of @head.abi
 * @parts: bytes of the struct bulk_syscalls_part behind it
 * @args: arguments; those that the call doesn't have are what registers hold
 */
struct bulk_syscalls_enter {
	struct bulk_syscalls_head head;
	__u32	nr;
	__u32	parts;
	__u64	args[6];
};

/**
 * struct bulk_syscalls_exit - exit of a call
 * @head: type and thread
 * @nr: number of the call
 * @parts: bytes of the struct bulk_syscalls_part behind it
 * @result: what it returns; from -4095 to -1 a negative errno
 * @duration_ns: nanoseconds since its entry; 0 with BULK_SYSCALLS_UNTIMED
 * @args: only with BULK_SYSCALLS_ARGS
 */
struct bulk_syscalls_exit {
	struct bulk_syscalls_head head;
	__u32	nr;
	__u32	parts;
	__s64	result;
	__u64	duration_ns;
	__u64	args[];
};

/* Kinds of parts. */
#define BULK_SYSCALLS_PART_STACK 1 /* return addresses, 8 bytes each */
#define BULK_SYSCALLS_PART_PATH	 2 /* an argument's string, no NUL */

/* Flags of parts. */
#define BULK_SYSCALLS_PART_CUT	  (1U << 0) /* there is more than this */
#define BULK_SYSCALLS_PART_FAULT  (1U << 1) /* the rest could not be read now */

/* Bytes of the longest string in a part. */
#define BULK_SYSCALLS_MAX_PATH	256

/**
 * struct bulk_syscalls_part - something more about an entry
 * @kind: BULK_SYSCALLS_PART_STACK or BULK_SYSCALLS_PART_PATH
 * @flags: BULK_SYSCALLS_PART_CUT, BULK_SYSCALLS_PART_FAULT
 * @arg: PATH: which argument, from 0
 * @len: bytes of @data. The next part follows at a multiple of 8
 * @data: the bytes
 */
struct bulk_syscalls_part {
	__u8	kind;
	__u8	flags;
	__u16	arg;
	__u32	len;
	__u8	data[];
};

/**
 * struct bulk_syscalls_exec - a process executes a program from now on
 * @head: type and thread
 * @old_tid: the thread that called execve(2): it has @head.tid from now on
 * @len: bytes of @path
 * @path: name of the program, no NUL; at most BULK_SYSCALLS_MAX_PATH bytes
 */
struct bulk_syscalls_exec {
	struct bulk_syscalls_head head;
	__u32	old_tid;
	__u32	len;
	__u8	path[];
};

/**
 * struct bulk_syscalls_fork - a thread has made another one
 * @head: type and the old thread
 * @pid: process of the new thread
 * @tid: the new thread
 */
struct bulk_syscalls_fork {
	struct bulk_syscalls_head head;
	__u32	pid;
	__u32	tid;
};

/**
 * struct bulk_syscalls_end - a thread has ended
 * @head: type and thread
 * @code: exit code as wait(2) has it
 * @reserved: 0
 */
struct bulk_syscalls_end {
	struct bulk_syscalls_head head;
	__u32	code;
	__u32	reserved;
};

/**
 * struct bulk_syscalls_comm - name of a thread
 * @head: type and thread
 * @comm: the name, as /proc/PID/comm has it; NUL-terminated
 */
struct bulk_syscalls_comm {
	struct bulk_syscalls_head head;
	__u8	comm[16];
};

/* No number of a call. */
#define BULK_SYSCALLS_NO_CALL	(~0U)
#define BULK_SYSCALLS_OTHERS	(~0U - 1)

#define BULK_SYSCALLS_MAX_LOSSES 240

/**
 * struct bulk_syscalls_loss - records of one call that were lost
 * @nr: number of the call; BULK_SYSCALLS_NO_CALL: records that are neither ENTER
 *	nor EXIT; BULK_SYSCALLS_OTHERS: all calls that have no entry
 * @abi: BULK_SYSCALLS_ABI_64 (x32 included) or _32
 * @overwritten: lost because newer ones took their place
 * @refused: lost because the ring was full
 * @killed: lost because a thread that waited was killed, or for want of memory
 */
struct bulk_syscalls_loss {
	__u32	nr;
	__u32	abi;
	__u64	overwritten;
	__u64	refused;
	__u64	killed;
};

/**
 * struct bulk_syscalls_totals - of one endpoint, since its START or JOIN
 * @head: the type
 * @made: records, those lost included, this kind excluded
 * @lost: of these, records lost for whatever cause
 * @unseen: threads that were not recorded for want of memory; of the recording
 * @nr_losses: how many there are in @losses
 * @reserved: 0
 * @losses: of each call that lost any, in the order of their numbers; at most
 *	BULK_SYSCALLS_MAX_LOSSES
 */
struct bulk_syscalls_totals {
	struct bulk_syscalls_head head;
	__u64	made;
	__u64	lost;
	__u64	unseen;
	__u32	nr_losses;
	__u32	reserved;
	struct bulk_syscalls_loss losses[];
};

#endif /* _UAPI_LINUX_BULK_SYSCALLS_H */
