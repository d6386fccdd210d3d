/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The entry of bulk_xfer(2), as the dispatch of system calls sees it.
 *
 * The compiler makes a binary search of the dispatch. One more call moves its
 * pivots, and so the way to others; one that is unlikely to be made does not.
 * The kernel's __cold is empty where a compiler forgets a cold function's
 * alignment, which is of no concern here: this is not its definition.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef _ASM_X86_BULK_XFER_H
#define _ASM_X86_BULK_XFER_H

struct pt_regs;

__attribute__((__cold__))
long __x64_sys_bulk_xfer(const struct pt_regs *regs);

#endif /* _ASM_X86_BULK_XFER_H */
