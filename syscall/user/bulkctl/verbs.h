/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The verbs of bulkctl.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef BULKCTL_VERBS_H
#define BULKCTL_VERBS_H

#include "options.h"

/* Each returns an exit code; args are the words after the verb, NULL at the end. */
int verb_list(const struct options *o, char **args);
int verb_stat(const struct options *o, char **args);
int verb_set(const struct options *o, char **args);
int verb_send(const struct options *o, char **args);
int verb_recv(const struct options *o, char **args);
int verb_copy(const struct options *o, char **args);
int verb_pattern(const struct options *o, char **args);

/*
 * This one parses the rest of the command line itself, from the verb on: @common
 * has the options before it.
 */
int verb_syscalls(const struct options *common, int argc, char **argv);

#endif /* BULKCTL_VERBS_H */
