#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Other architectures and configurations: what is built of the series there has no warning, or Kconfig withholds it.
# Copyright (C) 2026 the bulk_xfer authors
set -euo pipefail
. "$(dirname "$0")/tap.inc"

# Beside out/build, for what make knows of its sources are relative paths.
objects=$OUT/build-architectures
ours=(BULK_XFER=y BULK_XFER_ECHO=y BULK_XFER_SINK=y BULK_XFER_SOURCE=y WERROR=n)

# arch_make ARCH [WORD]...: the make of an architecture, in a folder of its own.
arch_make() {
	local arch=$1 llvm=()
	shift
	# Debian's cross compilers want gcc-multilib gone, which the 32-bit tests need.
	[[ $arch != arm64 ]] || llvm=(LLVM=-19 CC=clang-19)
	kernel_make "$LINUX" "$objects/$arch" ARCH="$arch" "${llvm[@]}" "$@"
}

# symbols SYMBOL=VALUE...: as .config has them
symbols() {
	printf 'CONFIG_%s\n' "$@" | sed -E 's/^(.*)=n$/# \1 is not set/'
}

# configure ARCH BASE [SYMBOL=VALUE]...: what make BASE gives, or the configuration of the tests (own), with these symbols
configure() {
	local arch=$1 base=$2 config=$objects/$1/.config
	shift 2
	mkdir -p "${config%/*}"
	symbols "${ours[@]}" "$@" > "$work/wanted"
	if [[ $base == own ]]; then
		sed -E 's/^# (.*) is not set$/\1=n/' "$work/wanted" | cut -d= -f1 | sed 's/.*/^(# )?&[ =]/' > "$work/left_out"
		grep -vEf "$work/left_out" "$OUT/build/.config" | cat - "$work/wanted" > "$config"
		arch_make "$arch" -s olddefconfig
	else
		KCONFIG_ALLCONFIG=$work/wanted arch_make "$arch" -s "$base"
	fi
}

# Symbols that Kconfig made otherwise; one that can't be chosen is off without a line of its own.
check_wanted() {
	local arch=$1 word
	shift
	for word; do
		case $word in
		*=n) ! grep "^CONFIG_${word%=n}=" "$objects/$arch/.config" || return 1 ;;
		*) grep -qx "CONFIG_$word" "$objects/$arch/.config" || { echo "no $word"; return 1; } ;;
		esac
	done
}

# Warnings in files of others are theirs.
compile() {
	local arch=$1 targets=(kernel/bulk_xfer/)
	[[ $arch != x86_64 ]] || targets+=(arch/x86/entry/vdso/)
	arch_make "$arch" -s prepare
	rm -rf "$objects/$arch/kernel/bulk_xfer"
	arch_make "$arch" W=1 "${targets[@]}" > "$work/make.out" 2>&1 || { tail -n 20 "$work/make.out"; return 1; }
	find "$objects/$arch/kernel/bulk_xfer" -name '*.o' | grep -q endpoint
	! grep -A 5 'bulk_xfer.*warning:' "$work/make.out"
}

# builds ARCH BASE [SYMBOL=VALUE]...
builds() {
	configure "$@"
	check_wanted "$1" "${ours[@]}" "${@:3}"
	compile "$1"
}

# withheld ARCH BASE [SYMBOL=VALUE]...
withheld() {
	configure "$@"
	check_wanted "$1" "${@:3}"
	! grep '^CONFIG_BULK_XFER' "$objects/$1/.config"
}

own() { check "x86_64 with $1" builds x86_64 own EXPERT=y "${@:2}"; }

rm -rf "$objects"
check 'x86_64 with next to nothing' builds x86_64 allnoconfig 64BIT=y
own 'one processor' SMP=n
own 'neither cgroups nor their memory' MEMCG=n CGROUPS=n
own 'no trace events' FTRACE=n KPROBES=n BPF_EVENTS=n
own 'no /proc' PROC_FS=n
own 'no sysctl' SYSCTL=n PROC_SYSCTL=n
own 'no /sys' CONFIGFS_FS=n SYSFS=n
own 'no modules' MODULES=n
own 'neither epoll, aio nor io_uring' EPOLL=n AIO=n IO_URING=n
own 'no calls of 32-bit programs' IA32_EMULATION=n X86_X32_ABI=n
own 'preemption everywhere' PREEMPT_NONE=n PREEMPT_VOLUNTARY=n PREEMPT_LAZY=n PREEMPT=y
own 'preemption of what holds spin locks' PREEMPT_NONE=n PREEMPT_RT=y
check 'x86_64 with all' builds x86_64 allmodconfig 64BIT=y
check 'i386 has it not' withheld i386 allmodconfig
need ld.lld-19 'arm64 with pages of 4 KiB, next to nothing' builds arm64 allnoconfig ARM64_4K_PAGES=y
need ld.lld-19 'arm64 with pages of 4 KiB, all' builds arm64 allmodconfig ARM64_4K_PAGES=y
need ld.lld-19 'arm64 with pages of 64 KiB has it not' withheld arm64 allmodconfig ARM64_64K_PAGES=y
rm -rf "$objects"
finish
