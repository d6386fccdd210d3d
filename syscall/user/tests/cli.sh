#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# What bulkctl does without a kernel that has channels: prints TAP.
#
# OUT=DIR bash cli.sh          DIR: where the Makefile has built bulkctl
#
# Copyright (C) 2026 the bulk_xfer authors
set -euo pipefail

: "${OUT:?OUT must name the directory that bulkctl was built in}"
bulkctl=$OUT/bulkctl
. "$(dirname "$0")/tap.inc"

# Runs bulkctl with a plausible system below $tmp/root.
run() {
	status=0
	"$bulkctl" --sysroot "$tmp/root" "$@" >"$tmp/out" 2>"$tmp/err" </dev/null ||
		status=$?
}

# The exit code, one word of the message, and nothing on standard output.
expect() { # NAME STATUS MESSAGE ARGUMENT...
	local name=$1 want=$2 message=$3 good=0
	shift 3
	run "$@"
	[ "$status" -eq "$want" ] || good=1
	grep -qF -- "$message" "$tmp/err" || good=1
	[ ! -s "$tmp/out" ] || good=1
	[ $good -eq 0 ] || sed 's/^/# /' "$tmp/err"
	result $good "$name"
}

make_channel() { # NAME POLICY
	local dir=$tmp/root/sys/class/bulk/$1 file
	mkdir -p "$dir" "$tmp/root/dev/bulk"
	: >"$tmp/root/dev/bulk/$1"
	chmod 0600 "$tmp/root/dev/bulk/$1"
	for file in endpoints tx_records tx_bytes rx_records rx_bytes rx_lost; do
		echo 7 >"$dir/$file"
	done
	echo 1048576 >"$dir/max_record"
	echo 4194304 >"$dir/rx_limit"
	echo "$2" >"$dir/rx_policy"
	echo 500 >"$dir/poller_idle_us"
	echo 2000 >"$dir/deadline_us"
}

make_endpoint() { # PID COMM CHANNEL
	mkdir -p "$tmp/root/proc/$1/fdinfo"
	printf '%s\n' "$2" >"$tmp/root/proc/$1/comm"
	printf 'pos:\t0\n' >"$tmp/root/proc/$1/fdinfo/3"
	printf 'pos:\t0\nbulk-channel:\t%s\nbulk-endpoint:\t99\nbulk-tx-records:\t18446744073709551615\n' \
		"$3" >"$tmp/root/proc/$1/fdinfo/4"
	printf 'bulk-window:\t270336\nbulk-window-errors:\t3\nbulk-tx-refused:\t5\n' \
		>>"$tmp/root/proc/$1/fdinfo/4"
}

usage_errors() {
	expect no_verb_is_usage 2 "no verb given"
	expect unknown_verb_is_usage 2 "no verb 'frobnicate'" frobnicate
	expect unknown_option_is_usage 2 "bulkctl --help" list --nonsense
	expect option_of_another_verb_is_usage 2 "does not take" list -r 64
	expect too_few_arguments_is_usage 2 "too few" send sink
	expect too_many_arguments_is_usage 2 "too many" recv sink more
	expect missing_seed_is_usage 2 "missing" pattern --bytes 8
	expect record_size_0_is_usage 2 "at least 1" send -r 0 sink /dev/null
	expect record_size_text_is_usage 2 "not a number" send -r many sink /dev/null
	expect record_size_negative_is_usage 2 "not a number" send -r -1 sink /dev/null
	expect record_size_2g_is_usage 2 "too large" send -r 2G sink /dev/null
	expect count_above_64_bits_is_usage 2 "too large" recv -n 18446744073709551616 source
	expect suffix_overflow_is_usage 2 "too large" recv -n 18014398509481984K source
	expect seed_without_source_is_usage 2 "--seed" recv --seed 1 echo
	expect window_text_is_usage 2 "not a number" send --window large sink /dev/null
	expect window_of_pattern_is_usage 2 "does not take" pattern --seed 1 --bytes 8 --window 64K
	expect set_of_another_value_is_usage 2 "no setting 'max_record'" set echo max_record 1
	expect set_without_a_value_is_usage 2 "too few" set echo deadline_us
	expect set_of_a_path_is_usage 2 "not the name" set ../bulk/echo deadline_us 1
	expect call_that_there_is_not_is_usage 2 "no system call 'frobnicate'" syscalls -e read,frobnicate
	expect class_that_there_is_not_is_usage 2 "no class '%frobnicate'" syscalls -e '!%frobnicate'
	expect pid_text_is_usage 2 "not a number" syscalls -p 1,many
	expect pid_and_command_is_usage 2 "one of them" syscalls -p 1 true
	expect small_ring_is_usage 2 "at least 65536" syscalls --ring 1K
	expect dump_without_last_is_usage 2 "is for --last" syscalls --dump
	expect count_of_syscalls_is_usage 2 "does not take" -n 1 syscalls
	expect directory_as_channel_is_usage 2 "not the name" send /etc/ /dev/null
}

failures() {
	expect missing_channel_lists_others 1 "is the module loaded? channels: echo, sink" \
		send nosuch /dev/null
	expect missing_file_is_failure 1 "No such file" send sink "$tmp/nosuch"
	expect directory_as_file_is_failure 1 "is a directory" send sink "$tmp"
	expect other_file_is_no_channel 1 "" send "$tmp/root/proc/12/comm" /dev/null
	expect stat_of_missing_channel 1 "no channel nosuch" stat nosuch
	expect set_of_missing_channel 1 "no channel nosuch" set nosuch deadline_us 1
	expect list_without_class 1 "CONFIG_BULK_XFER" --sysroot "$tmp/empty" list
	expect syscalls_without_a_channel 1 "no channel syscalls" syscalls
	expect words_of_a_command_are_no_options 1 "no channel syscalls" syscalls -f ls --nonsense -o
	expect disk_full_is_failure 1 "disk full" pattern --seed 1 --bytes 8 -o /dev/full
	expect output_in_missing_directory 1 "No such file" pattern --seed 1 --bytes 8 -o "$tmp/no/file"
}

other_file_is_untouched() {
	local good=0
	echo precious >"$tmp/precious"
	echo records >"$tmp/records"
	run send "$tmp/precious" "$tmp/records"
	[ "$status" -eq 1 ] && [ "$(cat "$tmp/precious")" = precious ] || good=1
	result $good other_file_is_untouched
}

help_and_version() {
	local good=0
	run --help
	[ "$status" -eq 0 ] && grep -q '^Usage:' "$tmp/out" || good=1
	result $good help_is_on_stdout
	good=0
	run send -h
	[ "$status" -eq 0 ] && grep -q '^Usage:' "$tmp/out" || good=1
	result $good help_after_a_verb
	good=0
	run syscalls --help
	[ "$status" -eq 0 ] && grep -q '^  bulkctl syscalls' "$tmp/out" || good=1
	result $good help_of_syscalls
	good=0
	run --version
	[ "$status" -eq 0 ] && grep -Eq '^bulkctl [0-9.]+$' "$tmp/out" || good=1
	result $good version
}

# SplitMix64 in shell arithmetic, which wraps at 64 bits as well; >> there
# keeps the sign, hence the masks.
word() { # SEED INDEX
	local z=$(($1 + ($2 + 1) * 0x9e3779b97f4a7c15))
	z=$(((z ^ ((z >> 30) & 0x3ffffffff)) * 0xbf58476d1ce4e5b9))
	z=$(((z ^ ((z >> 27) & 0x1fffffffff)) * 0x94d049bb133111eb))
	printf '%016x\n' $((z ^ ((z >> 31) & 0x1ffffffff)))
}

pattern_words() { # NAME SEED WORDS
	local i good=0
	for ((i = 0; i < $3; i++)); do
		word "$2" "$i"
	done >"$tmp/want"
	run pattern --seed "$2" --bytes $((8 * $3))
	od -An -v -t x8 -w8 --endian=little "$tmp/out" | tr -d ' ' >"$tmp/got"
	cmp -s "$tmp/want" "$tmp/got" || good=1
	result $good "$1"
}

pattern_lengths() {
	local bytes good=0
	run pattern --seed 5 --bytes 9000000
	mv "$tmp/out" "$tmp/long"
	for bytes in 0 1 7 8 9 4095 4097 8388607 8388608 8388609; do
		run pattern --seed 5 --bytes $bytes -o "$tmp/short"
		[ "$status" -eq 0 ] || good=1
		head -c $bytes "$tmp/long" | cmp -s - "$tmp/short" || good=1
	done
	result $good pattern_of_any_length_is_a_prefix
}

pattern_replaces_output() {
	local good=0
	seq 100000 >"$tmp/file"
	run pattern --seed 1 --bytes 3 -o "$tmp/file"
	[ "$status" -eq 0 ] && [ "$(stat -c %s "$tmp/file")" -eq 3 ] || good=1
	result $good pattern_replaces_the_file
}

# A file size limit ends bulkctl by SIGXFSZ at a place that is always the same.
signal_removes_output() {
	local good=0
	(
		ulimit -f 100
		run pattern --seed 1 --bytes 1M -o "$tmp/cut"
		exit "$status"
	) 2>/dev/null || status=$?
	[ "$status" -eq $((128 + $(kill -l XFSZ))) ] && [ ! -e "$tmp/cut" ] || good=1
	result $good signal_removes_the_output
}

pattern_checksum() {
	local name=pattern_checksum_is_xxh64 sum good=0
	if ! command -v xxhsum >/dev/null; then
		skip $name "xxhsum not installed"
		return
	fi
	run pattern --seed 3 --bytes 100001 --json -o "$tmp/file"
	sum=$(xxhsum -H64 "$tmp/file" 2>/dev/null)
	grep -qF "\"checksum\":\"${sum%% *}\"" "$tmp/out" || good=1
	result $good $name
}

listing() {
	local good=0
	run list
	[ "$status" -eq 0 ] || good=1
	grep -Eq '^echo +0600 +1048576 +4194304 +block +7 +500 +2000$' "$tmp/out" || good=1
	grep -Eq '^sink +0600 +1048576 +4194304 +refuse-newest +7 +500 +2000$' "$tmp/out" || good=1
	result $good list_shows_mode_and_limits
	rm "$tmp/root/dev/bulk/sink"
	good=0
	run list
	grep -Eq '^sink +no node ' "$tmp/out" || good=1
	result $good list_without_a_node
}

settings() {
	local good=0
	run set echo deadline_us 300
	[ "$status" -eq 0 ] && [ "$(cat "$tmp/root/sys/class/bulk/echo/deadline_us")" = 300 ] || good=1
	result $good set_writes_the_deadline
	good=0
	run set echo poller_idle_us 70
	[ "$status" -eq 0 ] || good=1
	result $good set_writes_the_idle_time
}

statistics() {
	local good=0
	run stat
	[ "$status" -eq 0 ] || good=1
	grep -Eq '^echo +99 +12 +4 we.ird +18446744073709551615 ' "$tmp/out" || good=1
	grep -Eq '^echo .* 270336 +3 +5$' "$tmp/out" || good=1
	! grep -q $'\033' "$tmp/out" || good=1
	result $good stat_shows_endpoints
	good=0
	run stat sink
	! grep -q '^echo' "$tmp/out" || good=1
	result $good stat_of_one_channel
}

# Well formed, on one line, and containing what is looked for.
json() { # NAME WANT ARGUMENT...
	local name=$1 want=$2 good=0
	shift 2
	if ! command -v python3 >/dev/null; then
		skip "$name" "python3 not installed"
		return
	fi
	run "$@"
	[ "$status" -eq 0 ] || good=1
	[ "$(wc -l <"$tmp/out")" -eq 1 ] || good=1
	python3 -m json.tool <"$tmp/out" >"$tmp/json" 2>/dev/null || good=1
	grep -qF -- "$want" "$tmp/out" || good=1
	result $good "$name"
}

json_output() {
	json json_before_the_verb '"rx_policy":"block"' --json list
	json json_after_the_verb '"max_record":1048576' list --json
	json json_of_the_deadline '"poller_idle_us":70,"deadline_us":300' list --json
	json json_of_a_missing_node '"mode":null' list --json
	json json_escapes_names '"comm":"we\u001bird"' stat --json
	json json_of_the_window '"window":270336,"window_errors":3,"tx_refused":5' stat --json
	json json_of_pattern '"bytes":8' pattern --seed 1 --bytes 8 --json -o "$tmp/file"
	json json_of_a_name_with_quotes 'qu\"ote' pattern --seed 1 --bytes 8 --json -o "$tmp/qu\"ote"
	json json_of_a_name_that_is_no_utf8 '\ufffd' pattern --seed 1 --bytes 8 --json -o "$tmp/"$'\xff'
	mkdir -p "$tmp/bare/sys/class/bulk" "$tmp/bare/proc"
	json json_of_no_channels '[]' --sysroot "$tmp/bare" list --json
	json json_of_no_endpoints '"endpoints":[]' --sysroot "$tmp/bare" stat --json
}

figures_give_way_to_data() {
	local good=0
	run pattern --seed 1 --bytes 8 --json
	[ "$(stat -c %s "$tmp/out")" -eq 8 ] || good=1
	grep -q '"checksum"' "$tmp/err" || good=1
	result $good figures_go_to_stderr_when_data_go_to_stdout
}

make_channel echo block
make_channel sink refuse-newest
make_endpoint 12 $'we\033ird' echo
mkdir "$tmp/empty"

echo "TAP version 13"
usage_errors
failures
other_file_is_untouched
help_and_version
pattern_words pattern_of_seed_0 0 1000
pattern_words pattern_of_seed_42 42 100
pattern_words pattern_of_seed_hex 0x7fffffffffffffff 100
pattern_lengths
pattern_replaces_output
pattern_checksum
signal_removes_output
listing
settings
statistics
json_output
figures_give_way_to_data
echo "1..$nr"
exit $((failed > 0))
