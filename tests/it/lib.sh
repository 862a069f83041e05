# shellcheck shell=bash
# What integration tests share: TAP, a temp folder that is removed, a real mosquitto, waiting.
#   . tests/it/lib.sh
#   start_broker [tls] [auth USER PASSWORD] [acl FILE] [conf "LINES"]
#   wait_for [-t SECONDS] COMMAND...      until it succeeds; never a bare sleep
#   ok "sentence" | not_ok "sentence" | check "sentence" COMMAND...
#   finish                                exit status of the whole test
# Sets T (temp folder), BROKER_URL, BROKER_PORT, BROKER_PID, BROKER_DIR. Several brokers: start_broker
# again with BROKER_NAME set; stop_broker NAME. $B is the build folder, as tests/run gives it.

set -u
: "${B:=build/debug-gcc}"
PATH=$PATH:/usr/sbin:/sbin
T=$(mktemp -d "${TMPDIR:-/tmp}/mqgp-XXXXXX") || exit 3
FAILED=0 CASES=0
declare -A BROKER_PIDS=()
STARTED_PIDS=()

clean_up() {
	local rc=$? pid
	trap - EXIT
	for pid in "${STARTED_PIDS[@]}" "${BROKER_PIDS[@]}"; do
		kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null
	done
	if [ -n "${KEEP:-}" ]; then echo "# kept $T"; else rm -rf "$T"; fi
	exit "$rc"
}
trap clean_up EXIT
trap 'exit 143' TERM INT HUP

ok() { CASES=$((CASES + 1)); echo "ok $CASES - $*"; }
not_ok() { CASES=$((CASES + 1)); FAILED=$((FAILED + 1)); echo "not ok $CASES - $*"; }
# check SENTENCE COMMAND...: ok if the command succeeds; its output is shown as comment if not.
check() {
	local sentence=$1 out
	shift
	if out=$("$@" 2>&1); then ok "$sentence"; else not_ok "$sentence"; sed 's/^/#   /' <<<"$out" | tail -n 30; fi
}
finish() {
	echo "1..$CASES"
	[ "$FAILED" -eq 0 ] && [ "$CASES" -gt 0 ]
	exit
}
bail() { echo "Bail out! $*"; exit 3; }

# wait_for [-t SECONDS] COMMAND...: tries until it succeeds; 1 after the deadline (default 20 s).
wait_for() {
	local seconds=20 until
	if [ "$1" = -t ]; then seconds=$2; shift 2; fi
	until=$((SECONDS + seconds))
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $until ] || return 1
		sleep 0.05
	done
}

# background COMMAND...: starts it, remembers it for clean-up; its pid is in BACKGROUND_PID.
background() {
	"$@" &
	BACKGROUND_PID=$!
	STARTED_PIDS+=("$BACKGROUND_PID")
}

# A port of 127.0.0.1 that nobody listens on, found by binding port 0.
free_port() {
	perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(LocalAddr => "127.0.0.1", Listen => 1)->sockport'
}
port_answers() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# make_ca DIR: DIR/ca.pem, DIR/ca.key (once).
make_ca() {
	[ -e "$1/ca.pem" ] || openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 \
		-subj "/CN=Test CA" -keyout "$1/ca.key" -out "$1/ca.pem" 2>>"$1/openssl.log"
}
# make_certificate DIR NAME ALTNAMES [PASSPHRASE]: DIR/NAME.pem and .key, signed by DIR/ca.pem.
make_certificate() {
	local d=$1 n=$2 protect=(-nodes)
	[ -z "${4:-}" ] || protect=(-passout "pass:$4")
	make_ca "$d" &&
		openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -subj "/O=mqgp tests/CN=$n" "${protect[@]}" \
			-keyout "$d/$n.key" -out "$d/$n.csr" 2>>"$d/openssl.log" &&
		openssl x509 -req -in "$d/$n.csr" -CA "$d/ca.pem" -CAkey "$d/ca.key" -CAcreateserial -days 30 \
			-extfile <(printf 'subjectAltName=%s\n' "$3") -out "$d/$n.pem" 2>>"$d/openssl.log"
}

# start_broker OPTIONS: a mosquitto of our own. BROKER_NAME (default "broker") names several.
start_broker() {
	local name=${BROKER_NAME:-broker} scheme=mqtt host=127.0.0.1 tls= auth= acl= extra= user= password=
	while [ $# -gt 0 ]; do
		case $1 in
		tls) tls=1 scheme=mqtts host=localhost; shift ;;
		auth) auth=1 user=$2 password=$3; shift 3 ;;
		acl) acl=$2; shift 2 ;;
		conf) extra=$2; shift 2 ;;
		*) bail "start_broker: unknown option $1" ;;
		esac
	done
	BROKER_DIR=$T/$name
	BROKER_PORT=$(free_port) || bail "no free port"
	BROKER_URL=$scheme://$host:$BROKER_PORT
	mkdir -p "$BROKER_DIR"
	{
		echo "user root" # matters only when root runs the tests
		echo "listener $BROKER_PORT 127.0.0.1"
		echo "persistence false"
		echo "max_queued_messages 0"
		echo "log_type all"
		if [ -n "$auth" ]; then echo "allow_anonymous false"; echo "password_file $BROKER_DIR/users"; else echo "allow_anonymous true"; fi
		[ -z "$acl" ] || echo "acl_file $acl"
		[ -z "$tls" ] || printf '%s\n' "cafile $BROKER_DIR/ca.pem" "certfile $BROKER_DIR/server.pem" "keyfile $BROKER_DIR/server.key"
		[ -z "$extra" ] || printf '%s\n' "$extra"
	} >"$BROKER_DIR/mosquitto.conf"
	if [ -n "$tls" ]; then
		make_certificate "$BROKER_DIR" server DNS:localhost,IP:127.0.0.1 || bail "no certificate: $(tail -n 3 "$BROKER_DIR/openssl.log")"
	fi
	if [ -n "$auth" ]; then
		: >"$BROKER_DIR/users"
		mosquitto_passwd -b "$BROKER_DIR/users" "$user" "$password" || bail "mosquitto_passwd failed"
	fi
	restart_broker "$name"
}

# restart_broker [NAME]: the same port and files again, after stop_broker or kill_broker.
restart_broker() {
	local name=${1:-broker}
	local port
	port=$(sed -n 's/^listener \([0-9]*\) .*/\1/p' "$T/$name/mosquitto.conf")
	mosquitto -c "$T/$name/mosquitto.conf" >>"$T/$name/mosquitto.log" 2>&1 &
	BROKER_PID=$!
	BROKER_PIDS[$name]=$BROKER_PID
	wait_for -t 10 port_answers "$port" || bail "mosquitto does not answer: $(tail -n 3 "$T/$name/mosquitto.log")"
}

end_broker() {
	local name=$1 signal=$2 pid=${BROKER_PIDS[$1]:-}
	[ -n "$pid" ] || return 0
	kill "-$signal" "$pid" 2>/dev/null
	wait "$pid" 2>/dev/null
	unset "BROKER_PIDS[$name]"
}
stop_broker() { end_broker "${1:-broker}" TERM; }
kill_broker() { end_broker "${1:-broker}" KILL; }
