/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the arguments of calls are.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#ifndef SYSCALLS_ARGS_H
#define SYSCALLS_ARGS_H

/* A letter for each argument of a call. */
enum arg {
	ARG_INT		= 'i',	/* of 32 bits */
	ARG_LONG	= 'l',
	ARG_UNSIGNED	= 'u',	/* bytes, a count */
	ARG_HEX		= 'x',
	ARG_OCTAL	= '8',	/* permissions */
	ARG_POINTER	= 'p',
	ARG_PATH	= 's',	/* a string, and what it is of, a file */
	ARG_FD		= 'f',
	ARG_DIR_FD	= 'd',	/* AT_FDCWD, too */
	ARG_OPEN	= 'O',	/* O_* flags */
	ARG_ACCESS	= 'A',
	ARG_AT		= '@',	/* AT_* flags */
	ARG_PROT	= 'P',
	ARG_MAP		= 'M',
	ARG_ADVICE	= 'B',
	ARG_CLONE	= 'C',
	ARG_FUTEX	= 'U',
	ARG_DOMAIN	= 'D',
	ARG_SOCKET	= 'T',	/* type of a socket and its flags */
	ARG_SHUTDOWN	= 'R',
	ARG_FCNTL	= 'F',
	ARG_FCNTL_ARG	= 'k',	/* means what the one before says */
	ARG_EPOLL	= 'E',
	ARG_WHENCE	= 'W',
	ARG_WAIT	= 'w',
	ARG_SIGNAL	= 'S',
	ARG_SIGMASK	= 'H',	/* SIG_BLOCK and so on */
	ARG_CLOCK	= 'c',
};

/* This stands before them where the call returns an address. */
#define RETURNS_POINTER	'*'

/* The letters of a call's arguments; NULL: it is not in the table. */
const char *args_spec(const char *name);

#endif /* SYSCALLS_ARGS_H */
