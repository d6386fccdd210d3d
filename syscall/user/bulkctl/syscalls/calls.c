// SPDX-License-Identifier: GPL-2.0
/*
 * Names and numbers of system calls and of errors.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <string.h>

#include "tables.h"

/* __X32_SYSCALL_BIT of <asm/unistd.h>, which has it for x32 programs only. */
#define X32_BIT	0x40000000U

/* Return: a table, and in @nr how long it is; NULL: no such @abi. */
static const struct call *table_of(unsigned int abi, unsigned int *nr)
{
	switch (abi) {
	case BULK_SYSCALLS_ABI_64:
		*nr = nr_calls_64;
		return calls_64;
	case BULK_SYSCALLS_ABI_32:
		*nr = nr_calls_32;
		return calls_32;
	case BULK_SYSCALLS_ABI_X32:
		*nr = nr_calls_x32;
		return calls_x32;
	}
	return NULL;
}

const struct call *call_find(unsigned int abi, uint32_t nr)
{
	const struct call *table;
	unsigned int len;

	table = table_of(abi, &len);
	if (abi == BULK_SYSCALLS_ABI_X32)
		nr &= ~X32_BIT;
	return table && nr < len && table[nr].name ? &table[nr] : NULL;
}

int call_number(unsigned int abi, const char *name)
{
	const struct call *table;
	unsigned int len, i;

	table = table_of(abi, &len);
	for (i = 0; table && i < len; i++) {
		if (table[i].name && !strcmp(table[i].name, name))
			return i;
	}
	return -1;
}

const char *errno_name(unsigned int number)
{
	return number < nr_errno_names ? errno_names[number] : NULL;
}
