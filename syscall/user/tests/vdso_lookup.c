// SPDX-License-Identifier: MIT
/*
 * How libbulk finds a function in the vDSO, also in one that is damaged.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <elf.h>
#include <stdint.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <time.h>

#include "internal.h"
#include "tap.h"

#define NAME	"__vdso_clock_gettime"
#define ROUNDS	20000

typedef int (*clock_call)(clockid_t clock, struct timespec *ts);

/* A copy of the kernel's image that ends where the memory does. */
struct copy {
	const char *real;
	char *base;
	size_t size;
};

static const Elf64_Phdr *segment(const char *image, uint32_t type)
{
	const Elf64_Phdr *p = (const void *)
		(image + ((const Elf64_Ehdr *)image)->e_phoff);

	while (p->p_type != type)
		p++;
	return p;
}

static bool make_copy(struct copy *c)
{
	size_t room;
	char *area;

	c->real = (const void *)getauxval(AT_SYSINFO_EHDR);
	if (!c->real)
		return false;
	c->size = segment(c->real, PT_LOAD)->p_filesz;
	room = (c->size + 4095) & ~4095UL;
	area = mmap(NULL, room + 4096, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (area == MAP_FAILED || mprotect(area + room, 4096, PROT_NONE))
		return false;
	c->base = area + room - c->size;
	memcpy(c->base, c->real, c->size);
	return true;
}

static Elf64_Dyn *entry(struct copy *c, int64_t tag)
{
	Elf64_Dyn *d = (void *)(c->base + segment(c->real, PT_DYNAMIC)->p_offset);

	for (; d->d_tag != DT_NULL; d++) {
		if (d->d_tag == tag)
			return d;
	}
	return NULL;
}

static const char *look_up(const struct copy *c, const char *name)
{
	return bulk_elf_function(c->base, c->size, name);
}

static enum result finds_what_works(void)
{
	const char *real = (const void *)getauxval(AT_SYSINFO_EHDR);
	struct timespec before, now, after;
	clock_call call;

	if (!real)
		return skip("no vDSO");
	call = (clock_call)bulk_elf_function(real, SIZE_MAX, NAME);
	CHECK(call);
	clock_gettime(CLOCK_MONOTONIC, &before);
	CHECK(!call(CLOCK_MONOTONIC, &now));
	clock_gettime(CLOCK_MONOTONIC, &after);
	CHECK(now.tv_sec >= before.tv_sec && now.tv_sec <= after.tv_sec);
	return PASS;
}

static enum result finds_nothing_else(void)
{
	struct copy c;

	if (!make_copy(&c))
		return skip("no vDSO");
	CHECK(look_up(&c, NAME));
	CHECK(!look_up(&c, "__vdso_clock_gettimf"));
	CHECK(!look_up(&c, "__vdso_clock_gettim"));
	CHECK(!look_up(&c, "__vdso_clock_gettime2"));
	CHECK(!look_up(&c, "LINUX_2.6"));
	CHECK(!look_up(&c, ""));
	return PASS;
}

static enum result finds_without(int64_t tag, int64_t other)
{
	const char *want;
	struct copy c;

	if (!make_copy(&c))
		return skip("no vDSO");
	if (!entry(&c, other))
		return skip("this vDSO has one table only");
	want = look_up(&c, NAME);
	CHECK(want);
	if (entry(&c, tag))
		entry(&c, tag)->d_tag = DT_DEBUG;
	CHECK(look_up(&c, NAME) == want);
	CHECK(!look_up(&c, "__vdso_nothing"));
	entry(&c, other)->d_tag = DT_DEBUG;
	CHECK(!look_up(&c, NAME));
	return PASS;
}

static enum result finds_by_gnu_hash(void)
{
	return finds_without(DT_HASH, DT_GNU_HASH);
}

static enum result finds_by_hash(void)
{
	return finds_without(DT_GNU_HASH, DT_HASH);
}

static enum result no_symbol_that_is_undefined(void)
{
	Elf64_Sym *sym, *end;
	const char *want;
	struct copy c;

	if (!make_copy(&c))
		return skip("no vDSO");
	want = look_up(&c, NAME);
	CHECK(want);
	sym = (void *)(c.base + entry(&c, DT_SYMTAB)->d_un.d_ptr);
	end = (void *)(c.base + entry(&c, DT_STRTAB)->d_un.d_ptr);
	for (; sym < end; sym++) {
		if (c.base + sym->st_value == want)
			sym->st_shndx = SHN_UNDEF;
	}
	CHECK(!look_up(&c, NAME));
	return PASS;
}

/* A read beyond the end is a SIGSEGV here, which ends the test. */
static enum result cut_off_anywhere(void)
{
	const char *want, *got;
	struct copy c;
	size_t len;
	char *end;

	if (!make_copy(&c))
		return skip("no vDSO");
	end = c.base + c.size;
	want = c.real + (look_up(&c, NAME) - c.base);
	for (len = 0; len < c.size; len++) {
		memcpy(end - len, c.real, len);
		got = bulk_elf_function(end - len, len, NAME);
		CHECK(!got || c.real + (got - (end - len)) == want);
	}
	return PASS;
}

static bool in_image(const struct copy *c, const char *at)
{
	return !at || (at > c->base && at < c->base + c->size);
}

static enum result any_byte_damaged(void)
{
	struct copy c;
	size_t i;

	if (!make_copy(&c))
		return skip("no vDSO");
	for (i = 0; i < c.size; i++) {
		c.base[i] = ~c.base[i];
		CHECK(in_image(&c, look_up(&c, NAME)));
		c.base[i] = c.real[i];
	}
	CHECK(look_up(&c, NAME));
	return PASS;
}

/* Words of the parts that are read, replaced by others, some of them large. */
static enum result words_damaged_at_random(void)
{
	static const uint32_t values[] = { 0, 1, 0x40, 0x1000, 0x7fffffff,
					   0x80000000, 0xffffffff };
	struct copy c;
	unsigned int i, n;
	size_t at;

	if (!make_copy(&c))
		return skip("no vDSO");
	srandom(1);
	for (i = 0; i < ROUNDS; i++) {
		for (n = 0; n < 4; n++) {
			at = random() % 4096 & ~3;
			memcpy(c.base + at, &values[random() % 7], 4);
			CHECK(in_image(&c, look_up(&c, NAME)));
		}
		memcpy(c.base, c.real, 4096);
	}
	CHECK(look_up(&c, NAME));
	return PASS;
}

/* Tables that are circles: every chain leads back to itself. */
static enum result chains_in_circles(void)
{
	uint32_t *table;
	struct copy c;
	unsigned int i;

	if (!make_copy(&c))
		return skip("no vDSO");
	if (!entry(&c, DT_HASH))
		return skip("this vDSO has no such table");
	table = (void *)(c.base + entry(&c, DT_HASH)->d_un.d_ptr);
	for (i = 0; i < table[0] + table[1]; i++)
		table[2 + i] = i < table[0] ? 1 : i - table[0];
	if (entry(&c, DT_GNU_HASH))
		entry(&c, DT_GNU_HASH)->d_tag = DT_DEBUG;
	CHECK(!look_up(&c, "__vdso_nothing"));
	return PASS;
}

static const struct test tests[] = {
	{ "finds_what_works", finds_what_works },
	{ "finds_nothing_else", finds_nothing_else },
	{ "finds_by_gnu_hash", finds_by_gnu_hash },
	{ "finds_by_hash", finds_by_hash },
	{ "no_symbol_that_is_undefined", no_symbol_that_is_undefined },
	{ "cut_off_anywhere", cut_off_anywhere },
	{ "any_byte_damaged", any_byte_damaged },
	{ "words_damaged_at_random", words_damaged_at_random },
	{ "chains_in_circles", chains_in_circles },
};

int main(void)
{
	return TAP_RUN(tests);
}
