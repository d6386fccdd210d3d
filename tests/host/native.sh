#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# bench --native: the vDSO's sources run on this processor, and every record arrives as it was sent.
# Copyright (C) 2026 the bulk_xfer authors
set -euo pipefail
. "$(dirname "$0")/tap.inc"

rows() {
	"$TOP/tests/bench/native/run" 5 | tee "$work/rows"
	[[ $(grep -cE '^(vDSO (SEND|RECV)(, region)?|copy in place, (in|out)) +(16|64|256|1024|4096) +1 +[1-9][0-9.]* +[1-9][0-9.]*$' "$work/rows") == 30 ]]
}

check 'records pass, and cycles are counted' rows
check 'no runs are refused' exits 1 'usage: native [RUNS]' "$OUT/native/native" 0
finish
