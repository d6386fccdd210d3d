// SPDX-License-Identifier: MIT
/*
 * Records through the window with nothing linked: the vDSO function is found in
 * the image that the kernel maps into every process.
 *
 *	gcc -I out/headers/include -I syscall/user -o vdso vdso.c
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <elf.h>
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <bulk_xfer.h>

#define RECORDS	1000

struct vdso {
	const char *base;
	const Elf64_Sym *symbols;
	const char *names;
	const Elf64_Word *hash;	/* the second word: how many symbols */
};

static void read_dynamic(struct vdso *v, const Elf64_Dyn *d)
{
	for (; d->d_tag != DT_NULL; d++) {
		if (d->d_tag == DT_SYMTAB)
			v->symbols = (const void *)(v->base + d->d_un.d_ptr);
		if (d->d_tag == DT_STRTAB)
			v->names = v->base + d->d_un.d_ptr;
		if (d->d_tag == DT_HASH)
			v->hash = (const void *)(v->base + d->d_un.d_ptr);
	}
}

/* The kernel's own image is taken at its word here; addresses start at 0. */
static bulk_vdso_call find_call(void)
{
	struct vdso v = { .base = (const void *)getauxval(AT_SYSINFO_EHDR) };
	const Elf64_Ehdr *head = (const void *)v.base;
	const Elf64_Phdr *p;
	Elf64_Word i;

	if (!head)
		return NULL;
	p = (const void *)(v.base + head->e_phoff);
	for (i = 0; i < head->e_phnum; i++) {
		if (p[i].p_type == PT_DYNAMIC)
			read_dynamic(&v, (const void *)(v.base + p[i].p_offset));
	}
	for (i = 0; v.hash && i < v.hash[1]; i++) {
		if (!strcmp(v.names + v.symbols[i].st_name, "__vdso_bulk_xfer"))
			return (bulk_vdso_call)(v.base + v.symbols[i].st_value);
	}
	return NULL;
}

/* What the window can't take, as when it is full, the function has the kernel do. */
static void run(bulk_vdso_call call, int fd, struct bulk_seg seg, void *window)
{
	long ret = call(fd, &seg, 1, 0, window);

	if (ret != 1)
		errx(1, "record: %s", strerror(-ret));
}

int main(void)
{
	int fd = open("/dev/bulk/echo", O_RDWR | O_CLOEXEC);
	bulk_vdso_call call = find_call();
	struct bulk_params params;
	void *window = NULL;
	long out, in, ret;

	if (fd < 0)
		err(1, "/dev/bulk/echo");
	if (!call)
		errx(0, "no __vdso_bulk_xfer: use bulk_xfer()");
	bulk_query(call, &params);
	if (params.abi != BULK_ABI)
		errx(0, "revision %u: use bulk_xfer()", params.abi);
	if (params.window_default)
		window = bulk_map(fd, &params, params.window_default);

	for (out = 0; out < RECORDS; out++)
		run(call, fd, bulk_seg_send(&out, sizeof(out), out), window);
	for (out = 0; out < RECORDS; out++) {
		run(call, fd, bulk_seg_recv(&in, sizeof(in)), window);
		if (in != out)
			errx(1, "record %ld came back as %ld", out, in);
	}
	ret = call(fd, NULL, 0, BULK_FLUSH, window);
	if (ret)
		errx(1, "flush: %s", strerror(-ret));
	printf("%d records there and back, %s window\n", RECORDS,
	       window ? "with a" : "without");
	if (window)
		munmap(window, params.window_default);
	return 0;
}
