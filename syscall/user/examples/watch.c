// SPDX-License-Identifier: MIT
/*
 * An intrusion detector: a program makes the same short sequences of system
 * calls whenever it runs, and others when it is made to do something else
 * (Forrest, Hofmeyr, Somayaji, Longstaff: "A Sense of Self for Unix Processes",
 * 1996).
 *
 *	gcc -D_GNU_SOURCE -o watch watch.c $(pkg-config --cflags --libs bulk)
 *	./watch learn PROFILE -- COMMAND [ARGUMENT...]
 *	./watch run PROFILE [-t THRESHOLD] -- COMMAND [ARGUMENT...]
 *	./watch run PROFILE [-t THRESHOLD] -p PID
 *
 * learn adds to the profile what the command and its descendants do. run raises
 * an alarm for each program that the profile does not have, and for each of its
 * sequences that is foreign, if THRESHOLD (1) of the thread's last 20 are. Exit
 * status: 0: no alarm; 3: alarms; 2: usage; 1: an error, or records were lost.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <asm/unistd.h>
#include <bulk.h>
#include <ctype.h>
#include <linux/bulk_syscalls.h>
#include "profile.h"
#include "recording.h"

#define LENGTH		6	/* of a sequence: Forrest and others, 1996 */
#define FRAME		20	/* Warrender, Forrest, Pearlmutter, 1999 */
#define TIDS		(1 << 22) /* the kernel's PID_MAX_LIMIT */
#define NAME_LENGTH	(sizeof(((struct bulk_syscalls_comm *)0)->comm) - 1)
#define REGION		65536

struct thread {
	const char *program;	/* its line; NULL: it is not in the profile */
	uint32_t frame;		/* of each of the last sequences: foreign? */
	int known;		/* how many of @calls, at the end */
	int16_t calls[LENGTH];	/* -1: before the first one of the program */
};

static struct profile profile;
static struct thread threads[TIDS];	/* takes memory where it is used */
static const char *attached;		/* what PID runs, as in struct thread */
static int threshold = 1;
static unsigned long alarms;
static bool executed, incomplete;

static void judge(struct thread *t, uint32_t pid)
{
	char line[BULK_SYSCALLS_MAX_PATH + LENGTH * sizeof(" -32768") + 1];
	int i, len = sprintf(line, "%.*s", BULK_SYSCALLS_MAX_PATH, t->program);

	for (i = 0; i < LENGTH; i++)
		len += sprintf(line + len, " %hd", t->calls[i]);
	t->frame = t->frame << 1 | !profile_find(&profile, line);
	t->frame &= (1U << FRAME) - 1;
	if (!(t->frame & 1) || __builtin_popcount(t->frame) < threshold)
		return;
	alarms++;
	warnx("process %u: foreign sequence: %s", pid, line);
}

/* A call of a 32-bit program is its number plus 4096; one of x32, plus 8192. */
static void on_enter(const struct bulk_syscalls_enter *e)
{
	struct thread *t = &threads[e->head.tid % TIDS];
	uint32_t nr = e->nr & ~__X32_SYSCALL_BIT;

	/* After a stop, the kernel makes this one to go on with the last. */
	if (e->head.abi == BULK_SYSCALLS_ABI_64 && nr == __NR_restart_syscall)
		return;
	if (nr > BULK_SYSCALLS_NR)
		nr = BULK_SYSCALLS_NR;	/* there is no such call */
	memmove(t->calls, t->calls + 1, sizeof(t->calls) - sizeof(*t->calls));
	t->calls[LENGTH - 1] = nr + e->head.abi * 4096;
	t->known += t->known < LENGTH;
	if (t->program && t->known == LENGTH)
		judge(t, e->head.pid);
}

/* Hazard: a newline in an intruder's file name would make lines of its own. */
static const char *find_program(const void *path, size_t len, uint32_t pid,
				const char *by)
{
	const unsigned char *from = path;
	char name[BULK_SYSCALLS_MAX_PATH + 1] = "";
	const char *program;
	size_t i;

	for (i = 0; i < len && i < sizeof(name) - 1; i++)
		name[i] = isgraph(from[i]) ? from[i] : '?';
	program = profile_find(&profile, name);
	if (program)
		return program;
	alarms++;
	warnx("process %u: unknown program %s%s%s", pid, name,
	      by ? " executed by " : "", by ? by : "");
	return NULL;
}

static void on_exec(const struct bulk_syscalls_exec *e)
{
	struct thread *t = &threads[e->head.tid % TIDS];
	const char *by = threads[e->old_tid % TIDS].program;

	t->program = find_program(e->path, e->len, e->head.pid, by);
	t->frame = 0;
	t->known = LENGTH - 1;
	memset(t->calls, -1, sizeof(t->calls));
	executed = true;
}

/* Calls before a loss and after it do not follow each other: no sequence. */
static void on_loss(uint32_t nr)
{
	int i;

	warnx("%u records are lost", nr);
	for (i = 0; i < TIDS; i++)
		if (threads[i].known)
			threads[i].known = 0;
}

static void on_record(const void *record)
{
	const struct bulk_syscalls_head *head = record;
	const struct bulk_syscalls_fork *fork = record;

	switch (head->type) {
	case BULK_SYSCALLS_ENTER:
		on_enter(record);
		break;
	case BULK_SYSCALLS_EXEC:
		on_exec(record);
		break;
	case BULK_SYSCALLS_FORK:
		threads[fork->tid % TIDS] = threads[head->tid % TIDS];
		break;
	case BULK_SYSCALLS_COMM: /* the first ones are of all threads of PID */
		if (!executed)
			threads[head->tid % TIDS].program = attached;
		break;
	}
}

/* The totals are the last record, behind a STOP. */
static void receive(struct bulk *b)
{
	static uint64_t region[REGION / sizeof(uint64_t)];
	const struct bulk_syscalls_totals *record;
	struct bulk_cursor c = { 0 };
	uint32_t lost;
	ssize_t n;
	size_t len;

	do {
		while (!(record = bulk_region_next(&c, &len, NULL, &lost))) {
			n = bulk_recv_region(b, region, sizeof(region));
			if (n < 0 && errno != EINTR)
				err(1, "bulk_recv_region");
			c = (struct bulk_cursor){ region, n < 0 ? 0 : n };
		}
		if (lost)
			on_loss(lost);
		on_record(record);
	} while (record->head.type != BULK_SYSCALLS_TOTALS);
	incomplete = record->lost || record->unseen;
	if (incomplete)
		warnx("%llu records are lost, %llu threads were not seen",
		      record->lost, record->unseen);
}

/* The path that the process has executed is past: its name is left. */
static void attach(struct recording *r, pid_t pid)
{
	char path[32], comm[NAME_LENGTH + 2] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	f = fopen(path, "r");
	if (!f || !fgets(comm, sizeof(comm), f))
		err(1, "%s", path);
	fclose(f);
	comm[strcspn(comm, "\n")] = '\0';
	attached = profile_named(&profile, comm, NAME_LENGTH);
	if (!attached)
		attached = find_program(comm, strlen(comm), pid, NULL);
	record_process(r, pid);
	warnx("process %d is watched", pid);
}

static int number(const char *text, int most)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (n < 1 || n > most || *end)
		errx(2, "'%s' is not a number from 1 to %d", text, most);
	return n;
}

static void usage(void)
{
	fputs("usage: watch learn PROFILE -- COMMAND [ARGUMENT...]\n"
	      "       watch run PROFILE [-t THRESHOLD] -- COMMAND [ARGUMENT...]\n"
	      "       watch run PROFILE [-t THRESHOLD] -p PID\n", stderr);
	exit(2);
}

int main(int argc, char **argv)
{
	struct recording recording;
	int option, pid = 0;
	char **command;

	if (argc < 3 || (strcmp(argv[1], "learn") && strcmp(argv[1], "run")))
		usage();
	profile.learning = !strcmp(argv[1], "learn");
	profile.path = argv[2];
	argv += 2;
	while ((option = getopt(argc - 2, argv, "+t:p:")) != -1) {
		if (option == 't')
			threshold = number(optarg, FRAME);
		else if (option == 'p')
			pid = number(optarg, TIDS);
		else
			usage();
	}
	command = argv + optind;
	if (!pid == !*command)
		usage();
	profile_open(&profile);
	if (pid)
		attach(&recording, pid);
	else
		record_command(&recording, command);
	receive(recording.endpoint);
	profile_close(&profile);
	if (alarms)
		return 3;
	return incomplete || !(pid || executed);
}
