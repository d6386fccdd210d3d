#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The vDSO images: which of them export bulk_xfer(), and that it leans on nothing.
# Copyright (C) 2026 the bulk_xfer authors
set -euo pipefail
. "$(dirname "$0")/tap.inc"
vdso=$BUILD/arch/x86/entry/vdso

exported() { nm -D --defined-only "$vdso/$1" | grep -w __vdso_bulk_xfer; }
not_exported() { [[ -f $vdso/$1 ]] && ! exported "$1"; }
complete() { [[ -z $(nm -D --undefined-only "$vdso/vdso64.so") ]]; }
fixed() { [[ $(readelf -r "$vdso/vdso64.so.dbg") == *'no relocations'* ]]; }

check 'the 64-bit vDSO has it' exported vdso64.so
check 'the 32-bit vDSO has not' not_exported vdso32.so
check 'the x32 vDSO has not' not_exported vdsox32.so
check 'nothing is left undefined' complete
check 'nothing is relocated' fixed
finish
