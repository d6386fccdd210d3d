#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Builds, boots and tests bulk_xfer; `./build.sh help` tells how.
# Copyright (C) 2026 the bulk_xfer authors
set -euo pipefail
export LC_ALL=C
TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

usage() {
	cat <<-'END'
	usage: ./build.sh VERB... [OPTION]...

	  run         main job: boots, moves files through bulk_xfer(2), prints a table
	  test        all tests; with --debug on a kernel that checks itself
	  soak        10^6 operations on a window full of lies; with --debug half an hour
	  shell       interactive shell in the guest
	  bench       measurements (tests/bench); takes its options too
	  deps        installs what is missing (root or sudo)
	  fetch       unpacks the kernel source
	  patches     writes kernel-patches/*.patch from the sources; --check compares only
	  each-patch  git am on pristine source, make after every patch (slow)
	  kernel      kernel, modules, user headers
	  initramfs   programs and image
	  lint        static checks of all sources
	  clean       removes out/

	  -j N                     parallel jobs (default: all processors)
	  --kernel-src DIR|TARBALL pristine kernel (default: Debian's linux-source-6.12)
	  --debug                  KASAN, lockdep, UBSAN, kmemleak kernel
	  --accel auto|tcg|kvm     how QEMU runs (default: kvm where it works, else tcg)
	  --icount                 TCG, one CPU, instructions counted exactly
	  --smp N  --mem M         processors (2) and MiB (1024) of the guest
	  --timeout S              seconds until a boot is given up (default 900)
	  --out DIR                output folder (default out/)
	  -v                       show the logs while they are written

	exit: 0 pass, 1 tests failed, 2 usage, 3 missing dependency, 5 build failed, 124 timeout
	END
}

usage_error() {
	echo "error: $*; see ./build.sh help" >&2
	exit 2
}

verbs=() bench_args=() check='' verbose='' words=("$@")
need_number() {
	[[ ${2:-} =~ ^[1-9][0-9]*$ ]] || usage_error "$1 needs a number, got '${2:-}'"
}
need_value() {
	[[ -n ${2:-} ]] || usage_error "$1 needs a value"
}

parse() {
	while (( $# )); do
		case $1 in
		deps|fetch|patches|each-patch|kernel|initramfs|run|test|soak|shell|bench|lint|clean) verbs+=("$1") ;;
		help|-h|--help) usage; exit 0 ;;
		-v) verbose=1; export BX_VERBOSE=1 ;;
		--check) check=1 ;;
		--debug) export BX_DEBUG=-debug ;;
		--icount) export BX_ICOUNT=1 ;;
		-j) need_number "$@"; export BX_JOBS=$2; shift ;;
		-j[1-9]*) need_number -j "${1#-j}"; export BX_JOBS=${1#-j} ;;
		--smp) need_number "$@"; export BX_SMP=$2; shift ;;
		--mem) need_number "$@"; export BX_MEM=$2; shift ;;
		--timeout) need_number "$@"; export BX_TIMEOUT=$2; shift ;;
		--kernel-src) need_value "$@"; BX_KSRC=$(realpath -m "$2"); export BX_KSRC; shift ;;
		--out) need_value "$@"; BX_OUT=$(realpath -m "$2"); export BX_OUT; shift ;;
		--accel)
			[[ ${2:-} =~ ^(auto|tcg|kvm)$ ]] || usage_error "--accel is auto, tcg or kvm, not '${2:-}'"
			export BX_ACCEL=$2; shift ;;
		*)
			[[ " ${verbs[*]} " == *" bench "* ]] || usage_error "unknown word '$1'"
			bench_args+=("$1") ;;
		esac
		shift
	done
	(( ${#verbs[@]} )) || { usage >&2; exit 2; }
	[[ -z $check || " ${verbs[*]} " == *" patches "* ]] || usage_error "--check goes with patches"
	[[ -z ${BX_ICOUNT:-} || ${BX_ACCEL:-tcg} != kvm ]] || usage_error "--icount counts under tcg only"
}

parse "$@"
. "$TOP/kernel-patches/common.sh"

# --- stages ---------------------------------------------------------------

failed() {
	local name=$1 code=$2 log=$LOG/$1.log
	if grep -q 'No space left on device' "$log"; then
		echo "error: disk full: $OUT ran out of space in stage $name; free some or use --out DIR" >&2
		code=5
	fi
	{
		echo "stage $name failed (exit $code); the end of $log:"
		tail -n 20 "$log" | sed 's/^/  | /'
		printf 'retry: ./build.sh'
		printf ' %q' "${words[@]}"
		echo
	} >&2
	exit "$code"
}

# stage NAME CODE COMMAND...: runs it with its log; CODE is the exit code of a
# failure that does not name its own.
stage() {
	local name=$1 code=$2 log=$LOG/$1.log start=$SECONDS status=0
	shift 2
	if [[ -n $verbose ]]; then
		"$@" 2>&1 | tee "$log" || status=${PIPESTATUS[0]}
	else
		"$@" > "$log" 2>&1 || status=$?
	fi
	case $status in 0) ;; 3|5|124) failed "$name" "$status" ;; *) failed "$name" "$code" ;; esac
	printf '%-11s %4d s%s\n' "$name" $((SECONDS - start)) "${note:+  $note}"
	note=''
}

# build_stage NAME HASH COMMAND...: a stage that is skipped when done before with the same inputs.
build_stage() {
	local name=$1 hash=$2
	shift 2
	fresh "$name" "$hash" && { printf '%-11s    0 s  unchanged\n' "$name"; return; }
	stamp_off "$name"
	stage "$name" 5 "$@"
	stamp_on "$name" "$hash"
}

lock() {
	mkdir -p "$LOG" || { echo "error: cannot create $LOG" >&2; exit 5; }
	exec 9>> "$OUT/.lock"
	if ! flock -n 9; then
		echo "error: another build is using $OUT (pid $(<"$OUT/.lock")); wait for it or use --out DIR" >&2
		exit 5
	fi
	echo $$ > "$OUT/.lock"
}

unlock() {
	exec 9>&-
}

# Chained verbs share their first stages.
declare -A reached
once() {
	[[ -z ${reached[$1]:-} ]] && reached[$1]=1
}

do_deps() {
	"$TOP/kernel-patches/deps" --missing > /dev/null || stage deps 3 "$TOP/kernel-patches/deps"
}

do_fetch() {
	once fetch || return 0
	do_deps
	stage fetch 5 "$TOP/kernel-patches/fetch"
}

do_series() {
	local hash
	once series || return 0
	hash=$(cd "$TOP" && tree_hash "${BX_SERIES_DIR:-kernel-patches/series}" kernel-patches/{generate,common.sh} \
		"${BX_SERIES_SRC:-.}"/{syscall/[!u]*,arch-x86,tests/selftests})
	fresh series "$hash" && return
	stamp_off series
	stage series 5 "$TOP/kernel-patches/generate" "$SERIES"
	stamp_on series "$hash"
}

# Names of the patches in which kernel-patches/ differs from what the sources say.
series_differs() {
	diff -q <(cd "$SERIES" && sha256sum ./*.patch ./*.txt 2>/dev/null) \
		<(cd "$TOP/kernel-patches" && sha256sum ./*.patch ./*.txt 2>/dev/null) > /dev/null && return 1
	comm -3 <(cd "$SERIES" && sha256sum ./*.patch ./*.txt 2>/dev/null | sort) \
		<(cd "$TOP/kernel-patches" && sha256sum ./*.patch ./*.txt 2>/dev/null | sort) | awk '{ print $2 }' | sort -u
}

do_patches() {
	local names
	do_deps
	do_series
	if [[ -n $check ]]; then
		names=$(series_differs) || return 0
		echo "error: kernel-patches/ is not what the sources say; run ./build.sh patches. Differing:" >&2
		echo "$names" >&2
		exit 1
	fi
	rm -f "$TOP"/kernel-patches/*.patch "$TOP"/kernel-patches/0000-cover-letter.txt
	cp "$SERIES"/* "$TOP/kernel-patches/"
}

do_kernel() {
	local hash
	once kernel || return 0
	do_fetch
	do_series
	series_differs > /dev/null && echo "note: kernel-patches/ differs from the sources; ./build.sh patches writes it anew"
	hash=$(tree_hash "$SERIES" "$TOP"/kernel-patches/{sync,build,common.sh})-$(readlink "$PRISTINE")
	build_stage sync "$hash" "$TOP/kernel-patches/sync"
	hash=$hash-$(cd "$TOP" && tree_hash Kconfig.fragment tests/Kconfig.debug tests/selftests/config)-$(gcc -dumpfullversion)
	build_stage "kernel$DEBUG" "$hash" "$TOP/kernel-patches/build"
}

do_initramfs() {
	local hash
	once initramfs || return 0
	do_kernel
	hash=$(<"$STAMP/kernel$DEBUG")-$(cd "$TOP" && tree_hash initramfs syscall/user tests/{selftests,modules,bench,mechanisms,jobs})
	hash=$hash-$(stat -Lc '%Y %s' /bin/busybox /usr/bin/strace 2>/dev/null | tr '\n ' '--')
	build_stage "initramfs$DEBUG" "$hash" "$TOP/initramfs/build"
}

with_image() {
	do_initramfs
	unlock
}

do_each-patch() {
	do_fetch
	do_series
	stage each-patch 5 "$TOP/kernel-patches/each-patch"
}

do_lint() {
	with_image
	"$TOP/tests/host/lint"
}

do_test() {
	with_image
	"$TOP/tests/run"
}

do_soak() {
	with_image
	"$TOP/tests/run" soak
}

do_run() {
	with_image
	"$TOP/initramfs/boot" --name run --job main --show-results
}

do_shell() {
	with_image
	"$TOP/initramfs/boot" --name shell --interactive
}

do_bench() {
	[[ -x $TOP/tests/bench/run ]] || usage_error "tests/bench/run does not exist"
	with_image
	BX_COMMAND="./build.sh ${words[*]}" "$TOP/tests/bench/run" "${bench_args[@]}"
}

do_clean() {
	rm -rf "$OUT"
	reached=()
}

for verb in "${verbs[@]}"; do
	if [[ $verb == clean && ! -f $OUT/.lock ]]; then
		[[ -d $OUT ]] || continue
		usage_error "$OUT was not made by build.sh; remove it yourself"
	fi
	lock
	"do_$verb"
done
