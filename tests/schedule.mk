# SPDX-License-Identifier: GPL-2.0
# The order of a test run, for make: its job server shares the processors between guests and kernel builds.
# Copyright (C) 2026 the bulk_xfer authors
#
# make -f schedule.mk -j N PLAIN="UNIT..." DEBUG="UNIT..."    units as tests/run plans them
here := $(dir $(lastword $(MAKEFILE_LIST)))

# Not make's -s, which the builds below would take over, and with it the lines that show their progress.
.SILENT:
.PHONY: all debug-image $(PLAIN) $(DEBUG)
# The debug kernel comes first, because all units of its own wait for it.
all: $(if $(DEBUG),debug-image) $(PLAIN) $(DEBUG)

$(DEBUG): debug-image
debug-image:
	+BX_DEBUG=-debug BX_WITHIN=1 $(here)../build.sh initramfs

$(PLAIN) $(DEBUG):
	+$(here)unit $@
