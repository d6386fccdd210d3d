#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# tests/run: what is asked for by name, what a failure shows, the last failures once more, the closing line.
# Copyright (C) 2026 the bulk_xfer authors
set -euo pipefail
. "$(dirname "$0")/tap.inc"
unset BX_BASE BX_DEBUG MAKEFLAGS
tree=$work/tree
export BX_OUT=$work/out

lists() { # lists UNITS WORD...: names and programs of the units
	local units=$1
	shift
	"$TOP/tests/run" --list "$@" | tr -s ' ' > "$work/list"
	cat "$work/list"
	[[ $(<"$work/list") == "$units" ]]
}

every_program_runs() {
	local program
	"$TOP/tests/run" --list selftests | tr -s ' ' '\n' > "$work/list"
	for program in "$TOP"/tests/selftests/*_test.c "$TOP"/syscall/user/tests/*.c; do
		grep -qx "$(basename "$program" .c)" "$work/list" || { echo "$program is in no suite"; return 1; }
	done
}

failed_again() {
	mkdir -p "$BX_OUT"
	printf 'plain selftests flush_test\ndebug main \n' > "$BX_OUT/failed"
	lists $'selftests-10 flush_test\nmain-debug ' --failed
}

# One suite on the host: a program that passes, and one that fails until $work/mended is there.
make_tree() {
	mkdir -p "$tree/tests/host" "$tree/initramfs" "$BX_OUT/log"
	cp "$TOP"/tests/{run,unit,schedule.mk} "$tree/tests"
	ln -s "$LINUX" "$BX_OUT/linux"
	echo 'host plain any host good,bad' > "$tree/tests/suites"
	printf '#!/bin/sh\necho tcg\n' > "$tree/initramfs/boot"
	printf '#!/bin/sh\necho "ok 1 - fine"\necho "ok 2 - left out # SKIP no tool"\necho 1..2\n' > "$tree/tests/host/good.sh"
	printf '#!/bin/sh\n[ -e "%s" ] || printf "not "\necho "ok 1 - wrong"\necho 1..1\n[ -e "%s" ] || echo trouble >&2\n[ -e "%s" ]\n' \
		"$work/mended" "$work/mended" "$work/mended" > "$tree/tests/host/bad.sh"
	chmod +x "$tree"/initramfs/boot "$tree"/tests/host/*
}

says() { # says EXIT LINE... : of $tree/tests/run with $words
	local code=$1 status=0 line
	shift
	"$tree/tests/run" "${words[@]}" > "$work/said" 2>&1 || status=$?
	cat "$work/said"
	echo "exit $status"
	(( status == code )) || return 1
	for line in "$@"; do grep -qxF -- "$line" "$work/said" || { echo "not said: $line"; return 1; }; done
}

words=()
check 'one program' lists 'selftests-10 flush_test' selftests flush_test
check 'programs of several suites' lists $'selftests-1 step_test\nkunit ' kunit selftests step_test
check 'the settings of a suite are those of its row' lists 'one_cpu flush_test' one_cpu flush_test
check 'an unknown suite is refused' exits 2 'no test suite nope: there are selftests ' "$TOP/tests/run" nope
check 'an unknown program is refused' exits 2 'no program nope in the suite selftests: there are block_test ' "$TOP/tests/run" selftests nope
check 'every selftest is in a suite' every_program_runs
check 'the last failures, of both kernels' failed_again
rm -rf "$BX_OUT"
check '--failed before any run is refused' exits 2 'no test has run yet' "$TOP/tests/run" --failed
check 'a tree with a test that fails' make_tree
check 'a failure is told with its output and the line that repeats it' says 1 'host-bad failed:' '  failed: bad > wrong' \
	'  | trouble' '  repeat: ./build.sh test host bad' '1 passed, 1 failed, 1 skipped'
check 'the seconds of each suite are told' grep -E '^ +[0-9]+  host-bad$' "$work/said"
touch "$work/mended"
words=(--failed)
check 'only what failed is run again' says 0 '1 passed, 0 failed, 0 skipped'
check 'nothing is left to run again' says 0 'nothing failed in the last run'
rm "$tree/tests/host/good.sh"
words=()
check 'a test that does not run is a failure' says 1 '1 passed, 1 failed, 0 skipped'
finish
