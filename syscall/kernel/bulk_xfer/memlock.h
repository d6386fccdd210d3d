/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Whose locked memory the rings of an endpoint, and what lies beside them, are.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef _BULK_XFER_MEMLOCK_H
#define _BULK_XFER_MEMLOCK_H

#include <linux/gfp_types.h>
#include <linux/types.h>

struct ucounts;

/*
 * For memory that a user can grow. NORETRY: at its memory cgroup's limit the
 * answer is ENOMEM, and nobody is killed.
 */
#define BULK_GFP_ACCOUNT	(GFP_KERNEL_ACCOUNT | __GFP_NORETRY | \
				 __GFP_NOWARN)

/**
 * struct bulk_memlock - the user who pays for an endpoint
 * @ucounts: the user, or NULL to charge nobody
 * @limit: pages that this user may lock
 */
struct bulk_memlock {
	struct ucounts *ucounts;
	unsigned long limit;
};

void bulk_memlock_init(struct bulk_memlock *m, struct ucounts *ucounts,
		       unsigned long limit);
void bulk_memlock_end(struct bulk_memlock *m);
bool bulk_memlock_charge(struct bulk_memlock *m, unsigned long pages);
void bulk_memlock_exceed(struct bulk_memlock *m, unsigned long pages);
void bulk_memlock_uncharge(struct bulk_memlock *m, unsigned long pages);

#endif /* _BULK_XFER_MEMLOCK_H */
