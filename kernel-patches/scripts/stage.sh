# SPDX-License-Identifier: GPL-2.0
# Stages of a build: each has a log, its seconds, an exit code, and is left out when its inputs are unchanged.
# Copyright (C) 2026 the bulk_xfer authors
# shellcheck shell=bash
#
# The caller sets `words` (its command line, for the retry line) and BX_VERBOSE.

. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
. "$(dirname "${BASH_SOURCE[0]}")/progress.sh"

note=''

stage_failed() {
	local name=$1 code=$2 log=$LOG/$1.log
	if grep -q 'No space left on device' "$log"; then
		echo "error: disk full: $OUT ran out of space in stage $name; free some or use --out DIR" >&2
		code=5
	fi
	{
		echo "stage $name failed (exit $code); the end of $log:"
		tail -n 20 "$log" | sed 's/^/  | /'
		printf 'retry: ./build.sh'
		# shellcheck disable=SC2154	# the caller's
		printf ' %q' "${words[@]}"
		echo
	} >&2
	exit "$code"
}

# What a stage has done, of all it has to do; one that knows all leaves the number in NAME.total.
stage_figures() {
	local all
	all=$(cat "$LOG/$stage_name.total" 2> /dev/null || echo 0)
	case $stage_name in
	kernel*) (( ! all )) || echo "$(grep -cE '^  (CC|AS) ' "$LOG/$stage_name.log") $all objects" ;;
	each-patch) echo "$(grep -c '^== ' "$LOG/$stage_name.log") $all patches" ;;
	esac
}

# What files of the log have so far: lines of FILE... that match PATTERN.
count_lines() { # count_lines PATTERN FILE...
	local pattern=$1
	shift
	(cd "$LOG" && cat "$@" 2> /dev/null) | grep -cE "$pattern" || true
}

# Units of the plan that are done, and the tests in all results so far; in a soak also how far a long test is.
test_figures() {
	local all units=0 tests name operations
	local -a names
	mapfile -t names < <(sed -n 's/^ *"name": "\(.*\)",*$/\1/p' "$LOG/plan.json")
	for name in "${names[@]}"; do
		[[ ! -f $LOG/$name.json ]] || units=$((units + 1))
	done
	tests=$(count_lines '^ *(not )?ok [0-9]+ [^#]*[a-z]' "${names[@]/%/.results}" "${names[@]/%/.tap}")
	operations=$(cd "$LOG" && tail -qn 1 "${names[@]/%/.results}" 2> /dev/null |
		sed -n 's/^# \([0-9]* of [0-9]* operations\).*/, \1/p' | tail -n 1) || true
	all=$(< "$LOG/test.total")
	echo "$tests $all tests, $units of ${#names[@]} suites$operations"
}

# Mechanisms that are measured, of all; a counted run measures each twice.
bench_figures() {
	echo "$(count_lines '^@ ' "bench$DEBUG.results" "bench-icount$DEBUG.results") $(< "$LOG/bench.total") mechanisms"
}

# stage NAME CODE COMMAND...: runs it with its log; CODE is the exit code of a
# failure that does not name its own.
stage() {
	local name=$1 code=$2 start=$SECONDS status=0
	shift 2
	stage_name=$name
	rm -f "$LOG/$name.total"
	# shellcheck disable=SC2016	# variables of the inner shell
	if [[ -n ${BX_VERBOSE:-} ]]; then
		supervise "$name" '' bash -c 'set -o pipefail; log=$1; shift; "$@" 2>&1 | tee "$log"' bash "$LOG/$name.log" "$@" || status=$?
	else
		supervise "$name" stage_figures bash -c 'exec > "$0" 2>&1; exec "$@"' "$LOG/$name.log" "$@" || status=$?
	fi
	case $status in 0) ;; 3|5|124) stage_failed "$name" "$status" ;; *) stage_failed "$name" "$code" ;; esac
	tell_stage "$name" $((SECONDS - start)) "$note"
	note=''
}

tell_stage() {
	# A build within a run of tests has no lines for what it left out.
	[[ $2 != 0 || -z ${BX_WITHIN:-} ]] || return 0
	say "$(printf '%-11s %4d s%s' "$1" "$2" "${3:+  $3}")"
	(( $2 < 1 )) || echo "$2 $1" >> "$LOG/seconds"
}

# build_stage NAME HASH COMMAND...: a stage that is left out when done before with the same inputs.
build_stage() {
	local name=$1 hash=$2
	shift 2
	fresh "$name" "$hash" && { tell_stage "$name" 0 unchanged; return; }
	stamp_off "$name"
	stage "$name" 5 "$@"
	stamp_on "$name" "$hash"
}

lock_out() {
	mkdir -p "$LOG" || { echo "error: cannot create $LOG" >&2; exit 5; }
	exec 9>> "$OUT/.lock"
	if ! flock -n 9; then
		echo "error: another build is using $OUT (pid $(<"$OUT/.lock")); wait for it or use --out DIR" >&2
		exit 5
	fi
	echo $$ > "$OUT/.lock"
}

unlock_out() {
	exec 9>&-
}
