#!/bin/bash
# regtop beside a real Kamailio that keeps its bindings on a real MariaDB or PostgreSQL, in two time
# zones: its list, its removals, and what it says when the server is not there.
. "$TOP_SRCDIR/tests/lib/tap.sh"
. "$TOP_SRCDIR/tests/lib/database.sh"

once
need kamailio python3
here=$TOP_SRCDIR/tests/registrars
phone=$here/phone.py
kamailios=()

stop_all() {
  local one
  for one in "${kamailios[@]}"; do bash "$here/kamailio_start.sh" "$one" stop; done
  stop_servers
  tap_end
}
trap stop_all EXIT

export HOME=$tap_dir XDG_STATE_HOME=$tap_dir/state XDG_CONFIG_HOME=$tap_dir/config
export PYTHONDONTWRITEBYTECODE=1 PGCONNECT_TIMEOUT=5

rpc() { python3 "$phone" rpc "$sock" "$@"; }
register() { python3 "$phone" register "$1" "$port" "${@:2}"; }
list() { "$REGTOP" list -s "$url$1" --control "unix:$sock" --json "${@:2}"; }
count() { python3 -c 'import json,sys; print(len(json.load(sys.stdin)["bindings"]))'; }
listed() { [ "$(list "$@" 2>/dev/null | count)" = "$want" ]; }

# begin KIND NAME TZ OPTION...: a Kamailio of its own on the server of this kind.
begin() {
  local kind=$1 name=$2 zone=$3
  shift 3
  "ask_$kind" "DELETE FROM location" >/dev/null
  dir=$tap_dir/$kind-$name sock=$tap_dir/$kind-$name/kamailio_rpc.sock port=$(free_port)
  kamailios+=("$dir")
  TZ=$zone bash "$here/kamailio_start.sh" "$dir" "$port" "DB=$kamailio_url" "$@"
}

end_kamailio() { bash "$here/kamailio_start.sh" "$dir" stop; }

# The list is what Kamailio's memory says, whatever zone either of us is in.
list_in_zone() {
  local kind=$1 zone=$2 mode=$3 out
  begin "$kind" "zone-${zone//\//-}-$mode" "$zone" "DBMODE=$mode" TIMERIVL=1
  register plain && register natted contact=sip:natted@192.168.7.7:5060 &&
    register edge 'headers=Supported: path|Path: <sip:127.0.0.1:5099;lr;received=sip:10.0.0.7:1234>' &&
    register outbound 'params=;q=0.7;+sip.instance="<urn:uuid:0c67446e-f1a1-11d9-94d3-000a95a0e128>";reg-id=1' \
      'headers=Supported: outbound|Allow: INVITE, ACK, BYE, CANCEL, OPTIONS' &&
    register "it's" && register zoë && register two port=0 && register two port=0 expires=120
  ok $? "phones register ($kind, $zone, db_mode $mode)"
  rpc ul.add location desk sip:desk@127.0.0.1:9 0 0.3 . 0 0 4294967295 | grep -q '"result"'
  ok $? "a permanent contact is added by RPC ($kind, $zone, db_mode $mode)"
  want=9 wait_for 10 listed "?timezone=$zone"
  out=$(list "?timezone=$zone")
  is $? 0 "list ends well ($kind, $zone, db_mode $mode)"
  is "$(python3 "$here/compare_lookup.py" "$sock" <<<"$out")" 9 \
    "all bindings are listed as ul.lookup tells them ($kind, $zone, db_mode $mode)"
  # Told a wrong zone, or none, the tool finds out by asking Kamailio for one binding.
  if [ "$zone" != UTC ] && [ "$mode" = 1 ]; then
    wrong_zone "$kind"
  fi
  end_kamailio
}

wrong_zone() {
  python3 "$here/wrong_zone.py" "$REGTOP" "$url" "$sock"
  ok $? "the inspector says that it was not told the zone ($1)"
}

# Removed from routing and from the table, and it stays away; with times in another zone than ours.
removal() {
  local kind=$1 mode=$2 out zone=America/New_York
  begin "$kind" "mode-$mode" "$zone" "DBMODE=$mode" TIMERIVL=2
  register pair contact=sip:pair@127.0.0.1:17001 callid=one@test &&
    register pair contact=sip:pair@127.0.0.1:17002 callid=two@test
  ok $? "a phone registers twice ($kind, db_mode $mode)"
  want=2 wait_for 10 listed "?timezone=$zone"
  ok $? "both contacts are in the table ($kind, db_mode $mode)"
  "$REGTOP" purge -s "$url?timezone=$zone" --control "unix:$sock" contact:17001 --yes --reason T-1 >"$tap_dir/out" 2>&1
  is $? 0 "one of two contacts is removed ($kind, db_mode $mode)"
  out=$(rpc ul.lookup location pair)
  like "$out" 17002 "Kamailio keeps the other ($kind, db_mode $mode)"
  # Memory shows a removed contact until the timer clears it away.
  want=1 wait_for 10 listed "?timezone=$zone"
  ok $? "its row goes ($kind, db_mode $mode)"
  out=$(rpc ul.lookup location pair)
  unlike "$out" 17001 "and the binding has left memory ($kind, db_mode $mode)"
  end_kamailio
  TZ=$zone bash "$here/kamailio_start.sh" "$dir" "$port" "DB=$kamailio_url" "DBMODE=$mode" TIMERIVL=2
  out=$(rpc ul.lookup location pair)
  unlike "$out" 17001 "it is still gone after a restart ($kind, db_mode $mode)"
  like "$out" 17002 "and the other one is there ($kind, db_mode $mode)"
  end_kamailio
}

# The table is the truth in db_mode 3: its row is deleted, and only as it was shown.
by_table() {
  local kind=$1
  begin "$kind" table America/New_York DBMODE=3
  register "o'hara" contact=sip:o\'hara@127.0.0.1:17003 && register keep
  "$REGTOP" purge -s "$url?timezone=America/New_York" --control table contact:17003 --yes --reason T-2 >"$tap_dir/out" 2>&1
  is $? 0 "a row is deleted where the table is the truth ($kind)"
  is "$("ask_$kind" "SELECT username FROM location")" keep "that row, and no other ($kind)"
  like "$("$REGTOP" journal 2>&1)" T-2 "the journal knows of it ($kind)"
  end_kamailio
}

refusals() {
  local kind=$1 out
  out=$("$REGTOP" list -s "${url/kamailio@/nobody@}" 2>&1)
  [ "$kind" = postgres ] && like "$out" 'nobody.*does not exist' "an unknown user is told ($kind)"
  out=$("$REGTOP" list -s "$url?table=nowhere" 2>&1)
  is $? 3 "a table that is not there: exit status 3 ($kind)"
  like "$out" 'no readable table nowhere' "and words ($kind)"
  "ask_$kind" "DROP TABLE IF EXISTS bindings" >/dev/null 2>&1
  "ask_$kind" "CREATE TABLE bindings AS SELECT * FROM location; DELETE FROM bindings;
    ALTER TABLE bindings RENAME COLUMN contact TO addr;
    INSERT INTO bindings SELECT * FROM bindings" >/dev/null
  out=$("$REGTOP" list -s "$url?table=bindings" 2>&1)
  is $? 3 "a column that is called otherwise is missed ($kind)"
  "$REGTOP" list -s "$url?table=bindings&contact_column=addr" >/dev/null 2>&1
  is $? 0 "until it is named ($kind)"
}

for kind in mariadb postgres; do
  tables=tables_$kind module=module_$kind
  case $kind in
    mariadb) command -v mariadbd >/dev/null && command -v mariadb-install-db >/dev/null ;;
    postgres) ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 && command -v psql >/dev/null ;;
  esac || { skip "Kamailio on $kind" "the server is not installed"; continue; }
  if ! ls /usr/lib/*/kamailio/modules/"${!module}" >/dev/null 2>&1 || [ ! -d "${!tables}" ]; then
    skip "Kamailio on $kind" "Kamailio's module ${!module} is not installed"
    continue
  fi
  if "$REGTOP" list -s "${kind/mariadb/mysql}://127.0.0.1:1/x" 2>&1 | grep -q 'built without'; then
    skip "Kamailio on $kind" "this regtop was built without it"
    continue
  fi
  server "$kind"
  ok $? "the server runs, with Kamailio's tables ($kind)"
  for zone in UTC America/New_York; do
    for mode in 1 2 3; do list_in_zone "$kind" "$zone" "$mode"; done
  done
  for mode in 1 2 3; do removal "$kind" "$mode"; done
  by_table "$kind"
  refusals "$kind"
  begin "$kind" outage UTC
  outlives "$kind"
done
plan_later
