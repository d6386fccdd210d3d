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
	  test        all tests; `test SUITE [PROGRAM...]` some of them (tests/suites lists both)
	  soak        the full form of the tests that `test` runs in a short form, each patch's build included
	  shell       interactive shell in the guest
	  bench       measurements (tests/bench); takes its options too
	  deps        installs what is missing (root or sudo)
	  fetch       unpacks the kernel source
	  patches     writes kernel-patches/*.patch from the sources; --check compares only, --send DIR makes a copy to mail
	  each-patch  git am on pristine source, make and boot after every patch (slow)
	  kernel      kernel, modules, user headers
	  initramfs   programs and image
	  lint        static checks of all sources
	  clean       removes out/

	  -j N                     parallel jobs (default: all processors)
	  --base mainline|lts      the newest kernel that Debian has (7.3 today), or 6.12; lts works in out/lts
	  --nr N                   the call's number in place of 1900 (mainline)
	  --kernel-src DIR|TARBALL pristine kernel to use instead of Debian's
	  --debug                  KASAN, lockdep, UBSAN, kmemleak kernel
	  --both                   test: first on the plain kernel, then on the debug kernel, built meanwhile
	  --failed                 test: only what failed in the last test
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

verbs=() bench_args=() test_args=() check='' send='' base='' words=("$@")
need_number() {
	[[ ${2:-} =~ ^[1-9][0-9]*$ ]] || usage_error "$1 needs a number, got '${2:-}'"
}
need_value() {
	[[ -n ${2:-} ]] || usage_error "$1 needs a value"
}
has_verb() {
	[[ " ${verbs[*]} " == *" $1 "* ]]
}

# Words that are no verbs belong to the verb before them that takes some.
other_word() {
	if has_verb bench; then
		bench_args+=("$1")
	elif { has_verb test || has_verb soak; } && [[ $1 != -* ]]; then
		test_args+=("$1")
	else
		usage_error "unknown word '$1'"
	fi
}

parse() {
	while (( $# )); do
		case $1 in
		soak) verbs+=(soak); export BX_SOAK=1 ;;
		deps|fetch|patches|each-patch|kernel|initramfs|run|test|shell|bench|lint|clean) verbs+=("$1") ;;
		help|-h|--help) usage; exit 0 ;;
		-v) export BX_VERBOSE=1 ;;
		--check) check=1 ;;
		--send) need_value "$@"; send=$(realpath -m "$2"); shift ;;
		--debug) export BX_DEBUG=-debug ;;
		--both|--failed)
			has_verb test || usage_error "$1 goes with test"
			test_args+=("$1") ;;
		--icount) export BX_ICOUNT=1 ;;
		--nr) need_number "$@"; export BX_NR=$2; shift ;;
		-j) need_number "$@"; export BX_JOBS=$2; shift ;;
		-j[1-9]*) need_number -j "${1#-j}"; export BX_JOBS=${1#-j} ;;
		--smp) need_number "$@"; export BX_SMP=$2; shift ;;
		--mem) need_number "$@"; export BX_MEM=$2; shift ;;
		--timeout) need_number "$@"; export BX_TIMEOUT=$2; shift ;;
		--kernel-src) need_value "$@"; BX_KSRC=$(realpath -m "$2"); export BX_KSRC; shift ;;
		--out) need_value "$@"; BX_OUT=$(realpath -m "$2"); export BX_OUT; shift ;;
		--base)
			[[ ${2:-} =~ ^(mainline|lts)$ ]] || usage_error "--base is mainline or lts, not '${2:-}'"
			base=$2; shift ;;
		--accel)
			[[ ${2:-} =~ ^(auto|tcg|kvm)$ ]] || usage_error "--accel is auto, tcg or kvm, not '${2:-}'"
			export BX_ACCEL=$2; shift ;;
		*) other_word "$1" ;;
		esac
		shift
	done
	(( ${#verbs[@]} )) || { usage >&2; exit 2; }
	[[ -z $check$send ]] || has_verb patches || usage_error "--check and --send go with patches"
	[[ -z ${BX_NR:-} ]] || (( BX_NR < 512 || (BX_NR > 547 && BX_NR < 2048) )) ||
		usage_error "--nr $BX_NR: x32 has 512 to 547, and audit's rules end at 2047"
	[[ -z ${BX_NR:-} || ${base:-mainline} == mainline ]] || usage_error "--nr is for mainline"
	[[ -z ${BX_NR:-} || -n $send ]] || ! has_verb patches || usage_error "kernel-patches/ keeps its number; --nr goes with --send and builds"
	[[ -z ${BX_ICOUNT:-} || ${BX_ACCEL:-tcg} != kvm ]] || usage_error "--icount counts under tcg only"
	[[ -z ${BX_DEBUG:-} || " ${test_args[*]} " != *' --both '* ]] || usage_error "--both has --debug in it"
}

parse "$@"
# Without the option, both come from the environment, or neither does.
[[ -z $base ]] || export BX_BASE=$base
[[ $base != lts ]] || export BX_OUT=${BX_OUT:-$TOP/out}/lts
. "$TOP/kernel-patches/scripts/stage.sh"
scripts=$TOP/kernel-patches/scripts

# Chained verbs share their first stages.
declare -A reached
once() {
	[[ -z ${reached[$1]:-} ]] && reached[$1]=1
}

do_deps() {
	"$scripts/deps" --missing > /dev/null || stage deps 3 "$scripts/deps"
}

do_fetch() {
	once fetch || return 0
	do_deps
	stage fetch 5 "$scripts/fetch"
}

do_series() {
	local hash
	once series || return 0
	hash=${BX_NR:-}$(cd "$TOP" && tree_hash "${BX_SERIES_DIR:-kernel-patches/series}" kernel-patches/scripts/{generate,common.sh} \
		"${BX_SERIES_SRC:-.}"/{syscall/[!u]*,arch-x86,tests/selftests})
	fresh series "$hash" && return
	stamp_off series
	stage series 5 "$scripts/generate" "${SERIES%/*}"
	stamp_on series "$hash"
}

# Names of the patches in which kernel-patches/ differs from what the sources say.
series_differs() {
	{
		diff -rq -x series -x scripts -x lts "${SERIES%/*}/mainline" "$TOP/kernel-patches" || true
		diff -rq "${SERIES%/*}/lts" "$TOP/kernel-patches/lts" || true
	} | grep -o '[^ /]*\.\(patch\|txt\)' | sort -u
}

do_patches() {
	local names
	do_deps
	do_series
	if [[ -n $send ]]; then
		BX_BASE=mainline "$scripts/send" "$send"
		return
	fi
	if [[ -n $check ]]; then
		names=$(series_differs) || return 0
		echo "error: kernel-patches/ is not what the sources say; run ./build.sh patches. Differing:" >&2
		echo "$names" >&2
		exit 1
	fi
	rm -rf "$TOP"/kernel-patches/{*.patch,0000-cover-letter.txt,lts}
	cp "${SERIES%/*}"/mainline/* "$TOP/kernel-patches/"
	cp -r "${SERIES%/*}/lts" "$TOP/kernel-patches/"
}

do_kernel() {
	local hash
	once kernel || return 0
	do_fetch
	do_series
	series_differs > /dev/null && echo "note: kernel-patches/ differs from the sources; ./build.sh patches writes it anew"
	hash=$(tree_hash "$SERIES" "$scripts"/{sync,build,common.sh})-$(readlink "$PRISTINE")
	build_stage sync "$hash" "$scripts/sync"
	hash=$hash-$(cd "$TOP" && tree_hash Kconfig.fragment kernel-patches/series/Kconfig.* tests/Kconfig.debug tests/selftests/config)-$(gcc -dumpfullversion)
	build_stage "kernel$DEBUG" "$hash" "$scripts/build"
}

do_initramfs() {
	local hash
	once initramfs || return 0
	do_kernel
	hash=$(<"$STAMP/kernel$DEBUG")-$(cd "$TOP" && tree_hash initramfs syscall/user tests/{selftests,modules,bench,mechanisms,recorders,jobs})
	hash=$hash-$(stat -Lc '%Y %s' /bin/busybox /usr/bin/strace 2>/dev/null | tr '\n ' '--')
	build_stage "initramfs$DEBUG" "$hash" "$TOP/initramfs/build"
}

# Tried once a day, for without a network it takes its time.
do_qemu() {
	[[ -z $(find "$STAMP/qemu" -mtime -1 2> /dev/null) ]] || return 0
	stage qemu 5 "$TOP/initramfs/qemu"
	grep '^note: ' "$LOG/qemu.log" || true
	stamp_on qemu tried
}

with_image() {
	do_initramfs
	do_qemu
	unlock_out
}

do_each-patch() {
	do_fetch
	do_series
	stage each-patch 5 "$scripts/each-patch"
}

do_lint() {
	with_image
	supervise lint '' "$TOP/tests/run" host checkpatch static texts
}

do_test() {
	"$TOP/tests/run" --list "${test_args[@]}" > /dev/null
	with_image
	supervise test test_figures "$TOP/tests/run" "${test_args[@]}"
}

do_soak() {
	"$TOP/tests/run" --soak --list "${test_args[@]}" > /dev/null
	with_image
	supervise soak test_figures "$TOP/tests/run" --soak "${test_args[@]}"
}

do_run() {
	with_image
	supervise run '' "$TOP/initramfs/boot" --name run --job main --show-results
}

# The terminal stays with QEMU, which hands Ctrl-C to the guest.
do_shell() {
	with_image
	"$TOP/initramfs/boot" --name shell --interactive
}

do_bench() {
	with_image
	BX_COMMAND="./build.sh ${words[*]}" supervise bench bench_figures "$TOP/tests/bench/run" "${bench_args[@]}"
}

do_clean() {
	rm -rf "$OUT"
	reached=()
}

[[ ! -f $LOG/seconds || -n ${BX_WITHIN:-} ]] || rm -f "$LOG/seconds"
for verb in "${verbs[@]}"; do
	if [[ $verb == clean && ! -f $OUT/.lock ]]; then
		[[ -d $OUT ]] || continue
		usage_error "$OUT was not made by build.sh; remove it yourself"
	fi
	lock_out
	"do_$verb"
done
