// SPDX-License-Identifier: MIT
/*
 * libbulk where the kernel, the vDSO, the window or the call is missing.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <bulk.h>
#include <bulk_xfer.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "echo.h"
#include "internal.h"
#include "seccomp.h"
#include "tap.h"

#define SYSCTL		"/proc/sys/kernel/bulk_xfer/window_max"
#define MMAP_FLAGS	3	/* index of the argument */

/* The linker puts these between libbulk and what it asks. */
unsigned long __real_getauxval(unsigned long type);
unsigned long __wrap_getauxval(unsigned long type);
bulk_vdso_call __real_bulk_vdso_find(void);
bulk_vdso_call __wrap_bulk_vdso_find(void);

static unsigned long vdso_image;
static bool other_vdso_image;
static bulk_vdso_call vdso_call;

unsigned long __wrap_getauxval(unsigned long type)
{
	if (type == AT_SYSINFO_EHDR && other_vdso_image)
		return vdso_image;
	return __real_getauxval(type);
}

bulk_vdso_call __wrap_bulk_vdso_find(void)
{
	return vdso_call ? vdso_call : __real_bulk_vdso_find();
}

/* By system call or window, a record comes back with its tag. */
static enum result carries_records(struct bulk *b)
{
	char buf[8];
	uint32_t lost = 1;
	uint64_t tag;
	int i;

	for (i = 0; i < 100; i++) {
		CHECK(!bulk_send(b, "hello", 5, i));
		CHECK(!bulk_send(b, "", 0, ~i));
		CHECK(bulk_recv(b, buf, sizeof(buf), &tag, &lost) == 5);
		CHECK(!memcmp(buf, "hello", 5) && tag == (uint64_t)i && !lost);
		CHECK(bulk_recv(b, buf, sizeof(buf), &tag, &lost) == 0);
		CHECK(tag == ~(uint64_t)i);
	}
	CHECK(!bulk_flush(b));
	return PASS;
}

static enum result works_without_window(struct bulk *b)
{
	struct bulk_seg seg = bulk_seg_send("x", 1, 0);
	enum result result;

	CHECK(b);
	CHECK(bulk_window(b) == 0);
	CHECK(bulk_call(b, &seg, 1, BULK_NO_SYSCALL) == -1 && errno == EAGAIN);
	CHECK(bulk_call(b, &seg, 1, BULK_NO_SYSCALL | 1U << 30) == -1 &&
	      errno == EINVAL);
	seg.flags = 1 << 15;
	CHECK(bulk_call(b, &seg, 1, BULK_NO_SYSCALL) == -1 && errno == EINVAL);
	result = carries_records(b);
	bulk_close(b);
	return result;
}

static bool booted_without_vdso(void)
{
	char line[1024] = "";
	FILE *f = fopen("/proc/cmdline", "re");

	if (f) {
		if (!fgets(line, sizeof(line), f))
			line[0] = '\0';
		fclose(f);
	}
	return strstr(line, "vdso=0");
}

static enum result window_unless_booted_without(void)
{
	struct bulk *b;
	enum result result;

	if (!have_channel())
		return no_channel();
	if (booted_without_vdso())
		return works_without_window(bulk_open("echo", O_RDWR));
	b = bulk_open("echo", O_RDWR);
	CHECK(b && bulk_window(b) > 0);
	result = carries_records(b);
	bulk_close(b);
	return result;
}

static enum result no_vdso(void)
{
	if (!have_channel())
		return no_channel();
	other_vdso_image = true;
	CHECK(!__real_bulk_vdso_find());
	return works_without_window(bulk_open("echo", O_RDWR));
}

/* The kernel's image, with another name where the function's was. */
static bool hide_symbol(void)
{
	static const char name[] = "__vdso_bulk_xfer";
	const char *image = (void *)__real_getauxval(AT_SYSINFO_EHDR);
	const Elf64_Phdr *load;
	char *copy, *at;

	if (!image)
		return false;
	load = (const void *)(image + ((const Elf64_Ehdr *)image)->e_phoff);
	while (load->p_type != PT_LOAD)
		load++;
	copy = malloc(load->p_filesz);
	memcpy(copy, image, load->p_filesz);
	at = memmem(copy, load->p_filesz, name, sizeof(name));
	if (!at)
		return false;
	*at = 'x';
	vdso_image = (unsigned long)copy;
	other_vdso_image = true;
	return true;
}

static enum result no_symbol(void)
{
	if (!have_channel())
		return no_channel();
	if (!booted_without_vdso()) {
		CHECK(__real_bulk_vdso_find());
		CHECK(hide_symbol());
	}
	CHECK(!__real_bulk_vdso_find());
	return works_without_window(bulk_open("echo", O_RDWR));
}

static long answers_no_window(int fd, struct bulk_seg *segs, unsigned int nr,
			      unsigned int flags, void *window)
{
	struct bulk_params *p = window;

	if (fd != -1 || segs || nr || flags != BULK_QUERY)
		abort();
	*p = (struct bulk_params){ .abi = BULK_ABI,
				   .syscall_nr = __NR_bulk_xfer };
	return 0;
}

static long answers_other_abi(int fd, struct bulk_seg *segs, unsigned int nr,
			      unsigned int flags, void *window)
{
	struct bulk_params *p = window;

	if (fd != -1 || segs || nr || flags != BULK_QUERY)
		abort();
	*p = (struct bulk_params){
		.abi = BULK_ABI + 1,
		.mmap_prot = PROT_READ | PROT_WRITE,
		.mmap_flags = MAP_SHARED,
		.window_min = 1 << 15,
		.window_default = 1 << 19,
		.window_max = 1 << 22,
	};
	return 0;
}

static enum result kernel_without_windows(void)
{
	if (!have_channel())
		return no_channel();
	vdso_call = answers_no_window;
	return works_without_window(bulk_open("echo", O_RDWR));
}

static enum result vdso_of_another_revision(void)
{
	if (!have_channel())
		return no_channel();
	vdso_call = answers_other_abi;
	return works_without_window(bulk_open("echo", O_RDWR));
}

static enum result mmap_fails(int error)
{
	if (!have_channel())
		return no_channel();
	CHECK(take_away_where(__NR_mmap, MMAP_FLAGS, MAP_SHARED,
			      SECCOMP_RET_ERRNO | error));
	CHECK(mmap(NULL, 4096, PROT_READ, MAP_SHARED, -1, 0) == MAP_FAILED);
	CHECK(errno == error);
	return works_without_window(bulk_open("echo", O_RDWR));
}

static enum result mmap_fails_with_enodev(void)
{
	return mmap_fails(ENODEV);
}

static enum result mmap_fails_with_eperm(void)
{
	return mmap_fails(EPERM);
}

static enum result mmap_fails_with_enomem(void)
{
	return mmap_fails(ENOMEM);
}

static enum result mmap_fails_with_ebusy(void)
{
	return mmap_fails(EBUSY);
}

/* Enough for records that wait, too little for the window. */
static enum result memory_that_may_not_be_locked(void)
{
	struct rlimit limit = { 65536, 65536 };

	if (!have_channel())
		return no_channel();
	if (geteuid())
		return skip("not root");
	CHECK(make_node_for_all());
	CHECK(!setrlimit(RLIMIT_MEMLOCK, &limit));
	CHECK(!setresuid(NOBODY, NOBODY, NOBODY));
	return works_without_window(bulk_open(ECHO_FOR_ALL, O_RDWR));
}

/* With the right to lock as much, the same user has a window. */
static enum result memory_that_may_be_locked(void)
{
	struct rlimit limit = { 1 << 20, 1 << 20 };
	struct bulk *b;

	if (!have_channel())
		return no_channel();
	if (geteuid())
		return skip("not root");
	CHECK(make_node_for_all());
	CHECK(!setrlimit(RLIMIT_MEMLOCK, &limit));
	CHECK(!setresuid(NOBODY, NOBODY, NOBODY));
	b = bulk_open(ECHO_FOR_ALL, O_RDWR);
	CHECK(b && !bulk_window(b) == booted_without_vdso());
	bulk_close(b);
	return PASS;
}

static bool write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "we");
	bool good;

	if (!f)
		return false;
	good = fputs(text, f) >= 0;
	return !fclose(f) && good;
}

static enum result windows_limited_by_sysctl(void)
{
	enum result result;
	char was[32] = "";
	FILE *f;

	if (!have_channel())
		return no_channel();
	if (geteuid())
		return skip("not root");
	f = fopen(SYSCTL, "re");
	CHECK(f && fgets(was, sizeof(was), f));
	fclose(f);
	CHECK(write_file(SYSCTL, "4096\n"));
	result = works_without_window(bulk_open("echo", O_RDWR));
	CHECK(write_file(SYSCTL, was));
	return result;
}

static enum result no_window_wanted(void)
{
	if (!have_channel())
		return no_channel();
	return works_without_window(bulk_open_window("echo", O_RDWR, 0));
}

static enum result one_direction_has_no_window(void)
{
	struct bulk *r, *w;

	if (!have_channel())
		return no_channel();
	r = bulk_open("echo", O_RDONLY | O_NONBLOCK);
	w = bulk_open("echo", O_WRONLY);
	CHECK(r && w && !bulk_window(r) && !bulk_window(w));
	CHECK(!bulk_send(w, "x", 1, 7));
	CHECK(bulk_recv(w, NULL, 0, NULL, NULL) == -1 && errno == EBADF);
	CHECK(bulk_send(r, "x", 1, 7) == -1 && errno == EBADF);
	CHECK(bulk_recv(r, NULL, 0, NULL, NULL) == -1 && errno == EAGAIN);
	bulk_close(r);
	bulk_close(w);
	return PASS;
}

static bool no_call(void)
{
	return take_away_call(__NR_bulk_xfer, SECCOMP_RET_ERRNO | ENOSYS) &&
	       bulk_xfer(-1, NULL, 0, 0) == -ENOSYS;
}

static enum result no_call_other_file_is_enosys(void)
{
	char path[] = "/tmp/bulk-fallback-XXXXXX";
	int fd = mkstemp(path);
	struct bulk *b;

	CHECK(fd >= 0 && no_call());
	errno = 0;
	b = bulk_open(path, O_RDWR);
	unlink(path);
	CHECK(!b && errno == ENOSYS);
	return PASS;
}

static enum result no_call_read_and_write_do(void)
{
	struct iovec many[2] = { { "a", 1 }, { "bc", 2 } };
	struct bulk *b;
	char buf[8];

	if (!have_channel())
		return no_channel();
	CHECK(no_call());
	b = bulk_open("echo", O_RDWR);
	CHECK(b && !bulk_window(b));
	CHECK(!bulk_send(b, "hello", 5, 0) && !bulk_send(b, "", 0, 0));
	CHECK(bulk_recv(b, buf, sizeof(buf), NULL, NULL) == 5);
	CHECK(!memcmp(buf, "hello", 5));
	CHECK(bulk_recv(b, buf, sizeof(buf), NULL, NULL) == 0);
	CHECK(bulk_send_many(b, many, 2, NULL) == 2);
	many[0] = (struct iovec){ buf, sizeof(buf) };
	many[1] = many[0];
	CHECK(bulk_recv_many(b, many, 2, NULL, NULL) == 1);
	CHECK(many[0].iov_len == 1 && buf[0] == 'a');
	CHECK(!bulk_flush(b));
	bulk_close(b);
	return PASS;
}

static enum result no_call_does_not_wait(void)
{
	size_t len = 1 << 20, n = 0;
	char *record = calloc(1, len);
	struct bulk_seg seg;
	struct bulk *b;

	if (!have_channel())
		return no_channel();
	CHECK(no_call());
	b = bulk_open("echo", O_RDWR);
	CHECK(b && record);
	seg = bulk_seg_send("", 0, 0);
	CHECK(bulk_call(b, &seg, 1, BULK_DONTWAIT) == 1 && seg.res == 0);
	do
		seg = bulk_seg_send(record, len, 0);
	while (bulk_call(b, &seg, 1, BULK_DONTWAIT) == 1 && ++n);
	CHECK(errno == EAGAIN && seg.res == -EAGAIN && n);
	CHECK(bulk_recv(b, record, len, NULL, NULL) == 0);
	while (n--)
		CHECK(bulk_recv(b, record, len, NULL, NULL) == (ssize_t)len);
	bulk_close(b);
	free(record);
	return PASS;
}

static enum result no_call_regions_are_sent(void)
{
	uint64_t memory[16];
	struct bulk_region r = { memory, sizeof(memory), 0 };
	struct bulk *b;
	ssize_t first;
	char buf[8];
	size_t len;

	if (!have_channel())
		return no_channel();
	CHECK(no_call());
	b = bulk_open("echo", O_RDWR);
	CHECK(b && !bulk_region_add(&r, "hello", 5, 0));
	CHECK(!bulk_region_add(&r, "", 0, 0));
	first = r.used;
	CHECK(!bulk_region_add(&r, "x", 1, 7));
	CHECK(bulk_send_region(b, memory, r.used) == first);
	CHECK(bulk_send_region(b, (char *)memory + first, r.used - first) == -1);
	CHECK(errno == ENOSYS);
	CHECK(bulk_recv_region(b, memory, sizeof(memory)) == -1);
	CHECK(errno == ENOSYS);
	CHECK(!bulk_reserve(b, 16, &len) && errno == EOPNOTSUPP);
	CHECK(!bulk_borrow(b, 16, &len) && errno == EOPNOTSUPP);
	CHECK(bulk_recv(b, buf, sizeof(buf), NULL, NULL) == 5);
	CHECK(bulk_recv(b, buf, sizeof(buf), NULL, NULL) == 0);
	bulk_close(b);
	return PASS;
}

static enum result no_call_pages_are_copied(void)
{
	size_t size = 100000, len = 0;
	char *record = calloc(1, size);
	struct bulk_seg seg;
	struct bulk_pages *p;
	struct bulk *b;
	uint64_t tag;

	if (!have_channel())
		return no_channel();
	CHECK(no_call());
	b = bulk_open("echo", O_RDWR);
	p = b ? bulk_pages_open(b, size) : NULL;
	CHECK(p && record && !bulk_send_pages(b, record, size, 0));
	CHECK(bulk_send_pages(b, record, size, 7) == -1 && errno == ENOSYS);
	CHECK(!bulk_recv_pages(p, &len, &tag, NULL) && errno == ENOSYS);
	CHECK(bulk_recv_pages(p, &len, NULL, NULL) && len == size);
	seg = bulk_seg_send_pages(record, 1, 0);
	CHECK(bulk_call(b, &seg, 1, 0) == 1 && seg.res == 1);
	seg.flags |= BULK_SEG_PACKED;
	CHECK(bulk_call(b, &seg, 1, 0) == -1 && errno == EINVAL);
	CHECK(bulk_recv_pages(p, &len, NULL, NULL) && len == 1);
	bulk_pages_close(p);
	bulk_close(b);
	free(record);
	return PASS;
}

static enum result no_call_invents_nothing(void)
{
	uint32_t lost = 1;
	struct bulk *b;
	char buf[8];

	if (!have_channel())
		return no_channel();
	CHECK(no_call());
	b = bulk_open("echo", O_RDWR);
	CHECK(b && bulk_send(b, "x", 1, 7) == -1 && errno == ENOSYS);
	CHECK(bulk_recv(b, buf, sizeof(buf), NULL, &lost) == -1);
	CHECK(errno == ENOSYS && lost == 1);
	bulk_close(b);
	return PASS;
}

static const struct test tests[] = {
	{ "window_unless_booted_without_vdso", window_unless_booted_without },
	{ "no_vdso", no_vdso },
	{ "no_symbol", no_symbol },
	{ "kernel_without_windows", kernel_without_windows },
	{ "vdso_of_another_revision", vdso_of_another_revision },
	{ "mmap_fails_with_enodev", mmap_fails_with_enodev },
	{ "mmap_fails_with_eperm", mmap_fails_with_eperm },
	{ "mmap_fails_with_enomem", mmap_fails_with_enomem },
	{ "mmap_fails_with_ebusy", mmap_fails_with_ebusy },
	{ "memory_that_may_not_be_locked", memory_that_may_not_be_locked },
	{ "memory_that_may_be_locked", memory_that_may_be_locked },
	{ "windows_limited_by_sysctl", windows_limited_by_sysctl },
	{ "no_window_wanted", no_window_wanted },
	{ "one_direction_has_no_window", one_direction_has_no_window },
	{ "no_call_other_file_is_enosys", no_call_other_file_is_enosys },
	{ "no_call_read_and_write_do", no_call_read_and_write_do },
	{ "no_call_does_not_wait", no_call_does_not_wait },
	{ "no_call_regions_are_sent", no_call_regions_are_sent },
	{ "no_call_pages_are_copied", no_call_pages_are_copied },
	{ "no_call_invents_nothing", no_call_invents_nothing },
};

int main(void)
{
	return TAP_RUN(tests);
}
