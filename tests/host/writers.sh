#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What programs read of the forms in which system calls are written.
# Copyright (C) 2026 the bulk_xfer authors
set -euo pipefail
. "$(dirname "$0")/../../kernel-patches/scripts/common.sh"
OUT=$OUT/user exec bash "$TOP/syscall/user/tests/writers.sh"
