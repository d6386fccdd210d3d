/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The functions of lab_log.ko that its files call of each other.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 *	chardev.c	/dev/lab_log: begins, controls and ends a recording
 *	log.c		the recording: who may, its counts, its buffer
 *	hooks.c		probes that make records
 *	threads.c	whose calls are recorded
 *	ring.c, mmap.c, relay.c, genetlink.c	buffers
 *	procfs.c, sagafs.c, own_syscall.c	other ways to read the ring
 *	text.c		records as lines
 */
#ifndef LOG_H
#define LOG_H

#include <linux/fs.h>
#include <linux/list.h>
#include <linux/poll.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>

#include "lab_log.h"

/**
 * struct log_sort - a sort of buffer
 * @start: makes one of that many bytes; 0 or an errno
 * @write: takes a record; false where it is lost. Preemption is off
 * @stop: nobody writes any more. Readers may still have it
 * @flush: what is kept back for a larger piece goes to the reader; optional
 */
struct log_sort {
	int (*start)(size_t bytes);
	bool (*write)(const void *record, size_t len);
	void (*stop)(void);
	void (*flush)(void);
};

extern const struct log_sort log_ring_sort, log_shared_sort, log_relay_sort, log_genl_sort;

/* log.c */
int log_open(void);
int log_record(const struct log_setup *setup);
void log_close(void);
void log_flush(void);
void log_total(struct log_totals *totals);
void log_keep(const void *record, size_t len);
void log_lose(u64 records);
void log_unseen(void);

/* hooks.c */
int log_hooks_find(void);
int log_hooks_on(void);
void log_hooks_off(void);

/**
 * struct log_thread - a thread that is recorded
 * @node: in the table of them
 * @rcu: for readers of the table
 * @task: the thread, referenced lest another one gets its address
 * @entered: when it entered the call that it is in; 0: not seen
 * @nr: number of that call
 * @abi: and its calling convention
 *
 * But for the table's part, only the thread itself looks at it.
 */
struct log_thread {
	struct hlist_node node;
	struct rcu_head rcu;
	struct task_struct *task;
	u64 entered;
	u32 nr;
	u8 abi;
};

/* threads.c */
struct log_thread *log_thread_find(const struct task_struct *task);
void log_thread_add(struct task_struct *task);
void log_thread_remove(const struct task_struct *task);
struct task_struct *log_process_get(pid_t pid);
void log_process_add(struct task_struct *process);
void log_threads_clear(void);

/* ring.c */
struct log_ring;
struct log_ring *log_ring_get(void);
void log_ring_put(struct log_ring *ring);
ssize_t log_ring_read(struct log_ring *ring, char __user *buf, size_t len, bool nowait);
ssize_t log_ring_read_text(struct log_ring *ring, char __user *buf, size_t len, bool nowait);
__poll_t log_ring_poll(struct log_ring *ring, struct file *file, poll_table *wait);
int log_ring_file_open(struct inode *inode, struct file *file);
int log_ring_file_release(struct inode *inode, struct file *file);
ssize_t log_ring_file_read(struct file *file, char __user *buf, size_t len, loff_t *ppos);
__poll_t log_ring_file_poll(struct file *file, poll_table *wait);

union log_any {
	struct log_head head;
	struct log_enter enter;
	struct log_exit exit;
};

/* Of text: at most three numbers of 10 digits, one of 20, six of 18, and some words. */
#define LOG_LINE	208

/* text.c */
size_t log_text(char *line, const union log_any *record);

/* mmap.c */
int log_shared_mmap(struct vm_area_struct *vma);
__poll_t log_shared_poll(struct file *file, poll_table *wait);

/* own_syscall.c */
int log_call_fd(void);

/* Parts that last as long as the module. */
int log_device_init(void);
void log_device_exit(void);
int log_proc_init(void);
void log_proc_exit(void);
int log_fs_init(void);
void log_fs_exit(void);
int log_relay_init(void);
void log_relay_exit(void);
int log_genl_init(void);
void log_genl_exit(void);

#endif /* LOG_H */
