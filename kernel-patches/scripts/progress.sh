# SPDX-License-Identifier: GPL-2.0
# Runs a long command so that its progress is seen and an interrupt ends all of it: source it, call `supervise`.
# Copyright (C) 2026 the bulk_xfer authors
# shellcheck shell=bash

job='' watcher=''

# The words for a probe's figures: progress_words SECONDS DONE ALL WHAT
# ALL is 0 where nobody knows it; an estimate needs a twentieth of the work as its base.
progress_words() {
	local seconds=$1 made=${2:-0} all=${3:-0} what=${4:-}
	if (( all > 0 )); then
		(( made <= all )) || made=$all
		printf '%d of %d %s, ' "$made" "$all" "$what"
	elif [[ -n $what ]]; then
		printf '%d %s, ' "$made" "$what"
	fi
	printf '%d s' "$seconds"
	if (( all > 0 && made * 20 >= all && made < all )); then
		printf ', some %d s left' $((seconds * (all - made) / made))
	fi
}

# watch_job LABEL PROBE...: one line, written over each second on a terminal, else a new one every 30 s.
# PROBE prints "DONE ALL WHAT"; it may print nothing while it knows nothing.
watch_job() {
	local label=$1 start=$SECONDS told=$SECONDS every=${BX_PROGRESS_SECONDS:-30} never figures
	shift
	# Waiting for input that never comes takes no process that an interrupt could leave behind.
	exec {never}<> <(:)
	while true; do
		read -rt 1 -u "$never" || true
		[[ -t 1 ]] || (( SECONDS - told >= every )) || continue
		told=$SECONDS
		read -ra figures < <("$@" 2> /dev/null) || true
		figures=("${figures[@]:0:2}" "${figures[*]:2}")
		if [[ -t 1 ]]; then
			printf '%-11s %s\e[K\r' "$label" "$(progress_words $((SECONDS - start)) "${figures[@]}")"
		else
			printf '%-11s %s\n' "$label" "$(progress_words $((SECONDS - start)) "${figures[@]}")"
		fi
	done
}

stop_watching() {
	[[ -n $watcher ]] || return 0
	kill "$watcher" 2> /dev/null || true
	wait "$watcher" 2> /dev/null || true
	watcher=''
	[[ ! -t 1 ]] || printf '\e[K'
}

# A line of output in place of the one that shows the progress.
say() {
	[[ ! -t 1 ]] || printf '\e[K'
	printf '%s\n' "$*"
}

# A session of its own is one group, which a signal reaches whole, however deep its processes are.
end_job() {
	local never tries
	[[ -n $job ]] || return 0
	exec {never}<> <(:)
	kill -TERM -- "-$job" 2> /dev/null || kill -TERM "$job" 2> /dev/null || true
	# make removes what it has half written, so it gets ten seconds for that.
	for ((tries = 0; tries < 50; tries++)); do
		kill -0 -- "-$job" 2> /dev/null || break
		read -rt 0.2 -u "$never" || true
	done
	kill -KILL -- "-$job" 2> /dev/null || true
	job=''
}

interrupted() {
	trap '' INT TERM HUP
	stop_watching
	end_job
	echo "interrupted; the same call goes on from where it was" >&2
	trap - "$1"
	kill -s "$1" $$
}

# supervise LABEL PROBE COMMAND...: runs COMMAND with what it prints as it is, and shows its progress.
# PROBE is a function; `:` shows seconds only, '' nothing. Returns the command's status.
supervise() {
	local label=$1 probe=$2 status=0
	shift 2
	trap 'interrupted INT' INT
	trap 'interrupted TERM' TERM
	trap 'interrupted HUP' HUP
	setsid "$@" &
	job=$!
	# Within a run of tests, the run shows its own progress.
	if [[ -n $probe && -z ${BX_WITHIN:-} ]]; then
		watch_job "$label" "$probe" &
		watcher=$!
	fi
	wait "$job" || status=$?
	job=''
	stop_watching
	trap - INT TERM HUP
	return "$status"
}
