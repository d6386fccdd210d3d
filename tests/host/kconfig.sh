#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Where CONFIG_BULK_XFER can be chosen: the window needs 64 bits, an MMU, pages of 4 KiB and caches without aliases.
# Copyright (C) 2026 the bulk_xfer authors
set -euo pipefail
. "$(dirname "$0")/tap.inc"

# configured ARCH [SYMBOL=VALUE]...: the configuration of that architecture has these, and asks for bulk_xfer.
configured() {
	local arch=$1 wanted
	shift
	printf 'CONFIG_%s\n' BULK_XFER=y "$@" > "$work/wanted"
	rm -rf "$work/config"
	mkdir "$work/config"
	kernel_make "$LINUX" "$work/config" -s ARCH="$arch" KCONFIG_ALLCONFIG="$work/wanted" allnoconfig
	for wanted; do
		case $wanted in
		*=n) ! grep "^CONFIG_${wanted%=n}=" "$work/config/.config" ;;
		*) grep -x "CONFIG_$wanted" "$work/config/.config" ;;
		esac
	done
}

offered() { configured "$@" && grep -x CONFIG_BULK_XFER=y "$work/config/.config"; }
withheld() { configured "$@" && ! grep CONFIG_BULK_XFER= "$work/config/.config"; }

check 'x86_64 has it' offered x86_64 64BIT=y
check 'arm64 with pages of 4 KiB has it' offered arm64 ARM64_4K_PAGES=y
check 'arm64 with pages of 16 KiB has not' withheld arm64 ARM64_16K_PAGES=y
check 'i386 has not' withheld i386 X86_32=y
check 'riscv64 has it' offered riscv 64BIT=y MMU=y
check 'riscv64 without an MMU has not' withheld riscv 64BIT=y NONPORTABLE=y MMU=n
check 'mips64, whose caches have aliases, has not' withheld mips 64BIT=y CPU_MIPS64_R2=y SYS_HAS_CPU_MIPS64_R2=y PAGE_SIZE_4KB=y
finish
