#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The bench's report, of recorded rows: all of them are in it, the page needs nothing else, bad input is told of.
# Copyright (C) 2026 the bulk_xfer authors
# shellcheck disable=SC2016	# backticks of Markdown
set -euo pipefail
. "$(dirname "$0")/tap.inc"
here=$TOP/tests/host
rows=$here/report/rows.json about=$here/report/about recorded=$here/report/recorders

pages() {
	python3 "$TOP/tests/bench/pages" "$@"
}

look() {
	"$here/report_check" "$@"
}

# make NAME CHANGE...: a report in $work/NAME of the recorded rows, changed.
make() {
	local name=$1
	shift
	look vary "$rows" "$work/$name.json" "$@"
	pages --json "$work/$name.json" --about "$about" --out "$work/$name" --fact 'command=./build.sh bench --only x|y'
}

says() {
	local text
	for text in "${@:2}"; do
		grep -qF -- "$text" "$1" || { echo "$1 does not say: $text"; return 1; }
	done
}

complete() { look rows "$work/$1.json" "$work/$1"; }
same() { look same "$work/$1"; }
names_its_run() {
	says "$work/all/report.html" '<td class=word>accelerator</td><td class=word><code>tcg</code>' \
		'<code>./build.sh bench --only x|y</code>' &&
		says "$work/all/report.md" '| accelerator | `tcg` |' '| command | `./build.sh bench --only x\|y` |'
}

# By hand: 216.5 - 577.3 / 4, 3780.3 - 3571.5 and 521.6 - 1.5 * 149.2; the batch costs 216.5 and 560.2, against 357.8
# and 521.6 without. Its parts: 64 / 960 of 1173.4 - 216.5 and of 949.2 - 138.6, the rest of 216.5 - 138.6.
bars_told() {
	says "$work/all/report.md" \
		'| `chardev` | u2k | `bulk-vdso-batch` u2k | 4 times ahead | 64 | 216 | 577 | 144 | MISSED by 72 (50%) |' \
		'| `netlink-multicast` | k2u | `bulk-vdso` k2u | ahead | 1024 | 3572 | 3780 | 3780 | met by 209 (6%) |' \
		'| `mmap` | k2u | `bulk-vdso` k2u | within 1.5 times | 64 | 522 | 149 | 224 | MISSED by 298 (133%) |' \
		'Where the instructions of missed bars go' \
		'| `bulk-vdso-batch` | u2k | 64 | 216 | 139 | 10 | 68 |' '| `bulk-vdso` | k2u | 64 | 522 | 149 | 141 | 231 |'
}

# A call on the window's endpoint is no rival of the window.
own_ways() {
	says "$work/all/report.md" '| not in the survey | `syscall-window` at 1 KiB |' 'BULK_CHANNEL_TX_IN_PLACE' &&
		! grep -F '| `syscall-window` | u2k | `bulk' "$work/all/report.md"
}

sizes_named() {
	says "$work/all/report.md" '*Wake-up latency in ns, records of 64 B*' '*Records of 64 B, and a stalled receiver*' \
		'to be woken soonest (ns), records of 64 B' 'of 9728 records of 64 B accepted'
}

# What is cheap and no answer: a copy in one process, and whole pages where a record is less.
advised() {
	python3 - "$rows" "$work/advice.json" <<-'END'
		import json, sys
		rows = [row for row in json.load(open(sys.argv[1])) if row["mechanism"] == "mmap"]
		for size in 64, 4096:
		    rows.append({**rows[0], "mechanism": "splice", "bytes": size, "insns_per_record": 1})
		rows.append({**rows[0], "mechanism": "copy", "direction": "u2u", "queued": False, "insns_per_record": 1})
		json.dump(rows, open(sys.argv[2], "w"))
	END
	echo '{"mechanism": "splice", "use": "whole pages that nobody looks at"}' > "$work/splice"
	pages --json "$work/advice.json" --about "$work/splice" --out "$work/advice"
	says "$work/advice/report.md" '| user to kernel, records of 64 B | `mmap` (139)' 'does the work of both sides' \
		'is moved between two: `copy`.' 'for whole pages: `splice`.' '| user to kernel, records of 4 KiB | `splice` (1)' &&
		! grep -F '| user to user, records of 64 B |' "$work/advice/report.md"
}

bars_met() {
	[[ $(make met only=bulk-vdso insns_per_record=1) == *' 0 bars met, 0 missed' ]] || return 1
	python3 - "$rows" "$work/met.json" <<-'END'
		import json, sys
		rows = json.load(open(sys.argv[1]))
		for row in rows:
		    row["insns_per_record"] = 1 if row["mechanism"] == "bulk-vdso" else 1000
		json.dump(rows, open(sys.argv[2], "w"))
	END
	[[ $(pages --json "$work/met.json" --out "$work/met") == *' bars met, 0 missed' ]] &&
		! grep -q MISSED "$work/met/report.md"
}

between_processes() {
	make u2u direction='"u2u"' only=chardev mechanism='"pipe"' && complete u2u && same u2u &&
		says "$work/u2u/report.md" '| Pipe for 4096 Bytes messages | `pipe` at 1 KiB | 2.37 |' \
			'| POSIX - Shared memory | not in this run | 0.91 | - | - |'
}

published() {
	says "$work/all/report.md" \
		'| netlink API with dedicated port | `netlink-multicast` at 1 KiB | 3 498 | 3 724 |' \
		'| character device with read/write ops | `chardev` at 1 KiB | 52 405 | 182 |' \
		'| relay API with writing to debugfs | not in this run | 158 | 6078 | - | - | - | - | - | - |' \
		'| relay API | not in this run | NOT POSSIBLE | NOT POSSIBLE | - |' \
		'| ioctl | synchronous | not in this run | - | - | - | can'"'"'t be told |' \
		'| write syscall | synchronous | `chardev` | synchronous | synchronous |' \
		'| nlmsg\_unicast() | asynchronous | `netlink-multicast` | asynchronous | asynchronous |'
}

declared_otherwise() {
	says "$work/all/report.md" 'synchronous as run, though declared asynchronous: `bulk-batch` u2k, `bulk-batch` k2u.' &&
		make late only=chardev queued=true && says "$work/late/report.md" \
			'asynchronous as run, though declared synchronous: `chardev` u2k, `chardev` k2u.' &&
		make calls only=bulk-vdso-batch syscalls_per_record=0.015625 && says "$work/calls/report.md" \
			'synchronous as run, though declared asynchronous: `bulk-vdso-batch` u2k, `bulk-vdso-batch` k2u.' &&
		make stalled only=bulk-batch stall_offered=100 stall_refused=40 && says "$work/stalled/report.md" \
			'each was run as it declares'
}

uncounted() {
	make wall insns_per_record=null && complete wall &&
		says "$work/wall/report.md" 'Wall time only' 'Instructions were not counted in this run'
}

one_mechanism() {
	make one only=chardev && complete one && same one &&
		says "$work/one/report.md" 'Neither `bulk-vdso` nor `bulk-vdso-batch` was in this run' &&
		! grep BULK_CHANNEL_TX_IN_PLACE "$work/one/report.md"
}

one_row() {
	echo '[{"mechanism": "a", "direction": "k2u", "bytes": 16, "records": 1, "batch": 1, "ns_per_record": null,
		"insns_per_record": null, "syscalls_per_record": null, "copies": null, "lost": null, "accel": "kvm"}]' > "$work/null.json"
	pages --json "$work/null.json" --out "$work/null" && complete null && look contained "$work/null"
}

escaped() {
	echo '{"mechanism": "chardev", "use": "a <b> & a | c_d*"}' > "$work/odd"
	pages --json "$rows" --about "$work/odd" --out "$work/odd.d" && same odd.d &&
		says "$work/odd.d/report.html" 'a &lt;b&gt; &amp; a | c_d*' && says "$work/odd.d/report.md" 'a \<b\> & a \| c\_d\*'
}

# A report written over another leaves no plot of that, and touches nothing else.
over_another() {
	make again && echo x > "$work/again/mine.svg" && make again only=chardev && [[ -f $work/again/mine.svg ]] &&
		rm "$work/again/mine.svg" && look pictures "$work/again"
}

# Two boots: what only one of them has, and a recorder that is in the other only.
recorders_told() {
	grep -v '"ns"' "$recorded" > "$work/counted"
	grep -v insns "$recorded" > "$work/timed"
	pages --json "$rows" --out "$work/recorders" --recorders "$work/counted" --recorders "$work/timed" &&
		same recorders && says "$work/recorders/report.md" '## Recording system calls' \
			'| not recorded | 180 | 961 | - | 150 | - | - | - |' \
			'| `bulk` | 301 | 322 | 91 | 260 | - | 80 | 4100 |' '| `procfs` | - | - | - | 900 | - | 70 | 77 (busy) |' \
			'| `bulk` | 64 KiB | 200001 | 963 | 199038 | 0 | no |' \
			'| `procfs` | 64 KiB | 200001 | 200001 | - | 0 | yes |' &&
		! grep -q 'Recording system calls' "$work/all/report.md"
}

bad_recorders() {
	sed "$1" "$recorded" > "$work/bad.recorders"
	exits 1 "error: $work/bad.recorders: line 2: $2" \
		pages --json "$rows" --out "$work/bad" --recorders "$work/bad.recorders" && [[ ! -e $work/bad ]]
}

# refused TEXT JSON
refused() {
	echo "$2" > "$work/bad.json"
	exits 1 "error: $work/bad.json: $1" pages --json "$work/bad.json" --out "$work/bad" && [[ ! -e $work/bad ]]
}

changed() {
	look vary "$rows" "$work/bad.json" "$1"
	exits 1 "error: $work/bad.json: row 1: $2" pages --json "$work/bad.json" --out "$work/bad" && [[ ! -e $work/bad ]]
}

without_gnuplot() {
	local python
	python=$(python3 -c 'import sys; print(sys.executable)')
	exits 1 'error: gnuplot is not installed; ./build.sh deps installs it' \
		env PATH=/nowhere "$python" "$TOP/tests/bench/pages" --json "$rows" --out "$work/bad"
}

check 'broken JSON is told of' refused 'not JSON: ' '[{"mechanism": "chardev",'
check 'NaN is no figure' refused 'not JSON: NaN is no figure' '[NaN]'
check 'no rows are told of' refused "want a list of the bench's rows" '[]'
check 'an object is no list of rows' refused "want a list of the bench's rows" '{}'
check 'a row must be an object' refused 'row 1: want an object, got 7' '[7]'
check 'a field that is missing is named' changed -copies 'no field copies'
check 'a text is no figure' changed 'bytes="64"' 'field bytes can'"'"'t be "64"'
check 'a negative figure is refused' changed ns_per_record=-1 'field ns_per_record can'"'"'t be -1'
check 'a bool is no figure' changed records=true 'field records can'"'"'t be true'
check 'an unknown direction is refused' changed 'direction="up"' 'want a direction of u2k, k2u, u2u'
check 'records of no bytes are refused' changed bytes=0 'want a direction'
check 'a broken row of a recorder is told of' bad_recorders '2s/.$//' 'not JSON: '
check 'a field of a recorder that is missing is told of' bad_recorders '2s/drained/dried/' 'no row of a recorder'
check 'a unit of a recorder is one of two' bad_recorders '2s/insns/miles/' 'no row of a recorder'
check 'a missing file is told of' exits 1 'error: /nowhere.json: ' pages --json /nowhere.json --out "$work/bad"
check 'a fact has a name' exits 2 'want NAME=VALUE' pages --json "$rows" --out "$work/bad" --fact x
check 'missing gnuplot is told of' without_gnuplot
if ! command -v gnuplot > /dev/null; then
	skip 'the report' 'gnuplot not installed'
	finish
fi
check 'a folder that cannot be written is told of' exits 1 'error: /proc/report: ' pages --json "$rows" --out /proc/report
check 'it is written' make all
check 'it has every row' complete all
check 'page and Markdown have the same tables' same all
check 'the page needs nothing else' look contained "$work/all"
check 'the plots are well-formed, and those that are shown' look pictures "$work/all"
check 'accelerator and command are named' names_its_run
check 'bars are met and missed by the right amount' bars_told
check 'ways of bulk_xfer beside the window' own_ways
check 'what was measured at one size says so' sizes_named
check 'what is no answer is not advised' advised
check 'no bar is missed by a reference that costs nothing' bars_met
check 'published figures stand beside ours' published
check 'what was run otherwise than declared is named' declared_otherwise
check 'ways between processes' between_processes
check 'without counts' uncounted
check 'of one mechanism' one_mechanism
check 'of one row without any figure' one_row
check 'texts are escaped' escaped
check 'another report is replaced' over_another
check 'what recorders cost and lose' recorders_told
finish
