#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# What bulkctl and the examples do on a kernel that has channels: prints TAP.
#
# For the test image: busybox, root, and strace to count system calls by.
#
# Copyright (C) 2026 the bulk_xfer authors
examples=${EXAMPLES:-/examples}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
nr=0
failed=0

result() { # 0|1 NAME
	nr=$((nr + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $nr - $2"
		return
	fi
	echo "not ok $nr - $2"
	failed=$((failed + 1))
	sed 's/^/# /' "$tmp/json" "$tmp/err" >&2
}

skip() { # NAME WHY
	nr=$((nr + 1))
	echo "ok $nr - $1 # SKIP $2"
}

value() { # KEY: a figure out of the JSON object
	sed -n "s/.*\"$1\": *\"\{0,1\}\([^\",}]*\).*/\1/p" "$tmp/json" | head -n1
}

# Runs bulkctl, under $trace if that is set.
run() {
	# shellcheck disable=SC2086	# several words
	$trace bulkctl --json "$@" >"$tmp/json" 2>"$tmp/err"
}

# One transfer each way, VERB RECORD-SIZE WINDOW
transfer() {
	case $1 in
	send) run send -r "$2" --window "$3" sink "$tmp/file" ;;
	recv) run recv -r "$2" --window "$3" -n "$records" --seed 7 source ;;
	copy) run copy -r "$2" --window "$3" "$tmp/file" "$tmp/copy" ;;
	esac
}

verified() { # VERB RECORD-SIZE WINDOW
	good=1
	transfer "$1" "$2" "$3" && [ "$(value verified)" = true ] && good=0
	[ "$1" != copy ] || cmp -s "$tmp/file" "$tmp/copy" || good=1
	result $good "$1 in records of $2, window $3"
}

# The entries that strace sees are those counted, one more to ask whether the
# call is there, and, of a send, one more to ask the sink for its totals.
honest() { # VERB RECORD-SIZE WINDOW
	more=1
	[ "$1" != send ] || more=2
	trace="strace -f -qq -o $tmp/trace"
	transfer "$1" "$2" "$3"
	good=$?
	trace=
	seen=$(grep -c "$call" "$tmp/trace")
	echo "# $1, records of $2, window $3: $seen seen, $(value syscalls) counted"
	[ "$seen" -eq $(($(value syscalls) + more)) ] || good=1
	result $good "count of $1 in records of $2, window $3"
}

# strace names a call that it doesn't know by its number in hexadecimal.
find_call() {
	strace -qq -o "$tmp/trace" bulkctl recv -n 0 sink >/dev/null 2>&1
	call=$(grep -o '^syscall_0x[0-9a-f]*(' "$tmp/trace" | head -n1)
	[ -n "$call" ]
}

counts() {
	if ! command -v strace >/dev/null; then
		skip counts_are_honest "strace not installed"
		return
	fi
	find_call
	result $? strace_shows_the_call
	for verb in send recv copy; do
		for window in 0 $default; do
			honest $verb 64 "$window"
			honest $verb 5000 "$window"
			honest $verb 65536 "$window"
		done
	done
}

# With a window of the default size, less than one system call in 200 records.
seldom() { # VERB
	good=1
	transfer "$1" 64 "$default" &&
		[ $(($(value syscalls) * 200)) -lt "$(value records)" ] && good=0
	result $good "system calls are seldom in $1"
}

# A receiver that waits has its window for as long as it does.
statistics() {
	bulkctl recv --window "$default" echo >/dev/null 2>&1 &
	waiting=$!
	good=1
	for _ in $(seq 600); do
		bulkctl --json stat echo >"$tmp/json" 2>"$tmp/err"
		grep -q "\"pid\":$waiting," "$tmp/json" && good=0 && break
		sleep 0.1
	done
	kill $waiting
	wait $waiting 2>/dev/null
	grep -o "\"pid\":$waiting,.*" "$tmp/json" | grep -q '"window":0,"window_errors":0,"tx_refused":0' || good=1
	result $good stat_shows_the_window
}

example() { # NAME COMMAND...
	name=$1
	shift
	: >"$tmp/json"
	"$@" >"$tmp/out" 2>"$tmp/err"
	result $? "$name"
}

epoll_example() {
	seq 100 | "$examples/epoll" >"$tmp/echoed" || return
	[ "$(sed 's/^[0-9]*: //' "$tmp/echoed" | sort -n | tr '\n' ' ')" = "$(seq -s ' ' 100) " ]
}

if [ ! -e /dev/bulk/echo ] || [ ! -e /dev/bulk/sink ] || [ ! -e /dev/bulk/source ]; then
	echo "TAP version 13"
	echo "1..0 # SKIP no channels"
	exit 4
fi
echo "TAP version 13"
many=20000
# A kernel that checks itself is many times slower.
[ ! -e /sys/kernel/debug/kmemleak ] || many=1000
records=$many
run pattern --seed 3 --bytes $((64 * many)) -o "$tmp/file"
run copy /dev/null "$tmp/copy"
default=$(value window)
for verb in send recv copy; do
	for size in 1 64 5000 65536 1048576; do
		[ $verb = recv ] && [ $size -gt 5000 ] && records=20
		verified $verb $size "$default"
	done
	verified $verb 64 0
done
records=$many
if grep -q vdso=0 /proc/cmdline; then
	result "$default" "no window without a vDSO"
else
	result $((default == 0)) "a window"
	seldom send
	seldom recv
fi
records=500
run pattern --seed 3 --bytes 200000 -o "$tmp/file"
counts
statistics
example example_send "$examples/send"
example example_threads "$examples/threads" 4 $((many / 4))
example example_vdso "$examples/vdso"
example example_region "$examples/region"
example example_pages "$examples/pages"
example example_epoll epoll_example
echo "1..$nr"
exit $((failed > 0))
