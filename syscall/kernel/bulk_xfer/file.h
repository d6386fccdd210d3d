/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Endpoints as files.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef _BULK_XFER_FILE_H
#define _BULK_XFER_FILE_H

#include <linux/fs.h>

struct bulk_endpoint;

extern const struct file_operations bulk_endpoint_fops;

static inline struct bulk_endpoint *bulk_file_endpoint(struct file *file)
{
	return file->f_op == &bulk_endpoint_fops ? file->private_data : NULL;
}

#endif /* _BULK_XFER_FILE_H */
