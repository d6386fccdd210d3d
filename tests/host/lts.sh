#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The other series: all tests on 6.12, on its plain and its debug kernel, and a build after every patch.
# Copyright (C) 2026 the bulk_xfer authors
set -euo pipefail
. "$(dirname "$0")/tap.inc"
unset BX_SOAK BX_DEBUG BX_KSRC BX_BASE MAKEFLAGS
export BX_OUT=$OUT

# The closing line and the failures are what a reader wants of some thousand lines.
passes() {
	"$TOP/build.sh" --base lts "$@" > "$OUT/lts.log" 2>&1 && { tail -n 1 "$OUT/lts.log"; return; }
	grep -A 20 'failed:' "$OUT/lts.log" || tail -n 40 "$OUT/lts.log"
	return 1
}

if [[ $BASE == lts ]]; then
	skip 'the series for 6.12' 'it is what all tests here run on'
else
	check 'every patch builds and boots' passes each-patch
	check 'all tests pass' passes test --both
fi
finish
