# SPDX-License-Identifier: GPL-2.0
# Finds the function in the vDSO.
syscall-libs := $(OUT)/../user/libbulk.a
