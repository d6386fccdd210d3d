// SPDX-License-Identifier: GPL-2.0
/*
 * The log by generic netlink: a message of many records to a multicast group.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * A message is sent when it is full, or when LOG_FLUSH asks for it. Its records
 * are lost where the listener's receive buffer has no room; netlink tells so if
 * the listener has set NETLINK_BROADCAST_ERROR. Of several listeners, it does
 * not tell which.
 */
#include <linux/module.h>
#include <linux/spinlock.h>
#include <net/genetlink.h>

#include "log.h"

static struct genl_family family;

/**
 * struct message - the one that is being filled
 * @skb: it, or NULL
 * @header: its header
 * @attr: its attribute
 * @records: how many there are in it
 */
struct message {
	struct sk_buff *skb;
	void *header;
	struct nlattr *attr;
	u32 records;
};

/* Not raw, because netlink takes locks below it that are not. Of next. */
static DEFINE_SPINLOCK(next_lock);
static struct message next;

static const struct genl_multicast_group groups[] = {
	{ .name = LOG_GROUP, .flags = GENL_MCAST_CAP_SYS_ADMIN },
};

static struct genl_family family = {
	.name = LOG_FAMILY,
	.version = LOG_FAMILY_VERSION,
	.module = THIS_MODULE,
	.mcgrps = groups,
	.n_mcgrps = ARRAY_SIZE(groups),
};

/* Room for the headers and a record is in any message. */
static bool begin(void)
{
	struct sk_buff *skb = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_ATOMIC);

	if (!skb)
		return false;
	next.header = genlmsg_put(skb, 0, 0, &family, 0, LOG_CMD_RECORDS);
	next.attr = nla_nest_start_noflag(skb, LOG_ATTR_RECORDS);
	next.records = 0;
	next.skb = skb;
	return true;
}

/* With the lock, lest a later message overtake this one. */
static void send(void)
{
	struct sk_buff *skb = next.skb;

	next.skb = NULL;
	nla_nest_end(skb, next.attr);
	genlmsg_end(skb, next.header);
	if (genlmsg_multicast(&family, skb, 0, 0, GFP_ATOMIC))
		log_lose(next.records);
}

static bool put(const void *record, size_t len)
{
	if (next.skb && skb_tailroom(next.skb) < len)
		send();
	if (!next.skb && !begin())
		return false;
	skb_put_data(next.skb, record, len);
	next.records++;
	return true;
}

static bool genl_write(const void *record, size_t len)
{
	bool ret;

	spin_lock(&next_lock);
	ret = put(record, len);
	spin_unlock(&next_lock);
	return ret;
}

static void genl_flush(void)
{
	spin_lock(&next_lock);
	if (next.skb)
		send();
	spin_unlock(&next_lock);
}

/* The buffer is the listener's socket. */
static int genl_start(size_t bytes)
{
	return 0;
}

static void genl_stop(void)
{
	nlmsg_free(next.skb);
	next.skb = NULL;
}

const struct log_sort log_genl_sort = {
	.start = genl_start,
	.write = genl_write,
	.stop = genl_stop,
	.flush = genl_flush,
};

int log_genl_init(void)
{
	return genl_register_family(&family);
}

void log_genl_exit(void)
{
	genl_unregister_family(&family);
}
