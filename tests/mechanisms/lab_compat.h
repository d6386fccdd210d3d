/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What later kernels have, for 6.12.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef LAB_COMPAT_H
#define LAB_COMPAT_H

#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
#undef MODULE_IMPORT_NS
#define MODULE_IMPORT_NS(name)	MODULE_INFO(import_ns, name)
#endif

/* Attributes and their lists became constant. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 16, 0)
#define lab_const
#else
#define lab_const	const
#endif
#define lab_bin_attribute	lab_const struct bin_attribute

#if LINUX_VERSION_CODE < KERNEL_VERSION(7, 0, 0)
#define io_uring_sqe_cmd(sqe, type)	((const type *)io_uring_sqe_cmd(sqe))
#define kill_anon_super		kill_litter_super
#define sockaddr_unsized	sockaddr
#define sk_drops_read(sk)	atomic_read(&(sk)->sk_drops)
#endif

#endif /* LAB_COMPAT_H */
