// SPDX-License-Identifier: MIT
/*
 * Finding a function in the vDSO, an ELF image that the kernel maps.
 *
 * Nothing is read before it is known to lie in the image: sandboxes and
 * checkpointing tools put images of their own there.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <elf.h>
#include <stdint.h>
#include <string.h>
#include <sys/auxv.h>

#include "internal.h"

/* Of an image nothing but its first page is sure to be there. */
#define HEAD_BYTES	4096

/* Places are offsets from base. */
struct image {
	const char *base;
	uint64_t size;
	uint64_t bias;		/* what takes an address in it to an offset */
	uint64_t symbols;
	uint64_t strings;
	uint64_t hash;		/* 0: none, as are the others */
	uint64_t gnu_hash;
};

static bool get(const struct image *img, uint64_t from, void *to, size_t len)
{
	if (from > img->size || len > img->size - from)
		return false;
	memcpy(to, img->base + from, len);
	return true;
}

static bool get_word(const struct image *img, uint64_t from, uint32_t *word)
{
	return get(img, from, word, sizeof(*word));
}

static bool is_elf64(const Elf64_Ehdr *head)
{
	return !memcmp(head->e_ident, ELFMAG, SELFMAG) &&
	       head->e_ident[EI_CLASS] == ELFCLASS64 &&
	       head->e_ident[EI_DATA] == ELFDATA2LSB &&
	       head->e_phentsize == sizeof(Elf64_Phdr);
}

static bool find_segment(const struct image *img, const Elf64_Ehdr *head,
			 uint32_t type, Elf64_Phdr *segment)
{
	unsigned int i;

	for (i = 0; i < head->e_phnum; i++) {
		if (!get(img, head->e_phoff + i * sizeof(*segment), segment,
			 sizeof(*segment)))
			return false;
		if (segment->p_type == type)
			return true;
	}
	return false;
}

static void take_entry(struct image *img, const Elf64_Dyn *entry)
{
	uint64_t place = entry->d_un.d_ptr + img->bias;

	switch (entry->d_tag) {
	case DT_SYMTAB:
		img->symbols = place;
		break;
	case DT_STRTAB:
		img->strings = place;
		break;
	case DT_HASH:
		img->hash = place;
		break;
	case DT_GNU_HASH:
		img->gnu_hash = place;
		break;
	}
}

static bool read_dynamic(struct image *img, const Elf64_Phdr *segment)
{
	uint64_t at = segment->p_offset;
	uint64_t end = at + segment->p_filesz;
	Elf64_Dyn entry;

	for (; at < end && get(img, at, &entry, sizeof(entry)); at += sizeof(entry)) {
		if (entry.d_tag == DT_NULL)
			break;
		take_entry(img, &entry);
	}
	return img->symbols && img->strings && (img->hash || img->gnu_hash);
}

static bool open_image(struct image *img, const void *base, size_t limit)
{
	Elf64_Phdr load, dynamic;
	Elf64_Ehdr head;

	*img = (struct image){
		.base = base,
		.size = limit < HEAD_BYTES ? limit : HEAD_BYTES,
	};
	if (!get(img, 0, &head, sizeof(head)) || !is_elf64(&head) ||
	    !find_segment(img, &head, PT_LOAD, &load) ||
	    !find_segment(img, &head, PT_DYNAMIC, &dynamic) || load.p_offset)
		return false;
	img->size = load.p_filesz < limit ? load.p_filesz : limit;
	img->bias = -load.p_vaddr;
	return read_dynamic(img, &dynamic);
}

static bool has_name(const struct image *img, const Elf64_Sym *sym,
		     const char *name)
{
	uint64_t at = img->strings + sym->st_name;
	size_t len = strlen(name) + 1;

	return at <= img->size && len <= img->size - at &&
	       !memcmp(img->base + at, name, len);
}

/* The function's offset, or 0: this symbol is another one, or not defined. */
static uint64_t match(const struct image *img, uint32_t index, const char *name)
{
	Elf64_Sym sym;
	uint64_t at;

	if (!get(img, img->symbols + index * sizeof(sym), &sym, sizeof(sym)) ||
	    sym.st_shndx == SHN_UNDEF ||
	    ELF64_ST_TYPE(sym.st_info) != STT_FUNC || !has_name(img, &sym, name))
		return 0;
	at = sym.st_value + img->bias;
	return at < img->size ? at : 0;
}

static uint32_t sysv_hash(const char *name)
{
	uint32_t h = 0, high;

	for (; *name; name++) {
		h = (h << 4) + (unsigned char)*name;
		high = h & 0xf0000000;
		h = (h ^ (high >> 24)) & ~high;
	}
	return h;
}

/* A chain may run in circles: it has no more links than the image has words. */
static uint64_t find_by_hash(const struct image *img, const char *name)
{
	uint64_t buckets = img->hash + 2 * sizeof(uint32_t), found, links;
	uint32_t nr, index;

	if (!get_word(img, img->hash, &nr) || !nr ||
	    !get_word(img, buckets + sysv_hash(name) % nr * sizeof(nr), &index))
		return 0;
	for (links = img->size / sizeof(nr); index && links; links--) {
		found = match(img, index, name);
		if (found ||
		    !get_word(img, buckets + ((uint64_t)nr + index) * sizeof(nr),
			      &index))
			return found;
	}
	return 0;
}

static uint32_t gnu_hash(const char *name)
{
	uint32_t h = 5381;

	for (; *name; name++)
		h = h * 33 + (unsigned char)*name;
	return h;
}

/* The filter that comes before the buckets only saves time. */
static uint64_t find_by_gnu_hash(const struct image *img, const char *name)
{
	uint32_t head[4], index, want = gnu_hash(name), have = 0;
	uint64_t buckets, found = 0;

	if (!get(img, img->gnu_hash, head, sizeof(head)) || !head[0])
		return 0;
	buckets = img->gnu_hash + sizeof(head) + head[2] * sizeof(uint64_t);
	if (!get_word(img, buckets + want % head[0] * sizeof(want), &index) ||
	    index < head[1])
		return 0;
	for (; !found && !(have & 1); index++) {
		if (!get_word(img, buckets + ((uint64_t)head[0] + index - head[1]) *
			      sizeof(have), &have))
			return 0;
		if ((have | 1) == (want | 1))
			found = match(img, index, name);
	}
	return found;
}

const void *bulk_elf_function(const void *base, size_t limit, const char *name)
{
	struct image img;
	uint64_t at = 0;

	if (!open_image(&img, base, limit))
		return NULL;
	if (img.hash)
		at = find_by_hash(&img, name);
	if (!at && img.gnu_hash)
		at = find_by_gnu_hash(&img, name);
	return at ? img.base + at : NULL;
}

bulk_vdso_call bulk_vdso_find(void)
{
	const void *base = (const void *)getauxval(AT_SYSINFO_EHDR);

	if (!base)
		return NULL;
	return (bulk_vdso_call)bulk_elf_function(base, SIZE_MAX,
						 "__vdso_bulk_xfer");
}
