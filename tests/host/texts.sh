#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Scripts, spelling, man pages and kernel-doc of all sources.
# Copyright (C) 2026 the bulk_xfer authors
set -euo pipefail
. "$(dirname "$0")/tap.inc"
cd "$TOP"

quiet() { # prints what the command says, and fails when it says anything
	local said
	said=$("$@" 2>&1) || { echo "$said"; return 1; }
	echo "$said"
	[[ -z $said ]]
}

kernel_doc() {
	local files
	mapfile -t files < <(find syscall arch-x86 -path syscall/user -prune -o -name '*.[ch]' -print 2>/dev/null)
	"$LINUX/scripts/kernel-doc" -none -Werror "${files[@]}"
}

shell_files() {
	{
		find . \( -path ./out -o -path ./.git \) -prune -o -type f -print | while read -r file; do
			head -c 64 "$file" | head -n1 | grep -qE '^#!.*/(ba)?sh' && echo "$file"
		done
		ls kernel-patches/scripts/*.sh
	} | sort
}

check_shell() {
	local files
	mapfile -t files < <(shell_files)
	shellcheck -x "${files[@]}"
}

spelling() {
	codespell --quiet-level 2 --skip './out,./.git,*.patch' -L bu,extraversion .
}

man_pages() {
	local page pages
	mapfile -t pages < <(find syscall -name '*.[1-9]' | sort)
	for page in "${pages[@]}"; do quiet mandoc -T lint -W warning "$page" || return 1; done
}

check 'kernel-doc' kernel_doc
need shellcheck 'shellcheck' check_shell
need codespell 'codespell' spelling
need mandoc 'mandoc' man_pages
finish
