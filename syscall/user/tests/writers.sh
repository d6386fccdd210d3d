#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# What programs read of the forms that bulkctl syscalls writes: prints TAP.
#
# OUT=DIR bash writers.sh          DIR: where the Makefile has built write_events
#
# Copyright (C) 2026 the bulk_xfer authors
set -euo pipefail

: "${OUT:?OUT must name the directory that write_events was built in}"
write_events=$OUT/host/write_events
. "$(dirname "$0")/tap.inc"

# The Python that follows on standard input must hold; "lines" is a list of them.
python_holds() { # NAME FILE
	local good=0
	{
		printf 'import json, sys\nfrom collections import defaultdict\n'
		printf 'lines = open(sys.argv[1], encoding="utf-8", newline="").read().split("\\n")\n'
		cat
	} >"$tmp/check.py"
	if ! command -v python3 >/dev/null; then
		skip "$1" "python3 not installed"
		return
	fi
	python3 "$tmp/check.py" "$2" 2>"$tmp/err" || good=1
	result $good "$1"
}

# Every form in turn: hand-made events, and enough for several packets.
written() {
	local form good
	for form in json chrome ctf; do
		good=0
		"$write_events" $form "$tmp/$form" 2>"$tmp/err" || good=1
		result $good "${form}_reads_within_records"
	done
}

# What a write could not do is known at the end.
full_disk() {
	local form good
	for form in json chrome; do
		good=0
		! "$write_events" $form /dev/full 2>"$tmp/err" || good=1
		grep -q 'No space left' "$tmp/err" || good=1
		result $good "${form}_tells_of_a_full_disk"
	done
}

json() {
	python_holds json_has_an_object_a_line "$tmp/json" <<-'END'
		assert lines.pop() == ""
		objects = [json.loads(line) for line in lines]
		assert all(isinstance(o, dict) for o in objects)
		assert objects[0]["type"] == "started" and objects[0]["realtime_ns"] == 10**9
		assert all(k in o for o in objects[1:] for k in ("time", "lost", "cpu", "pid", "tid", "comm", "type"))
	END
	python_holds json_has_calls "$tmp/json" <<-'END'
		entry, exit = json.loads(lines[1]), json.loads(lines[2])
		assert entry == {"time": 5000000000, "lost": 0, "cpu": 1, "pid": 100, "tid": 100, "comm": "cat",
		    "type": "enter", "abi": "64", "nr": 257, "call": "openat",
		    "args": ["0x" + "f" * 15 + end for end in "fedc"],
		    "paths": [{"arg": 1, "path": "/etc/passwd"}], "stack": ["0x401000", "0x402000"]}
		assert (exit["result"], exit["errno"], exit["duration_ns"]) == (-2, "ENOENT", 1500)
		assert "args" not in exit
	END
	python_holds json_escapes_strings "$tmp/json" <<-'END'
		event = json.loads(lines[3])
		assert event["comm"] == 'a"b\\\x1b\ufffd'
		assert event["paths"] == [{"arg": 1, "path": '/tmp/\n\x01\ufffd(\u20ac"', "cut": True, "fault": True}]
		assert not any(c < " " or c == "\x7f" for line in lines for c in line)
	END
	python_holds json_of_what_has_no_name "$tmp/json" <<-'END'
		untimed, nameless = json.loads(lines[4]), json.loads(lines[5])
		assert untimed["result"] == -2**63 and untimed["errno"] is None and untimed["duration_ns"] is None
		assert nameless["abi"] == "x32" and nameless["call"] is None and len(nameless["args"]) == 6
		assert nameless["lost"] == 3
	END
	python_holds json_of_other_events "$tmp/json" <<-'END'
		events = {}
		for o in map(json.loads, lines[1:-1]):
		    events.setdefault(o["type"], o)
		assert events["exec"]["path"] == "/bin/sh\t" and events["exec"]["old_tid"] == 101
		assert (events["fork"]["child_pid"], events["fork"]["child_tid"]) == (200, 201)
		assert events["comm"]["comm"] == "0123456789abcdef" and events["end"]["code"] == 256
		assert events["totals"]["made"] == 2**64 - 1 and events["totals"]["losses"] == [
		    {"nr": 257, "call": "openat", "abi": "64", "overwritten": 0, "refused": 3, "killed": 0}]
		assert events[None]["time"] == 4999021000
	END
}

chrome() {
	python_holds chrome_is_an_array_of_objects "$tmp/chrome" <<-'END'
		events = json.loads("\n".join(lines))
		assert all({"ph", "pid", "tid", "ts"} <= set(e) for e in events)
		first = [e for e in events if e["ph"] != "M"][0]
		assert (first["ph"], first["name"], first["ts"]) == ("B", "openat", 5000000)
		assert first["args"]["paths"][0]["path"] == "/etc/passwd"
		names = {e["args"]["name"] for e in events if e["ph"] == "M"}
		assert names == {"cat", 'a"b\\\x1b\ufffd', "sh", "0123456789abcde"}
	END
	python_holds chrome_ends_what_it_begins "$tmp/chrome" <<-'END'
		depth = defaultdict(int)
		for e in json.loads("\n".join(lines)):
		    depth[e["tid"]] += {"B": 1, "E": -1}.get(e["ph"], 0)
		    assert 0 <= depth[e["tid"]] <= 1, e
		    assert e["ph"] != "X" or not depth[e["tid"]], e
		assert not any(depth.values()), depth
	END
	python_holds chrome_has_exits_without_entry "$tmp/chrome" <<-'END'
		whole = [e for e in json.loads("\n".join(lines)) if e["ph"] == "X"]
		assert [(e["name"], e["ts"], e["dur"]) for e in whole] == [("syscall_1999", 5000004.5, 1.5)]
	END
	python_holds chrome_has_instants "$tmp/chrome" <<-'END'
		events = [e for e in json.loads("\n".join(lines)) if e["ph"] == "i"]
		assert [e["name"] for e in events] == ["lost", "exec", "fork", "end", "lost", "exec"]
		assert [e["args"]["records"] for e in events if e["name"] == "lost"] == [3, 4]
	END
}

# One line of babeltrace2, after the time.
line() { # NUMBER
	sed -n "$1s/^[^)]*) //p" "$tmp/lines"
}

ctf_is() { # NAME LINE TEXT
	local good=0
	line "$2" >"$tmp/err"
	[ "$(line "$2")" = "$3" ] || good=1
	result $good "$1"
}

ctf_text() {
	babeltrace2 --clock-seconds "$tmp/ctf" >"$tmp/lines" 2>"$tmp/warnings" || true
	ctf_is ctf_entry 1 'syscall_entry: { cpu_id = 1, pid = 100, tid = 100, procname = "cat" }, { abi = ( "ABI_64" : container = 0 ), nr = 257, name = "openat", nr_args = 4, args = [ [0] = 0xFFFFFFFFFFFFFFFF, [1] = 0xFFFFFFFFFFFFFFFE, [2] = 0xFFFFFFFFFFFFFFFD, [3] = 0xFFFFFFFFFFFFFFFC ], nr_paths = 1, paths = [ [0] = { arg = 1, cut = 0, fault = 0, path = "/etc/passwd" } ], stack_depth = 2, stack = [ [0] = 0x401000, [1] = 0x402000 ] }'
	ctf_is ctf_exit 2 'syscall_exit: { cpu_id = 1, pid = 100, tid = 100, procname = "cat" }, { abi = ( "ABI_64" : container = 0 ), nr = 257, name = "openat", nr_args = 0, args = [ ], nr_paths = 0, paths = [ ], stack_depth = 0, stack = [ ], result = -2, error = "ENOENT", timed = 1, duration_ns = 1500 }'
	ctf_is ctf_lost 5 'lost: { cpu_id = 1, pid = 100, tid = 100, procname = "cat" }, { records = 3 }'
	ctf_is ctf_exec 9 'exec: { cpu_id = 1, pid = 100, tid = 100, procname = "sh" }, { old_tid = 101, path = "/bin/sh\t" }'
	ctf_is ctf_fork 11 'fork: { cpu_id = 1, pid = 100, tid = 100, procname = "sh" }, { child_pid = 200, child_tid = 201 }'
	ctf_is ctf_comm 12 'comm: { cpu_id = 1, pid = 100, tid = 201, procname = "0123456789abcdef" }, { comm = "0123456789abcdef" }'
	ctf_is ctf_end 14 'end: { cpu_id = 1, pid = 100, tid = 201, procname = "-" }, { code = 256 }'
}

ctf_whole() {
	local good=0
	cp "$tmp/warnings" "$tmp/err"
	[ "$(wc -l <"$tmp/lines")" -eq 18 ] || good=1
	[ "$(cut -d' ' -f1 "$tmp/lines" | head -n1)" = '[6.000000000]' ] || good=1
	[ "$(cut -d' ' -f1 "$tmp/lines" | tail -n1)" = '[6.000019500]' ] || good=1
	result $good ctf_has_all_events_in_order_of_time
	good=0
	grep -q 'Tracer discarded 7 events' "$tmp/warnings" || good=1
	result $good ctf_counts_what_was_lost
}

ctf_clock() {
	local good=0
	"$write_events" ctf "$tmp/early" 1 -5500000000 2>"$tmp/err" || good=1
	[ "$(babeltrace2 --clock-seconds "$tmp/early" | cut -d' ' -f1 | head -n1)" = '[-0.500000000]' ] || good=1
	result $good ctf_clock_may_begin_before_1970
}

ctf_packets() {
	local good=0
	"$write_events" ctf "$tmp/long" 5000 0 2>"$tmp/err" || good=1
	[ "$(babeltrace2 "$tmp/long" 2>"$tmp/err" | wc -l)" -eq 10000 ] || good=1
	[ ! -s "$tmp/err" ] || good=1
	[ "$(LC_ALL=C grep -oaP '\xc1\x1f\xfc\xc1' "$tmp/long/stream" | wc -l)" -gt 2 ] || good=1
	result $good ctf_has_several_packets
}

ctf_folder() {
	local good=0
	cp -r "$tmp/ctf" "$tmp/before"
	! "$write_events" ctf "$tmp/ctf" 2>"$tmp/err" || good=1
	grep -q 'File exists' "$tmp/err" || good=1
	diff -r "$tmp/ctf" "$tmp/before" >>"$tmp/err" || good=1
	result $good ctf_does_not_replace_a_trace
	good=0
	mkdir "$tmp/half"
	: >"$tmp/half/stream"
	! "$write_events" ctf "$tmp/half" 2>"$tmp/err" || good=1
	[ ! -e "$tmp/half/metadata" ] || good=1
	result $good ctf_leaves_no_half_a_trace
}

ctf() {
	local name
	if ! command -v babeltrace2 >/dev/null; then
		for name in ctf_is_read ctf_clock ctf_packets; do
			skip $name "babeltrace2 not installed"
		done
		return
	fi
	ctf_text
	ctf_whole
	ctf_clock
	ctf_packets
}

echo "TAP version 13"
written
full_disk
json
chrome
ctf
ctf_folder
echo "1..$nr"
exit $((failed > 0))
