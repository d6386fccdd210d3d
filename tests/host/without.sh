#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# CONFIG_BULK_XFER=n: the kernel builds and links, and the call's entry is sys_ni_syscall.
# Copyright (C) 2026 the bulk_xfer authors
set -euo pipefail
. "$(dirname "$0")/tap.inc"
without=$OUT/build-without

configure() {
	mkdir -p "$without"
	cp "$OUT/build/.config" "$without/.config.with"
	sed -e '/CONFIG_BULK_XFER/d' "$without/.config.with" > "$without/.config"
	echo '# CONFIG_BULK_XFER is not set' >> "$without/.config"
	make -s -C "$LINUX" O="$without" olddefconfig
	! grep '^CONFIG_BULK_XFER' "$without/.config"
}

build() {
	local cc=gcc
	if command -v ccache > /dev/null; then
		cc='ccache gcc'
		export CCACHE_DIR=${CCACHE_DIR:-$OUT/ccache} CCACHE_BASEDIR=$OUT
	fi
	nice make -C "$LINUX" O="$without" CC="$cc" -j "$JOBS" vmlinux
	! find "$without/kernel/bulk_xfer" -name '*.o' 2>/dev/null | grep .
}

# COND_SYSCALL leaves a weak entry that answers ENOSYS.
entry_is_weak() {
	nm "$without/vmlinux" | grep -E ' W __x64_sys_bulk_xfer$'
}

entry_is_real_with() {
	nm "$OUT/build/vmlinux" | grep -E ' T __x64_sys_bulk_xfer$'
}

check 'the configuration without it' configure
check 'the kernel builds' build
check 'the system call is left to sys_ni' entry_is_weak
check 'with it, the system call is there' entry_is_real_with
finish
