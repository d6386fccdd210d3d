// SPDX-License-Identifier: GPL-2.0
/*
 * Whose locked memory the rings of an endpoint, and what lies beside them, are.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <linux/cred.h>
#include <linux/user_namespace.h>

#include "memlock.h"

/**
 * bulk_memlock_init() - charge memory to a user from now on
 * @m: zeroed: without this, nobody is charged
 * @ucounts: the user; the caller's reference is taken over
 * @limit: pages that the user may lock in all
 */
void bulk_memlock_init(struct bulk_memlock *m, struct ucounts *ucounts,
		       unsigned long limit)
{
	m->ucounts = ucounts;
	m->limit = limit;
}

/**
 * bulk_memlock_end() - let go of the user
 * @m: nothing is charged any more
 */
void bulk_memlock_end(struct bulk_memlock *m)
{
	if (m->ucounts)
		put_ucounts(m->ucounts);
}

/**
 * bulk_memlock_charge() - charge memory
 * @m: whom
 * @pages: how much
 *
 * Context: Any.
 * Return: false when the user may not lock so much more.
 */
bool bulk_memlock_charge(struct bulk_memlock *m, unsigned long pages)
{
	long locked;

	if (!m->ucounts || !pages)
		return true;
	locked = inc_rlimit_ucounts(m->ucounts, UCOUNT_RLIMIT_MEMLOCK, pages);
	if (locked == LONG_MAX || locked > m->limit) {
		dec_rlimit_ucounts(m->ucounts, UCOUNT_RLIMIT_MEMLOCK, pages);
		return false;
	}
	return true;
}

/**
 * bulk_memlock_exceed() - charge memory that is there,
 * whatever the user may lock
 * @m: whom
 * @pages: how much
 *
 * Context: Any.
 */
void bulk_memlock_exceed(struct bulk_memlock *m, unsigned long pages)
{
	if (m->ucounts && pages)
		inc_rlimit_ucounts(m->ucounts, UCOUNT_RLIMIT_MEMLOCK, pages);
}

/**
 * bulk_memlock_uncharge() - give back what bulk_memlock_charge() charged
 * @m: whom
 * @pages: how much
 *
 * Context: Any.
 */
void bulk_memlock_uncharge(struct bulk_memlock *m, unsigned long pages)
{
	if (m->ucounts && pages)
		dec_rlimit_ucounts(m->ucounts, UCOUNT_RLIMIT_MEMLOCK, pages);
}
