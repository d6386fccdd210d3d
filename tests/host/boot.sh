#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# initramfs/boot: pass only by verdict; a failing job, a splat, silence and a hang are told apart.
# Copyright (C) 2026 the bulk_xfer authors
set -euo pipefail
. "$(dirname "$0")/tap.inc"
unset BX_ICOUNT BX_ACCEL BX_TIMEOUT
boot=$TOP/initramfs/boot
export BX_OUT=$work

# The image with jobs that misbehave.
job() {
	printf '#!/bin/sh\n%s\n' "$2" > "$work/job.$1"
	echo "file /jobs/$1 $work/job.$1 0755 0 0" >> "$work/list"
}

image() {
	ln -s "$(realpath "$OUT")/tsc_khz" "$work/tsc_khz"
	ln -s "$(realpath "$BUILD")" "$work/build$DEBUG"
	cp "$IMAGE.list" "$work/list"
	job good 'echo word >&3'
	job bad 'exit 3'
	job warn 'echo "WARNING: made up" > /dev/kmsg'
	job mute 'reboot -f; sleep 1000'
	job hang 'sleep 1000'
	"$BUILD/usr/gen_init_cpio" "$work/list" > "$work/${IMAGE##*/}"
}

check 'an image with misbehaving jobs' image
check 'a good job passes' "$boot" --job good
check 'what it wrote comes out of the results port' grep -x word "$work/log/good.results"
check 'a failing job fails' exits 1 'verdict: fail (job bad ended with 3)' "$boot" --job bad
check 'a job that does not exist fails' exits 1 'no job /jobs/none' "$boot" --job none
check 'a warning of the kernel fails' exits 1 'kernel splat: ' "$boot" --job warn
check 'a guest without verdict fails' exits 1 'verdict: none given' "$boot" --job mute
check 'a guest that hangs is given up' exits 124 'no end within 20 s' env BX_TIMEOUT=20 "$boot" --job hang
check 'one CPU' env BX_SMP=1 "$boot" --job good
check 'four CPUs' env BX_SMP=4 "$boot" --job good
check 'all four came up' grep -q 'Brought up 1 node, 4 CPUs' "$work/log/good.console.log"
check 'with instructions counted' env BX_ICOUNT=1 "$boot" --job good
finish
