// SPDX-License-Identifier: GPL-2.0
/*
 * Records on their way to a lane, and what becomes of those that are lost.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <linux/ktime.h>
#include <linux/overflow.h>
#include <linux/percpu.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/smp.h>
#include <asm/unistd.h>

#include "recorder.h"

/* The last two slots. */
#define SYSCALLS_SLOT_OTHERS	(SYSCALLS_SLOTS - 2)
#define SYSCALLS_SLOT_NO_CALL	(SYSCALLS_SLOTS - 1)

static unsigned int syscalls_slot(const struct bulk_syscalls_head *head)
{
	/* The number of a call has the same place in both. */
	const struct bulk_syscalls_enter *call = (const void *)head;
	u32 nr;

	static_assert(offsetof(struct bulk_syscalls_enter, nr) ==
		      offsetof(struct bulk_syscalls_exit, nr));
	if (head->type != BULK_SYSCALLS_ENTER &&
	    head->type != BULK_SYSCALLS_EXIT)
		return SYSCALLS_SLOT_NO_CALL;
	if (head->abi == BULK_SYSCALLS_ABI_32)
		return call->nr < BULK_SYSCALLS_NR32 ?
		       BULK_SYSCALLS_NR + call->nr : SYSCALLS_SLOT_OTHERS;
	nr = call->nr & ~__X32_SYSCALL_BIT;
	return nr < BULK_SYSCALLS_NR ? nr : SYSCALLS_SLOT_OTHERS;
}

/**
 * syscalls_lane_here() - the lane of this CPU
 * @rec: the recording, which has a filter
 *
 * Context: Preemption is off, as long as the lane is used.
 * Return: the lane; NULL when the recording is about to end.
 */
struct syscalls_lane *syscalls_lane_here(const struct syscalls_recording *rec)
{
	struct syscalls_lane *lane;

	lane = rcu_dereference_sched(rec->lanes[raw_smp_processor_id()]);
	if (unlikely(!lane))
		lane = rcu_dereference_sched(rec->leader);
	return lane;
}

/**
 * syscalls_emit() - give a lane's reader a record
 * @rec: the recording
 * @lane: the lane
 * @data: the record
 * @len: its bytes
 * @time: its time
 *
 * Context: A task's; preemption is off where @lane may go.
 */
void syscalls_emit(const struct syscalls_recording *rec,
		   struct syscalls_lane *lane, const void *data, size_t len,
		   u64 time)
{
	int ret;

	this_cpu_inc(*lane->made);
	if (rec->policy == BULK_SYSCALLS_BLOCK) {
		bulk_push_wait(lane->ep, data, len, time);
		return;
	}
	ret = bulk_push(lane->ep, data, len, time, GFP_ATOMIC);
	if (unlikely(ret))
		atomic_inc(&lane->losses[syscalls_slot(data)].refused);
}

/**
 * syscalls_dropped() - count a record that had to go, or whose thread had
 * @ep: the endpoint
 * @data: the record
 * @len: its bytes
 *
 * Context: Any. The lock of the endpoint's rings is held.
 */
void syscalls_dropped(struct bulk_endpoint *ep, const void *data, size_t len)
{
	struct syscalls_lane *lane = bulk_private(ep);
	const struct bulk_syscalls_head *head = data;
	struct syscalls_losses *losses;

	if (!lane || len < sizeof(struct bulk_syscalls_end))
		return;
	if (head->type == BULK_SYSCALLS_TOTALS) {
		lane->answers_lost++;
		return;
	}
	losses = &lane->losses[syscalls_slot(head)];
	if (lane->recording->policy == BULK_SYSCALLS_BLOCK)
		losses->killed++;
	else
		losses->overwritten++;
}

static bool syscalls_loss_fill(struct bulk_syscalls_loss *to,
			       struct syscalls_lane *lane, unsigned int slot)
{
	struct syscalls_losses *from = &lane->losses[slot];

	*to = (struct bulk_syscalls_loss){
		.nr = slot,
		.abi = BULK_SYSCALLS_ABI_64,
		.overwritten = READ_ONCE(from->overwritten),
		.refused = (u32)atomic_read(&from->refused),
		.killed = READ_ONCE(from->killed),
	};
	if (slot == SYSCALLS_SLOT_NO_CALL) {
		to->nr = BULK_SYSCALLS_NO_CALL;
	} else if (slot == SYSCALLS_SLOT_OTHERS) {
		to->nr = BULK_SYSCALLS_OTHERS;
	} else if (slot >= BULK_SYSCALLS_NR) {
		to->nr = slot - BULK_SYSCALLS_NR;
		to->abi = BULK_SYSCALLS_ABI_32;
	}
	return to->overwritten || to->refused || to->killed;
}

/* Calls for which there is no room are the others'. */
static u32 syscalls_losses_fill(struct syscalls_lane *lane,
				struct bulk_syscalls_loss *to)
{
	struct bulk_syscalls_loss others, loss;
	unsigned int slot;
	bool any;
	u32 n = 0;

	any = syscalls_loss_fill(&others, lane, SYSCALLS_SLOT_OTHERS);
	for (slot = 0; slot < SYSCALLS_SLOT_OTHERS; slot++) {
		if (!syscalls_loss_fill(&loss, lane, slot))
			continue;
		if (n < BULK_SYSCALLS_MAX_LOSSES - 2) {
			to[n++] = loss;
			continue;
		}
		any = true;
		others.overwritten += loss.overwritten;
		others.refused += loss.refused;
		others.killed += loss.killed;
	}
	if (any)
		to[n++] = others;
	if (syscalls_loss_fill(&loss, lane, SYSCALLS_SLOT_NO_CALL))
		to[n++] = loss;
	return n;
}

static u64 syscalls_made(const struct syscalls_lane *lane)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(*per_cpu_ptr(lane->made, cpu));
	return sum;
}

/**
 * syscalls_totals_fill() - tell what a lane has lost
 * @lane: the lane
 * @to: where to
 * @room: bytes there
 * @len: set to the bytes of the record, or to those that are needed
 *
 * Return: 0, or -EMSGSIZE.
 */
int syscalls_totals_fill(struct syscalls_lane *lane,
			 struct bulk_syscalls_totals *to, size_t room,
			 size_t *len)
{
	*len = struct_size(to, losses, BULK_SYSCALLS_MAX_LOSSES);
	if (room < *len)
		return -EMSGSIZE;
	memset(to, 0, sizeof(*to));
	syscalls_head_fill(lane->recording, &to->head, BULK_SYSCALLS_TOTALS,
			   current);
	to->made = syscalls_made(lane);
	to->lost = bulk_rx_total_lost(lane->ep) - lane->answers_lost;
	to->unseen = atomic64_read(&lane->recording->unseen);
	to->nr_losses = syscalls_losses_fill(lane, to->losses);
	*len = struct_size(to, losses, to->nr_losses);
	return 0;
}
