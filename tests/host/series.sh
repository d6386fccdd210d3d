#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The series: what the sources say, byte for byte; git am without fuzz; what the generator refuses.
# Copyright (C) 2026 the bulk_xfer authors
set -euo pipefail
. "$(dirname "$0")/tap.inc"
generate=$TOP/kernel-patches/scripts/generate
pristine=$(realpath "$PRISTINE")

# A copy of the sources to spoil.
copy_sources() {
	rm -rf "$work/src"
	mkdir -p "$work/src/kernel-patches" "$work/src/tests"
	cp -rp "$TOP/syscall" "$work/src/"
	cp -rp "$TOP/kernel-patches/series" "$work/src/kernel-patches/"
	[[ ! -d $TOP/arch-x86 ]] || cp -rp "$TOP/arch-x86" "$work/src/"
	[[ ! -d $TOP/tests/selftests ]] || cp -rp "$TOP/tests/selftests" "$work/src/tests/"
}

spoiled() {
	exits 1 "$1" env BX_SERIES_SRC="$work/src" BX_SERIES_DIR="$work/src/kernel-patches/series" "$generate" "$work/spoiled"
}

committed() {
	local file
	for file in "$work"/a/*; do cmp "$file" "$TOP/kernel-patches/${file##*/}" || return 1; done
	[[ $(cd "$work/a" && ls ./*.patch) == $(cd "$TOP/kernel-patches" && ls ./*.patch) ]]
}

# Only the touched files: the rest of the kernel has no part in it.
git_am() {
	local repo=$work/repo path
	git init -q "$repo"
	while read -r path; do
		[[ -f $pristine/$path ]] || continue
		mkdir -p "$repo/$(dirname "$path")"
		cp "$pristine/$path" "$repo/$path"
	done < <(git apply --numstat "$work"/a/*.patch | cut -f3 | sort -u)
	git -C "$repo" add -A
	git -C "$repo" -c user.name=t -c user.email=t@example.org commit -qm pristine
	git -C "$repo" -c user.name=t -c user.email=t@example.org am "$work"/a/*.patch
	[[ $(git -C "$repo" rev-list --count HEAD) == $((1 + $(find "$work/a" -name '*.patch' | wc -l))) ]]
}

# What git am makes of the sources is the sources.
same_sources() {
	local path
	while read -r path; do
		case $path in
		syscall/*) cmp "$TOP/$path" "$work/repo/${path#syscall/}" ;;
		arch-x86/*) cmp "$TOP/$path" "$work/repo/arch/x86/${path#arch-x86/}" ;;
		*) cmp "$TOP/$path" "$work/repo/tools/testing/selftests/bulk_xfer/${path#tests/selftests/}" ;;
		esac || return 1
	done < <(cd "$TOP" && find syscall arch-x86 tests/selftests -path syscall/user -prune -o -type f ! -name '*~' -print 2>/dev/null)
}

unlisted() { copy_sources; echo x > "$work/src/syscall/kernel/forgotten.c"; spoiled 'syscall/kernel/forgotten.c belongs to no patch'; }
named_twice() {
	copy_sources
	local one
	one=$(head -n1 "$(find "$work/src/kernel-patches/series" -name files -size +0 | sort | head -n1)")
	echo "$one" >> "$(find "$work/src/kernel-patches/series" -name files -size +0 | sort | tail -n1)"
	spoiled "$one is named twice"
}
missing_file() {
	copy_sources
	echo kernel/bulk_xfer/nowhere.c >> "$(find "$work/src/kernel-patches/series" -name files | head -n1)"
	spoiled 'names kernel/bulk_xfer/nowhere.c, but'
}
stale_hook() {
	copy_sources
	sed -i 's/BULK_XFER/BULK_REFX/' "$work/src/syscall/kernel/bulk_xfer/Makefile"
	spoiled 'does not fit the stored sources'
}
no_signature() { copy_sources; echo end >> "$(find "$work/src/kernel-patches/series" -name message | head -n1)"; spoiled 'must end with Signed-off-by:'; }

# A changed source makes `patches --check` fail and name the patch.
check_names_patch() {
	local tree=$work/tree
	mkdir -p "$tree"
	(cd "$TOP" && tar -cf - --exclude=./out --exclude=./.git .) | tar -C "$tree" -xf -
	env -u BX_KSRC BX_OUT="$work/out2" "$tree/build.sh" patches --check || return 1
	echo '/* more */' >> "$tree/syscall/include/uapi/linux/bulk_xfer.h"
	exits 1 '.patch' env -u BX_KSRC BX_OUT="$work/out2" "$tree/build.sh" patches --check
}

check 'the generator works' "$generate" "$work/a"
check 'again it makes the same bytes' "$generate" "$work/b"
check 'the two agree' diff -r "$work/a" "$work/b"
check 'kernel-patches/ is what the sources say' committed
check 'git am on the pristine source' git_am
check 'the patched source holds the sources' same_sources
check 'a source in no patch is refused' unlisted
check 'a source in two patches is refused' named_twice
check 'a listed file that does not exist is refused' missing_file
check 'a hook that does not fit is refused' stale_hook
check 'a message without signature is refused' no_signature
check 'patches --check names what differs' check_names_patch
finish
