#!/bin/bash
# Probes that Kamailio itself sends (tm.t_uac_wait over HTTP), where a binding has no way through its
# lookup: a real Kamailio, and a phone of sipp's that answers, or is silent.
. "$TOP_SRCDIR/tests/lib/tap.sh"

once
need kamailio sqlite3 python3 sipp
[ -e /usr/share/kamailio/db_sqlite/usrloc-create.sql ] ||
  skip_all "Kamailio's SQLite module is not installed"
here=$TOP_SRCDIR/tests/registrars

dir=$tap_dir/http db=$tap_dir/http/kamailio.sqlite sock=$tap_dir/http/kamailio_rpc.sock
port=$(free_port)
stop_all() {
  bash "$here/kamailio_start.sh" "$dir" stop
  tap_end
}
trap stop_all EXIT
export HOME=$tap_dir XDG_STATE_HOME=$tap_dir/state XDG_CONFIG_HOME=$tap_dir/config
export PYTHONDONTWRITEBYTECODE=1

bash "$here/kamailio_start.sh" "$dir" "$port" WITH_HTTP
ok $? "Kamailio runs"
web=http://127.0.0.1:$port/RPC
rpc() { python3 "$here/phone.py" rpc "$sock" "$@"; }
field() { python3 -c 'import json,sys; print(json.loads(sys.argv[1])["bindings"][0][sys.argv[2]])' "$@"; }
probe() { "$REGTOP" ping -s "$db" --control "$@" --json; }

phone_port=$(free_port)
sipp -sf "$here/answer_options.xml" -i 127.0.0.1 -p "$phone_port" -nostdin \
  >"$tap_dir/sipp.out" 2>&1 &
phone=$!
started "$phone"
wait_for 5 sh -c "ss -lunH 'sport = :$phone_port' | grep -q ."
ok $? "the phone runs"

# What is added by RPC has no socket that took its REGISTER: there is no address for its temp-GRUU.
rpc ul.add location desk "sip:desk@127.0.0.1:$phone_port" 600 0.3 . 0 0 4294967295 | grep -q '"result"'
ok $? "a contact is added by RPC"
out=$(probe "$web" desk)
is "$(field "$out" code)" 200 "the phone answers to what Kamailio sends itself"
is "$(field "$out" basis)" confirmed "it was the registrar who asked, so this is confirmed"
is "$(field "$out" answered_by)" sipp-phone "and it is the phone that answered"
out=$(probe "unix:$sock" desk)
is "$(field "$out" basis)" likely "by another control nothing is kept waiting: the probe goes direct"

kill -STOP "$phone"
out=$(probe "$web" --timeout 2s desk)
is $? 1 "a phone that is silent is found"
is "$(field "$out" verdict)" silent "its verdict is: silent"
is "$(field "$out" basis)" confirmed "said by the registrar's own request"
kill -CONT "$phone"
out=$(probe "$web" desk)
is "$(field "$out" code)" 200 "it answers when it goes on"

# Behind a NAT only the registrar reaches it, and its own socket is what the phone knows.
rpc ul.add location edge sip:edge@192.168.7.7:5060 600 0.3 "<sip:127.0.0.1:$phone_port;lr>" 0 0 4294967295 |
  grep -q '"result"'
ok $? "a contact behind an edge is added by RPC"
out=$(probe "$web" edge)
is "$(field "$out" code)" 200 "its Path becomes the way of the request"
is "$(field "$out" answered_by)" sipp-phone "and the answer comes from there"

# A registrar that hangs says nothing about its phones.
pid=$(cat "$dir/kamailio.pid")
for p in $(pgrep -P "$pid") $pid; do kill -STOP "$p"; done
out=$(probe "$web" --timeout 2s edge)
unlike "$(field "$out" verdict)" 'silent' "when Kamailio hangs, silence is not the phone's"
for p in $pid $(pgrep -P "$pid"); do kill -CONT "$p"; done
plan_later
