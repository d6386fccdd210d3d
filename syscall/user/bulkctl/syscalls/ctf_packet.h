/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Packets of a stream of the Common Trace Format.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef SYSCALLS_CTF_PACKET_H
#define SYSCALLS_CTF_PACKET_H

#include <stddef.h>
#include <stdint.h>

/* Declarations of the packet's header and context, in TSDL. */
extern const char ctf_packet_header[];
extern const char ctf_packet_context[];

/* Return: 0; -1 with errno. The file must not exist. */
int ctf_stream_open(const char *path);
/* Return: 0; -1 with errno: not all that was put has arrived. */
int ctf_stream_close(void);

/**
 * ctf_event_start() - begin an event
 * @time: its time; one before the latest event's becomes that one's
 * @lost: events lost just before it
 *
 * Return: the time that the event has.
 */
uint64_t ctf_event_start(uint64_t time, uint32_t lost);

/*
 * In place of an empty string, because babeltrace2 2.0.4 shows that of
 * an earlier event there.
 */
#define CTF_EMPTY	"-"

/* Little-endian, without padding. NULL is an empty string. */
void ctf_u8(uint8_t value);
void ctf_u16(uint16_t value);
void ctf_u32(uint32_t value);
void ctf_u64(uint64_t value);
void ctf_string(const char *s);
/* So many bytes, up to the first NUL in them, and a NUL. */
void ctf_text(const void *bytes, size_t len);

#endif /* SYSCALLS_CTF_PACKET_H */
