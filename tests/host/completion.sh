#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What bash completes on a command line of bulkctl.
# Copyright (C) 2026 the bulk_xfer authors
set -euo pipefail
. "$(dirname "$0")/../../kernel-patches/scripts/common.sh"
exec bash "$TOP/syscall/user/tests/completion.sh"
