// SPDX-License-Identifier: GPL-2.0
/*
 * configfs: items that mkdir(2) makes and rmdir(2) removes; their attributes carry records, too.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * Starts: user, who also decides which objects there are. Directions: u2k,
 * k2u. Synchronous; a binary attribute only at close(2), which hides the
 * errno. Loss: none. Unit: a page less one byte to write, a page to read, a
 * value for each time that the file is opened; binary attributes any. No
 * notification. Privilege: mode of the file, root's mount. Items keep the
 * module loaded; one that the kernel depends on can't be removed. Choose it
 * for objects that the administrator makes and sets up.
 */
#include <linux/configfs.h>

#include "lab_parts.h"

static long configfs_setup(struct lab_side *side)
{
	lab_part_off = 0;
	return 0;
}

static const struct lab_ops configfs_lab_ops = { .setup = configfs_setup };

LAB_CONTROL("configfs", &configfs_lab_ops)

struct lab_item {
	struct config_item item;
	int value;
	bool busy;
};

static struct configfs_subsystem subsystem;

static struct lab_item *to_lab(struct config_item *item)
{
	return container_of(item, struct lab_item, item);
}

static ssize_t lab_value_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%d\n", to_lab(item)->value);
}

static ssize_t lab_value_store(struct config_item *item, const char *page, size_t len)
{
	int value, ret = kstrtoint(page, 0, &value);

	if (ret)
		return ret;
	if (value < 0 || value > 100)
		return -ERANGE;
	to_lab(item)->value = value;
	return len;
}

CONFIGFS_ATTR(lab_, value);

static ssize_t lab_busy_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%d\n", to_lab(item)->busy);
}

/* As long as something in the kernel depends on it, nobody may remove it. */
static int set_busy(struct lab_item *i, bool busy)
{
	int ret = 0;

	if (busy == i->busy)
		return 0;
	if (busy)
		ret = configfs_depend_item_unlocked(&subsystem, &i->item);
	else
		configfs_undepend_item(&i->item);
	if (!ret)
		i->busy = busy;
	return ret;
}

static ssize_t lab_busy_store(struct config_item *item, const char *page, size_t len)
{
	bool busy;
	int ret = kstrtobool(page, &busy);

	if (ret)
		return ret;
	mutex_lock(&lab_control_lock);
	ret = set_busy(to_lab(item), busy);
	mutex_unlock(&lab_control_lock);
	return ret ?: len;
}

CONFIGFS_ATTR(lab_, busy);

static ssize_t take(const void *data, size_t len)
{
	u64 entered;

	mutex_lock(&lab_control_lock);
	entered = lab_enter(&lab);
	lab_consume(&lab, data, len);
	lab_leave(&lab, entered);
	mutex_unlock(&lab_control_lock);
	return len;
}

static ssize_t give_part(void *page)
{
	u32 len;
	const void *part = lab_part(&lab, &len);

	if (len > PAGE_SIZE)
		return -EMSGSIZE;
	memcpy(page, part, len);
	lab_part_done(&lab, len);
	return len;
}

static ssize_t lab_record_show(struct config_item *item, char *page)
{
	ssize_t ret;
	u64 entered;

	mutex_lock(&lab_control_lock);
	entered = lab_enter(&lab);
	ret = give_part(page);
	lab_leave(&lab, entered);
	mutex_unlock(&lab_control_lock);
	return ret;
}

static ssize_t lab_record_store(struct config_item *item, const char *page, size_t len)
{
	return take(page, len);
}

CONFIGFS_ATTR(lab_, record);

/* Asked twice: for the length, then for the bytes. */
static ssize_t lab_blob_read(struct config_item *item, void *buf, size_t len)
{
	u64 entered;

	mutex_lock(&lab_control_lock);
	entered = lab_enter(&lab);
	if (!buf)
		len = lab.setup.bytes;
	else if (len == lab.setup.bytes)
		memcpy(buf, lab_next(&lab), len);
	lab_leave(&lab, entered);
	mutex_unlock(&lab_control_lock);
	return len;
}

static ssize_t lab_blob_write(struct config_item *item, const void *data, size_t len)
{
	return take(data, len);
}

CONFIGFS_BIN_ATTR(lab_, blob, NULL, LAB_MAX_BYTES);

static struct configfs_attribute *lab_attrs[] = {
	&lab_attr_value, &lab_attr_busy, &lab_attr_record, NULL,
};

static struct configfs_bin_attribute *lab_bin_attrs[] = { &lab_attr_blob, NULL };

static void lab_item_release(struct config_item *item)
{
	kfree(to_lab(item));
}

static struct configfs_item_operations lab_item_ops = { .release = lab_item_release };

static const struct config_item_type lab_item_type = {
	.ct_owner = THIS_MODULE,
	.ct_item_ops = &lab_item_ops,
	.ct_attrs = lab_attrs,
	.ct_bin_attrs = lab_bin_attrs,
};

static struct config_item *make_item(struct config_group *group, const char *name)
{
	struct lab_item *i;

	if (strlen(name) > 16)
		return ERR_PTR(-ENAMETOOLONG);
	i = kzalloc(sizeof(*i), GFP_KERNEL);
	if (!i)
		return ERR_PTR(-ENOMEM);
	config_item_init_type_name(&i->item, name, &lab_item_type);
	return &i->item;
}

static struct configfs_group_operations lab_group_ops = { .make_item = make_item };

static const struct config_item_type lab_group_type = {
	.ct_owner = THIS_MODULE,
	.ct_group_ops = &lab_group_ops,
};

static struct configfs_subsystem subsystem = {
	.su_group.cg_item = {
		.ci_namebuf = "lab",
		.ci_type = &lab_group_type,
	},
	.su_mutex = __MUTEX_INITIALIZER(subsystem.su_mutex),
};

static int __init configfs_lab_init(void)
{
	int ret = lab_control_init();

	if (ret)
		return ret;
	config_group_init(&subsystem.su_group);
	ret = configfs_register_subsystem(&subsystem);
	if (ret)
		lab_control_exit();
	return ret;
}
module_init(configfs_lab_init);

static void __exit configfs_lab_exit(void)
{
	configfs_unregister_subsystem(&subsystem);
	lab_control_exit();
}
module_exit(configfs_lab_exit);

MODULE_DESCRIPTION("Laboratory: configfs");
MODULE_LICENSE("GPL");
