/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The channel puppet, whose provider does what the module's parameters say.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef PUPPET_H
#define PUPPET_H

#include "module.h"
#include "window.h"

/* 0, or an errno: -ENOENT without the module. */
static inline int load_puppet(const char *params)
{
	/* A test that failed has left it. */
	unload_module("bulk_puppet");
	return load_module("bulk_puppet", params);
}

/* The same, with a window; -EOPNOTSUPP without a vDSO. */
static inline int open_puppet(struct windowed *w, const char *params)
{
	int ret = load_puppet(params);

	if (ret)
		return ret;
	ret = open_windowed(w, "puppet");
	/* A module without its channel is no reason to skip. */
	return ret == -ENOENT ? -ENXIO : ret;
}

static inline int set_puppet(const char *param, int value)
{
	return set_module_param("bulk_puppet", param, value);
}

#endif /* PUPPET_H */
