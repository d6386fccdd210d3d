#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# What bulkctl syscalls records on a kernel that has the channel: prints TAP.
#
# For the test image: busybox and root.
#
# Copyright (C) 2026 the bulk_xfer authors
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
nr=0
failed=0
# The commands that are recorded find it, too.
export tmp

result() { # 0|1 NAME
	nr=$((nr + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $nr - $2"
		return
	fi
	echo "not ok $nr - $2"
	failed=$((failed + 1))
	head -n 50 "$tmp/text" "$tmp/out" "$tmp/err" | sed 's/^/# /' >&2
}

# What is recorded goes to $tmp/text, what the command prints to $tmp/out.
run() {
	: >"$tmp/text"
	bulkctl syscalls -o "$tmp/text" "$@" >"$tmp/out" 2>"$tmp/err" </dev/null
}

has() { # PATTERN
	grep -q -e "$1" "$tmp/text"
}

count() { # PATTERN
	grep -c -e "$1" "$tmp/text"
}

expect() { # NAME STATUS MESSAGE ARGUMENT...
	name=$1 want=$2 message=$3
	shift 3
	run "$@"
	good=$?
	[ $good -eq "$want" ] && grep -qF -e "$message" "$tmp/err"
	result $? "$name"
}

# The command's first call is the execve(2), and its last has no result.
whole_life() {
	run --paths -- cat /etc/passwd &&
		cmp -s "$tmp/out" /etc/passwd &&
		head -n 1 "$tmp/text" | grep -q 'execve("/bin/cat"' &&
		has '--- executes "/bin/cat" ---' &&
		has 'openat(AT_FDCWD, "/etc/passwd", O_RDONLY.*) *= 3 <0\.' &&
		has 'close(3) *= 0 <' &&
		has 'exit_group(0) *= ?$' &&
		tail -n 1 "$tmp/text" | grep -q '+++ exited with 0 +++$'
	result $? a_command_from_first_to_last
}

copies() { # COUNT: so many calls of read(2) and of write(2)
	run -- dd if=/dev/zero of=/dev/null bs=1 count="$1"
}

each_call() {
	copies 100 &&
		[ "$(count ' read(0, 0x[0-9a-f]*, 1) *= 1 <')" -eq 100 ] &&
		[ "$(count ' write(1, 0x[0-9a-f]*, 1) *= 1 <')" -eq 100 ]
	result $? each_call_is_there_once
}

# Calls have a parenthesis, what else is told has marks.
calls() {
	grep -v -e '---' -e '+++' "$tmp/text" | grep '('
}

filters() {
	run -e write,exit_group -- dd if=/dev/zero of=/dev/null bs=1 count=5 &&
		[ "$(count ' write(1, ')" -eq 5 ] && has ' exit_group(0' &&
		! calls | grep -v -e write -e exit_group | grep -q .
	result $? only_the_calls_that_are_named
	run -e '!write' -- dd if=/dev/zero of=/dev/null bs=1 count=5 &&
		[ "$(count ' read(0, ')" -eq 5 ] && ! has 'write'
	result $? all_but_the_calls_that_are_named
	run -e %file --paths -- cat /etc/passwd &&
		has 'openat(.*"/etc/passwd"' && ! has ' close('
	result $? calls_of_a_class
}

errors() {
	run --errors --paths -- cat /etc/nosuch
	[ $? -eq 1 ] && has 'openat(AT_FDCWD, "/etc/nosuch", O_RDONLY.*) *= -1 ENOENT (No such file or directory) <' &&
		! calls | grep -v -e '= -1 E' -e '= ? E' | grep -q .
	result $? only_calls_that_fail
}

slow_ones() {
	run --slower 500000 -- sleep 1 &&
		has 'nanosleep(.*) *= 0 <[1-9]'
	result $? calls_that_take_long
	run --slower 900000000 -- sleep 1 && ! calls | grep -q .
	result $? no_call_takes_as_long
}

one_in() {
	run --one-in 10 -- dd if=/dev/zero of=/dev/null bs=1 count=1000 &&
		[ "$(count ' \(read\|write\)(')" -ge 190 ] &&
		[ "$(count ' \(read\|write\)(')" -le 210 ]
	result $? one_call_in_ten
}

# Each row adds to the last one.
summary() {
	run --summary -- dd if=/dev/zero of=/dev/null bs=1 count=100 &&
		has '^% time     seconds  usecs/call     calls    errors syscall$' &&
		awk '$NF == "read" || $NF == "write" { rows += $4 >= 100 }
		     $NF == "total" { total = $4 }
		     $1 ~ /^[0-9.]+$/ && $NF != "total" { sum += $4 }
		     END { exit !(rows == 2 && sum == total) }' "$tmp/text"
	result $? summary_counts_calls
}

exit_codes() {
	run -- sh -c 'exit 7'
	[ $? -eq 7 ] && has '+++ exited with 7 +++'
	result $? exit_code_is_the_commands
	run -- sh -c 'kill -9 $$'
	[ $? -eq 137 ] && has '+++ killed by SIGKILL +++'
	result $? signal_is_the_commands
	expect missing_command_is_failure 1 "no program $tmp/nosuch" -- "$tmp/nosuch"
}

children() {
	run --paths -- sh -c '/bin/cat /etc/passwd; exit 0' &&
		has '--- makes process [0-9]* ---' &&
		has '--- executes "/bin/cat" ---' &&
		[ "$(sed -n 's/^\[pid \([0-9]*\)\].*/\1/p' "$tmp/text" | sort -u | wc -l)" -eq 2 ]
	result $? what_a_command_starts_is_followed
}

endpoints() { # PID: how many it has
	n=0
	for fd in "/proc/$1/fd"/*; do
		[ "$(readlink "$fd")" != /dev/bulk/syscalls ] || n=$((n + 1))
	done
	echo $n
}

# Waits until bulkctl $1 has joined its recording with a second one.
is_recording() {
	for _ in $(seq 600); do
		[ "$(endpoints "$1")" -lt 2 ] || return 0
		sleep 0.1
	done
	return 1
}

running_process() {
	sleep 100000 &
	sleeper=$!
	: >"$tmp/text"
	bulkctl syscalls -o "$tmp/text" -p $sleeper >"$tmp/out" 2>"$tmp/err" &
	recorder=$!
	is_recording $recorder
	good=$?
	kill $sleeper
	wait $sleeper 2>/dev/null
	[ $good -eq 0 ] || kill $recorder
	wait $recorder && has '+++ killed by SIGTERM +++$' || good=1
	result $good recording_of_a_process_ends_with_it
	expect missing_process_is_failure 1 "there is no process $sleeper" -p $sleeper
}

interrupted() {
	: >"$tmp/text"
	bulkctl syscalls -o "$tmp/text" >"$tmp/out" 2>"$tmp/err" &
	recorder=$!
	is_recording $recorder
	good=$?
	cat /etc/passwd >/dev/null
	kill -TERM $recorder
	wait $recorder && has ' exit_group(0' && grep -q 'records received' "$tmp/err" || good=1
	result $good a_signal_ends_the_recording_of_all
}

lost() { # what standard error says
	sed -n 's/^bulkctl: .* received, .* bytes, \([0-9]*\) lost.*/\1/p' "$tmp/err"
}

told() { # what stands between the calls
	awk '/^--- [0-9]+ records lost ---$/ { sum += $2 } END { print sum + 0 }' "$tmp/text"
}

# bulkctl sleeps while more is recorded than any ring holds.
# shellcheck disable=SC2016	# for the inner shell
overrun='kill -STOP $PPID; dd if=/dev/zero of=/dev/null bs=1 count=20000; kill -CONT $PPID; exit 0'

losses() { # POLICY WORD
	run --policy "$1" --ring 64K -- sh -c "$overrun" &&
		[ "$(lost)" -gt 0 ] && [ "$(lost)" -eq "$(told)" ] &&
		grep -q "^bulkctl: lost: .*[1-9][0-9]* $2" "$tmp/err"
	good=$?
	echo "# $1: $(lost) lost, $(told) of them told between calls"
	result $good "losses of policy $1 add up"
}

# What came first is there where the newest are lost, and what came last otherwise.
what_is_lost() {
	losses refuse refused
	has ' read(0, .*, 1) *= 1 <'
	result $? newest_ones_are_refused
	losses overwrite overwritten
	[ "$(count '+++ exited with 0 +++$')" -eq 2 ]
	result $? oldest_ones_are_overwritten
	run --policy block --ring 64K -- dd if=/dev/zero of=/dev/null bs=1 count=5000 &&
		[ "$(lost)" -eq 0 ] && [ "$(told)" -eq 0 ] &&
		[ "$(count ' write(1, ')" -eq 5000 ]
	result $? nothing_is_lost_where_calls_wait
}

# The command is the one that asks, and waits for what it asked for.
flight() {
	# shellcheck disable=SC2016	# for the inner shell
	run --last 3600 --paths -- sh -c 'cat /etc/passwd; kill -USR1 $PPID
		for _ in $(seq 600); do
			grep -q /etc/passwd "$tmp/text" && exit 5
			sleep 0.1
		done'
	[ $? -eq 5 ] && tail -n 1 "$tmp/text" | grep -q '+++ exited with 5 +++'
	result $? flight_recorder_writes_when_asked_and_at_the_end
}

nobody() { # COMMAND
	su -s /bin/sh nobody -c "$1" >"$tmp/text" 2>"$tmp/err"
}

as_nobody() {
	nobody 'bulkctl syscalls -p 1'
	[ $? -eq 1 ] && grep -q 'no permission to record' "$tmp/err"
	result $? others_need_permission
	nobody 'bulkctl syscalls -- true' && has ' exit_group(0) *= ?$'
	result $? own_commands_need_none
}

usage_errors() {
	expect pid_text_is_usage 2 "not a number" -p many
	expect pid_0_is_usage 2 "at least 1" -p 0
	expect unknown_call_is_usage 2 "no system call 'frobnicate'" -e frobnicate
	expect unknown_class_is_usage 2 "no class '%frobnicate'" -e %frobnicate
	expect unknown_policy_is_usage 2 "overwrite, refuse, block" --policy maybe
	expect small_ring_is_usage 2 "at least 65536" --ring 1K
	expect two_targets_are_usage 2 "one of them" -p 1 -- true
	expect dump_alone_is_usage 2 "is for --last" --dump
	expect unread_block_is_usage 2 "another policy" --last 1 --policy block
	expect missing_cgroup_is_failure 1 "nosuch" -c nosuch
}

if [ ! -e /dev/bulk/syscalls ]; then
	echo "TAP version 13"
	echo "1..0 # SKIP no channel syscalls"
	exit 4
fi
echo "TAP version 13"
: >"$tmp/text"
usage_errors
whole_life
each_call
filters
errors
slow_ones
one_in
summary
exit_codes
children
running_process
interrupted
what_is_lost
flight
as_nobody
echo "1..$nr"
exit $((failed > 0))
