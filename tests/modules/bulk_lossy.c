// SPDX-License-Identifier: GPL-2.0
/*
 * Channels that lose records, one for each policy, for the selftests.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * A sent u64 is a count: so many records with tags that go on from the last
 * one's are pushed, the first half of them by the sender, the second half by
 * a timer in hard interrupt context, or, with the parameter nmi, in the NMIs
 * that this timer raises. A record holds its tag. The receiver
 * reads with BULK_DONTWAIT until /sys/module/bulk_lossy/parameters/ticking
 * is 0.
 */
#include <linux/bulk_xfer.h>
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/hrtimer.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include <linux/version.h>
#include <asm/apic.h>
#include <asm/nmi.h>

#define LOSSY_MAX_RECORD	64
#define LOSSY_RX_LIMIT		2048
#define LOSSY_BURST		16	/* records of one interrupt */
#define LOSSY_SPARES		48	/* records for NMIs */
#define LOSSY_PERIOD_NS		10000000	/* leaves even a slow machine time */

static bool nmi;
module_param(nmi, bool, 0444);
MODULE_PARM_DESC(nmi, "produce the second half in NMIs");

static atomic_t ticking = ATOMIC_INIT(0);

static int ticking_get(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%d\n", atomic_read(&ticking));
}

static const struct kernel_param_ops ticking_ops = { .get = ticking_get };
module_param_cb(ticking, &ticking_ops, NULL, 0444);
MODULE_PARM_DESC(ticking, "endpoints whose timer still produces");

/**
 * struct lossy - what an endpoint still has to produce
 * @ep: the endpoint
 * @timer: produces the second half
 * @next: the next record's tag
 * @left: records that the timer is to push
 *
 * While @left is not 0, all of it is the timer's.
 */
struct lossy {
	struct bulk_endpoint *ep;
	struct hrtimer timer;
	u64 next;
	u64 left;
};

/* A record that is refused is lost and counted, unless the policy is to block. */
static int lossy_produce(struct lossy *l, u64 count)
{
	bool keep = !bulk_channel_private(bulk_endpoint_channel(l->ep));
	int ret;

	for (; count; count--, l->next++) {
		ret = bulk_push(l->ep, &l->next, sizeof(l->next), l->next,
				GFP_ATOMIC);
		if (ret && keep)
			return ret;
	}
	return 0;
}

static void lossy_burst(struct lossy *l)
{
	u64 start = l->next;

	lossy_produce(l, min_t(u64, l->left, LOSSY_BURST));
	l->left -= l->next - start;
}

/* For whom this CPU's NMI is to produce. */
static DEFINE_PER_CPU(struct lossy *, lossy_nmi_for);

static int lossy_nmi(unsigned int cmd, struct pt_regs *regs)
{
	struct lossy *l = this_cpu_read(lossy_nmi_for);

	if (!l)
		return NMI_DONE;
	lossy_burst(l);
	this_cpu_write(lossy_nmi_for, NULL);
	return NMI_HANDLED;
}

/* From the timer's interrupt, which an NMI interrupts. */
static void lossy_burst_in_nmi(struct lossy *l)
{
	this_cpu_write(lossy_nmi_for, l);
	__apic_send_IPI_mask(cpumask_of(smp_processor_id()), NMI_VECTOR);
	while (READ_ONCE(*this_cpu_ptr(&lossy_nmi_for)))
		cpu_relax();
}

static enum hrtimer_restart lossy_tick(struct hrtimer *timer)
{
	struct lossy *l = container_of(timer, struct lossy, timer);

	if (nmi)
		lossy_burst_in_nmi(l);
	else
		lossy_burst(l);
	if (!l->left) {
		atomic_dec(&ticking);
		return HRTIMER_NORESTART;
	}
	hrtimer_forward_now(timer, ns_to_ktime(LOSSY_PERIOD_NS));
	return HRTIMER_RESTART;
}

static void lossy_timer_init(struct hrtimer *timer)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
	hrtimer_init(timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
	timer->function = lossy_tick;
#else
	hrtimer_setup(timer, lossy_tick, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
#endif
}

static int lossy_open(struct bulk_endpoint *ep)
{
	struct lossy *l = kzalloc(sizeof(*l), GFP_KERNEL_ACCOUNT);
	int ret;

	if (!l)
		return -ENOMEM;
	ret = nmi ? bulk_prepare_nmi(ep, LOSSY_SPARES, sizeof(l->next)) : 0;
	if (ret) {
		kfree(l);
		return ret;
	}
	l->ep = ep;
	lossy_timer_init(&l->timer);
	bulk_set_private(ep, l);
	return 0;
}

static void lossy_release(struct bulk_endpoint *ep)
{
	struct lossy *l = bulk_private(ep);

	if (hrtimer_cancel(&l->timer))
		atomic_dec(&ticking);
	kfree(l);
}

static int lossy_send(struct bulk_endpoint *ep, struct iov_iter *from, u64 tag)
{
	struct lossy *l = bulk_private(ep);
	u64 count, start;
	int ret;

	if (iov_iter_count(from) != sizeof(count))
		return -EINVAL;
	if (!copy_from_iter_full(&count, sizeof(count), from))
		return -EFAULT;
	if (READ_ONCE(l->left))
		return -EBUSY;
	/* It may still be on its way out. */
	hrtimer_cancel(&l->timer);

	start = l->next;
	ret = lossy_produce(l, count - count / 2);
	l->left = count - (l->next - start);
	if (ret && l->next == start)
		return ret;
	if (l->left) {
		atomic_inc(&ticking);
		hrtimer_start(&l->timer, ns_to_ktime(LOSSY_PERIOD_NS), HRTIMER_MODE_REL);
	}
	return 0;
}

static const struct bulk_channel_ops lossy_ops = {
	.open = lossy_open,
	.release = lossy_release,
	.send = lossy_send,
};

static struct bulk_channel *channels[3];

static const char * const names[] = {
	[BULK_RX_BLOCK] = "lossy-block",
	[BULK_RX_REFUSE_NEWEST] = "lossy-new",
	[BULK_RX_OVERWRITE_OLDEST] = "lossy-old",
};

static void lossy_unregister(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(channels); i++)
		if (!IS_ERR_OR_NULL(channels[i]))
			bulk_channel_unregister(channels[i]);
	if (nmi)
		unregister_nmi_handler(NMI_LOCAL, "bulk_lossy");
}

static int __init lossy_init(void)
{
	struct bulk_channel_desc desc = {
		.max_record = LOSSY_MAX_RECORD,
		.rx_limit = LOSSY_RX_LIMIT,
		.ops = &lossy_ops,
	};
	int i, ret;

	ret = nmi ? register_nmi_handler(NMI_LOCAL, lossy_nmi, 0, "bulk_lossy") : 0;
	if (ret)
		return ret;
	for (i = 0; i < ARRAY_SIZE(channels); i++) {
		desc.name = names[i];
		desc.rx_policy = i;
		desc.private = i == BULK_RX_BLOCK ? NULL : channels;
		channels[i] = bulk_channel_register(&desc);
		if (IS_ERR(channels[i])) {
			ret = PTR_ERR(channels[i]);
			lossy_unregister();
			return ret;
		}
	}
	return 0;
}
module_init(lossy_init);

static void __exit lossy_exit(void)
{
	lossy_unregister();
}
module_exit(lossy_exit);

MODULE_DESCRIPTION("bulk_xfer selftest: channels that lose records");
MODULE_LICENSE("GPL");
