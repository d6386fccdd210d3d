#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The vDSO images: which of them export bulk_xfer(), and that it leans on nothing.
# Copyright (C) 2026 the bulk_xfer authors
set -euo pipefail
. "$(dirname "$0")/tap.inc"
vdso=$BUILD/arch/x86/entry/vdso

# image NAME: its path, which is not the same in all kernels
image() { find "$vdso" -name "$1" | grep .; }
exported() { nm -D --defined-only "$(image "$1")" | grep -w __vdso_bulk_xfer; }
not_exported() { image "$1" && ! exported "$1"; }
complete() { [[ -z $(nm -D --undefined-only "$(image vdso64.so)") ]]; }
fixed() { [[ $(readelf -r "$(image vdso64.so.dbg)") == *'no relocations'* ]]; }

check 'the 64-bit vDSO has it' exported vdso64.so
check 'the 32-bit vDSO has not' not_exported vdso32.so
check 'the x32 vDSO has not' not_exported vdsox32.so
check 'nothing is left undefined' complete
check 'nothing is relocated' fixed
finish
