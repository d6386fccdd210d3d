// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of channels: descriptions refused, names, endpoints' lifetimes.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uio.h>

#include "channel.h"
#include "endpoint.h"
#include "transfer.h"

/* Calls of the operations of the tests' provider. */
static struct {
	int opened;
	int released;
	int sent;
} seen;

static int test_open(struct bulk_endpoint *ep)
{
	seen.opened++;
	return 0;
}

static void test_release(struct bulk_endpoint *ep)
{
	seen.released++;
}

static int test_send(struct bulk_endpoint *ep, struct iov_iter *from, u64 tag)
{
	u8 data[64];
	size_t len = iov_iter_count(from);

	if (!copy_from_iter_full(data, len, from))
		return -EFAULT;
	seen.sent++;
	return bulk_push(ep, data, len, tag, GFP_KERNEL);
}

static const struct bulk_channel_ops test_ops = {
	.open = test_open,
	.release = test_release,
	.send = test_send,
};

static const struct bulk_channel_ops mute_ops = {};

static const struct bulk_channel_desc good = {
	.name = "kunit",
	.max_record = 64,
	.ops = &test_ops,
};

static void expect_refused(struct kunit *test,
			   const struct bulk_channel_desc *desc, int error)
{
	struct bulk_channel *ch = bulk_channel_register(desc);

	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(ch), error);
	if (!IS_ERR(ch))
		bulk_channel_unregister(ch);
}

static void bad_names_are_refused(struct kunit *test)
{
	static const char * const names[] = {
		NULL, "", "/", "a/b", "..", "A", "a b", "caf\xc3\xa9", "a\n",
		"a123456789b123456789c123456789d1",
	};
	struct bulk_channel_desc desc = good;
	int i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		desc.name = names[i];
		expect_refused(test, &desc, -EINVAL);
	}
}

static void bad_descriptions_are_refused(struct kunit *test)
{
	struct bulk_channel_desc desc = good;

	desc.ops = NULL;
	expect_refused(test, &desc, -EINVAL);
	desc = good;
	desc.max_record = 0;
	expect_refused(test, &desc, -EINVAL);
	desc.max_record = (size_t)BULK_MAX_RECORD + 1;
	expect_refused(test, &desc, -EINVAL);
	desc = good;
	desc.mode = 01777;
	expect_refused(test, &desc, -EINVAL);
	desc = good;
	desc.rx_policy = BULK_RX_OVERWRITE_OLDEST + 1;
	expect_refused(test, &desc, -EINVAL);
	desc = good;
	desc.deadline_us = BULK_MAX_DEADLINE_US + 1;
	expect_refused(test, &desc, -EINVAL);
	desc = good;
	desc.flags = ~0U;
	expect_refused(test, &desc, -EINVAL);
}

static struct bulk_channel *must_register(struct kunit *test,
					  const struct bulk_channel_desc *desc)
{
	struct bulk_channel *ch = bulk_channel_register(desc);

	KUNIT_ASSERT_FALSE(test, IS_ERR(ch));
	return ch;
}

static void name_is_taken_until_unregistered(struct kunit *test)
{
	struct bulk_channel *ch = must_register(test, &good);

	expect_refused(test, &good, -EEXIST);
	bulk_channel_unregister(ch);
	ch = must_register(test, &good);
	bulk_channel_unregister(ch);
}

static void defaults_are_filled_in(struct kunit *test)
{
	struct bulk_channel *ch = must_register(test, &good);
	struct bulk_channel_desc tight = good;

	KUNIT_EXPECT_EQ(test, ch->mode, 0600);
	KUNIT_EXPECT_EQ(test, ch->rx_limit, 4 * good.max_record);
	KUNIT_EXPECT_EQ(test, ch->deadline_us, 0);
	bulk_channel_unregister(ch);

	/* The largest record always fits. */
	tight.rx_limit = 1;
	ch = must_register(test, &tight);
	KUNIT_EXPECT_EQ(test, ch->rx_limit,
			good.max_record + sizeof(struct bulk_record));
	bulk_channel_unregister(ch);
}

static struct bulk_endpoint *must_create(struct kunit *test,
					 struct bulk_channel *ch)
{
	struct bulk_endpoint *ep;

	ep = bulk_channel_open(ch, FMODE_READ | FMODE_WRITE);
	KUNIT_ASSERT_FALSE(test, IS_ERR(ep));
	return ep;
}

static int send(struct bulk_endpoint *ep, void *data, size_t len, u64 tag)
{
	struct kvec vec = { .iov_base = data, .iov_len = len };
	struct iov_iter from;

	iov_iter_kvec(&from, ITER_SOURCE, &vec, 1, len);
	return bulk_endpoint_send(ep, &from, tag, true);
}

static int recv(struct bulk_endpoint *ep, void *data, size_t room,
		struct bulk_meta *meta)
{
	struct kvec vec = { .iov_base = data, .iov_len = room };
	struct iov_iter to;

	iov_iter_kvec(&to, ITER_DEST, &vec, 1, room);
	return bulk_endpoint_recv(ep, &to, meta, true);
}

static int push_pages(struct bulk_endpoint *ep, struct page **pages, size_t len)
{
	return bulk_push_pages(ep, pages, len, 1, GFP_KERNEL);
}

static int push_page(struct bulk_endpoint *ep, struct page *page)
{
	return push_pages(ep, &page, PAGE_SIZE);
}

static void records_pass(struct kunit *test)
{
	struct bulk_channel *ch = must_register(test, &good);
	struct bulk_endpoint *ep = must_create(test, ch);
	struct bulk_meta meta;
	char data[65] = {};

	KUNIT_EXPECT_EQ(test, send(ep, data, 65, 0), -EMSGSIZE);
	KUNIT_EXPECT_EQ(test, recv(ep, data, 64, &meta), -EAGAIN);
	KUNIT_EXPECT_EQ(test, send(ep, "abc", 3, 5), 0);
	KUNIT_EXPECT_EQ(test, recv(ep, data, 2, &meta), -EMSGSIZE);
	KUNIT_EXPECT_EQ(test, meta.len, 3);
	KUNIT_EXPECT_EQ(test, recv(ep, data, 64, &meta), 0);
	KUNIT_EXPECT_EQ(test, meta.len, 3);
	KUNIT_EXPECT_EQ(test, meta.tag, 5);
	KUNIT_EXPECT_STREQ(test, data, "abc");
	bulk_channel_close(ep);
	bulk_channel_unregister(ch);
}

/* Two of one allocation that were not split: the second has no reference. */
static void only_plain_pages_are_pushed(struct kunit *test)
{
	struct bulk_channel_desc desc = { .name = "kunit", .ops = &test_ops,
					  .max_record = 2 * PAGE_SIZE };
	struct bulk_channel *ch = must_register(test, &desc);
	struct bulk_endpoint *ep = must_create(test, ch);
	void *slab = kunit_kzalloc(test, KMALLOC_MAX_CACHE_SIZE, GFP_KERNEL);
	struct page *page = alloc_pages(GFP_KERNEL, 1), *second = page + 1;
	struct address_space mapping = {};
	struct bulk_meta meta;

	KUNIT_ASSERT_NOT_NULL(test, slab);
	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_EXPECT_EQ(test, push_page(ep, virt_to_page(slab)), -EINVAL);
	/* The first page of what it is a part of has the type. */
	KUNIT_EXPECT_EQ(test, push_page(ep, virt_to_page(slab + PAGE_SIZE)),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, push_page(ep, second), -EINVAL);
	page_folio(page)->mapping = &mapping;
	KUNIT_EXPECT_EQ(test, push_page(ep, page), -EINVAL);
	page_folio(page)->mapping = NULL;
	KUNIT_EXPECT_EQ(test, recv(ep, NULL, 0, &meta), -EAGAIN);
	KUNIT_EXPECT_EQ(test, push_page(ep, page), 0);
	KUNIT_EXPECT_EQ(test, page_count(page), 2);
	bulk_channel_close(ep);
	KUNIT_EXPECT_EQ(test, page_count(page), 1);
	__free_pages(page, 1);
	bulk_channel_unregister(ch);
}

/* A process that maps the last page sees all of it. */
static void rest_of_pushed_pages_is_zeroed(struct kunit *test)
{
	struct bulk_channel_desc desc = { .name = "kunit", .ops = &test_ops,
					  .max_record = PAGE_SIZE + 5 };
	struct bulk_channel *ch = must_register(test, &desc);
	struct bulk_endpoint *ep = must_create(test, ch);
	struct page *pages[] = {
		alloc_page(GFP_KERNEL), alloc_page(GFP_KERNEL)
	};
	u8 *last;

	KUNIT_ASSERT_NOT_NULL(test, pages[0]);
	KUNIT_ASSERT_NOT_NULL(test, pages[1]);
	last = page_address(pages[1]);
	memset(page_address(pages[0]), 1, PAGE_SIZE);
	memset(last, 1, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, push_pages(ep, pages, PAGE_SIZE - 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, push_pages(ep, pages, PAGE_SIZE + 6), -EMSGSIZE);
	KUNIT_EXPECT_NULL(test, memchr_inv(last, 1, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, push_pages(ep, pages, PAGE_SIZE), 0);
	KUNIT_EXPECT_NULL(test, memchr_inv(last, 1, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, push_pages(ep, pages, PAGE_SIZE + 5), 0);
	KUNIT_EXPECT_NULL(test,
			  memchr_inv(page_address(pages[0]), 1, PAGE_SIZE));
	KUNIT_EXPECT_NULL(test, memchr_inv(last, 1, 5));
	KUNIT_EXPECT_NULL(test, memchr_inv(last + 5, 0, PAGE_SIZE - 5));
	bulk_channel_close(ep);
	bulk_channel_unregister(ch);
	put_page(pages[0]);
	put_page(pages[1]);
}

static void release_is_called_once(struct kunit *test)
{
	struct bulk_channel *ch = must_register(test, &good);
	struct bulk_endpoint *a, *b;

	memset(&seen, 0, sizeof(seen));
	a = must_create(test, ch);
	b = must_create(test, ch);
	KUNIT_EXPECT_EQ(test, seen.opened, 2);
	bulk_channel_close(a);
	KUNIT_EXPECT_EQ(test, seen.released, 1);
	bulk_channel_unregister(ch);
	KUNIT_EXPECT_EQ(test, seen.released, 2);
	bulk_channel_close(b);
	KUNIT_EXPECT_EQ(test, seen.released, 2);
}

static void provider_gone_is_enodev(struct kunit *test)
{
	struct bulk_channel *ch = must_register(test, &good);
	struct bulk_endpoint *ep = must_create(test, ch);
	struct bulk_meta meta;
	char data[64];

	memset(&seen, 0, sizeof(seen));
	KUNIT_EXPECT_EQ(test, send(ep, "x", 1, 1), 0);
	bulk_channel_unregister(ch);
	KUNIT_EXPECT_EQ(test, send(ep, "y", 1, 2), -ENODEV);
	KUNIT_EXPECT_EQ(test, seen.sent, 1);
	KUNIT_EXPECT_TRUE(test, bulk_endpoint_poll(ep) & EPOLLIN);
	KUNIT_EXPECT_EQ(test, recv(ep, data, 64, &meta), 0);
	KUNIT_EXPECT_EQ(test, meta.tag, 1);
	KUNIT_EXPECT_EQ(test, recv(ep, data, 64, &meta), -ENODEV);
	KUNIT_EXPECT_TRUE(test, bulk_endpoint_poll(ep) & EPOLLHUP);
	bulk_channel_close(ep);
}

static void mute_channel_is_not_writable(struct kunit *test)
{
	struct bulk_channel_desc desc = good;
	struct bulk_endpoint *ep;
	struct bulk_channel *ch;

	desc.ops = &mute_ops;
	ch = must_register(test, &desc);
	ep = bulk_channel_open(ch, FMODE_READ | FMODE_WRITE);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(ep), -EACCES);
	ep = bulk_channel_open(ch, FMODE_READ);
	KUNIT_ASSERT_FALSE(test, IS_ERR(ep));
	bulk_channel_close(ep);
	bulk_channel_unregister(ch);
}

static void totals_survive_the_endpoint(struct kunit *test)
{
	struct bulk_channel *ch = must_register(test, &good);
	struct bulk_endpoint *ep = must_create(test, ch);
	struct bulk_totals totals;
	struct bulk_meta meta;
	char data[64];

	KUNIT_EXPECT_EQ(test, send(ep, "abc", 3, 0), 0);
	KUNIT_EXPECT_EQ(test, send(ep, "de", 2, 0), 0);
	KUNIT_EXPECT_EQ(test, recv(ep, data, 64, &meta), 0);
	bulk_channel_close(ep);
	bulk_channel_totals(ch, &totals);
	KUNIT_EXPECT_EQ(test, totals.tx_records, 2);
	KUNIT_EXPECT_EQ(test, totals.tx_bytes, 5);
	KUNIT_EXPECT_EQ(test, totals.rx_records, 1);
	KUNIT_EXPECT_EQ(test, totals.rx_bytes, 3);
	KUNIT_EXPECT_EQ(test, totals.rx_lost, 0);
	bulk_channel_unregister(ch);
}

static struct kunit_case channel_cases[] = {
	KUNIT_CASE(bad_names_are_refused),
	KUNIT_CASE(bad_descriptions_are_refused),
	KUNIT_CASE(name_is_taken_until_unregistered),
	KUNIT_CASE(defaults_are_filled_in),
	KUNIT_CASE(records_pass),
	KUNIT_CASE(only_plain_pages_are_pushed),
	KUNIT_CASE(rest_of_pushed_pages_is_zeroed),
	KUNIT_CASE(release_is_called_once),
	KUNIT_CASE(provider_gone_is_enodev),
	KUNIT_CASE(mute_channel_is_not_writable),
	KUNIT_CASE(totals_survive_the_endpoint),
	{}
};

static struct kunit_suite channel_suite = {
	.name = "bulk_xfer_channel",
	.test_cases = channel_cases,
};

kunit_test_suite(channel_suite);
