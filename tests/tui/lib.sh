# shellcheck shell=bash
# What tests in real terminals share: tmux with a socket of its own, a temp folder, waiting, TAP.
#   . tests/tui/lib.sh
#   terminal NAME WxH [VARIABLE=VALUE...]   a shell that says "ready>", with job control
#   keys NAME KEY...                        tmux names or text
#   shows NAME REGEX SENTENCE [SECONDS]     asserts that the screen comes to show it
#   hides NAME REGEX SENTENCE               asserts that it comes to be gone
#   holds NAME SENTENCE COMMAND...          asserts; the screen is shown if not
#   finish
# Sets T (a short path: gpg's sockets live below) and mqgp.
set -u
T=$(mktemp -d /tmp/mqgp-XXXXXX) || exit 3
mqgp=$PWD/${B:?}/mqgp
socket=mqgp-tui-$$
CASES=0 FAILED=0

# The empty settings of a person who never used tmux: nothing of the caller's comes in.
mux() { tmux -L "$socket" -f /dev/null "$@"; }

# Everything that names our folder has ended: gpg-agents, gateways, demos. (The pattern is not its text.)
all_gone() { ! grep -laE -- "${T%?}[${T: -1}]/" /proc/[0-9]*/cmdline; }
clean_up() {
	trap - EXIT
	mux kill-server 2>/dev/null # ends every terminal: the programs get SIGHUP
	until_true 15 all_gone
	rm -rf "$T"
}
trap clean_up EXIT
trap 'exit 143' TERM INT HUP

# until_true SECONDS COMMAND...
until_true() {
	local end=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt "$end" ] || return 1
		sleep 0.05
	done
}

screen() { mux capture-pane -p -t "$1"; }
on_screen() { screen "$1" | grep -qE -- "$2"; }
not_on_screen() { ! on_screen "$1" "$2"; }
pane() { mux display -p -t "$1" "#{$2}"; } # pane_pid, pane_tty, alternate_on ...
keys() { mux send-keys -t "$@"; }
resize() { mux resize-window -t "$1" -x "${2%x*}" -y "${2#*x}"; }

holds() {
	local terminal=$1 sentence=$2
	shift 2
	CASES=$((CASES + 1))
	if "$@"; then
		echo "ok $CASES - $sentence"
		return
	fi
	FAILED=$((FAILED + 1))
	echo "not ok $CASES - $sentence"
	screen "$terminal" 2>/dev/null | sed 's/^/# /'
}
shows() { holds "$1" "$3" until_true "${4:-20}" on_screen "$1" "$2"; }
hides() { holds "$1" "$3" until_true 20 not_on_screen "$1" "$2"; }

# Only what is given here, and PATH, is in its environment.
terminal() {
	local name=$1 size=$2
	shift 2
	mux -u new-session -d -s "$name" -x "${size%x*}" -y "${size#*x}" \
		env -i PATH="$PATH" HOME="$T" TMPDIR="$T" LC_ALL=C.UTF-8 TERM=tmux-256color PS1='ready> ' "$@" \
		bash --norc --noprofile -i
	mux set -g status off
	mux set -g default-terminal tmux-256color
	until_true 20 on_screen "$name" '^ready>' || { echo "Bail out! no shell in $name"; exit 3; }
}
finish() {
	echo "1..$CASES"
	[ "$FAILED" -eq 0 ] && [ "$CASES" -gt 0 ]
	exit
}
