// SPDX-License-Identifier: MIT
/*
 * One record to the kernel and back, in one system call, with no library.
 *
 *	gcc -I out/headers/include -I syscall/user -o send send.c
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <bulk_xfer.h>

int main(void)
{
	char out[] = "hello, kernel", in[64];
	struct bulk_seg segs[] = { bulk_seg_send(out, sizeof(out), 1),
				   bulk_seg_recv(in, sizeof(in)) };
	int fd = open("/dev/bulk/echo", O_RDWR | O_CLOEXEC);
	long done = bulk_xfer(fd, segs, 2, 0);

	if (done != 2)
		errx(1, "/dev/bulk/echo: %s", strerror(-(done < 0 ? done : segs[done].res)));
	printf("%s came back, %d bytes\n", in, segs[1].res);
}
