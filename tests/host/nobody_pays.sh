#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Nobody else pays: system calls and page faults take as many instructions as on the kernel without the series.
# Copyright (C) 2026 the bulk_xfer authors
set -euo pipefail
. "$(dirname "$0")/tap.inc"
pristine=$(realpath "$PRISTINE")
# A folder linux beside build, as in out/, and the same configuration: ccache, which knows relative paths and
# the contents of headers, then has the objects that the series leaves alone.
without=$OUT/without-${pristine##*/}
export CCACHE_DIR=${CCACHE_DIR:-$OUT/ccache}
unset BX_ACCEL BX_TIMEOUT

put() { # put PATH: standard input becomes that file of the tree, whose files are links to the pristine ones
	mkdir -p "$without/linux/${1%/*}"
	cat > "$work/put"
	cmp -s "$work/put" "$without/linux/$1" || cp --remove-destination "$work/put" "$without/linux/$1"
}

# Of the series this tree has names and no code: the symbols of Kconfig and, in the short form, what it changes in
# headers that nearly every object includes, and would be compiled anew for: the call's number and prototype, and the
# members of struct vdso_image, which are 0 here.
own_tree() {
	local path
	if [[ ! -d $without/linux ]]; then
		rm -rf "$OUT"/without-*
		mkdir "$without"
		cp -al "$pristine" "$without/linux.part"
		mv "$without/linux.part" "$without/linux"
	fi
	for path in init/Kconfig $(cd "$LINUX" && find kernel/bulk_xfer -name Kconfig); do put "$path" < "$LINUX/$path"; done
	local from=$LINUX
	[[ -z ${BULK_FULL:-} ]] || from=$pristine
	for path in include/linux/syscalls.h arch/x86/include/asm/vdso.h; do put "$path" < "$from/$path"; done
	# A number without a function is not implemented.
	sed 's/^\(.*bulk_xfer\)[[:space:]]*sys_.*/\1/' "$from/arch/x86/entry/syscalls/syscall_64.tbl" |
		put arch/x86/entry/syscalls/syscall_64.tbl
}

build_without() {
	BX_OUT=$without "$TOP/kernel-patches/scripts/build" --image-only
	[[ ! -e $without/build$DEBUG/kernel/bulk_xfer ]]
}

same_configuration() {
	cmp "$BUILD/.config" "$without/build$DEBUG/.config"
}

# guest NAME BUILD: a folder with that kernel and, as the only program, the one that counts.
guest() {
	mkdir "$work/$1"
	ln -s "$(realpath "$2")" "$work/$1/build$DEBUG"
	"$BUILD/usr/gen_init_cpio" "$work/list" > "$work/$1/${IMAGE##*/}"
}

guests() {
	gcc -O2 -static -Wall -Wextra -Werror -I"$TOP/tests/bench" -o "$work/count" "$TOP/tests/nobody_pays/count.c" "$TOP/tests/bench/clock.c"
	cat > "$work/list" <<-END
		dir /dev 0755 0 0
		nod /dev/console 0600 0 0 c 5 1
		nod /dev/null 0666 0 0 c 1 3
		nod /dev/zero 0666 0 0 c 1 5
		nod /dev/ttyS1 0600 0 0 c 4 65
		file /init $work/count 0755 0 0
	END
	guest with "$BUILD"
	guest without "$without/build$DEBUG"
}

count() {
	BX_OUT=$work/$1 BX_ICOUNT=1 "$TOP/initramfs/boot" --job count
}

counted() {
	grep -xE "$2 [1-9][0-9]*" "$work/$1/log/count.results"
}

same() {
	local with without
	with=$(counted with "$1")
	without=$(counted without "$1")
	echo "with the series: $with instructions, without: $without"
	[[ $with == "$without" ]]
}

# at_most MORE OPERATION
at_most() {
	local with without
	with=$(counted with "$2")
	without=$(counted without "$2")
	echo "with the series: $with instructions, without: $without"
	(( ${with#* } <= ${without#* } + $1 ))
}

check 'a tree without the series' own_tree
check 'its kernel builds' build_without
check 'its configuration is the same' same_configuration
check 'two guests that only count' guests
check 'counted with the series' count with
check 'counted without' count without
for operation in getppid read_zero read_null write_zero write_null epoll_pwait2 fsopen fault; do
	check "$operation takes as many instructions" same "$operation"
	(( tap_failed )) || sed 's/^/# /' "$work/check.out"
done
# On its way to a signal, a thread may have to leave the section of the vDSO that sends.
check 'a signal takes at most 10 instructions more' at_most 10 signal
(( tap_failed )) || sed 's/^/# /' "$work/check.out"
finish
