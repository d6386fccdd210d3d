/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the kernel decides when it boots is decided here when the file is compiled.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef NATIVE_ALTERNATIVE_H
#define NATIVE_ALTERNATIVE_H

#ifdef __ASSEMBLER__

.macro ALTERNATIVE old:req, new, feature
#ifndef NATIVE_ERMS
	\old
#endif
.endm

#elif defined(NATIVE_ERMS)
#define ALTERNATIVE(old, new, feature)	new
#else
#define ALTERNATIVE(old, new, feature)	old
#endif

#endif /* NATIVE_ALTERNATIVE_H */
