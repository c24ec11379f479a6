#!/bin/bash
# What a real Kamailio tells a workup of itself: its start, its limits, and whom it bans.
. "$TOP_SRCDIR/tests/lib/tap.sh"

need kamailio python3 jq
here=$TOP_SRCDIR/tests/registrars
dir=$tap_dir/kamailio port=$(free_port)
stop_all() {
  bash "$here/kamailio_start.sh" "$dir" stop
  tap_end
}
trap stop_all EXIT
export HOME=$tap_dir XDG_STATE_HOME=$tap_dir/state XDG_CONFIG_HOME=$tap_dir/config
export PYTHONDONTWRITEBYTECODE=1
bash "$here/kamailio_start.sh" "$dir" "$port" WITH_BAN
at=(-s "$dir/kamailio.sqlite" --control "unix:$dir/kamailio_rpc.sock")
rpc() { python3 "$here/phone.py" rpc "$dir/kamailio_rpc.sock" "$@"; }
why() { "$REGTOP" why "$@" "${at[@]}" --json >"$tap_dir/why"; }
causes() { jq -r '[.cause.id, .also[].id] | join(" ")' "$tap_dir/why"; }

# ---- a start after the registration ---------------------------------------------------------------

python3 - "$port" >"$tap_dir/tcp" <<'PY' &
import socket, sys
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])), source_address=("127.0.0.78", 0))
s.sendall(("REGISTER sip:127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.78:9;branch=z9hG4bKx;rport\r\nMax-Forwards: 70\r\n"
  "From: <sip:tom@127.0.0.1>;tag=a\r\nTo: <sip:tom@127.0.0.1>\r\nCall-ID: x\r\nCSeq: 1 REGISTER\r\n"
  "Contact: <sip:tom@127.0.0.78:9;transport=tcp>\r\nExpires: 600\r\nContent-Length: 0\r\n\r\n").encode())
s.recv(4000)
print("ready", flush=True)
while s.recv(4000):
    pass
PY
started $!
wait_for 10 grep -q ready "$tap_dir/tcp"
ok $? "a phone registers over TCP"
listed() { "$REGTOP" list tom "${at[@]}" --json | jq -e '.bindings | length == 1' >/dev/null; }
wait_for 10 listed
ok $? "the table has it"
bash "$here/kamailio_start.sh" "$dir" stop
wait_for 2 false
bash "$here/kamailio_start.sh" "$dir" "$port" WITH_BAN
why tom
is "$(jq -r .cause.id "$tap_dir/why")" registrar-restarted "its connection died with Kamailio's restart, and the workup says so"

# ---- banned ---------------------------------------------------------------------------------------

python3 "$here/phone.py" register bert "$port" >/dev/null
wait_for 10 sh -c "'$REGTOP' list bert ${at[*]} --json | jq -e '.bindings | length == 1' >/dev/null"
why bert
ok "$(causes | grep -qw banned; echo $((1 - $?)))" "who is not on the list is not called banned"
rpc htable.seti ipban 127.0.0.1 1 >/dev/null
why bert
is "$(jq -r .cause.id "$tap_dir/why")" banned "who is on it is"
ok "$(jq -r .cause.sentence "$tap_dir/why" | grep -q ipban; echo $?)" "with the name of the list"
plan_later
