# SPDX-License-Identifier: GPL-2.0
# What bash completes on a command line of bulkctl(1).
#
# Copyright (C) 2026 the bulk_xfer authors
# shellcheck shell=bash

# Directories with asm/unistd_64.h: of a compiler for several ABIs, and for one.
_bulkctl_includes=(/usr/include /usr/include/x86_64-linux-gnu)

_bulkctl_channels() {
	local node
	for node in "$root"/dev/bulk/*; do
		[[ ! -e $node ]] || echo "${node##*/}"
	done
}

_bulkctl_calls() {
	local dir
	printf '%s\n' %file %desc %network %process %memory
	for dir in "${_bulkctl_includes[@]}"; do
		[[ -r $root$dir/asm/unistd_64.h ]] || continue
		sed -n 's/^#define __NR_\([a-z0-9_]*\)[[:space:]].*/\1/p' "$root$dir/asm/unistd_64.h"
		return
	done
}

_bulkctl_pids() {
	local dir
	for dir in "$root"/proc/[0-9]*; do
		[[ ! -d $dir ]] || echo "${dir##*/}"
	done
}

# Those below the one that is being typed, and beside it.
_bulkctl_cgroups() {
	local top=$root/sys/fs/cgroup/ dir
	for dir in "$top$cur"*/; do
		[[ ! -d $dir ]] || echo "${dir#"$top"}"
	done
}

# Options of a verb: those of one letter, then the long ones.
_bulkctl_options() { # VERB
	local common=(--json --sysroot --help --version)
	case $1 in
	send | copy) _bulkctl_reply -r --record-size --window "${common[@]}" ;;
	recv) _bulkctl_reply -r -n -o --record-size --count --output --seed --window "${common[@]}" ;;
	pattern) _bulkctl_reply -o --output --seed --bytes "${common[@]}" ;;
	syscalls)
		_bulkctl_reply -p -c -f -e -o --pid --cgroup --follow --errors --slower --one-in --uid \
			--stack --paths --policy --ring --summary --output --last --dump --json --sysroot --help
		;;
	*) _bulkctl_reply "${common[@]}" ;;
	esac
}

# Does the option take the next word, where no "=" joins its argument to it?
_bulkctl_takes_word() { # OPTION
	case $1 in
	-[rnopce] | --record-size | --count | --output | --seed | --window | --bytes | --sysroot) return 0 ;;
	--pid | --cgroup | --slower | --one-in | --uid | --policy | --ring | --last) return 0 ;;
	esac
	return 1
}

# Sets verb, root, args (how many words stand behind the verb) and command (where
# the one to be recorded begins, 0: nowhere) from the words before the one that is
# completed. bash splits words at "=", too.
_bulkctl_parse() {
	local i word
	verb='' root='' args=0 command=0
	for ((i = 1; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		if [[ $word == -- && $verb == syscalls ]]; then
			command=$((i + 1))
			return
		elif [[ $word == -?* ]]; then
			[[ ${COMP_WORDS[i + 1]-} != = ]] || i=$((i + 1))
			if [[ ${COMP_WORDS[i]} == = ]] || _bulkctl_takes_word "$word"; then
				i=$((i + 1))
				[[ $word != --sysroot ]] || root=${COMP_WORDS[i]-}
			fi
		elif [[ -z $verb ]]; then
			verb=$word
		elif [[ $verb == syscalls ]]; then
			command=$i
			return
		else
			args=$((args + 1))
		fi
	done
}

# Not compgen -W, which expands its words: names of cgroups are other users'.
_bulkctl_match() { # BEFORE START: of lines on standard input
	local line
	while IFS= read -r line; do
		[[ $line != "$2"* ]] || COMPREPLY+=("$1$line")
	done
}

_bulkctl_reply() { # WORD...: one of them
	_bulkctl_match '' "$cur" < <(printf '%s\n' "$@")
}

# The last one of words that commas separate; those before it, and a "!", are kept.
_bulkctl_reply_list() { # of lines on standard input
	local last=${cur##*,}
	last=${last#!}
	_bulkctl_match "${cur%"$last"}" "$last"
}

_bulkctl_reply_file() { # -f or -d
	compopt -o filenames 2>/dev/null
	mapfile -t COMPREPLY < <(compgen "$1" -- "$cur")
}

# Quoted as file names are; more may follow, so no space is put behind it.
_bulkctl_reply_cgroup() {
	compopt -o filenames -o nospace 2>/dev/null
	_bulkctl_match '' "$cur" < <(_bulkctl_cgroups)
}

_bulkctl_argument() { # OPTION: whose argument is completed
	case $1 in
	-e) _bulkctl_reply_list < <(_bulkctl_calls) ;;
	-p | --pid) _bulkctl_reply_list < <(_bulkctl_pids) ;;
	-c | --cgroup) _bulkctl_reply_cgroup ;;
	--sysroot) _bulkctl_reply_file -d ;;
	-o | --output) _bulkctl_reply_file -f ;;
	--policy) _bulkctl_reply overwrite refuse block ;;
	esac
}

_bulkctl_word() {
	case $verb,$args in
	,*) _bulkctl_reply list stat set send recv copy pattern syscalls ;;
	stat,0 | set,0 | send,0 | recv,0) _bulkctl_match '' "$cur" < <(_bulkctl_channels) ;;
	set,1) _bulkctl_reply poller_idle_us deadline_us ;;
	send,1 | copy,[01]) _bulkctl_reply_file -f ;;
	syscalls,0) mapfile -t COMPREPLY < <(compgen -c -- "$cur") ;;
	esac
}

_bulkctl_command() {
	if ((COMP_CWORD > command)); then
		_bulkctl_reply_file -f
	else
		mapfile -t COMPREPLY < <(compgen -c -- "$cur")
	fi
}

_bulkctl() {
	local cur=${COMP_WORDS[COMP_CWORD]} option=${COMP_WORDS[COMP_CWORD - 1]}
	local verb root args command
	COMPREPLY=()
	_bulkctl_parse
	if ((command)); then
		_bulkctl_command
		return
	fi
	if [[ $cur == = ]]; then
		cur=''
	elif [[ $option == = ]]; then
		option=${COMP_WORDS[COMP_CWORD - 2]}
	elif ! _bulkctl_takes_word "$option"; then
		option=''
	fi
	if [[ -n $option ]]; then
		_bulkctl_argument "$option"
	elif [[ $cur == -* ]]; then
		_bulkctl_options "$verb"
	else
		_bulkctl_word
	fi
}

complete -F _bulkctl bulkctl
