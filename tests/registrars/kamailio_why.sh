#!/bin/bash
# regtop why with a real Kamailio: the path of a call goes through it, its memory is asked, and the
# phones are as they were arranged.
# shellcheck source=../lib/tap.sh
. "$TOP_SRCDIR/tests/lib/tap.sh"

once
need kamailio python3 sqlite3
here=$TOP_SRCDIR/tests/registrars
phone=$here/phone.py
dir=$tap_dir/kamailio
port=$(free_port)
sock=$dir/kamailio_rpc.sock
db=$dir/kamailio.sqlite

stop_all() {
  bash "$here/kamailio_start.sh" "$dir" stop
  tap_end
}
trap stop_all EXIT
export HOME=$tap_dir XDG_STATE_HOME=$tap_dir/state XDG_CONFIG_HOME=$tap_dir/config
export PYTHONDONTWRITEBYTECODE=1
bash "$here/kamailio_start.sh" "$dir" "$port" DBMODE=1

stay() { # USER [key=value…]
  python3 "$phone" stay "$1" "$port" "${@:2}" >"$tap_dir/$1.log" &
  started $!
  wait_for 10 grep -q ready "$tap_dir/$1.log"
}
why() {
  "$REGTOP" why -s "$db" --control "unix:$sock" --timeout 3s --json "$@" >"$tap_dir/json" 2>"$tap_dir/err"
  status=$?
}
field() { python3 -c 'import json, sys; d = json.load(open(sys.argv[1])); print(eval(sys.argv[2]))' \
  "$tap_dir/json" "$1"; }
way='lambda b, w: (b["asked"][w]["outcome"], b["asked"][w]["code"])'

stay anna
why anna
is "$status $(field 'd["cause"]["id"]')" "0 well" "a phone that answers through Kamailio is well"
is "$(field "($way)(d['bindings'][0], 'call')")" "('answered', 200)" "asked on the path of a call"
is "$(field "($way)(d['bindings'][0], 'direct')")" "('answered', 200)" "and straight, beside it"
is "$(field 'd["bindings"][0]["basis"]')" confirmed "which confirms it"
is "$(field 'd["bindings"][0]["differs"]')" no "memory was asked, and agrees with the table"

stay bert code=486
why bert
is "$status $(field 'd["cause"]["id"]')" "1 phone-refuses" "a phone that is busy refuses"

stay carl code=0
why carl
is "$status $(field 'd["cause"]["id"]')" "1 off-or-down" "a silent phone: no sign of life"
is "$(field "($way)(d['bindings'][0], 'call')[0]")" silent "silent through Kamailio"
is "$(field "($way)(d['bindings'][0], 'direct')[0]")" silent "and straight"

python3 "$phone" register dora "$port"
why dora
is "$status $(field 'd["cause"]["id"]')" "1 process-dead" \
  "a closed port is known by the packet that goes straight: Kamailio hears no ICMP"

stay emil callid=second@test
python3 "$phone" register emil "$port" callid=first@test
sqlite3 "$db" "UPDATE location SET last_modified = datetime(last_modified, '-100 seconds') WHERE callid = 'first@test'"
why emil
is "$status $(field 'len(d["bindings"])')" "1 2" "both bindings of a restarted phone are worked up"
is "$(field '[c["id"] for c in [d["cause"], *d["also"]] if c["id"] == "twin-after-reboot"]')" \
  "['twin-after-reboot']" "and the one from before is named"

# A row that memory does not know: calls do not go there.
sqlite3 "$db" "INSERT INTO location (ruid, username, contact, expires, last_modified, user_agent, socket, callid)
  VALUES ('uloc-left-over', 'frieda', 'sip:frieda@127.0.0.1:9', datetime('now', '+1 hour'), datetime('now'),
          'testphone/1', 'udp:127.0.0.1:$port', 'left@test')"
why frieda
is "$status $(field 'd["cause"]["id"]')" "1 only-in-table" "what only the table has is told as that"

# A registrar that hangs: the phone is not to blame.
main=$(cat "$dir/kamailio.pid") all=$(pgrep -P "$main" | tr '\n' ' ')
kill -STOP "$main" $all
why anna
is "$status $(field 'd["cause"]["id"]')" "1 registrar-path" "a phone that answers, but not through the registrar"
kill -CONT "$main" $all

# Nothing of the phone's: its registrar is not there.
bash "$here/kamailio_start.sh" "$dir" stop
why anna
is "$status $(field 'd["cause"]["id"], d["well"]')" "1 ('registrar-away', False)" \
  "a phone that answers is not well while its registrar takes no SIP"
is "$(field "($way)(d['bindings'][0], 'direct')")" "('answered', 200)" "though it answers to others"
like "$(field 'd["bindings"][0]["asked"]["call"]["detail"]')" "the registrar takes no SIP" "the path of a call says so"
bash "$here/kamailio_start.sh" "$dir" "$port" DBMODE=1

why gustav
is "$status $(field 'd["cause"]["id"]')" "1 not-registered" "nobody of that name is registered"
plan_later
