#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# What bash completes on a command line of bulkctl: prints TAP.
#
# bash completion.sh
#
# Copyright (C) 2026 the bulk_xfer authors
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
. "$(dirname "$0")/tap.inc"

# The last word is the one that is completed; "=" is a word of its own, as in bash.
complete_words() { # WORD...
	COMP_WORDS=(bulkctl "$@")
	COMP_CWORD=$#
	COMPREPLY=()
	_bulkctl
	echo "${COMPREPLY[*]-}"
}

completes() { # NAME WANT WORD...
	local name=$1 want=$2 got good=0
	shift 2
	got=$(complete_words "$@")
	[ "$got" = "$want" ] || good=1
	[ $good -eq 0 ] || echo "# $* gives: $got"
	result $good "$name"
}

make_root() {
	mkdir -p "$tmp/root/dev/bulk" "$tmp/root/usr/include/asm" "$tmp/root/proc/12" "$tmp/root/proc/130"
	mkdir -p "$tmp/root/sys/fs/cgroup/system.slice/cron" "$tmp/root/sys/fs/cgroup/user.slice"
	: >"$tmp/root/dev/bulk/echo"
	: >"$tmp/root/dev/bulk/sink"
	: >"$tmp/root/dev/bulk/source"
	printf '#define __NR_%s\n' 'read 0' 'readv 19' 'write 1' 'openat 257' >"$tmp/root/usr/include/asm/unistd_64.h"
	mkdir "$tmp/files" "$tmp/files/folder"
	: >"$tmp/files/file one"
}

verbs_and_options() {
	completes verbs 'list stat set send recv copy pattern syscalls' ''
	completes verb_by_its_start 'stat' st
	completes verb_behind_options 'stat set send syscalls' --json s
	completes nothing_else_is_a_verb '' x
	completes options_of_a_verb '--record-size' send --r
	completes options_of_no_other_verb '' list --r
	completes options_of_syscalls '--slower --stack --summary --sysroot' syscalls --s
}

arguments() {
	completes channels 'echo sink source' --sysroot "$tmp/root" stat ''
	completes channel_by_its_start 'sink source' --sysroot = "$tmp/root" recv s
	completes channel_behind_an_option 'echo' --sysroot "$tmp/root" send -r 64 e
	completes no_channel_twice '' --sysroot "$tmp/root" recv echo e
	completes no_channels '' --sysroot "$tmp/files" stat ''
	completes settings 'poller_idle_us deadline_us' set echo ''
	completes files "$tmp/files/file one $tmp/files/folder" send echo "$tmp/files/f"
	completes folders "$tmp/files/folder" list --sysroot "$tmp/files/f"
}

syscalls_arguments() {
	completes calls 'read readv' --sysroot "$tmp/root" syscalls -e re
	completes calls_behind_a_comma 'write,read write,readv' --sysroot "$tmp/root" syscalls -e write,re
	completes no_calls_without_headers '' --sysroot "$tmp/files" syscalls -e re
	completes pids '12 130' --sysroot "$tmp/root" syscalls -p ''
	completes pids_behind_a_comma '12,130' --sysroot "$tmp/root" syscalls -p 12,13
	completes policies 'overwrite refuse block' syscalls --policy ''
	completes policies_behind_an_equals_sign 'overwrite refuse block' syscalls --policy =
	completes policy_behind_an_equals_sign 'block' syscalls --policy = b
	completes calls_but_for '!readv' --sysroot "$tmp/root" syscalls -e '!readv'
	completes classes '%network' syscalls -e %n
	completes cgroups 'system.slice/ user.slice/' --sysroot "$tmp/root" syscalls -c ''
	completes cgroups_below_others 'system.slice/cron/' --sysroot "$tmp/root" syscalls --cgroup = system.slice/
	completes a_count_needs_no_help '' syscalls --slower ''
	completes command 'bulkctl_here' syscalls bulkctl_h
	completes options_are_the_commands_own '' syscalls bulkctl_here --po
	completes command_behind_two_dashes 'bulkctl_here' syscalls -f -- bulkctl_h
	completes files_of_a_command "$tmp/files/folder" syscalls -- cat "$tmp/files/fol"
}

# Other users may make cgroups, and give them names.
names_are_not_expanded() {
	local good=0 name
	# shellcheck disable=SC2016	# it is the name
	name='x$(touch ran)'
	mkdir "$tmp/root/sys/fs/cgroup/$name"
	cd "$tmp/files"
	[ "$(complete_words --sysroot "$tmp/root" syscalls -c x)" = "$name/" ] || good=1
	[ ! -e ran ] || good=1
	result $good names_are_not_expanded
}

# As bash reads the header of the system that it runs on.
calls_of_this_system() {
	local name=calls_of_this_system got good=0
	if [ ! -r /usr/include/asm/unistd_64.h ] && [ ! -r /usr/include/x86_64-linux-gnu/asm/unistd_64.h ]; then
		skip $name "no asm/unistd_64.h"
		return
	fi
	got=$(complete_words syscalls -e openat)
	[[ " $got " == *' openat '* ]] || good=1
	result $good $name
}

bulkctl_here() { :; }

make_root
# shellcheck source=../bulkctl/completion/bulkctl.bash
. "$here/../bulkctl/completion/bulkctl.bash"

echo "TAP version 13"
verbs_and_options
arguments
syscalls_arguments
names_are_not_expanded
calls_of_this_system
echo "1..$nr"
exit $((failed > 0))
