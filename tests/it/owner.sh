# shellcheck shell=bash
# What tests of the owner's commands share: persons with keys of their own, a real gateway.
#   . tests/it/lib.sh; . tests/it/owner.sh
#   new_key alice; start_broker; start_owned_gateway
#   acts alice edit --set heartbeat=3

TREE=plant/pump
export XDG_CONFIG_HOME=$T/config XDG_RUNTIME_DIR=$T/run HOME=$T
mkdir -m 700 "$T/config" "$T/run"

# new_key NAME: a home of its own with one key that has no passphrase; its fingerprint in KEY_NAME.
new_key() {
	local home=$T/$1 fpr
	mkdir -m 700 "$home"
	STARTED_HOMES+=("$home")
	gpg --homedir "$home" --batch --quiet --passphrase '' --quick-gen-key "$1 <$1@example.invalid>" \
		ed25519 sign,cert never 2>>"$T/gpg.log" || bail "no key"
	fpr=$(gpg --homedir "$home" --batch --list-keys --with-colons 2>>"$T/gpg.log" | awk -F: '/^fpr/ { print $10; exit }')
	gpg --homedir "$home" --batch --quiet --passphrase '' --quick-add-key "$fpr" cv25519 encr never 2>>"$T/gpg.log"
	printf -v "KEY_$1" %s "$fpr"
}
STARTED_HOMES=()
end_agents() {
	local rc=$? home
	for home in "${STARTED_HOMES[@]}"; do gpgconf --homedir "$home" --kill gpg-agent; done
	(exit "$rc")
	clean_up
}
trap end_agents EXIT

# as NAME COMMAND...: the tool with that person's keys and state.
as() {
	local who=$1
	shift
	GNUPGHOME=$T/$who XDG_STATE_HOME=$T/state-$who timeout -k 5 120 "$B/mqgp" "$@"
}
tail8() { printf %s "${1: -8}"; }
# fact NAME MEMBER: of `status --json`, text or number.
fact() {
	as "$1" status --json "$BROKER_URL" "$TREE" | sed -n "s/.*[{,]\"$2\":\"\{0,1\}\([^\",]*\).*/\1/p"
}
expect() { # expect NAME MEMBER VALUE
	local got
	got=$(fact "$1" "$2")
	[ "$got" = "$3" ] || { echo "$2 is '$got', not '$3'"; return 1; }
}
fails_with() { # fails_with STATUS WORDS COMMAND...
	local status=$1 words=$2 out rc
	shift 2
	out=$("$@" 2>&1)
	rc=$?
	[ "$rc" -eq "$status" ] && grep -q -- "$words" <<<"$out" && return 0
	printf 'status %s\n%s\n' "$rc" "$out"
	return 1
}
on_slot() { mosquitto_sub -h 127.0.0.1 -p "$BROKER_PORT" -t "$TREE/mqgp.conf/$1" -C 1 -W "${2:-5}" -N 2>/dev/null; }
# What the gateway says it runs; and whether that is what lies on secure.
gateway_runs() { on_slot receipt | sed -n 's/^revision=//p'; }
gateway_is_at() {
	local want hash
	want=$(conf_hash)
	hash=$(on_slot receipt | sed -n 's/^conf=b2-256://p')
	[ "$(gateway_runs)" = "$1" ] && [ "$hash" = "$want" ] && return 0
	echo "revision $(gateway_runs), hash $hash; secure has $want"
	return 1
}
# lend_key FROM TO: the public key of one person into the home of another.
lend_key() {
	local key=KEY_$1
	gpg --homedir "$T/$1" --export "${!key}" 2>/dev/null | gpg --homedir "$T/$2" --batch --quiet --import 2>/dev/null
}
# acts NAME COMMAND OPTIONS...: with the confirmation of that person.
acts() {
	local who=$1 command=$2 key=KEY_$1
	shift 2
	as "$who" "$command" "$BROKER_URL" "$TREE" --confirm "$(tail8 "${!key}")" "$@"
}
conf_hash() { on_slot secure | sed '1,/^$/d' | b2sum -l 256 | cut -d' ' -f1; }
# start_owned_gateway: not claimed yet; its code in $T/code, its fingerprint in GATEWAY.
start_owned_gateway() {
	"$B/mqgpd" init --state "$T/gw" --topic "$TREE" --broker "$BROKER_URL" >"$T/init" 2>>"$T/gw.log" || bail "no gateway"
	sed -n 's/^claim code: //p' "$T/init" >"$T/code"
	GATEWAY=$(sed -n 's/^gateway: *openpgp4://p' "$T/init")
	mkfifo "$T/source"
	exec 7<>"$T/source"
	background "$B/mqgpd" run --state "$T/gw" --source "$T/source" >>"$T/gw.log" 2>&1
	wait_for on_slot receipt || bail "the gateway says nothing"
}
