// SPDX-License-Identifier: GPL-2.0
/*
 * Packets of a stream of the Common Trace Format.
 *
 * What a packet's header tells is known at the packet's end, and is then
 * written over what stands there: readers stop at a packet that was not ended.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <endian.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "ctf_packet.h"

#define CTF_MAGIC	0xc1fc1fc1	/* of the format's specification, 5.2 */
#define PACKET_BYTES	(256U << 10)	/* a reader skips packets, not events */

/* All fields lie at multiples of their size: there is no padding. */
struct header {
	uint32_t magic;
	uint32_t stream_id;
	uint64_t timestamp_begin;
	uint64_t timestamp_end;
	uint64_t content_size;	/* bits, as the next one */
	uint64_t packet_size;
	uint64_t packet_seq_num;
	uint64_t events_discarded;
};

const char ctf_packet_header[] =
	"struct { uint32_t magic; uint32_t stream_id; }";
const char ctf_packet_context[] =
	"struct {\n"
	"\t\tclock_t timestamp_begin;\n"
	"\t\tclock_t timestamp_end;\n"
	"\t\tuint64_t content_size;\n"
	"\t\tuint64_t packet_size;\n"
	"\t\tuint64_t packet_seq_num;\n"
	"\t\tuint64_t events_discarded;\n"
	"\t}";

static struct {
	FILE *file;
	int error;		/* errno of the first failure, 0: none */
	bool in_packet;
	off_t packet_at;
	uint64_t packet_bytes;
	uint64_t packet_begin;	/* time */
	uint64_t packets;
	uint64_t now;		/* time of the latest event */
	uint64_t discarded;
} s;

static void failed(void)
{
	if (!s.error)
		s.error = errno;
}

static void put(const void *bytes, size_t len)
{
	if (len && fwrite(bytes, len, 1, s.file) != 1)
		failed();
	s.packet_bytes += len;
}

static void put_header(void)
{
	uint64_t bits = s.packet_bytes * 8;
	struct header h = {
		.magic = htole32(CTF_MAGIC),
		.timestamp_begin = htole64(s.packet_begin),
		.timestamp_end = htole64(s.now),
		.content_size = htole64(bits),
		.packet_size = htole64(bits),
		.packet_seq_num = htole64(s.packets),
		.events_discarded = htole64(s.discarded),
	};

	put(&h, sizeof(h));
}

static void packet_start(void)
{
	s.in_packet = true;
	s.packet_at = ftello(s.file);
	s.packet_begin = s.now;
	s.packet_bytes = 0;
	put_header();
}

static void packet_end(void)
{
	if (fseeko(s.file, s.packet_at, SEEK_SET))
		failed();
	put_header();
	if (fseeko(s.file, 0, SEEK_END))
		failed();
	s.packets++;
	s.in_packet = false;
}

/*
 * Readers tell what was discarded between the ends of two packets: what is lost
 * in the first one of events would go uncounted without this one before it.
 */
static void empty_packet(void)
{
	packet_start();
	packet_end();
}

uint64_t ctf_event_start(uint64_t time, uint32_t lost)
{
	if (s.in_packet && s.packet_bytes >= PACKET_BYTES)
		packet_end();
	if (time > s.now)
		s.now = time;
	if (!s.in_packet && !s.packets)
		empty_packet();
	s.discarded += lost;
	if (!s.in_packet)
		packet_start();
	return s.now;
}

int ctf_stream_open(const char *path)
{
	memset(&s, 0, sizeof(s));
	s.file = fopen(path, "wxe");
	return s.file ? 0 : -1;
}

int ctf_stream_close(void)
{
	if (s.in_packet)
		packet_end();
	if (fclose(s.file))
		failed();
	s.file = NULL;
	errno = s.error;
	return s.error ? -1 : 0;
}

void ctf_u8(uint8_t value)
{
	put(&value, sizeof(value));
}

void ctf_u16(uint16_t value)
{
	value = htole16(value);
	put(&value, sizeof(value));
}

void ctf_u32(uint32_t value)
{
	value = htole32(value);
	put(&value, sizeof(value));
}

void ctf_u64(uint64_t value)
{
	value = htole64(value);
	put(&value, sizeof(value));
}

void ctf_text(const void *bytes, size_t len)
{
	len = strnlen(bytes, len);
	if (len)
		put(bytes, len);
	else
		put(CTF_EMPTY, strlen(CTF_EMPTY));
	ctf_u8(0);
}

void ctf_string(const char *string)
{
	ctf_text(string ? string : "", string ? strlen(string) : 0);
}
