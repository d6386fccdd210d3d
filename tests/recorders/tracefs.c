// SPDX-License-Identifier: GPL-2.0
/*
 * Files of tracefs: numbers and fields of events, settings.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "die.h"
#include "recorder.h"
#include "tracefs.h"

/**
 * tracefs_is_there() - can calls be traced?
 *
 * Return: true; or false, with the reason in recorder_why.
 */
bool tracefs_is_there(void)
{
	if (!access(TRACEFS "/events/raw_syscalls/sys_enter/id", R_OK))
		return true;
	recorder_why = "no events raw_syscalls in " TRACEFS;
	return false;
}

static FILE *open_event(const char *event, const char *name)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), TRACEFS "/events/%s/%s", event, name);
	file = fopen(path, "re");
	if (!file)
		die("%s: %s", path, strerror(errno));
	return file;
}

/**
 * tracefs_event_id() - number of an event
 * @event: "SYSTEM/NAME"
 *
 * Return: the number, with which each of its records begins.
 */
uint16_t tracefs_event_id(const char *event)
{
	FILE *file = open_event(event, "id");
	unsigned int id;

	if (fscanf(file, "%u", &id) != 1 || id > UINT16_MAX)
		die("event %s has no number", event);
	fclose(file);
	return id;
}

/**
 * tracefs_field_offset() - where an event has a field
 * @event: "SYSTEM/NAME"
 * @field: its name
 *
 * Return: bytes before it.
 */
size_t tracefs_field_offset(const char *event, const char *field)
{
	FILE *file = open_event(event, "format");
	char line[256], name[64];
	size_t offset;

	/* "	field:pid_t child_pid;	offset:20;	size:4;	signed:1;" */
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, " field:%*s %63[^;]; offset:%zu;", name, &offset) != 2 ||
		    strcmp(name, field))
			continue;
		fclose(file);
		return offset;
	}
	die("event %s has no field %s", event, field);
}

/**
 * tracefs_write() - set something
 * @dir: folder of the file
 * @name: the file
 * @text: what is written
 */
void tracefs_write(const char *dir, const char *name, const char *text)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		die("%s: %s", path, strerror(errno));
	close(fd);
}
