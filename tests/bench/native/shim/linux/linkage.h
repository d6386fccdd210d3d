/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel's names for the start and end of a function in assembly.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#define SYM_FUNC_START(name)	.globl name; .type name, @function; .balign 16; name:
#define SYM_FUNC_END(name)	.size name, . - name; .section .note.GNU-stack, "", @progbits; .text
#define SYM_INNER_LABEL(name, linkage)	.globl name; name:
