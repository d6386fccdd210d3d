#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# build.sh: usage, exit codes, wrong kernel sources, two builds in one out/, output only in out/, interrupts, progress.
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

# A reader of a pipe that nobody writes to waits for ever: a build that is at work for as long as the test needs.
interrupted_by() {
	mkfifo "$work/$1.tar"
	env --default-signal=INT MARK="$work/$1" "$build" fetch --kernel-src "$work/$1.tar" > "$work/interrupted" 2>&1 &
	until pgrep -f "tar .*$work/$1.tar" > /dev/null; do sleep 0.1; done
	kill -s "$1" $!
	wait $! && return 1
	grep -x 'interrupted; the same call goes on from where it was' "$work/interrupted" || return 1
	! grep -lz "^MARK=$work/$1" /proc/[0-9]*/environ 2> /dev/null && no_folder_left
}

no_disk() {
	# shellcheck disable=SC2016	# of the inner shell
	exits 5 'needs 2500 MB free' unshare -rm sh -c 'mount -t tmpfs -o size=20m none "$1" && BX_OUT=$1 "$2" fetch --kernel-src "$3"' \
		sh "$work/empty" "$build" "$work/small"
}

# Mainline that is in no folder yet, and a mirror that isn't there.
no_mirror() {
	exits 5 'give --kernel-src DIR|TARBALL' env BX_BASE=mainline BX_MIRROR=http://127.0.0.1:9 "$build" fetch
}

no_network() {
	mkdir "$work/bin"
	printf '#!/bin/sh\nexit 1\n' > "$work/bin/dpkg-query"
	printf '#!/bin/sh\necho "E: Temporary failure resolving deb.debian.org" >&2; exit 100\n' > "$work/bin/apt-get"
	cp "$work/bin/apt-get" "$work/bin/sudo"
	chmod +x "$work"/bin/*
	exits 3 'type: ' env PATH="$work/bin:$PATH" "$build" deps && grep -q 'apt-get install -y .*xz-utils' "$work/exits.out"
}

# What a command of three seconds shows that has done three of ten.
cat > "$work/progress" <<-'END'
	. "$1/kernel-patches/scripts/progress.sh"
	figures() { echo 3 10 objects; }
	supervise kernel figures sleep 3.5
END

plain_progress() {
	BX_PROGRESS_SECONDS=1 bash "$work/progress" "$TOP" > "$work/shown"
	cat -v "$work/shown"
	# A machine that is busy may skip a second: of one, two are left, of two, four.
	grep -xE 'kernel +3 of 10 objects, (1 s, some 2|2 s, some 4|3 s, some 7) s left' "$work/shown" && ! grep -q $'\r' "$work/shown"
}

terminal_progress() {
	script -qec "bash $work/progress $TOP" /dev/null > "$work/shown" < /dev/null
	cat -v "$work/shown"
	grep -qE $'kernel +3 of 10 objects, [1-3] s, some [2-7] s left\e\\[K\rkernel +3 of' "$work/shown"
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
check '--base knows mainline and lts' exits 2 "--base is mainline or lts, not '6.1'" "$build" fetch --base 6.1
check '--failed belongs to test' exits 2 '--failed goes with test' "$build" kernel --failed
check '--check belongs to patches' exits 2 '--check and --send go with patches' "$build" kernel --check

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
check 'a wrong version names the patch' exits 5 ".patch does not apply to Linux $(kernel_version "$work/other")" "$build" kernel --kernel-src "$work/other"
check 'a wrong version names the file' exits 5 'kernel/sys_ni.c' "$build" kernel --kernel-src "$work/other"

check 'Ctrl-C leaves nothing at work' interrupted_by INT
check 'kill leaves nothing at work' interrupted_by TERM
check 'a closed terminal leaves nothing at work' interrupted_by HUP
check 'out/ is usable after that' "$build" fetch --kernel-src "$work/small"
if unshare -rm true; then check 'a full disk is told of' no_disk; else skip 'a full disk' 'no user namespaces'; fi
check 'packages that cannot be had are told of' no_network
check 'a mirror without mainline is told of' no_mirror
check 'progress without a terminal is lines' plain_progress
check 'progress on a terminal is one line written over' terminal_progress
check 'two builds in one out/ are kept apart' held_lock
check 'clean removes out/' exits 0 '' "$build" clean
check 'clean spares a folder that is not its own' exits 2 'was not made by build.sh' "$build" clean --out "$work/small"
finish
