// SPDX-License-Identifier: GPL-2.0
/*
 * The log of lab_log.ko: its begin, its records, its end.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "consume.h"
#include "die.h"
#include "form.h"
#include "kmodule.h"
#include "recorder.h"

int form_ctl;
uint8_t form_piece[FORM_PIECE] __attribute__((aligned(8)));
void (*form_look)(const struct log_head *record);

/**
 * form_open() - load the module and open the device
 *
 * Return: true; or false, with the reason in recorder_why.
 */
bool form_open(void)
{
	int ret = kmodule_insert("log", "");

	if (ret == -ENOENT) {
		recorder_why = "no lab_log.ko, or no tracepoints of system calls";
		return false;
	}
	if (ret && ret != -EEXIST)
		die("load lab_log.ko: %s", strerror(-ret));
	form_ctl = open(LOG_DEVICE, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (form_ctl < 0)
		die(LOG_DEVICE ": %s", strerror(errno));
	return true;
}

static size_t power_of_two(size_t most)
{
	size_t bytes = BULK_SYSCALLS_RING_MIN;

	while (bytes * 2 <= most)
		bytes *= 2;
	return bytes;
}

/* Of the open device; at most so many @bytes, but for the least that there is. */
void form_record(enum log_buffer buffer, pid_t pid, size_t bytes)
{
	struct log_setup setup = { .buffer = buffer, .pid = pid, .bytes = power_of_two(bytes) };

	if (ioctl(form_ctl, LOG_RECORD, &setup))
		die("record process %d: %s", pid, strerror(errno));
}

bool form_start(enum log_buffer buffer, pid_t pid, size_t bytes)
{
	if (!form_open())
		return false;
	form_record(buffer, pid, bytes);
	return true;
}

uint64_t form_lost(void)
{
	struct log_totals totals;

	if (ioctl(form_ctl, LOG_TOTALS, &totals))
		die(LOG_DEVICE ": totals: %s", strerror(errno));
	return totals.lost;
}

void form_stop(void)
{
	close(form_ctl);
	kmodule_unload("log");
}

/* Bytes of the record that begins there, as far as @have bytes of it tell. */
static size_t length_of(const void *record, size_t have)
{
	return have < sizeof(struct log_head) ? sizeof(struct log_head) : log_length(record);
}

static void take_record(const struct log_head *record, size_t len)
{
	if (record->call.type != BULK_SYSCALLS_ENTER && record->call.type != BULK_SYSCALLS_EXIT)
		die("record of type %u", record->call.type);
	consume(record, len);
	if (form_look)
		form_look(record);
}

/* The record that pieces before this one have begun; 1 if it is whole now. */
static uint64_t take_split(struct form_stream *s, const uint8_t **at, const uint8_t *end)
{
	uint8_t record[sizeof(struct log_enter)] __attribute__((aligned(8)));
	size_t want, n;

	memcpy(record, s->part, s->have);
	while ((want = length_of(record, s->have)) > s->have && *at < end) {
		n = want - s->have;
		if (n > (size_t)(end - *at))
			n = end - *at;
		memcpy(record + s->have, *at, n);
		s->have += n;
		*at += n;
	}
	memcpy(s->part, record, s->have);
	if (want > s->have)
		return 0;
	take_record((const struct log_head *)record, want);
	s->have = 0;
	return 1;
}

/**
 * form_take() - read what was received
 * @s: where it was received
 * @data: a piece of the stream, aligned to 8 bytes
 * @len: bytes of it, a multiple of 8
 *
 * Return: records that it completes.
 */
uint64_t form_take(struct form_stream *s, const void *data, size_t len)
{
	const uint8_t *at = data, *end = at + len;
	uint64_t n = 0;
	size_t want;

	if (s->have) {
		n = take_split(s, &at, end);
		if (s->have)
			return n;
	}
	for (;;) {
		/* The ends of relay's sub-buffers. */
		while (at < end && !*(const uint64_t *)at)
			at += sizeof(uint64_t);
		want = length_of(at, end - at);
		if (want > (size_t)(end - at))
			break;
		take_record((const struct log_head *)at, want);
		at += want;
		n++;
	}
	memcpy(s->part, at, end - at);
	s->have = end - at;
	return n;
}

/* All that a read(2) without waiting gives. */
uint64_t form_take_all(struct form_stream *s, int fd)
{
	uint64_t taken = 0;
	ssize_t n;

	do {
		n = read(fd, form_piece, FORM_PIECE);
		if (n < 0 && errno != EAGAIN)
			die("read of the log: %s", strerror(errno));
		if (n > 0)
			taken += form_take(s, form_piece, n);
	} while (n == FORM_PIECE);
	return taken;
}
