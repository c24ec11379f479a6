#!/bin/bash
# A real Kamailio whose table is called otherwise, whose phones have odd names, or say what is not
# UTF-8: it is asked for what is shown, and for nothing else.
. "$TOP_SRCDIR/tests/lib/tap.sh"

need kamailio sqlite3 python3
[ -e /usr/share/kamailio/db_sqlite/usrloc-create.sql ] ||
  skip_all "Kamailio's SQLite module is not installed"
here=$TOP_SRCDIR/tests/registrars
phone=$here/phone.py
dirs=()

stop_all() {
  local one
  for one in "${dirs[@]}"; do bash "$here/kamailio_start.sh" "$one" stop; done
  tap_end
}
trap stop_all EXIT

export HOME=$tap_dir XDG_STATE_HOME=$tap_dir/state XDG_CONFIG_HOME=$tap_dir/config
export PYTHONDONTWRITEBYTECODE=1
mkdir -p "$tap_dir/config/regtop"

# begin NAME OPTION...: a Kamailio of its own; sets dir, db, sock and port.
begin() {
  dir=$tap_dir/$1 db=$tap_dir/$1/kamailio.sqlite sock=$tap_dir/$1/kamailio_rpc.sock
  port=$(free_port)
  dirs+=("$dir")
  shift
  bash "$here/kamailio_start.sh" "$dir" "$port" "$@"
}
register() { python3 "$phone" register "$1" "$port" "${@:2}"; }
rows() { sqlite3 "$db" "SELECT group_concat(contact, ' ') FROM (SELECT contact FROM $1 ORDER BY contact)"; }
# What regtop says of each: "contact differs".
told() { "$REGTOP" list "$@" --columns contact,differs --json | python3 -c 'import json,sys
for b in json.load(sys.stdin)["bindings"]: print(b["contact"], b["differs"])' | sort | tr '\n' ' '; }
purge() { out=$("$REGTOP" purge --reason T-1 "$@" 2>&1); }

# ---- another table ------------------------------------------------------------------------------

mkdir -p "$tap_dir/renamed"
for part in standard usrloc; do cat "/usr/share/kamailio/db_sqlite/$part-create.sql"; done |
  sed 's/location/subs/g' | sqlite3 "$tap_dir/renamed/kamailio.sqlite"
begin renamed 'TABLE="subs"'
ok $? "Kamailio runs with a table called subs"
register anna contact=sip:a@127.0.0.1:17001 && register anna contact=sip:b@127.0.0.1:17002
ok $? "a phone registers twice"
is "$(told -s "$db?table=subs" --control "unix:$sock")" \
  'sip:a@127.0.0.1:17001 no sip:b@127.0.0.1:17002 no ' "memory says the same as the table"
purge -s "$db?table=subs" --control "unix:$sock" --yes contact:17001
is $? 0 "one contact is removed"
is "$(rows subs)" 'sip:b@127.0.0.1:17002' "that one, and no other"
out=$("$REGTOP" list -s "kamailio:unix:$sock" 2>&1)
is $? 3 "memory alone has no table called location"
like "$out" 'table= in its section' "regtop says how another is named"
printf '[x]\ncontrol = unix:%s\ntable = subs\n' "$sock" >"$tap_dir/config/regtop/regtop.conf"
is "$(told)" 'sip:b@127.0.0.1:17002 None ' "which a section does"
purge --yes anna
is $? 0 "and a contact is removed by it"
is "$(rows subs)" '' "from the table, too"
rm "$tap_dir/config/regtop/regtop.conf"

# ---- names --------------------------------------------------------------------------------------

# Without use_domain ul.lookup and ul.rm cut an AoR at its @: they would take bob's contacts for those
# of bob@acme.com.
begin odd
register bob contact=sip:bob@127.0.0.1:17003 && register bob%40acme.com contact=sip:bob@127.0.0.1:17004
ok $? "bob and bob@acme.com register"
is "$(told -s "$db" --control "unix:$sock")" \
  'sip:bob@127.0.0.1:17003 no sip:bob@127.0.0.1:17004 None ' "the second is not said to be only in the table"
purge -s "$db" --control "unix:$sock" --yes contact:17004
is $? 1 "it is not removed"
like "$out" 'without use_domain' "regtop says why"
purge -s "$db" --control "unix:$sock" --leftovers --yes contact:17004
unlike "$out" 'removed' "its row is not taken for one that is left"
purge -s "$db" --control "unix:$sock" --whole-aor --yes contact:17004
unlike "$out" 'removed' "nor bob for the whole AoR"
is "$(rows location)" 'sip:bob@127.0.0.1:17003 sip:bob@127.0.0.1:17004' "nothing was touched"
is "$(told -s "kamailio:unix:$sock")" 'sip:bob@127.0.0.1:17003 None sip:bob@127.0.0.1:17004 None ' \
  "memory alone lists both"
purge -s "kamailio:unix:$sock" --whole-aor --yes contact:17004
unlike "$out" 'removed' "and takes neither for the other"

begin domains USEDOMAIN=1
register bob contact=sip:bob@127.0.0.1:17003 && register bob%40acme.com contact=sip:bob@127.0.0.1:17004
ok $? "both register with use_domain"
is "$(told -s "$db" --control "unix:$sock")" 'sip:bob@127.0.0.1:17003 no sip:bob@127.0.0.1:17004 no ' \
  "there Kamailio tells one from the other"
purge -s "$db" --control "unix:$sock" --yes contact:17004
is $? 0 "and removes the one that is meant"
is "$(rows location)" 'sip:bob@127.0.0.1:17003' "and no other"

# ---- what phones say ----------------------------------------------------------------------------

begin bytes WITH_HTTP
for control in "unix:$sock" "ctl:$dir/kamailio_ctl" "fifo:$dir/kamailio_rpc.fifo" "http://127.0.0.1:$port/RPC"; do
  kind=${control%%:*}
  register latin contact=sip:l@127.0.0.1:17005 agent=$'Telefon K\xfcche' && register latin contact=sip:l@127.0.0.1:17006
  ok $? "a phone whose User-Agent is not UTF-8 registers ($kind)"
  is "$(told -s "$db" --control "$control")" 'sip:l@127.0.0.1:17005 no sip:l@127.0.0.1:17006 no ' \
    "memory is understood ($kind)"
  is "$(told -s "kamailio:$control")" 'sip:l@127.0.0.1:17005 None sip:l@127.0.0.1:17006 None ' \
    "and listed ($kind)"
  purge -s "$db" --control "$control" --yes contact:17005
  is $? 0 "the phone is removed ($kind)"
  is "$(rows location)" 'sip:l@127.0.0.1:17006' "and no other ($kind)"
done
plan_later
