/* SPDX-License-Identifier: GPL-2.0 */
/*
 * XXH64 with seed 0, to check what the channel sink says.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * After the specification at https://github.com/Cyan4973/xxHash, of data that
 * lies in one piece.
 */
#ifndef XXH64_H
#define XXH64_H

#include <linux/types.h>
#include <stddef.h>
#include <string.h>

#define XXH_P1	0x9e3779b185ebca87ULL
#define XXH_P2	0xc2b2ae3d27d4eb4fULL
#define XXH_P3	0x165667b19e3779f9ULL
#define XXH_P4	0x85ebca77c2b2ae63ULL
#define XXH_P5	0x27d4eb2f165667c5ULL

static inline __u64 xxh_rotl(__u64 x, int n)
{
	return x << n | x >> (64 - n);
}

static inline __u64 xxh_read64(const __u8 *p)
{
	__u64 v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline __u64 xxh_read32(const __u8 *p)
{
	__u32 v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline __u64 xxh_round(__u64 acc, __u64 input)
{
	return xxh_rotl(acc + input * XXH_P2, 31) * XXH_P1;
}

static inline __u64 xxh_stripes(const __u8 *p, size_t stripes)
{
	__u64 acc[4] = { XXH_P1 + XXH_P2, XXH_P2, 0, -XXH_P1 };
	__u64 h;
	int i;

	for (; stripes; stripes--)
		for (i = 0; i < 4; i++, p += 8)
			acc[i] = xxh_round(acc[i], xxh_read64(p));
	h = xxh_rotl(acc[0], 1) + xxh_rotl(acc[1], 7) + xxh_rotl(acc[2], 12) +
	    xxh_rotl(acc[3], 18);
	for (i = 0; i < 4; i++)
		h = (h ^ xxh_round(0, acc[i])) * XXH_P1 + XXH_P4;
	return h;
}

static inline __u64 xxh_tail(__u64 h, const __u8 *p, size_t len)
{
	for (; len >= 8; p += 8, len -= 8)
		h = xxh_rotl(h ^ xxh_round(0, xxh_read64(p)), 27) * XXH_P1 +
		    XXH_P4;
	for (; len >= 4; p += 4, len -= 4)
		h = xxh_rotl(h ^ xxh_read32(p) * XXH_P1, 23) * XXH_P2 + XXH_P3;
	for (; len; p++, len--)
		h = xxh_rotl(h ^ *p * XXH_P5, 11) * XXH_P1;
	return h;
}

static inline __u64 xxh64(const void *data, size_t len)
{
	const __u8 *p = data;
	__u64 h = len < 32 ? XXH_P5 : xxh_stripes(p, len / 32);

	h = xxh_tail(h + len, p + len / 32 * 32, len % 32);
	h = (h ^ h >> 33) * XXH_P2;
	h = (h ^ h >> 29) * XXH_P3;
	return h ^ h >> 32;
}

#endif /* XXH64_H */
