#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The static checks as one of the host tests.
# Copyright (C) 2026 the bulk_xfer authors
exec "$(dirname "$0")/lint"
