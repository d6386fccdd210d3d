// SPDX-License-Identifier: GPL-2.0
/*
 * The form that a recording is written in, and the file that it goes to.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <errno.h>
#include <string.h>

#include "../message.h"
#include "form.h"

static const struct {
	const char *ending;
	const struct writer *writer;
} forms[] = {
	{ ".json", &writer_chrome },
	{ ".ndjson", &writer_json },
	{ ".ctf", &writer_ctf },
	{ "/", &writer_ctf },
};

static bool ends_in(const char *name, const char *ending)
{
	size_t len = strlen(name), tail = strlen(ending);

	return len > tail && !strcmp(name + len - tail, ending);
}

static const struct writer *writer_of(const struct syscalls_options *o)
{
	size_t i;

	if (o->summary)
		return &writer_summary;
	if (given(&o->common, OPT_JSON))
		return &writer_json;
	for (i = 0; o->output && i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (ends_in(o->output, forms[i].ending))
			return forms[i].writer;
	}
	return &writer_text;
}

static void __attribute__((noreturn)) write_failed(const struct form *f)
{
	fail("writing %s as %s: %s", f->path, f->writer->name, strerror(errno));
}

void form_open(struct form *f, const struct syscalls_options *o)
{
	*f = (struct form){
		.writer = writer_of(o),
		.out = stdout,
		.path = "standard output",
	};
	if (!o->output || !strcmp(o->output, "-"))
		return;
	f->path = o->output;
	f->out = NULL;
	if (f->writer == &writer_ctf)
		return;
	f->out = fopen(f->path, "we");
	if (!f->out)
		fail("%s: %s", f->path, strerror(errno));
}

void form_begin(struct form *f, const struct bulk_syscalls_started *started)
{
	if (f->writer->begin(f->out, f->path, started))
		write_failed(f);
}

void form_flush(const struct form *f)
{
	if (f->out && fflush(f->out))
		write_failed(f);
}

void form_close(struct form *f)
{
	if (f->writer->end())
		write_failed(f);
	form_flush(f);
	if (f->out && f->out != stdout && fclose(f->out))
		write_failed(f);
}
