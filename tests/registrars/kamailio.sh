#!/bin/bash
# regtop beside a real Kamailio: its list, its probes through the registrar, its removals.
. "$TOP_SRCDIR/tests/lib/tap.sh"

need kamailio sqlite3 python3
[ -e /usr/share/kamailio/db_sqlite/usrloc-create.sql ] ||
  skip_all "Kamailio's SQLite module is not installed"
here=$TOP_SRCDIR/tests/registrars
phone=$here/phone.py
dirs=()

stop_all() {
  local dir
  for dir in "${dirs[@]}"; do bash "$here/kamailio_start.sh" "$dir" stop; done
  tap_end
}
trap stop_all EXIT

# The journal of the actions must not be the one of whoever runs the tests.
export HOME=$tap_dir XDG_STATE_HOME=$tap_dir/state XDG_CONFIG_HOME=$tap_dir/config
export PYTHONDONTWRITEBYTECODE=1

# begin NAME OPTION...: a Kamailio of its own; sets dir, db, sock and port.
begin() {
  dir=$tap_dir/$1 db=$tap_dir/$1/kamailio.sqlite sock=$tap_dir/$1/kamailio_rpc.sock
  port=$(free_port)
  dirs+=("$dir")
  shift
  bash "$here/kamailio_start.sh" "$dir" "$port" "$@"
}

rpc() { python3 "$phone" rpc "$sock" "$@"; }
register() { python3 "$phone" register "$1" "$port" "${@:2}"; }

# phone_stays NAME [key=value...]: a phone that registers and goes on running; sets last.
phone_stays() {
  python3 "$phone" stay "$1" "$port" "${@:2}" >"$tap_dir/$1.out" 2>&1 &
  last=$!
  started "$last"
  wait_for 10 grep -q ready "$tap_dir/$1.out"
}

# field JSON NAME: of the first binding.
field() { python3 -c 'import json,sys; print(json.loads(sys.argv[1])["bindings"][0][sys.argv[2]])' "$@"; }

list() { "$REGTOP" list -s "$db" --json "$@"; }
gone() { [ "$(list "$@" | python3 -c 'import json,sys; print(len(json.load(sys.stdin)["bindings"]))')" = 0 ]; }

# ---- the list says what the registrar's memory says ---------------------------------------------
list_equals_memory() {
  local out got
  register plain &&
    register natted contact=sip:natted@192.168.7.7:5060 &&
    register edge 'headers=Supported: path|Path: <sip:127.0.0.1:5099;lr;received=sip:10.0.0.7:1234>' &&
    register outbound 'params=;q=0.7;+sip.instance="<urn:uuid:0c67446e-f1a1-11d9-94d3-000a95a0e128>";reg-id=1' \
      'headers=Supported: outbound|Allow: INVITE, ACK, BYE, CANCEL, OPTIONS' &&
    register two port=0 && register two port=0 expires=120
  ok $? "phones register ($1)"
  rpc ul.add location desk sip:desk@192.0.2.20 0 0.3 . 0 0 4294967295 | grep -q '"result"'
  ok $? "a permanent contact is added by RPC ($1)"
  # In db_mode 2 the table is written by a timer.
  wait_for 10 rows_are 7
  out=$(list)
  is $? 0 "list ends well ($1)"
  got=$(python3 "$here/compare_lookup.py" "$sock" <<<"$out")
  is "$got" 7 "all bindings are listed as ul.lookup tells them, expiries within a second ($1)"
  like "$out" '"contact": ?"sip:natted@192.168.7.7:5060"' "a contact behind NAT is listed verbatim ($1)"
}

rows_are() { [ "$(sqlite3 "$db" 'SELECT count(*) FROM location')" = "$1" ]; }

for journal in wal delete; do
  begin "list-$journal" "JOURNAL=$journal"
  ok $? "Kamailio runs ($journal)"
  list_equals_memory "$journal"
done
# In an SQLite file times are in UTC, wherever Kamailio and regtop think they are.
for zone in UTC America/New_York; do
  for mode in 1 2 3; do
    export TZ=$zone
    begin "list-${zone//\//-}-$mode" "DBMODE=$mode" TIMERIVL=1
    export TZ=Asia/Kathmandu
    list_equals_memory "Kamailio in $zone, db_mode $mode"
    export TZ=UTC
    bash "$here/kamailio_start.sh" "$dir" stop
  done
done

begin domains USEDOMAIN=1
register sales domain=127.0.0.1
like "$(list)" '"aor": ?"sales@127.0.0.1"' "with domains in use the AoR has its domain"
is "$(list | python3 "$here/compare_lookup.py" "$sock")" 1 "and is what ul.lookup tells of it"

# ---- probes travel through the registrar ---------------------------------------------------------
begin probes
phone_stays alive agent=AliveOne/1
phone_stays paused
paused=$last
kill -STOP "$paused"
phone_stays odd code=486
phone_stays leaver && { kill "$last"; wait "$last" 2>/dev/null; }
register other domain=127.0.0.1 contact=sip:other@192.0.2.77:5060

out=$("$REGTOP" ping -s "$db" --json alive)
is $? 0 "ping of a phone that answers ends well"
is "$(field "$out" verdict)" answers "its verdict is: answers"
is "$(field "$out" basis)" confirmed "confirmed, because the probe went through the registrar"
is "$(field "$out" code)" 200 "with its code"
is "$(field "$out" answered_by)" AliveOne/1 "and the phone's name, not the registrar's"
out=$("$REGTOP" ping -s "$db" --json odd)
like "$(field "$out" verdict)" 'answers' "a phone that says 486 answers"
is "$(field "$out" code)" 486 "with its own code"
out=$("$REGTOP" ping -s "$db" --json paused)
is $? 1 "ping of a stopped phone found something wrong"
is "$(field "$out" verdict)" silent "its verdict is: silent"
kill -CONT "$paused"
out=$("$REGTOP" ping -s "$db" --json paused)
is "$(field "$out" verdict)" answers "it answers when it goes on"
# Through Kamailio a closed port is as silent as a stopped phone; without a NAT in between a direct
# packet tells them apart.
out=$("$REGTOP" ping -s "$db" --json leaver)
is "$(field "$out" verdict)" refused "a phone whose port is closed: refused"
rpc ul.rm location alive >/dev/null
sqlite3 "$db" "INSERT INTO location (ruid, username, contact, expires, socket) VALUES
  ('uloc-1-1-1-1', 'ghost', 'sip:ghost@127.0.0.1:9', julianday('now', '+1 hour'), 'udp:127.0.0.1:$port')"
out=$("$REGTOP" ping -s "$db" --json ghost)
unlike "$(field "$out" verdict)" '^answers$' "a row that memory does not know does not count as a phone that answers"

# ---- removals ------------------------------------------------------------------------------------
begin removals
purge() { "$REGTOP" purge -s "$db" --control "unix:$sock" "$@" --yes --reason "T-1"; }
register pair contact=sip:pair@127.0.0.1:17001 callid=one@test
register pair contact=sip:pair@127.0.0.1:17002 callid=two@test
purge contact:17001 >"$tap_dir/purge.out" 2>&1
is $? 0 "one of two contacts is removed"
out=$(rpc ul.lookup location pair)
unlike "$out" 17001 "Kamailio no longer has it"
like "$out" 17002 "the other one stays"
wait_for 5 gone contact:17001
ok $? "the list follows"
like "$("$REGTOP" journal 2>&1)" 'T-1' "the journal holds the reason"
like "$("$REGTOP" journal --json 2>&1)" '17001' "the journal holds the contact"

# The table is an old picture when memory went on: db_mode 1 writes at once, so a hand turns the
# row back to what was seen before the refresh.
register pair contact=sip:pair@127.0.0.1:17002 callid=two@test cseq=2
sqlite3 "$db" "UPDATE location SET cseq = 1 WHERE contact LIKE '%17002'"
purge contact:17002 >"$tap_dir/purge.out" 2>&1
is $? 1 "what registered again since it was seen is skipped"
like "$(rpc ul.lookup location pair)" 17002 "and stays where it is"
purge contact:nothing-like-this >"$tap_dir/purge.out" 2>&1
is $? 1 "no match, no action"
register crowd contact=sip:crowd@127.0.0.1:17101
register crowd contact=sip:crowd@127.0.0.1:17102
purge crowd >"$tap_dir/purge.out" 2>&1
is $? 5 "more than one needs its count"
"$REGTOP" purge -s "$db" --control "unix:$tap_dir/nothing.sock" contact:17101 --yes --reason T-2 \
  >"$tap_dir/purge.out" 2>&1
is $? 5 "without a control socket nothing is removed"
like "$(cat "$tap_dir/purge.out")" 'control' "and the words say why"
like "$(rpc ul.lookup location crowd)" 17101 "the contact is still there"

begin matching MATCHMODE=1
register strict contact=sip:strict@127.0.0.1:17201
register strict contact=sip:strict@127.0.0.1:17202
purge contact:17201 >"$tap_dir/purge.out" 2>&1
is $? 5 "with another matching mode one contact alone cannot go"
like "$(cat "$tap_dir/purge.out")" 'matching_mode' "and the words say why"
like "$(cat "$tap_dir/purge.out")" '[-]-whole-aor --yes=2' "and name the option that takes the whole AoR"
like "$(rpc ul.lookup location strict)" '17201.*17202|17202.*17201' "nothing was removed"

begin truth DBMODE=3
register row contact=sip:row@127.0.0.1:17301
"$REGTOP" purge -s "$db" --control table contact:17301 --yes --reason T-3 >"$tap_dir/purge.out" 2>&1
is $? 0 "when the table is the truth its row is removed"
like "$(rpc ul.lookup location row)" 'error' "and Kamailio no longer finds it"

# ---- the same over HTTP --------------------------------------------------------------------------
begin http WITH_HTTP
web=http://127.0.0.1:$port
register pair contact=sip:pair@127.0.0.1:17001 callid=one@test
register pair contact=sip:pair@127.0.0.1:17002 callid=two@test
out=$("$REGTOP" purge -s "$db" --control "$web/RPC" contact:17001 --yes --reason T-2 2>&1)
is $? 0 "a contact is removed over HTTP"
like "$out" "ul.rm_contact on $web/RPC" "the plan says how"
out=$(rpc ul.lookup location pair)
unlike "$out" 17001 "Kamailio no longer has it"
like "$out" 17002 "the other one stays"
out=$("$REGTOP" purge -s "$db" --control "$web/nothing" contact:17002 --yes --reason T-2 2>&1)
is $? 1 "a path without JSON-RPC removes nothing"
like "$out" 'no JSON-RPC is served there' "and says why"
like "$(rpc ul.lookup location pair)" 17002 "the contact stays"
out=$("$REGTOP" purge -s "$db" --control http://127.0.0.1:1/RPC contact:17002 --yes --reason T-2 2>&1)
like "$out" 'cannot be reached' "an HTTP server that is not there is told"
plan_later
