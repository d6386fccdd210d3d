/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Signals that the module lab_signal sends, and the file that tells it to whom.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef LAB_SIGNAL_H
#define LAB_SIGNAL_H

#include "../lab.h"

#define SIGNAL_PID_FILE		"/sys/kernel/debug/lab_signal/signalconfpid"

#define SIGNAL_NUMBER		40	/* a real-time signal */
#define SIGNAL_UNIT		4	/* bytes that one carries in si_int */

/* In lab_setup.flags: send SIGUSR1 instead. */
#define SIGNAL_STANDARD		LAB_OWN_FLAGS

#endif /* LAB_SIGNAL_H */
