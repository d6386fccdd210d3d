#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Static analysis of the kernel code: sparse, and the kernel's own rules for coccinelle.
# Copyright (C) 2026 the bulk_xfer authors
set -euo pipefail
. "$(dirname "$0")/tap.inc"

sparse() {
	kernel_make "$LINUX" "$BUILD" C=2 CF=-D__CHECK_ENDIAN__ kernel/bulk_xfer/ > "$work/sparse" 2>&1 ||
		{ cat "$work/sparse"; return 1; }
	! grep -E 'warning:|error:' "$work/sparse"
}

# The kernel's own rules, but those that need an OCaml compiler: `make
# coccicheck` ends at the first rule that cannot run.
cocci() {
	local rule
	cd "$BUILD"
	export srctree=$LINUX KBUILD_EXTMOD=$LINUX/kernel/bulk_xfer MODE=report LINUXINCLUDE=-I$LINUX/include
	while read -r rule; do
		COCCI=$rule bash "$LINUX/scripts/coccicheck" > "$work/cocci" 2>&1 || { cat "$work/cocci"; return 1; }
		! grep -E '^[^ ]*kernel/bulk_xfer[^ ]*:[0-9]+' "$work/cocci" || return 1
	done < <(grep -rL --include='*.cocci' script:ocaml "$LINUX/scripts/coccinelle" | sort)
}

need sparse 'sparse' sparse
need spatch 'coccicheck' cocci
finish
