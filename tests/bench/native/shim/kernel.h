/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Words that every file of the kernel knows; given to the compiler with -include.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef __ASSEMBLER__
#include <stdbool.h>
#include <sys/cdefs.h>
#define noinline	__attribute__((__noinline__))
#define __noclone	__attribute__((__noclone__))
#endif
