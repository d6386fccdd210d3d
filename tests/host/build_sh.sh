#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# build.sh: usage, exit codes, wrong kernel sources, two builds in one out/, output only in out/.
# Copyright (C) 2026 the bulk_xfer authors
set -euo pipefail
. "$(dirname "$0")/tap.inc"
unset BX_KSRC BX_DEBUG BX_ICOUNT
export BX_OUT=$work/out
build=$TOP/build.sh
pristine=$(realpath "$PRISTINE")
series=$SERIES

# As much of a kernel as fetch and sync look at: the files the series touches.
small_kernel() {
	local dir=$1 path
	mkdir -p "$dir/arch/x86/entry" "$dir/scripts"
	for path in Makefile Kbuild scripts/checkpatch.pl $(git apply --numstat "$series"/*.patch | cut -f3 | sort -u); do
		[[ -f $pristine/$path ]] || continue
		mkdir -p "$dir/$(dirname "$path")"
		cp "$pristine/$path" "$dir/$path"
	done
}

no_folder_left() {
	! compgen -G "$BX_OUT/pristine-*.part"
}

held_lock() {
	mkdir -p "$BX_OUT"
	(
		exec 7>> "$BX_OUT/.lock"
		flock 7
		echo 4711 > "$BX_OUT/.lock"
		exits 5 'another build is using' "$build" fetch && exits 5 '(pid 4711)' "$build" fetch
	)
}

usable_after_failure() {
	exits 5 'is not a kernel source' "$build" fetch --kernel-src "$work/empty" &&
		"$build" fetch --kernel-src "$work/small" && [[ -f $BX_OUT/pristine/Makefile ]]
}

killed_unpack() {
	mkdir -p "$BX_OUT/pristine-0123456789ab.part/x"
	"$build" fetch --kernel-src "$work/small2" && no_folder_left
}

stage_failure() {
	exits 5 'stage fetch failed (exit 5)' "$build" fetch --kernel-src "$work/broken.tar.xz" &&
		exits 5 'retry: ./build.sh fetch --kernel-src' "$build" fetch --kernel-src "$work/broken.tar.xz"
}

check 'help exits 0' exits 0 'usage: ./build.sh' "$build" help
check 'no verb is a usage error' exits 2 'usage: ./build.sh' "$build"
check 'an unknown verb is a usage error' exits 2 "unknown word 'biuld'" "$build" biuld
check 'an unknown option is a usage error' exits 2 "unknown word '--fast'" "$build" kernel --fast
check '-j wants a number' exits 2 "-j needs a number, got 'x'" "$build" kernel -j x
check '--smp 0 is refused' exits 2 "--smp needs a number, got '0'" "$build" kernel --smp 0
check '--timeout without value is refused' exits 2 '--timeout needs a number' "$build" kernel --timeout
check '--accel knows auto, tcg, kvm' exits 2 'auto, tcg or kvm' "$build" run --accel xen
check '--icount with kvm is refused' exits 2 'tcg only' "$build" run --icount --accel kvm
check '--check belongs to patches' exits 2 '--check goes with patches' "$build" kernel --check

mkdir "$work/empty"
check 'a folder that is no kernel is refused' exits 5 'is not a kernel source' "$build" fetch --kernel-src "$work/empty"
check 'a missing source is refused' exits 5 'no kernel source at' "$build" fetch --kernel-src "$work/none.tar.xz"
head -c 100000 /dev/urandom > "$work/broken.tar.xz"
check 'a broken tarball is refused' exits 5 'broken tarball' "$build" fetch --kernel-src "$work/broken.tar.xz"
check 'a failure names stage, log and retry' stage_failure
check 'no half-unpacked source stays behind' no_folder_left

small_kernel "$work/small"
check 'out/ is usable after a failure' usable_after_failure

cp -r "$work/small" "$work/small2"
check 'a killed unpacking is cleared away' killed_unpack

cp -r "$work/small" "$work/patched"
(cd "$work/patched" && cat "$series"/*.patch | git apply)
check 'an already patched source is refused' exits 5 'applied already' "$build" kernel --kernel-src "$work/patched"

cp -r "$work/small" "$work/other"
sed -i -e 's/^SUBLEVEL = .*/SUBLEVEL = 999/' "$work/other/Makefile"
echo 'cond_syscall(other);' > "$work/other/kernel/sys_ni.c"
check 'a wrong version names the patch' exits 5 '.patch does not apply to Linux 6.12.999' "$build" kernel --kernel-src "$work/other"
check 'a wrong version names the file' exits 5 'kernel/sys_ni.c' "$build" kernel --kernel-src "$work/other"

check 'two builds in one out/ are kept apart' held_lock
check 'clean removes out/' exits 0 '' "$build" clean
check 'clean spares a folder that is not its own' exits 2 'was not made by build.sh' "$build" clean --out "$work/small"
finish
