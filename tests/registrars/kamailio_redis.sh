#!/bin/bash
# regtop beside a real Kamailio that keeps its bindings in a real Redis (db_redis), in two time zones: its
# list, its removals, what it does to the maps, and what it says when the server is not there or refuses.
. "$TOP_SRCDIR/tests/lib/tap.sh"
. "$TOP_SRCDIR/tests/lib/database.sh"

once
need kamailio python3 redis-server redis-cli
ls /usr/lib/*/kamailio/modules/db_redis.so >/dev/null 2>&1 ||
  { skip "Kamailio on Redis" "Kamailio's module db_redis.so is not installed"; plan_later; exit; }
if "$REGTOP" list -s redis://127.0.0.1:1/0 2>&1 | grep -q 'built without'; then
  skip "Kamailio on Redis" "this regtop was built without it"
  plan_later
  exit
fi
here=$TOP_SRCDIR/tests/registrars
phone=$here/phone.py
kamailios=()
server_dir=$tap_dir/redis server_port=$(free_port)
url=redis://127.0.0.1:$server_port/3

stop_all() {
  local one
  for one in "${kamailios[@]}"; do bash "$here/kamailio_start.sh" "$one" stop; done
  bash "$here/database_start.sh" redis "$server_dir" stop
  tap_end
}
trap stop_all EXIT

export HOME=$tap_dir XDG_STATE_HOME=$tap_dir/state XDG_CONFIG_HOME=$tap_dir/config
export PYTHONDONTWRITEBYTECODE=1
unset REDISCLI_AUTH

rpc() { python3 "$phone" rpc "$sock" "$@"; }
register() { python3 "$phone" register "$1" "$port" "${@:2}"; }
list() { "$REGTOP" list -s "$url$1" --control "unix:$sock" --json "${@:2}"; }
count() { python3 -c 'import json,sys; print(len(json.load(sys.stdin)["bindings"]))'; }
listed() { [ "$(list "$@" 2>/dev/null | count)" = "$want" ]; }

empty() {
  redis FLUSHDB >/dev/null
  redis HSET version:entry::location table_version 9 table_name location >/dev/null
  redis HSET version:entry::location_attrs table_version 1 table_name location_attrs >/dev/null
}

# begin NAME TZ OPTION...: a Kamailio of its own on an empty database.
begin() {
  local name=$1 zone=$2
  shift 2
  empty
  dir=$tap_dir/$name sock=$tap_dir/$name/kamailio_rpc.sock port=$(free_port)
  kamailios+=("$dir")
  TZ=$zone bash "$here/kamailio_start.sh" "$dir" "$port" "DB=$url" "$@"
}

end_kamailio() { bash "$here/kamailio_start.sh" "$dir" stop; }

# The list is what Kamailio's memory says, whatever zone either of us is in.
list_in_zone() {
  local zone=$1 mode=$2 out
  begin "zone-${zone//\//-}-$mode" "$zone" "DBMODE=$mode" TIMERIVL=1
  register plain && register natted contact=sip:natted@192.168.7.7:5060 &&
    register edge 'headers=Supported: path|Path: <sip:127.0.0.1:5099;lr;received=sip:10.0.0.7:1234>' &&
    register outbound 'params=;q=0.7;+sip.instance="<urn:uuid:0c67446e-f1a1-11d9-94d3-000a95a0e128>";reg-id=1' \
      'headers=Supported: outbound|Allow: INVITE, ACK, BYE, CANCEL, OPTIONS' &&
    register "it's" && register two port=0 && register two port=0 expires=120
  ok $? "phones register ($zone, db_mode $mode)"
  rpc ul.add location desk sip:desk@127.0.0.1:9 0 0.3 . 0 0 4294967295 | grep -q '"result"'
  ok $? "a permanent contact is added by RPC ($zone, db_mode $mode)"
  want=8 wait_for 10 listed "?timezone=$zone"
  out=$(list "?timezone=$zone")
  is $? 0 "list ends well ($zone, db_mode $mode)"
  is "$(python3 "$here/compare_lookup.py" "$sock" <<<"$out")" 8 \
    "all bindings are listed as ul.lookup tells them ($zone, db_mode $mode)"
  if [ "$zone" != UTC ] && [ "$mode" = 1 ]; then
    python3 "$here/wrong_zone.py" "$REGTOP" "$url" "$sock"
    ok $? "the inspector says that it was not told the zone"
  fi
  end_kamailio
}

# Removed from routing and from the table, and it stays away.
removal() {
  local mode=$1 out
  begin "mode-$mode" UTC "DBMODE=$mode" TIMERIVL=2
  register pair contact=sip:pair@127.0.0.1:17001 callid=one@test &&
    register pair contact=sip:pair@127.0.0.1:17002 callid=two@test
  ok $? "a phone registers twice (db_mode $mode)"
  want=2 wait_for 10 listed ""
  ok $? "both contacts are in the table (db_mode $mode)"
  "$REGTOP" purge -s "$url" --control "unix:$sock" contact:17001 --yes --reason T-1 >"$tap_dir/out" 2>&1
  is $? 0 "one of two contacts is removed (db_mode $mode)"
  out=$(rpc ul.lookup location pair)
  like "$out" 17002 "Kamailio keeps the other (db_mode $mode)"
  # Memory shows a removed contact until the timer clears it away.
  want=1 wait_for 10 listed ""
  ok $? "its row goes (db_mode $mode)"
  out=$(rpc ul.lookup location pair)
  unlike "$out" 17001 "and the binding has left memory (db_mode $mode)"
  end_kamailio
  TZ=UTC bash "$here/kamailio_start.sh" "$dir" "$port" "DB=$url" "DBMODE=$mode" TIMERIVL=2
  out=$(rpc ul.lookup location pair)
  unlike "$out" 17001 "it is still gone after a restart (db_mode $mode)"
  like "$out" 17002 "and the other one is there (db_mode $mode)"
  want=1 listed ""
  ok $? "the list is without it, though a map may still name it (db_mode $mode)"
  end_kamailio
}

# The table is the truth in db_mode 3: its row is deleted, only as it was shown, and from the maps too.
by_table() {
  local gone out
  begin table UTC DBMODE=3 USEDOMAIN=1
  register gone contact=sip:gone@127.0.0.1:17003 && register keep
  gone=$(redis SMEMBERS location:usrdom::gone:127.0.0.1)
  like "$gone" '^location:entry::uloc' "Kamailio's map leads to the row"
  is "$(redis SCARD location:timer::0:0)" 2 "and the other map to both"
  "$REGTOP" purge -s "$url" --control table contact:17003 --yes --reason T-2 >"$tap_dir/out" 2>&1
  is $? 0 "a row is deleted where the table is the truth"
  is "$(redis EXISTS "$gone")" 0 "it is gone"
  is "$(redis EXISTS location:usrdom::gone:127.0.0.1)" 0 "so is the map that led only to it"
  is "$(redis SCARD location:timer::0:0)" 1 "and the other map leads to the other row alone"
  like "$(rpc ul.lookup location gone@127.0.0.1)" 'AOR not found|AOR has no contacts' "calls do not find it"
  like "$(rpc ul.lookup location keep@127.0.0.1)" '"Address"' "and find the other"
  like "$("$REGTOP" journal 2>&1)" T-2 "the journal knows of it"
  end_kamailio
}

refusals() {
  local out
  empty
  redis HSET location:entry::uloc-1-1 ruid uloc-1-1 username first contact sip:first@127.0.0.1 \
    expires '2035-01-01 00:00:00' callid c cseq 1 >/dev/null
  out=$("$REGTOP" list -s "${url%3}4" 2>&1)
  is $? 3 "a database without the table: exit status 3"
  like "$out" '/4 has no table location' "and words"
  out=$("$REGTOP" list -s "$url?table=subscribers" 2>&1)
  is $? 3 "another table that is not there"
  redis RENAME location:entry::uloc-1-1 'x:subscribers:entry::uloc-1-1' >/dev/null
  redis HSET 'x:subscribers:entry::uloc-1-1' addr sip:other@127.0.0.1 >/dev/null
  out=$("$REGTOP" list -s "$url?prefix=x&table=subscribers&contact_column=addr" 2>&1)
  is $? 0 "table, prefix and column are called as the address says"
  like "$out" 'sip:other@' "and read so"
  redis HSET version:entry::location table_version 1004 >/dev/null
  out=$("$REGTOP" list -s "$url" 2>&1)
  is $? 3 "a version that is not known: exit status 3"
  like "$out" 'version 1004' "and words"
  redis HSET version:entry::location table_version 9 >/dev/null

  redis CONFIG SET requirepass 'kam pw@1' >/dev/null
  out=$("$REGTOP" list -s "$url" 2>&1)
  is $? 3 "no password: exit status 3"
  like "$out" 'NOAUTH.*' "and Redis's words"
  out=$("$REGTOP" list -s "${url/redis:\/\//redis://:wrong@}" 2>&1)
  is $? 3 "a wrong password: exit status 3"
  like "$out" 'WRONGPASS' "and Redis's words"
  unlike "$out" ':wrong@' "which do not repeat it"
  "$REGTOP" list -s "${url/redis:\/\//redis://:kam%20pw%401@}" >/dev/null 2>&1
  is $? 0 "the right password opens"
  REDISCLI_AUTH='kam pw@1' "$REGTOP" list -s "$url" >/dev/null 2>&1
  is $? 0 "also out of the environment"
  redis -a 'kam pw@1' --no-auth-warning CONFIG SET requirepass '' >/dev/null
  REDISCLI_AUTH='kam pw@1' "$REGTOP" list -s "$url" >/dev/null 2>&1
  is $? 0 "a password that nobody asks for does no harm"

  "$REGTOP" list -s "redis:///3?socket=$server_dir/sock" >/dev/null 2>&1
  is $? 0 "the server's Unix socket will do"
  like "$("$REGTOP" list -s 'redis:///3?socket=/nonexistent' 2>&1)" 'No such file' "and one that is not there is told"

  # Reading alone is enough of a right to read.
  redis ACL SETUSER reader on '>secret' '~*' +select +scan +hgetall +hget >/dev/null
  "$REGTOP" list -s "${url/redis:\/\//redis://reader:secret@}" >/dev/null 2>&1
  is $? 0 "a user that may only read is enough to list"
  redis ACL DELUSER reader >/dev/null
}

bash "$here/database_start.sh" redis "$server_dir" "$server_port"
ok $? "the server runs"
for zone in UTC America/New_York; do
  for mode in 1 2 3; do list_in_zone "$zone" "$mode"; done
done
for mode in 1 2 3; do removal "$mode"; done
by_table
refusals
begin outage UTC
kamailio_url=$url outlives redis
plan_later
