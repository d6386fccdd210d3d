/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Receiving what a recording records.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef SYSCALLS_CAPTURE_H
#define SYSCALLS_CAPTURE_H

#include <signal.h>
#include <sys/epoll.h>

#include "delivery.h"
#include "form.h"
#include "merge.h"
#include "recording.h"

/**
 * struct capture - a recording that is received
 * @recording: its endpoints
 * @merge: a queue for each
 * @to: where its records go
 * @form: how they are written there
 * @watch: processes with whose end it ends
 * @epfd: wakes it: endpoints, unless it is a flight recorder, signals, @watch
 * @events: room for one of each
 * @signals: a signalfd
 * @signal: that ended it; 0: none did
 * @gone: the channel is
 * @progress: the time of the next report; 0: there are none
 * @flushed: when that was last done
 */
struct capture {
	struct recording *recording;
	struct merge merge;
	struct delivery to;
	struct form form;
	struct watch watch;
	int epfd;
	struct epoll_event *events;
	int signals;
	int signal;
	bool gone;
	uint64_t progress;
	uint64_t flushed;
};

/* Those that end a recording, and SIGUSR1. */
void capture_signals(sigset_t *set);

/* @live: its endpoints wake it. The signals must be blocked. */
void capture_open(struct capture *c, bool live);
void capture_close(struct capture *c);

/* Receives all that waits now, on all endpoints, also if more comes meanwhile. */
void capture_receive(struct capture *c);

/* Receives what there is on those that have something. */
void capture_ready(struct capture *c);

/* Until something wakes it, or for @ms milliseconds, unless that is -1. */
void capture_wait(struct capture *c, int ms);

/* Looks at signals, and for ends of processes. Return: SIGUSR1 was there. */
bool capture_signalled(struct capture *c);

/*
 * Until a signal, or until all that is watched has ended. @to_file: progress is
 * shown.
 */
void capture_live(struct capture *c, bool to_file);
/*
 * The same; what is written, when asked and by capture_end(), is at most @last_ns
 * old. @dump: at once, too.
 */
void capture_flight(struct capture *c, uint64_t last_ns, bool dump);

/* Stops the recording, and receives the rest of it, and its totals. */
void capture_end(struct capture *c);

#endif /* SYSCALLS_CAPTURE_H */
