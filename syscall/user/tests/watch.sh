#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# What the example watch tells of a web server and of a shell: prints TAP.
#
# For the test image: busybox, root, and a kernel that has the channel syscalls.
# No call of what is watched may depend on time: the server reads each request
# from a file, as inetd would hand it over, and the shell runs only itself.
#
# Copyright (C) 2026 the bulk_xfer authors
watch=${EXAMPLES:-/examples}/watch
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp" || exit 1
nr=0
failed=0

result() { # 0|1 NAME
	nr=$((nr + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $nr - $2"
		return
	fi
	echo "not ok $nr - $2"
	failed=$((failed + 1))
	sed 's/^/# /' err >&2
}

# The status must be the expected one, and a line must have the pattern. Without
# one, there must be neither an alarm nor a loss.
expect() { # STATUS PATTERN|"" NAME COMMAND...
	want=$1 pattern=$2 name=$3
	shift 3
	"$@" >out 2>err
	status=$?
	echo "# exit status $status" >>err
	good=1
	if [ -z "$pattern" ]; then
		[ $status -eq "$want" ] && ! grep -q 'foreign\|unknown\|lost' err && good=0
	else
		[ $status -eq "$want" ] && grep -q "$pattern" err && good=0
	fi
	result $good "$name"
}

serve() { # REQUEST VERB PROFILE [OPTION...]
	request=$1
	shift
	"$watch" "$@" -- /bin/busybox httpd -i -h www <"$request"
}

# A client could ask for a program that nobody has meant to serve: a shell.
make_site() {
	mkdir -p www/cgi-bin
	echo welcome >www/index.html
	seq 1000 >www/numbers.txt
	ln -s /bin/busybox www/cgi-bin/sh
	printf 'GET /index.html HTTP/1.0\r\n\r\n' >page
	printf 'GET /numbers.txt HTTP/1.0\r\n\r\n' >numbers
	printf 'GET /missing.html HTTP/1.0\r\n\r\n' >missing
	printf 'POST /cgi-bin/sh HTTP/1.0\r\nContent-Length: 8\r\n\r\n/bin/id\n' >attack
}

# The shell executes a program only if it is told another word than "go".
# shellcheck disable=SC2016	# the shell that is watched expands it
obey='read -r word <"$0"; [ "$word" = go ] || exec /bin/true'

learn_shell() {
	echo go >fifo &
	"$watch" learn shell -- /bin/busybox sh -c "$obey" fifo
}

# The FIFO opens when the shell, no longer a copy of this one, reads from it.
attach() { # WORD
	/bin/busybox sh -c "$obey" fifo &
	exec 4>fifo
	"$watch" run shell -p $! 2>told &
	watching=$!
	for _ in $(seq 600); do
		! grep -q 'is watched' told || break
		sleep 0.1
	done
	echo "$1" >&4
	exec 4>&-
	wait "$watching"
	status=$?
	cat told >&2
	return "$status"
}

# The command must not be able to write to its own profile.
inherits_nothing() {
	"$watch" learn fds -- /bin/ls -l /proc/self/fd >list &&
		grep -q "$tmp/list" list && ! grep "$tmp/fds\|/dev/bulk" list
}

# It executes a program when the command has long ended.
orphan() {
	"$watch" run shell -- /bin/busybox sh -c '{ sleep 1; exec /bin/true; } &'
}

echo "TAP version 13"
if [ ! -e /dev/bulk/syscalls ]; then
	echo "1..0 # SKIP no channel syscalls"
	exit 4
fi
make_site
mkfifo fifo
expect 2 PROFILE usage "$watch" run
expect 2 PROFILE command_or_process "$watch" run profile
expect 2 20 threshold_above_the_frame "$watch" run profile -t 21 -- /bin/true
expect 1 profile: no_profile serve page run profile
expect 1 nowhere no_command "$watch" learn none -- /nowhere
expect 0 '' learns serve page learn profile
for request in numbers page numbers; do
	expect 0 '' "learns_more: $request" serve $request learn profile
done
for request in page numbers; do
	expect 0 '' "knows: $request" serve $request run profile
done
expect 3 'foreign sequence: /bin/busybox' foreign_sequence serve missing run profile
expect 0 '' below_the_threshold serve missing run profile -t 20
expect 3 'unknown program [^ ]*sh executed by /bin/busybox' shell_from_server serve attack run profile
expect 0 '' merges serve missing learn profile
expect 0 '' knows_what_was_merged serve missing run profile
expect 0 '' keeps_what_it_knew serve page run profile
expect 0 '' inherits_nothing inherits_nothing
expect 0 '' learns_shell learn_shell
expect 0 '' process attach go
expect 3 'unknown program /bin/true executed by /bin/busybox' program_of_a_process attach run
expect 3 'unknown program /bin/true' orphan orphan
echo "1..$nr"
exit $((failed > 0))
