// SPDX-License-Identifier: GPL-2.0
/*
 * Records to BPF programs, which move them through ring buffers, and from them.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * Starts: kernel (ring buffer) or user (user ring buffer). Directions: k2u,
 * u2k. Not synchronous. Loss: a record without room is refused to the program,
 * which knows; the reader does not. Unit: the ring's size. Privilege: CAP_BPF
 * and CAP_PERFMON. Choose it to get at what a kernel does without changing it.
 */
#include <linux/bpf.h>
#include <linux/rcupdate.h>

#include "lab_kernel.h"
#include "lab_bpf.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

static long bpf_produce(struct lab_side *side, unsigned long count);
static long bpf_consume(struct lab_side *side, unsigned long count);
static long bpf_other(struct lab_side *side, unsigned int cmd, unsigned long arg);

static const struct lab_ops bpf_lab_ops = {
	.produce = bpf_produce,
	.consume = bpf_consume,
	.other = bpf_other,
};

LAB_CONTROL("bpf-ringbuf", &bpf_lab_ops)

static struct bpf_map *state_map;
static struct bpf_map *slot_map;

/* What becomes of the record is between the program and its reader. */
static long bpf_produce(struct lab_side *side, unsigned long count)
{
	unsigned long n;

	for (n = 0; n < count && !lab_killed(n); n++) {
		u64 seq = side->seq;

		trace_lab_bpf_tp(lab_next(side), seq);
	}
	return n;
}

static void *bpf_value(struct bpf_map *map, u32 key)
{
	return map->ops->map_lookup_elem(map, &key);
}

/* The program copies what waits into the slots; how much is its claim. */
static u64 bpf_drain(struct lab_side *side)
{
	struct lab_bpf_state *state = bpf_value(state_map, 0);
	u64 got, i;

	WRITE_ONCE(state->got, 0);
	trace_lab_bpf_tp(NULL, 0);
	got = min_t(u64, READ_ONCE(state->got), LAB_BPF_SLOTS);
	for (i = 0; i < got; i++)
		lab_consume(side, bpf_value(slot_map, i), side->setup.bytes);
	return got;
}

static long bpf_consume(struct lab_side *side, unsigned long count)
{
	u64 got, total = 0;

	if (!state_map || slot_map->value_size < side->setup.bytes)
		return -EINVAL;
	do {
		rcu_read_lock();
		got = bpf_drain(side);
		rcu_read_unlock();
		total += got;
	} while (got && total < count);
	return total < count ? -EAGAIN : 0;
}

static void bpf_put_maps(void)
{
	if (!state_map)
		return;
	bpf_map_put(state_map);
	bpf_map_put(slot_map);
	state_map = NULL;
	slot_map = NULL;
}

/* A reference to an array of so many values of at least this size. */
static struct bpf_map *bpf_get_array(int fd, u32 entries, u32 value_size)
{
	struct bpf_map *map = bpf_map_get(fd);

	if (IS_ERR(map))
		return map;
	if (map->map_type == BPF_MAP_TYPE_ARRAY && map->max_entries >= entries &&
	    map->value_size >= value_size)
		return map;
	bpf_map_put(map);
	return ERR_PTR(-EINVAL);
}

static long bpf_set_maps(const struct lab_bpf_maps *fds)
{
	struct bpf_map *state, *slots;

	state = bpf_get_array(fds->state, 1, sizeof(struct lab_bpf_state));
	if (IS_ERR(state))
		return PTR_ERR(state);
	slots = bpf_get_array(fds->slots, LAB_BPF_SLOTS, LAB_MIN_BYTES);
	if (IS_ERR(slots)) {
		bpf_map_put(state);
		return PTR_ERR(slots);
	}
	bpf_put_maps();
	state_map = state;
	slot_map = slots;
	return 0;
}

static long bpf_other(struct lab_side *side, unsigned int cmd, unsigned long arg)
{
	struct lab_bpf_maps fds;

	if (cmd != LAB_BPF_MAPS)
		return -ENOTTY;
	if (copy_from_user(&fds, (void __user *)arg, sizeof(fds)))
		return -EFAULT;
	return bpf_set_maps(&fds);
}

static int __init bpf_init(void)
{
	return lab_control_init();
}
module_init(bpf_init);

static void __exit bpf_exit(void)
{
	bpf_put_maps();
	lab_control_exit();
}
module_exit(bpf_exit);

MODULE_IMPORT_NS("BPF_INTERNAL");
MODULE_DESCRIPTION("Laboratory: BPF ring buffers");
MODULE_LICENSE("GPL");
