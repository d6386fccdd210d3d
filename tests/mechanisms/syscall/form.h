/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the forms of bulk_xfer(2) share.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef FORM_H
#define FORM_H

#include "mechanism.h"

extern const struct about bulk_about;
extern const struct mechanism beside_to_kernel;
extern const struct mechanism beside_to_user;
extern const struct mechanism vdso_to_kernel;
extern const struct mechanism vdso_to_user;

void bulk_open_endpoint(struct transfer *t);
void bulk_poke(struct transfer *t);

#endif /* FORM_H */
