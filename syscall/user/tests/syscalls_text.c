// SPDX-License-Identifier: GPL-2.0
/*
 * Records as bulkctl prints them, without a kernel: each test makes some, and
 * compares the text.
 *
 * Copyright (C) 2026 the bulk_xfer authors
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>

#include "bulkctl/syscalls/args.h"
#include "bulkctl/syscalls/delivery.h"
#include "syscalls_records.h"

#define US		1000ULL
#define AT_CWD		((uint32_t)AT_FDCWD)

static const uint64_t none[6];

/* What @writer makes of all that was put, to be compared with @want. */
static bool prints(const struct writer *writer, const char *want)
{
	const struct bulk_syscalls_started started = { .realtime_ns = 0 };
	struct delivery to;
	char *have = NULL;
	size_t size;
	FILE *out = open_memstream(&have, &size);
	bool same;

	setenv("TZ", "UTC0", 1);
	delivery_init(&to, writer);
	writer->begin(out, NULL, &started);
	merge_until(&merge, UINT64_MAX, deliver, &to);
	same = !writer->end() && !fclose(out) && !strcmp(have, want);
	if (!same)
		fprintf(stderr, "# have:\n%s# want:\n%s", have, want);
	free(have);
	return same;
}

static enum result call_with_its_result(void)
{
	const uint64_t args[6] = { AT_CWD, 0x1000, O_CLOEXEC, 0600, 9, 9 };
	union record r = enter_of(PID, "openat", args);

	add_part(&r, BULK_SYSCALLS_PART_PATH, 0, 1, "/etc/passwd", 11);
	put_enter(0, 5 * US, &r);
	leave(0, 17 * US, PID, "openat", 3, 12 * US);
	CHECK(prints(&writer_text,
		     "[pid 100] 00:00:00.000005 openat(AT_FDCWD, \"/etc/passwd\", O_RDONLY|O_CLOEXEC) = 3 <0.000012>\n"));
	return PASS;
}

static enum result short_calls_have_a_column(void)
{
	const uint64_t args[6] = { 3 };

	enter(0, 0, 7, "close", args);
	leave(0, US, 7, "close", 0, US);
	CHECK(prints(&writer_text,
		     "[pid 7] 00:00:00.000000 close(3)        = 0 <0.000001>\n"));
	return PASS;
}

static enum result errors_have_names(void)
{
	const uint64_t args[6] = { 0, R_OK | W_OK };
	struct bulk_syscalls_exit e = {
		.head = head_of(BULK_SYSCALLS_EXIT, PID),
		.nr = number_of("access"),
	};

	e.head.flags = BULK_SYSCALLS_UNTIMED;
	enter(0, 1, PID, "access", args);
	leave(0, 2, PID, "access", -ENOENT, US);
	e.result = -4000;
	put(0, 3, 0, &e, sizeof(e));
	e.result = -512;
	put(0, 4, 0, &e, sizeof(e));
	CHECK(prints(&writer_text,
		     "[pid 100] 00:00:00.000000 access(NULL, R_OK|W_OK) = -1 ENOENT (No such file or directory) <0.000001>\n"
		     "[pid 100] 00:00:00.000000 <... access resumed>) = -1 (errno 4000)\n"
		     "[pid 100] 00:00:00.000000 <... access resumed>) = ? ERESTARTSYS (To be restarted if SA_RESTART is set)\n"));
	return PASS;
}

static enum result threads_interleave(void)
{
	const uint64_t read_args[6] = { 0, 0x7f00, 4096 };

	enter(0, 1, 1, "read", read_args);
	enter(1, 2, 2, "getpid", none);
	leave(1, 3, 2, "getpid", 100, 1);
	leave(0, 4, 1, "read", 5, 3);
	CHECK(prints(&writer_text,
		     "[pid 1] 00:00:00.000000 read(0, 0x7f00, 4096 <unfinished ...>\n"
		     "[pid 2] 00:00:00.000000 getpid()        = 100 <0.000000>\n"
		     "[pid 1] 00:00:00.000000 <... read resumed>) = 5 <0.000000>\n"));
	return PASS;
}

/* The exit of the first was lost: what follows belongs to the second. */
static enum result losses_are_marked(void)
{
	const uint64_t args[6] = { 0, 0, 1 };
	union record r = enter_of(PID, "write", args);

	enter(0, 1, PID, "read", args);
	put(0, 2, 12, &r, sizeof(r.enter));
	leave(0, 3, PID, "write", 1, 1);
	CHECK(prints(&writer_text,
		     "[pid 100] 00:00:00.000000 read(0, NULL, 1 <unfinished ...>\n"
		     "--- 12 records lost ---\n"
		     "[pid 100] 00:00:00.000000 write(0, NULL, 1) = 1 <0.000000>\n"));
	return PASS;
}

/* Its arguments come with the exit, and the time is that of the entry. */
static enum result exit_alone_has_arguments(void)
{
	union record r = { .leave = {
		.head = head_of(BULK_SYSCALLS_EXIT, PID),
		.nr = number_of("unlink"),
		.result = -EACCES,
		.duration_ns = 2000000 * US,
	} };
	struct bulk_syscalls_part part = { .kind = BULK_SYSCALLS_PART_PATH,
					   .len = 2 };

	r.head.flags = BULK_SYSCALLS_ARGS;
	r.leave.args[0] = 0x1234;
	r.leave.parts = 16;
	memcpy(&r.leave.args[6], &part, sizeof(part));
	memcpy(&r.leave.args[7], "/x", 2);
	put(0, 5000000 * US, 0, &r, sizeof(r.leave) + 48 + 16);
	CHECK(prints(&writer_text,
		     "[pid 100] 00:00:03.000000 unlink(\"/x\")  = -1 EACCES (Permission denied) <2.000000>\n"));
	return PASS;
}

static enum result strings_are_quoted(void)
{
	static const char odd[] = "a\n\"\\\t\001" "1\033z\377";
	const uint64_t args[6] = { 0x10, 0x20 };
	union record r = enter_of(PID, "rename", args);

	add_part(&r, BULK_SYSCALLS_PART_PATH, BULK_SYSCALLS_PART_CUT, 0, odd,
		 sizeof(odd) - 1);
	add_part(&r, BULK_SYSCALLS_PART_PATH, BULK_SYSCALLS_PART_FAULT, 1, "", 0);
	put_enter(0, 0, &r);
	r = enter_of(PID, "rename", args);
	add_part(&r, BULK_SYSCALLS_PART_PATH, 0, 0, "", 0);
	add_part(&r, BULK_SYSCALLS_PART_PATH, BULK_SYSCALLS_PART_FAULT, 1, "ab", 2);
	put_enter(0, 1, &r);
	CHECK(prints(&writer_text,
		     "[pid 100] 00:00:00.000000 rename(\"a\\n\\\"\\\\\\t\\0011\\33z\\377\"..., 0x20 <unfinished ...>\n"
		     "[pid 100] 00:00:00.000000 rename(\"\", \"ab\"... <unfinished ...>\n"));
	return PASS;
}

static enum result life_of_a_process(void)
{
	const uint64_t args[6] = { 3 };
	union record r = { .fork = { .pid = 101, .tid = 101 } };

	r.head = head_of(BULK_SYSCALLS_FORK, PID);
	put(0, 1, 0, &r, sizeof(r.fork));
	r.fork.pid = PID;
	r.fork.tid = 102;
	put(0, 2, 0, &r, sizeof(r.fork));
	r = (union record){ .exec = { .old_tid = 102, .len = 8 } };
	r.head = head_of(BULK_SYSCALLS_EXEC, PID);
	memcpy(r.exec.path, "/bin/cat", 8);
	put(0, 3, 0, &r, sizeof(r.exec) + 8);
	enter(0, 4, PID, "exit_group", args);
	r = (union record){ .end = { .code = 3 << 8 } };
	r.head = head_of(BULK_SYSCALLS_END, PID);
	put(0, 5, 0, &r, sizeof(r.end));
	r.head.tid = 101;
	r.end.code = 0x80 | 6;
	put(0, 6, 0, &r, sizeof(r.end));
	CHECK(prints(&writer_text,
		     "[pid 100] 00:00:00.000000 --- makes process 101 ---\n"
		     "[pid 100] 00:00:00.000000 --- makes thread 102 ---\n"
		     "[pid 100] 00:00:00.000000 +++ superseded by execve in pid 102 +++\n"
		     "[pid 100] 00:00:00.000000 --- executes \"/bin/cat\" ---\n"
		     "[pid 100] 00:00:00.000000 exit_group(3) = ?\n"
		     "[pid 100] 00:00:00.000000 +++ exited with 3 +++\n"
		     "[pid 101] 00:00:00.000000 +++ killed by SIGABRT (core dumped) +++\n"));
	return PASS;
}

/* The arguments of the call @name as they are printed. */
static bool decodes(const char *name, const char *want, const uint64_t *args)
{
	char line[512];

	enter(0, 0, PID, name, args);
	snprintf(line, sizeof(line),
		 "[pid 100] 00:00:00.000000 %s(%s <unfinished ...>\n", name, want);
	return prints(&writer_text, line);
}

#define DECODES(name, want, ...) \
	CHECK(decodes(name, want, (const uint64_t[6]){ __VA_ARGS__ }))

static enum result arguments_have_names(void)
{
	DECODES("open", "0x1, O_WRONLY|O_CREAT|O_TRUNC, 0644", 1, 01101, 0644);
	DECODES("open", "0x1, O_RDWR", 1, 2, 0644);
	DECODES("openat", "4, 0x1, O_RDONLY|O_DIRECTORY", 4, 1, O_DIRECTORY);
	DECODES("mmap", "NULL, 4096, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0",
		0, 4096, 3, 0x22, 0xffffffff, 0);
	DECODES("mprotect", "0x1000, 4096, PROT_NONE", 0x1000, 4096, 0);
	DECODES("lseek", "3, -1, SEEK_END", 3, -1, 2);
	DECODES("access", "0x1, F_OK", 1, 0);
	DECODES("kill", "-5, SIGTERM", -5, 15);
	DECODES("rt_sigaction", "SIGRT_2, NULL, 0x5, 8", 34, 0, 5, 8);
	DECODES("rt_sigprocmask", "SIG_SETMASK, NULL, NULL, 8", 2, 0, 0, 8);
	DECODES("socket", "AF_UNIX, SOCK_DGRAM|SOCK_CLOEXEC, 0", 1, 02000002);
	DECODES("fcntl", "3, F_GETFL", 3, 3, 77);
	DECODES("fcntl", "3, F_SETFD, FD_CLOEXEC", 3, 2, 1);
	DECODES("fcntl", "3, F_SETFL, O_RDWR|O_NONBLOCK", 3, 4, 04002);
	DECODES("epoll_ctl", "3, EPOLL_CTL_DEL, 4, NULL", 3, 2, 4);
	DECODES("futex", "0x8, FUTEX_WAKE|FUTEX_PRIVATE_FLAG, 1", 8, 129, 1);
	DECODES("futex", "0x8, FUTEX_WAIT, 2, NULL", 8, 0, 2);
	DECODES("wait4", "-1, NULL, WNOHANG|WUNTRACED, NULL", -1, 0, 3);
	DECODES("ioctl", "1, 0x5401, 0x7f", 1, 0x5401, 0x7f);
	DECODES("clone", "CLONE_VM|CLONE_VFORK|SIGCHLD, NULL, NULL, NULL, NULL",
		0x4111);
	DECODES("prctl", "0xf, 0x1, 0, 0, 0", 15, 1);
	DECODES("madvise", "0x1000, 4096, MADV_DONTNEED", 0x1000, 4096, 4);
	DECODES("unlinkat", "AT_FDCWD, 0x1, AT_REMOVEDIR", AT_CWD, 1, 0x200);
	return PASS;
}

static enum result flags_without_names_are_numbers(void)
{
	DECODES("open", "0x1, O_RDONLY|0x40000000", 1, 0x40000000);
	DECODES("open", "0x1, 0x3", 1, 3);
	DECODES("mmap", "NULL, 0, 0x80, 0x4, 0, 0", 0, 0, 0x80, 4);
	DECODES("lseek", "3, 0, 0x9", 3, 0, 9);
	DECODES("kill", "1, 99", 1, 99);
	return PASS;
}

static enum result unknown_calls_have_numbers(void)
{
	union record r = { .enter = { .nr = 0x7000,
				      .args = { 1, -1, 0xffffffff, 0x10000 } } };

	CHECK(!call_find(BULK_SYSCALLS_ABI_64, 0x7000));
	r.head = head_of(BULK_SYSCALLS_ENTER, PID);
	put_enter(0, 0, &r);
	CHECK(prints(&writer_text,
		     "[pid 100] 00:00:00.000000 syscall_0x7000(1, -1, -1, 0x10000, 0, 0 <unfinished ...>\n"));
	return PASS;
}

static enum result conventions_are_told(void)
{
	const uint64_t args[6] = { 3 };
	union record r = enter_of(PID, "close", args);

	r.head.abi = BULK_SYSCALLS_ABI_32;
	r.enter.nr = call_number(BULK_SYSCALLS_ABI_32, "close");
	put_enter(0, 0, &r);
	r.head.abi = 77;
	put_enter(0, 1, &r);
	CHECK(prints(&writer_text,
		     "[ Process PID=100 runs in 32 bit mode. ]\n"
		     "[pid 100] 00:00:00.000000 close(3 <unfinished ...>\n"
		     "[pid 100] 00:00:00.000000 syscall_0x6(3, 0, 0, 0, 0, 0 <unfinished ...>\n"));
	return PASS;
}

static enum result addresses_are_hexadecimal(void)
{
	const uint64_t args[6] = { 0 }, stack[2] = { 0x401000, 0x402000 };
	union record r = enter_of(PID, "brk", args);

	add_part(&r, BULK_SYSCALLS_PART_STACK, 0, 0, stack, sizeof(stack));
	put_enter(0, 0, &r);
	leave(0, 1, PID, "brk", 0x5000, 0);
	CHECK(prints(&writer_text,
		     "[pid 100] 00:00:00.000000 brk(NULL)     = 0x5000 <0.000000>\n"
		     " > 0x401000\n"
		     " > 0x402000\n"));
	return PASS;
}

/* bsearch(3) finds what is sorted; the first, the last, and some between. */
static enum result calls_are_sorted(void)
{
	CHECK(args_spec("_llseek") && args_spec("accept"));
	CHECK(args_spec("openat") && args_spec("openat2"));
	CHECK(args_spec("stat") && args_spec("stat64") && args_spec("statx"));
	CHECK(args_spec("write") && args_spec("writev"));
	CHECK(!args_spec("") && !args_spec("zzz") && !args_spec("ope"));
	return PASS;
}

static enum result tables_are_the_kernels(void)
{
	const struct call *call = call_find(BULK_SYSCALLS_ABI_64, 257);

	CHECK(call && !strcmp(call->name, "openat") && call->nr_args >= 4);
	call = call_find(BULK_SYSCALLS_ABI_32, 5);
	CHECK(call && !strcmp(call->name, "open"));
	call = call_find(BULK_SYSCALLS_ABI_X32, 0x40000000 | 520);
	CHECK(call && !strcmp(call->name, "execve"));
	CHECK(!call_find(BULK_SYSCALLS_ABI_64, 520));
	CHECK(!call_find(BULK_SYSCALLS_ABI_64, UINT32_MAX));
	CHECK(!call_find(3, 0));
	CHECK(!strcmp(errno_name(2), "ENOENT") && !errno_name(4095));
	CHECK(!strcmp(errno_name(11), "EAGAIN") && !errno_name(0));
	return PASS;
}

static enum result summary_counts_calls(void)
{
	leave(0, 1, PID, "read", 1, 3000 * US);
	leave(0, 2, PID, "read", -EAGAIN, 3000 * US);
	leave(1, 3, PID, "openat", -ENOENT, 2000 * US);
	leave(1, 4, PID, "close", 0, 0);
	CHECK(prints(&writer_summary,
		     "% time     seconds  usecs/call     calls    errors syscall\n"
		     "------ ----------- ----------- --------- --------- ----------------\n"
		     " 75.00    0.006000        3000         2         1 read\n"
		     " 25.00    0.002000        2000         1         1 openat\n"
		     "  0.00    0.000000           0         1           close\n"
		     "------ ----------- ----------- --------- --------- ----------------\n"
		     "100.00    0.008000        2000         4         2 total\n"));
	return PASS;
}

static enum result summary_tells_losses(void)
{
	union record r = { .totals = { .made = 7, .lost = 7 } };

	r.head = head_of(BULK_SYSCALLS_TOTALS, 0);
	put(2, 1, 7, &r, sizeof(r.totals));
	CHECK(prints(&writer_summary,
		     "% time     seconds  usecs/call     calls    errors syscall\n"
		     "------ ----------- ----------- --------- --------- ----------------\n"
		     "------ ----------- ----------- --------- --------- ----------------\n"
		     "  0.00    0.000000           0         0           total\n"
		     "--- 7 records lost ---\n"));
	return PASS;
}

/* A walk through the writer, too, of what is well formed and makes no sense. */
static enum result nonsense_is_printed(void)
{
	union record r;
	unsigned int i, j;
	char *have = NULL;
	size_t size;
	FILE *out = open_memstream(&have, &size);
	struct delivery to;

	srand(1);
	for (i = 0; i < 20000; i++) {
		for (j = 0; j < 32; j++)
			r.words[j] = rand() % 4 ? rand() % 32 : rand();
		r.head.type = rand() % (BULK_SYSCALLS_TOTALS + 2);
		r.head.tid = rand() % 16;
		r.enter.nr = rand() % 512;
		r.enter.parts = rand() % 128;
		put(rand() % CPUS, i, rand() % 9 == 0, &r, rand() % 256);
	}
	delivery_init(&to, &writer_text);
	writer_text.begin(out, NULL, &(struct bulk_syscalls_started){ .cpus = 1 });
	merge_until(&merge, UINT64_MAX, deliver, &to);
	CHECK(!writer_text.end() && !fclose(out));
	CHECK(size > 100000 && to.cost.records > 1000 && to.cost.told > 100);
	return PASS;
}

static const struct test tests[] = {
	{ "call_with_its_result", call_with_its_result },
	{ "short_calls_have_a_column", short_calls_have_a_column },
	{ "errors_have_names", errors_have_names },
	{ "threads_interleave", threads_interleave },
	{ "losses_are_marked", losses_are_marked },
	{ "exit_alone_has_arguments", exit_alone_has_arguments },
	{ "strings_are_quoted", strings_are_quoted },
	{ "life_of_a_process", life_of_a_process },
	{ "arguments_have_names", arguments_have_names },
	{ "flags_without_names_are_numbers", flags_without_names_are_numbers },
	{ "unknown_calls_have_numbers", unknown_calls_have_numbers },
	{ "conventions_are_told", conventions_are_told },
	{ "addresses_are_hexadecimal", addresses_are_hexadecimal },
	{ "calls_are_sorted", calls_are_sorted },
	{ "tables_are_the_kernels", tables_are_the_kernels },
	{ "summary_counts_calls", summary_counts_calls },
	{ "summary_tells_losses", summary_tells_losses },
	{ "nonsense_is_printed", nonsense_is_printed },
};

int main(void)
{
	return TAP_RUN(tests);
}
