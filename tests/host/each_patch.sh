#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Every patch of the series: git am on the pristine source; after each a make without a warning, and a boot.
# Copyright (C) 2026 the bulk_xfer authors
set -euo pipefail
. "$(dirname "$0")/tap.inc"

check 'every patch builds and boots' "$TOP/kernel-patches/scripts/each-patch"
finish
