#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The bench's bars, of canned rows: what is met, what is missed, what may not be missing, and what the exit says.
# Copyright (C) 2026 the bulk_xfer authors
set -euo pipefail
. "$(dirname "$0")/tap.inc"

# Every row that a bar needs, and those it is compared with: instructions and system calls of a record.
cat > "$work/rows" <<'END'
chardev u2k 64 1 1000 1
chardev u2k 1048576 1 900000 1
chardev k2u 1048576 1 900000 1
syscall u2k 64 1 1300 1
syscall k2u 64 1 2000 1
syscall u2k 1048576 1 1000000 1
syscall k2u 1048576 1 1000000 1
bulk-batch u2k 64 64 450 0.015625
syscall-window u2k 64 1 1000 1
syscall-window k2u 64 1 1000 1
bulk-vdso u2k 64 1 350 0.0050
bulk-vdso k2u 64 1 350 0.0012
copy u2u 1024 1 1000 0
bulk-vdso u2k 1024 1 1350 0.0314
bulk-vdso k2u 1024 1 1350 0.0156
copy u2u 16384 1 10000 0
bulk-vdso u2k 16384 1 13500 1
bulk-vdso k2u 16384 1 13500 1
mmap u2k 64 64 1000 0
mmap k2u 64 64 1000 0
mmap u2k 1024 64 1000 0
mmap k2u 1024 64 1000 0
bulk-inplace u2k 64 64 1080 0.0013
bulk-inplace k2u 64 64 1080 0.0012
bulk-inplace u2k 1024 63 1030 0.0159
bulk-inplace k2u 1024 63 1030 0.0159
bulk-region u2k 64 64 1250 0.0025
bulk-region k2u 64 64 1250 0.0012
chardev-batch u2k 64 64 1000 0.015625
chardev-batch k2u 64 64 1000 0.015625
chardev-batch u2k 1024 64 1000 0.015625
chardev-batch k2u 1024 64 1000 0.015625
bulk-region-call u2k 64 64 1000 0.015625
bulk-region-call k2u 64 64 1000 0.015625
bulk-region-call u2k 1024 63 1020 0.015873
bulk-region-call k2u 1024 63 1020 0.015873
END

# Times that a record costs by the channel echo, and that one by its pages costs a copy; instructions of a
# reserved one. Empty: it was not measured.
echo_costs=2.50 pages_cost=0.1666 folio_costs=0.0100 produce_costs=60.0

# results KIND: standard input's rows as a boot prints them; every record takes 10 ns.
results() {
	local mechanism direction bytes batch cost calls insns ns what
	echo '# a note of the boot'
	[[ -z $echo_costs ]] || for batch in 1 64; do
		echo "# echo: $batch at a time, a record of 64 B takes 20 ns there and back, $echo_costs times the 8 ns one way"
	done
	[[ -z $pages_cost ]] || for what in SEND RECV; do
		echo "# pages: $what of 64 KiB takes 8000 ticks by its pages, 0.9000 times the 8888 by a copy"
		echo "# pages: $what of 1 MiB takes 20000 ticks by its pages, $pages_cost times the 120000 by a copy"
		echo "# pages: $what of 2 MiB in a folio takes 2400 ticks by its pages, $folio_costs times the 240000 by a copy"
	done
	[[ -z $produce_costs ]] || for what in "the kernel's" 'a window'; do
		echo "# produce: reserve and commit of 64 B, their bytes aside, take $produce_costs ticks in a ring of $what"
	done
	echo '# no rows below 4096 B: bulk-pages u2k'
	while read -r mechanism direction bytes batch cost calls; do
		insns=$cost ns=null
		[[ $1 == counted ]] || insns=null ns=10
		printf '{"mechanism": "%s", "direction": "%s", "bytes": %s, "records": 1, "batch": %s, ' \
			"$mechanism" "$direction" "$bytes" "$batch"
		printf '"insns_per_record": %s, "ns_per_record": %s, "syscalls_per_record": %s, ' "$insns" "$ns" "$calls"
		printf '"insns_spread": null, "sender_insns": null, "receiver_insns": null, '
		printf '"copies": 1, "lost": 0, "accel": "tcg"}\n'
	done
}

# report SED [OPTION]...: of the rows, changed, of two boots.
report() {
	sed -E "$1" "$work/rows" > "$work/changed"
	results counted < "$work/changed" > "$work/counted"
	results timed < "$work/changed" > "$work/timed"
	python3 "$TOP/tests/bench/report" "$work/timed" --counted "$work/counted" "${@:2}"
}

bar() { echo "bar: $1: measured $2, wanted $3"; }

# Each measures just what is allowed.
all_met() {
	report '' --complete > "$work/out"
	cat "$work/out"
	(( $(grep -c '^bar: .*: met' "$work/out") == 30 && $(grep -c '^bar: ' "$work/out") == 30 ))
}

# told LINE...: what is printed where all is met.
told() {
	local line
	report '' > "$work/out"
	cat "$work/out"
	for line in "$@"; do grep -qxF -- "$line" "$work/out" || { echo "not told: $line"; return 1; }; done
}

# missed SED BAR: that bar and no other.
missed() {
	exits 1 "$2: MISSED" report "$1" && (( $(grep -c MISSED "$work/exits.out") == 1 ))
}

# absent SED NUMBER OPTION...: so many bars have no row.
absent() {
	exits 1 "error: bars that were not counted in a run of everything: $2" report "$1" --complete "${@:3}" &&
		(( $(grep -c '^bar: .*: not counted' "$work/exits.out") == $2 ))
}

# A part of the rows was asked for, or nothing was counted.
nothing_gates() {
	report '/16384|1048576/d' > "$work/out" && grep -q 'not counted' "$work/out" && ! grep -q MISSED "$work/out" || return 1
	results timed < "$work/rows" > "$work/timed"
	python3 "$TOP/tests/bench/report" "$work/timed" > "$work/out"
	grep -qF 'against write(2) to the device: wanted <= 1.30: not counted (by wall time 1.000)' "$work/out"
}

json_written() {
	absent '/16384/d' 2 --json "$work/json" && (( $(grep -c '"mechanism"' "$work/json") == 33 ))
}

# dear NAME=COST BAR: that bar of what is no row, in both directions or rings, and no other.
dear() {
	local "${1?}"
	exits 1 "$2: MISSED" report '' && (( $(grep -c MISSED "$work/exits.out") == 2 ))
}

# uncounted NAME NUMBER: so many bars are of what is no row.
uncounted() {
	local "$1="
	absent '' "$2"
}

# Once, though both boots say it.
least_size() {
	report '' > "$work/out" && (( $(grep -c 'no rows below 4096 B: bulk-pages u2k' "$work/out") == 1 ))
}

# A row that was not counted is no row that was not asked for.
one_uncounted() {
	report '' > /dev/null
	sed -i '/"copy".*16384/d' "$work/counted"
	exits 1 "error: ('copy', 'u2u', 16384, 1) has no count of instructions" \
		python3 "$TOP/tests/bench/report" "$work/timed" --counted "$work/counted"
}

# shellcheck disable=SC2016	# the script's variables
# What boots is a script that leaves the canned rows; 16 KiB are not among them.
make_tree() {
	mkdir -p "$work"/tree/{kernel-patches/scripts,initramfs,tests/{bench,mechanisms/syscall},out/log,out/lab}
	cp "$TOP/kernel-patches/scripts/common.sh" "$work/tree/kernel-patches/scripts"
	cp -r "$TOP"/tests/bench/{run,report,pages} "$work/tree/tests/bench"
	report '/16384/d' > /dev/null
	cp "$work/timed" "$work/tree/bench.results"
	cp "$work/counted" "$work/tree/bench-icount.results"
	write_threads 1.79 1.80 > "$work/tree/bench-threads.results"
	for name in bench-recorders bench-recorders-icount; do
		cp "$TOP/tests/host/report/recorders" "$work/tree/$name.results"
	done
	make_script initramfs/boot <<< '[[ $1 == --accel-only ]] && echo tcg-multi || cp "${0%/*}/../$2.results" "$BX_OUT/log"'
	make_script out/lab/syscall <<< 'echo syscall'
}

make_script() {
	{ echo '#!/bin/bash'; cat; } > "$work/tree/$1"
	chmod +x "$work/tree/$1"
}

run() {
	BX_OUT=$work/tree/out BX_DEBUG='' BX_ICOUNT='' "$work/tree/tests/bench/run" "$@"
}

# write_threads SEND RECV: what two threads move, to what one does.
write_threads() {
	printf '# threads: 2 with an endpoint each %s %s times what one does, on 2 processors\n' SEND "$1" RECV "$2"
}

# Wall time gates nothing; where the host has too few processors, there is no bar.
threads_told() {
	local what='by 2 threads on processors in parallel, against one, by wall time'
	write_threads 1.79 1.80 > "$work/threads"
	report '' --threads "$work/threads" > "$work/out" || return 1
	if (( $(nproc) < 2 )); then
		grep -qxF 'threads: 2 with an endpoint each SEND 1.79 times what one does, on 2 processors' "$work/out"
	else
		grep -qxF "$(bar "SEND $what" 1.790 '>= 1.80'): MISSED" "$work/out" &&
			grep -qxF "$(bar "RECV $what" 1.800 '>= 1.80'): met" "$work/out"
	fi
}

# A run of everything shows threads, too; one of a part does not.
threads_run() {
	make_tree
	run > "$work/out" && grep -q '2 threads\|threads: 2' "$work/out" && run --bytes 64 > "$work/out" &&
		! grep -q '2 threads\|threads: 2' "$work/out"
}

# Only a run that counts everything must have all bars.
gates_all() {
	make_tree
	exits 1 'error: bars that were not counted in a run of everything: 2' run --icount &&
		exits 0 '16 KiB' run --icount --bytes 64 && exits 0 '16 KiB' run --icount --only syscall && exits 0 '16 KiB' run
}

window='of 64 B through the window' beside='against a call on that endpoint' copy='against a copy in user space'
check 'bars are met by what is just allowed' all_met
check 'an echo that costs too much' dear echo_costs=2.51 \
	"$(bar 'echo there and back, 64 at a time, against one way' 2.510 '<= 2.50')"
check 'an echo that nobody counted' uncounted echo_costs 2
check 'records by their pages that cost too much' dear pages_cost=0.1668 \
	"$(bar 'RECV of 1 MiB by its pages, bytes aside, against a copy' 0.1668 '<= 0.1667')"
check 'records in folios that cost too much' dear folio_costs=0.0101 \
	"$(bar 'SEND of 2 MiB in a folio by its pages, bytes aside, against a copy' 0.0101 '<= 0.0100')"
check 'records by their pages that nobody counted' uncounted pages_cost 4
check 'reserve and commit that cost too much' dear produce_costs=60.1 \
	"$(bar "instructions to reserve and commit 64 B in a ring of the kernel's, bytes aside" 60.1 '<= 60')"
check 'reserve and commit that nobody counted' uncounted produce_costs 2
check 'a least size of records' least_size
check 'threads on processors of their own' threads_told
check 'threads of a run of everything' threads_run
check 'calls of records through the window' told \
	"$(bar "system calls for a SEND $window" 0.0050 '<= 0.0050'): met" \
	"$(bar "system calls for a RECV $window" 0.0012 '<= 0.0050'): met"
check 'records that are too long for the window' told \
	"$(bar "SEND of 16 KiB on an endpoint with a window, $copy" 1.350 '<= 1.35'): met (by wall time 1.000)" \
	"$(bar "RECV of 16 KiB on an endpoint with a window, $copy" 1.350 '<= 1.35'): met (by wall time 1.000)"
# By hand: 350 / 1300 and 350 / 2000.
check 'the window is compared with a call where there is none' told \
	"for comparison: SEND $window, against a call on an endpoint without one: measured 0.269 (by wall time 1.000)" \
	"for comparison: RECV $window, against a call on an endpoint without one: measured 0.175 (by wall time 1.000)"
check 'a SEND that costs more' missed 's/(^syscall u2k 64 1) .* /\1 1302 /' \
	"$(bar 'one SEND of 64 B, against write(2) to the device' 1.302 '<= 1.30')"
check 'a batch that costs more' missed 's/(^bulk-batch .*) 450/\1 452/' \
	"$(bar '64 B in a call of 64 segments, against that write(2)' 0.452 '<= 0.45')"
check 'a SEND through the window that costs more' missed 's/(vdso u2k 64 1) 350/\1 352/' \
	"$(bar "SEND $window, $beside" 0.352 '<= 0.35')"
check 'a RECV through the window that costs more' missed 's/(vdso k2u 64 1) 350/\1 352/' \
	"$(bar "RECV $window, $beside" 0.352 '<= 0.35')"
check 'a RECV of 1 KiB that costs more' missed 's/(vdso k2u 1024 1) 1350/\1 1352/' \
	"$(bar "RECV of 1 KiB through the window, $copy" 1.352 '<= 1.35')"
check 'a SEND of 16 KiB that costs more' missed 's/(vdso u2k 16384 1) 13500/\1 13520/' \
	"$(bar "SEND of 16 KiB on an endpoint with a window, $copy" 1.352 '<= 1.35')"
check 'a RECV of 16 KiB that costs more' missed 's/(vdso k2u 16384 1) 13500/\1 13520/' \
	"$(bar "RECV of 16 KiB on an endpoint with a window, $copy" 1.352 '<= 1.35')"
check 'a SEND of 1 MiB that is slower' missed 's/(^syscall u2k 1048576 1) .* /\1 1010000 /' \
	"$(bar 'speed of SEND of 1 MiB, against write(2) to the device' 0.891 '>= 0.90')"
check 'a SEND with more calls' missed 's/(vdso u2k 64 .*) .*/\1 0.0052/' \
	"$(bar "system calls for a SEND $window" 0.0052 '<= 0.0050')"
check 'a RECV with more calls' missed 's/(vdso k2u 64 .*) .*/\1 1/' \
	"$(bar "system calls for a RECV $window" 1.0000 '<= 0.0050')"
check 'records in place that cost more' missed 's/(^bulk-inplace k2u 64 64) 1080/\1 1082/' \
	"$(bar 'RECV of 64 B in place in the window, against a mapped ring' 1.082 '<= 1.08')"
check 'longer records in place that cost more' missed 's/(^bulk-inplace u2k 1024 63) 1030/\1 1032/' \
	"$(bar 'SEND of 1024 B in place in the window, against a mapped ring' 1.032 '<= 1.03')"
check 'regions that cost more' missed 's/(^bulk-region u2k .*) 1250/\1 1252/' \
	"$(bar 'SEND of 64 B in a region through the window, against a mapped ring' 1.252 '<= 1.25')"
check 'regions by the call that cost more' missed 's/(^bulk-region-call k2u 1024 63) 1020/\1 1022/' \
	"$(bar 'RECV of 1024 B in a region by the call, against write(2) or read(2) of as many' 1.022 '<= 1.02')"
check 'no row of 16 KiB in a run of everything' absent '/16384/d' 2
check 'no row of a copy in a run of everything' absent '/copy/d' 4
check 'no row of the window in a run of everything' absent '/vdso/d' 8
check 'figures are written all the same' json_written
check 'a part of the rows misses no bar that has none' nothing_gates
check 'a row that one boot has not is told of' one_uncounted
check 'a run with --icount and without --only and --bytes is one of everything' gates_all
finish
