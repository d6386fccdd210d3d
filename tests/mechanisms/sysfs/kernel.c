// SPDX-License-Identifier: GPL-2.0
/*
 * sysfs: parameters, attributes of a kobject (/sys/fs/myfs) and of a bus, records page by page.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * Starts: user; the kernel can tell of a change (sysfs_notify). Directions:
 * u2k, k2u. Synchronous. Loss: all values but the last. Unit: a page less one
 * byte to read, a page to write, also of a binary attribute (a page both
 * ways) that may be longer. Privilege: mode of the file. Removal waits for
 * calls under way, then files that are still open give ENODEV. Choose it for
 * one value of one object, as text, that stays there for ever.
 */
#include <linux/device.h>
#include <linux/kobject.h>
#include <linux/poll.h>
#include <linux/sysfs.h>

#include "lab_parts.h"

static struct kobject *myfs;
static long posted;	/* records to read, with LAB_QUEUED; under lab_control_lock */

static long sysfs_lab_setup(struct lab_side *side)
{
	posted = 0;
	lab_part_off = 0;
	return side->setup.unit > PAGE_SIZE ? -EMSGSIZE : 0;
}

static long sysfs_post(struct lab_side *side, unsigned long count)
{
	posted += count;
	sysfs_notify(myfs, NULL, "record");
	return count;
}

static const struct lab_ops sysfs_lab_ops = {
	.setup = sysfs_lab_setup,
	.produce = sysfs_post,
};

LAB_CONTROL("sysfs", &sysfs_lab_ops)

/* Set behind the module's back, and with its knowledge. */
static int silent = 1;
module_param(silent, int, 0644);
static int noticed = 1;
static int changes;
module_param(changes, int, 0444);

static int noticed_set(const char *text, const struct kernel_param *kp)
{
	int ret = param_set_uint_minmax(text, kp, 1, 100);

	if (!ret)
		changes++;
	return ret;
}

static const struct kernel_param_ops noticed_ops = {
	.set = noticed_set,
	.get = param_get_int,
};
module_param_cb(noticed, &noticed_ops, &noticed, 0644);

/* Attributes share their functions: which one it is, they are told. */
struct my_attribute {
	struct kobj_attribute attr;
	int value;
};

static ssize_t my_show(struct kobject *kobj, struct kobj_attribute *attr, char *page)
{
	return sysfs_emit(page, "%d\n", container_of(attr, struct my_attribute, attr)->value);
}

static ssize_t my_store(struct kobject *kobj, struct kobj_attribute *attr,
			const char *page, size_t len)
{
	int ret = kstrtoint(page, 0, &container_of(attr, struct my_attribute, attr)->value);

	return ret ?: len;
}

static struct my_attribute first = { __ATTR(first, 0644, my_show, my_store), 1 };
static struct my_attribute second = { __ATTR(second, 0644, my_show, my_store), 2 };

static ssize_t give_part(void *page, size_t room)
{
	const void *part;
	u32 len;

	if (lab.setup.flags & LAB_QUEUED && !posted)
		return 0;
	part = lab_part(&lab, &len);
	if (len > room)
		return -EMSGSIZE;
	memcpy(page, part, len);
	if (lab_part_done(&lab, len) && posted)
		posted--;
	return len;
}

static ssize_t give(void *page, size_t room)
{
	ssize_t ret;
	u64 entered;

	mutex_lock(&lab_control_lock);
	entered = lab_enter(&lab);
	ret = give_part(page, room);
	lab_leave(&lab, entered);
	mutex_unlock(&lab_control_lock);
	return ret;
}

static ssize_t take(const void *page, size_t len)
{
	u64 entered;

	mutex_lock(&lab_control_lock);
	entered = lab_enter(&lab);
	lab_consume(&lab, page, len);
	lab_leave(&lab, entered);
	mutex_unlock(&lab_control_lock);
	return len;
}

/* A full page would be taken for text that was cut off. */
static ssize_t record_show(struct kobject *kobj, struct kobj_attribute *attr, char *page)
{
	return give(page, PAGE_SIZE - 1);
}

static ssize_t record_store(struct kobject *kobj, struct kobj_attribute *attr,
			    const char *page, size_t len)
{
	return take(page, len);
}

static struct kobj_attribute record = __ATTR(record, 0600, record_show, record_store);

static ssize_t blob_read(struct file *file, struct kobject *kobj,
			 lab_bin_attribute *attr, char *page, loff_t pos, size_t room)
{
	return give(page, room);
}

static ssize_t blob_write(struct file *file, struct kobject *kobj,
			  lab_bin_attribute *attr, char *page, loff_t pos, size_t len)
{
	return take(page, len);
}

static BIN_ATTR_RW(blob, 0);

static struct attribute *my_attrs[] = {
	&first.attr.attr, &second.attr.attr, &record.attr, NULL,
};

static lab_bin_attribute * lab_const my_bin_attrs[] = { &bin_attr_blob, NULL };

static const struct attribute_group my_group = {
	.attrs = my_attrs,
	.bin_attrs = my_bin_attrs,
};

static int bus_value;

static ssize_t value_show(const struct bus_type *bus, char *page)
{
	return sysfs_emit(page, "%d\n", bus_value);
}

static ssize_t value_store(const struct bus_type *bus, const char *page, size_t len)
{
	return kstrtoint(page, 0, &bus_value) ?: len;
}

static BUS_ATTR_RW(value);

static struct attribute *bus_attrs[] = { &bus_attr_value.attr, NULL };
ATTRIBUTE_GROUPS(bus);

static const struct bus_type pseudo_bus = {
	.name = "my_pseudo_bus",
	.bus_groups = bus_groups,
};

static int make_myfs(void)
{
	int ret;

	myfs = kobject_create_and_add("myfs", fs_kobj);
	if (!myfs)
		return -ENOMEM;
	ret = sysfs_create_group(myfs, &my_group);
	if (ret)
		kobject_put(myfs);
	return ret;
}

static int __init sysfs_lab_init(void)
{
	int ret = lab_control_init();

	if (ret)
		return ret;
	ret = make_myfs();
	if (ret)
		goto err_control;
	ret = bus_register(&pseudo_bus);
	if (ret)
		goto err_myfs;
	return 0;

err_myfs:
	kobject_put(myfs);
err_control:
	lab_control_exit();
	return ret;
}
module_init(sysfs_lab_init);

static void __exit sysfs_lab_exit(void)
{
	bus_unregister(&pseudo_bus);
	sysfs_remove_group(myfs, &my_group);
	kobject_put(myfs);
	lab_control_exit();
}
module_exit(sysfs_lab_exit);

MODULE_DESCRIPTION("Laboratory: sysfs");
MODULE_LICENSE("GPL");
