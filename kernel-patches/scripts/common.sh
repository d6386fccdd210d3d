# SPDX-License-Identifier: GPL-2.0
# What the build, boot and test scripts share: paths, settings, error lines, content hashes.
# Copyright (C) 2026 the bulk_xfer authors
# shellcheck shell=bash

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
BASE=${BX_BASE:-mainline}	# the kernel that the series is for: mainline or lts
OUT=${BX_OUT:-$TOP/out}	# of this base
DEBUG=${BX_DEBUG:-}		# "" or "-debug": the suffix of everything that depends on it
# shellcheck disable=SC2034	# used by the scripts that source this file
{
KSRC=${BX_KSRC:-}		# a pristine kernel in place of the base's own
JOBS=${BX_JOBS:-$(nproc)}
PRISTINE=$OUT/pristine
SERIES=$OUT/series/$BASE
LINUX=$OUT/linux
BUILD=$OUT/build$DEBUG
HEADERS=$OUT/headers/include
MODULES=$OUT/modules$DEBUG
IMAGE=$OUT/initramfs$DEBUG.cpio
LOG=$OUT/log
STAMP=$OUT/stamp
# Under a make with a job server, a make below takes its jobs from there.
PARALLEL=(-j "$JOBS")
[[ ${MAKEFLAGS:-} != *jobserver* ]] || PARALLEL=()
}
# Nothing may look for a repository above out/, nor at the user's git settings.
export GIT_CEILING_DIRECTORIES=$OUT:${TOP%/*} GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null
export LC_ALL=C

die() {
	local code=$1
	shift
	echo "error: $*" >&2
	exit "$code"
}

# One hash over names, modes and contents of files and folders; absent ones count as empty.
tree_hash() {
	local path
	for path; do
		[[ ! -e $path ]] || find "$path" -type f ! -name '*~' ! -name '.*.sw?' -print0
	done | sort -z | xargs -0r sh -c 'stat -c "%A %n" "$@"; sha256sum "$@"' sh | sha256sum | cut -c1-32
}

# fresh NAME HASH: true where stage NAME was last completed with this HASH.
fresh() {
	[[ -f $STAMP/$1 && $(<"$STAMP/$1") == "$2" ]]
}

# Stamps are removed before a stage works and written when it is through.
stamp_off() {
	mkdir -p "$STAMP"
	rm -f "$STAMP/$1"
}

stamp_on() {
	echo "$2" > "$STAMP/$1.new"
	mv "$STAMP/$1.new" "$STAMP/$1"
}

need_space() {
	local want_mb=$1 have_kb
	have_kb=$(df -Pk "$OUT" | awk 'NR == 2 { print $4 }')
	(( have_kb / 1024 >= want_mb )) ||
		die 5 "disk full: $OUT needs $want_mb MB free, has $((have_kb / 1024)) MB; free some or use --out DIR"
}

# The versions that the two series are made for, as Debian's packages linux-source-VERSION have them.
# shellcheck disable=SC2034
MAINLINE=7.3 LTS=6.12

# The first QEMU whose guests may have their processors in threads of their own: in 7.2 one may then still run what
# another has patched (a jump label's int3 after it is gone, which is an Oops).
# shellcheck disable=SC2034
QEMU_PARALLEL=10

# qemu_version PROGRAM: its major version
qemu_version() {
	"$1" --version | sed -nE '1s/.*version ([0-9]+)\..*/\1/p'
}

# The version as the top Makefile spells it.
kernel_version() {
	awk -F ' *= *' '/^(VERSION|PATCHLEVEL|SUBLEVEL) =/ { v = v (v == "" ? "" : ".") $2 } /^EXTRAVERSION =/ { print v $2; exit }' \
		"$1/Makefile"
}

# kernel_make SOURCE OBJECTS [WORD]...: the kernel's make. The same source gives the same bits, and ccache its hits:
# it knows the paths below CCACHE_BASEDIR as relative ones.
kernel_make() {
	local source=$1 objects=$2 cc=gcc
	shift 2
	export KBUILD_BUILD_TIMESTAMP='2026-01-01' KBUILD_BUILD_VERSION=1 KBUILD_BUILD_USER=bulk_xfer KBUILD_BUILD_HOST=bulk_xfer
	if command -v ccache > /dev/null; then
		cc="ccache gcc"
		export CCACHE_DIR=${CCACHE_DIR:-$OUT/ccache} CCACHE_BASEDIR=${source%/*}
		# Without this, a miss costs a run of the preprocessor, a quarter of the compilation.
		export CCACHE_DEPEND=1
		# The folder of the source, which no object has in it.
		export CCACHE_IGNOREOPTIONS='-fmacro-prefix-map=*'
	fi
	nice make -C "$source" O="$objects" CC="$cc" "${PARALLEL[@]}" "$@"
}
