#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Every patch of the series in checkpatch's strict style.
# Copyright (C) 2026 the bulk_xfer authors
set -euo pipefail
. "$(dirname "$0")/tap.inc"

# MAINTAINERS comes in the last patch of the series.
# Nor is __cold what __attribute__((__cold__)) is, see arch-x86/include/asm/bulk_xfer.h.
checkpatch() {
	(cd "$LINUX" && perl scripts/checkpatch.pl --strict --no-summary --terse --ignore FILE_PATH_CHANGES,PREFER_DEFINED_ATTRIBUTE_MACRO "$1")
}

for patch in "$SERIES"/*.patch; do
	check "checkpatch $(basename "$patch")" checkpatch "$patch"
done
finish
