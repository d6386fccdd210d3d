#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Both series: what the sources say, byte for byte; git am without fuzz; what the generator refuses.
# Copyright (C) 2026 the bulk_xfer authors
set -euo pipefail
. "$(dirname "$0")/tap.inc"
generate=$TOP/kernel-patches/scripts/generate

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
	diff -r -x series -x scripts -x lts "$work/a/mainline" "$TOP/kernel-patches"
	diff -r "$work/a/lts" "$TOP/kernel-patches/lts"
}

# The files that a base's series changes, as that base has them; the rest of the kernel has no part in it.
pristine() {
	local base=$1 series=$work/a/$1 path
	git apply --numstat "$series"/*.patch | cut -f3 | sort -u > "$work/touched"
	git apply --summary "$series"/*.patch | sed -n 's/^ create mode [0-9]* //p' | sort -u | comm -23 "$work/touched" - > "$work/changed"
	if [[ $base == "$BASE" ]]; then
		while read -r path; do
			mkdir -p "$work/repo/$(dirname "$path")"
			cp "$PRISTINE/$path" "$work/repo/$path"
		done < "$work/changed"
	else
		BX_BASE=$base BX_KSRC='' "$TOP/kernel-patches/scripts/fetch" --files "$work/repo" < "$work/changed"
	fi
}

git_am() {
	local base=$1 git=(git -C "$work/repo" -c user.name=t -c user.email=t@example.org)
	rm -rf "$work/repo"
	mkdir "$work/repo"
	pristine "$base"
	git init -q "$work/repo"
	"${git[@]}" add -A
	"${git[@]}" commit -qm pristine
	"${git[@]}" am "$work/a/$base"/*.patch
	[[ $("${git[@]}" rev-list --count HEAD) == $((1 + $(find "$work/a/$base" -name '*.patch' | wc -l))) ]]
}

# kernel_files BASE DIR: the sources at their paths in the kernel, as they are for that base.
kernel_files() {
	local base=$1 dir=$2
	mkdir -p "$dir/arch/x86" "$dir/tools/testing/selftests/bulk_xfer"
	(cd "$TOP/syscall" && tar --exclude=./user -cf - .) | tar -C "$dir" -xf -
	cp -r "$TOP/arch-x86/." "$dir/arch/x86"
	cp -r "$TOP/tests/selftests/." "$dir/tools/testing/selftests/bulk_xfer"
	case $base in
	mainline) grep -hv '^#' "$TOP"/kernel-patches/series/*/files.lts | (cd "$dir" && xargs rm) ;;
	lts) git -C "$dir" apply "$TOP/kernel-patches/series/sources.lts.diff" ;;
	esac
}

# What git am makes of the sources is the sources.
same_sources() {
	local base=$1 path
	rm -rf "$work/sources"
	kernel_files "$base" "$work/sources"
	while read -r path; do
		cmp "$work/sources/$path" "$work/repo/$path" || return 1
	done < <(cd "$work/sources" && find . -type f ! -name '*~')
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

# The copy to mail: the committer's, for the kernel that it says, and git takes it.
sent() {
	local base
	export GIT_COMMITTER_NAME='Ann Ode' GIT_COMMITTER_EMAIL=ann@example.net
	git_am mainline
	base=$(git -C "$work/repo" rev-list --max-parents=0 HEAD)
	git -C "$work/repo" checkout -q "$base"
	BX_OUT=$work/out3 "$TOP/build.sh" patches --send "$work/mail" --nr 473 --kernel-src "$work/repo"
	grep -x "base-commit: $base" "$work/mail/0000-cover-letter.patch"
	grep '^  bulk-vdso .* u2k  *64 ' "$work/mail/0000-cover-letter.patch"
	[[ $(grep -l '^Subject: \[RFC PATCH' "$work"/mail/* | wc -l) == $(find "$work/mail" -type f | wc -l) ]]
	grep -r 'bulk-xfer@example.org' "$work/mail" && return 1
	git -C "$work/repo" am "$work"/mail/000[1-9]*.patch "$work"/mail/00[1-9]*.patch
	[[ $(git -C "$work/repo" log -1 --format='%an %ae %b') == *'Ann Ode ann@example.net '*'Signed-off-by: Ann Ode <ann@example.net>'* ]]
	grep -x '473	64	bulk_xfer		sys_bulk_xfer' "$work/repo/arch/x86/entry/syscalls/syscall_64.tbl"
}

nobody_sends() {
	exits 2 'git config --global user.name' env -u GIT_COMMITTER_NAME -u GIT_COMMITTER_EMAIL -u EMAIL HOME="$work" XDG_CONFIG_HOME="$work" \
		GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=user.useConfigOnly GIT_CONFIG_VALUE_0=true BX_OUT="$work/out3" "$TOP/build.sh" patches --send "$work/mail2"
}

check 'the generator works' "$generate" "$work/a"
check 'again it makes the same bytes' "$generate" "$work/b"
check 'the two agree' diff -r "$work/a" "$work/b"
check 'kernel-patches/ is what the sources say' committed
for base in mainline lts; do
	check "git am on the pristine source, $base" git_am "$base"
	check "the patched source holds the sources, $base" same_sources "$base"
done
check 'a source in no patch is refused' unlisted
check 'a source in two patches is refused' named_twice
check 'a listed file that does not exist is refused' missing_file
check 'a hook that does not fit is refused' stale_hook
check 'a message without signature is refused' no_signature
check 'patches --send makes a copy to mail' sent
check 'it wants to know who sends' nobody_sends
check 'patches --check names what differs' check_names_patch
finish
