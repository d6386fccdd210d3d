// SPDX-License-Identifier: GPL-2.0
/*
 * Denies a process the use of a character device as a security module would.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 *
 * The answer of security_file_permission() to the process @pid, of files of the
 * character devices @major, asked for what @mask holds, becomes @error.
 */
#include <linux/fs.h>
#include <linux/kdev_t.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/uaccess.h>

static int pid;
module_param(pid, int, 0644);
MODULE_PARM_DESC(pid, "process that is denied; 0 for none");

static unsigned int major;
module_param(major, uint, 0644);
MODULE_PARM_DESC(major, "major number of the devices");

static int mask;
module_param(mask, int, 0644);
MODULE_PARM_DESC(mask, "what is denied: 4 reading, 2 writing");

static int error;
module_param(error, int, 0644);
MODULE_PARM_DESC(error, "errno of the answer");

static unsigned int denied;
module_param(denied, uint, 0444);
MODULE_PARM_DESC(denied, "how often it was");

static bool deny_wanted(struct file *file, int asked)
{
	struct inode *inode = file_inode(file);

	return error && pid == current->tgid && (asked & mask) &&
	       S_ISCHR(inode->i_mode) && imajor(inode) == major;
}

/* Return to the caller at once, with @error, from a function just entered. */
static int deny_enter(struct kprobe *kp, struct pt_regs *regs)
{
	if (!deny_wanted((struct file *)regs_get_kernel_argument(regs, 0),
			 regs_get_kernel_argument(regs, 1)))
		return 0;
	denied++;
	regs_set_return_value(regs, -error);
	regs->ip = *(unsigned long *)regs->sp;
	regs->sp += sizeof(unsigned long);
	return 1;
}

/* Must be there, for a probe that changes the flow must not be optimized. */
static void deny_after(struct kprobe *kp, struct pt_regs *regs,
		       unsigned long flags)
{
}

static struct kprobe deny_probe = {
	.symbol_name = "security_file_permission",
	.pre_handler = deny_enter,
	.post_handler = deny_after,
};

static unsigned int filler_length(const u8 *code)
{
	static const u8 fillers[][6] = {
		{ 4, 0xf3, 0x0f, 0x1e, 0xfa },		/* endbr64 */
		{ 2, 0x66, 0x90 },			/* jump label */
		{ 5, 0x0f, 0x1f, 0x44, 0x00, 0x00 },	/* jump label */
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(fillers); i++)
		if (!memcmp(code, fillers[i] + 1, fillers[i][0]))
			return fillers[i][0];
	return 0;
}

/*
 * No probe may sit on a jump label, with which the function may well begin.
 * What comes behind such fillers finds the stack as it was at the entry.
 */
static unsigned int skip_fillers(const void *entry)
{
	unsigned int off = 0, n;
	u8 code[5];

	while (!copy_from_kernel_nofault(code, entry + off, sizeof(code)) &&
	       (n = filler_length(code)))
		off += n;
	return off;
}

static int __init deny_init(void)
{
	int ret = register_kprobe(&deny_probe);

	if (ret != -EINVAL || !deny_probe.addr)
		return ret;
	deny_probe.symbol_name = NULL;
	deny_probe.flags = 0;
	deny_probe.addr += skip_fillers(deny_probe.addr);
	return register_kprobe(&deny_probe);
}
module_init(deny_init);

static void __exit deny_exit(void)
{
	unregister_kprobe(&deny_probe);
}
module_exit(deny_exit);

MODULE_DESCRIPTION("bulk_xfer selftest: refuses as a security module would");
MODULE_LICENSE("GPL");
