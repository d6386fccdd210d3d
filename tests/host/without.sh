#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# CONFIG_BULK_XFER=n: the kernel builds and links, and the call's entry is sys_ni_syscall.
# Copyright (C) 2026 the bulk_xfer authors
set -euo pipefail
. "$(dirname "$0")/tap.inc"
# Beside out/build, for what make knows of its sources are relative paths.
without=$OUT/build-without

# In a copy of the build with the call, kbuild makes anew just what depends on its symbols.
configure() {
	rm -rf "$without"
	cp -a "$OUT/build" "$without"
	sed -e '/CONFIG_BULK_XFER/d' "$OUT/build/.config" > "$without/.config"
	echo '# CONFIG_BULK_XFER is not set' >> "$without/.config"
	kernel_make "$LINUX" "$without" -s olddefconfig
	kernel_make "$LINUX" "$without" -s prepare
	# objtool has not changed, but prepare links it anew in another folder, and all objects depend on it.
	find "$without/tools/objtool" -exec touch -r "$OUT/build/tools/objtool/objtool" {} +
	rm -rf "$without/kernel/bulk_xfer"
	! grep '^CONFIG_BULK_XFER' "$without/.config"
}

build() {
	kernel_make "$LINUX" "$without" vmlinux
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
rm -rf "$without"
finish
