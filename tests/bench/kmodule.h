/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Loading and unloading a mechanism's kernel half, lab_NAME.ko.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef KMODULE_H
#define KMODULE_H

/* 0, -ENOENT where there is no such file, or another errno. */
int kmodule_insert(const char *name, const char *params);
int kmodule_remove(const char *name);

/* For what is given back in the background: waits while it is in use, but not for ever. */
int kmodule_remove_soon(const char *name);

/* The same for programs that end when it fails; no file is no failure. */
void kmodule_load(const char *name);
void kmodule_unload(const char *name);

#endif /* KMODULE_H */
