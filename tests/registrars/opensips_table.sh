#!/bin/bash
# OpenSIPS's location table in SQLite, in a real MariaDB and in a real PostgreSQL: the same rows say the
# same, whatever holds them, and a row goes only as it was shown. OpenSIPS itself is not needed.
. "$TOP_SRCDIR/tests/lib/tap.sh"
. "$TOP_SRCDIR/tests/lib/database.sh"

need sqlite3
here=$TOP_SRCDIR/tests/registrars
trap 'stop_servers; tap_end' EXIT
export HOME=$tap_dir XDG_STATE_HOME=$tap_dir/state XDG_CONFIG_HOME=$tap_dir/config PGCONNECT_TIMEOUT=5

table() { "$TOP_BUILDDIR/tests/registrars/location_table" "$1" opensips "${@:2}"; }
ask_sqlite() { sqlite3 "$tap_dir/opensips.sqlite" "$1"; }

# INVITE, CANCEL, ACK, BYE, OPTIONS and MESSAGE in Kamailio's bits are 783; OPTIONS alone is 512.
rows() {
  cat <<ROWS
7|o'hara||sip:o'hara@127.0.0.1|||||b@host||permanent|0|13|4294967295|-1
70368744177665|bob||sip:bob@127.0.0.1|||tcp:127.0.0.1:5095|ua/2|c@host||2000000900|$((1989632000 + $1))|3|512|1000
4611686018427387903|alice|example.net|sip:alice@10.0.0.1:5071|sip:127.0.0.1:50789|<sip:edge;lr>|udp:127.0.0.1:5095|ua/1|a@host|<urn:uuid:1>|2000000600|$((2000000000 + $2))|12|783|700
ROWS
}

# Whether a table may have changed, as a look asks that costs the server nothing.
changes_mariadb() {
  local insert="INSERT INTO location (contact_id, contact, expires) VALUES (8, 'x', 0)"
  cat >"$tap_dir/forget" <<CLIENT
exec mariadb --no-defaults -h 127.0.0.1 -P $server_port -u writer -pw kamailio -e "DELETE FROM location WHERE contact_id = 8"
CLIENT
  # It knows of no change before the first.
  sql_mariadb -e "CREATE VIEW seen AS SELECT * FROM location; $insert"
  is "$(table "$url" stamp "sh $tap_dir/forget")" \
    $'at rest\nchanged' "a table that nobody changes has one stamp, and another afterwards (mariadb)"
  is "$(table "$url?table=seen" stamp true)" $'never at rest\nchanged' \
    "of a view nobody knows: it may have changed at any time (mariadb)"
}

# Of two transactions the older one ends last: nothing newer begins with that.
changes_postgres() {
  mkfifo "$tap_dir/older"
  sql_postgres -q <"$tap_dir/older" >/dev/null 2>&1 &
  started $!
  exec 7>"$tap_dir/older"
  echo "BEGIN; INSERT INTO location (contact_id, contact, expires) VALUES (8, 'x', 0);" >&7
  wait_for 10 under_way
  ok $? "a transaction is under way (postgres)"
  sql_postgres -qc "UPDATE location SET cseq = cseq + 0 WHERE contact_id = 7"
  is "$(table "$url" stamp "echo 'COMMIT;' >$tap_dir/older")" $'at rest\nchanged' \
    "its end changes the stamp, although a newer one has ended before (postgres)"
  exec 7>&-
  is "$(table "$url" stamp true)" $'at rest\nnot changed' "and nothing else does (postgres)"
  sql_postgres -qc "DELETE FROM location WHERE contact_id = 8"
}
under_way() {
  ask_postgres "SELECT count(*) FROM pg_stat_activity WHERE backend_xid IS NOT NULL" | grep -qv '^0$'
}

check() {
  local kind=$1 place=$2 out
  is "$(table "$place?timezone=UTC" list)" "$(rows 0 0)" "every column means what it means in memory ($kind)"
  # New York is five hours behind in winter, four in summer.
  is "$(table "$place?timezone=America/New_York" list)" "$(rows 18000 14400)" \
    "only last_modified is in OpenSIPS's own zone ($kind)"
  is "$(TZ=America/New_York table "$place" list)" "$(rows 18000 14400)" "which is ours, unless it is named ($kind)"
  is "$(table "$place" keys)" $'7\n70368744177665\n4611686018427387903' "all keys are read in their order ($kind)"
  like "$(table "$place" since 1999990000)" '^4611686018427387903' "what was refreshed is found ($kind)"
  is "$(table "$place" since 1999990000 | wc -l)" 1 "and nothing else ($kind)"

  is "$("$REGTOP" list -s "opensips:$place" --json --columns contact | grep -c '"contact":"sip:')" 3 \
    "regtop lists it ($kind)"
  out=0
  "$REGTOP" list -s "$place" >"$tap_dir/out" 2>&1 || out=$?
  if [ "$kind" = sqlite ]; then
    is $out 0 "a file is recognised ($kind)"
  else
    is $out 3 "an address is one of Kamailio's ($kind)"
    like "$(cat "$tap_dir/out")" "is OpenSIPS's, not Kamailio's" "and what it is instead is told ($kind)"
    like "$(cat "$tap_dir/out")" 'opensips: before' "and what to write ($kind)"
  fi

  is "$(table "$place" remove 7 12)" 0 "a row that says something else is left ($kind)"
  is "$(table "$place" remove 7 13)" 1 "as it was shown it goes ($kind)"
  is "$(table "$place" remove 4611686018427387903)" 1 "also one with the largest of ids ($kind)"
  is "$("ask_$kind" 'SELECT contact_id FROM location')" 70368744177665 "those rows, and no other ($kind)"

  "ask_$kind" "ALTER TABLE location RENAME COLUMN contact TO addr" >/dev/null
  out=$(table "$place" list 2>&1)
  is $? 3 "a column that is called otherwise is missed ($kind)"
  like "$out" 'contact' "by its name ($kind)"
  is "$(table "$place?contact_column=addr" list | wc -l)" 1 "until it is named ($kind)"
}

sqlite3 "$tap_dir/opensips.sqlite" <"$here/opensips-1013.sql"
check sqlite "$tap_dir/opensips.sqlite"
for kind in mariadb postgres; do
  if ! { { [ $kind = mariadb ] && command -v mariadbd; } ||
    { [ $kind = postgres ] && ls /usr/lib/postgresql/*/bin/postgres; }; } >/dev/null 2>&1; then
    skip "OpenSIPS's table on $kind" "it is not installed"
    continue
  fi
  if "$REGTOP" list -s "${kind/mariadb/mysql}://127.0.0.1:1/x" 2>&1 | grep -q 'built without'; then
    skip "OpenSIPS's table on $kind" "this regtop was built without it"
    continue
  fi
  server "$kind" || { skip "OpenSIPS's table on $kind" "it does not start"; continue; }
  # Dates have another name there; Kamailio's tables make room.
  "ask_$kind" "DROP TABLE location" >/dev/null && "ask_$kind" "DROP TABLE version" >/dev/null
  if [ "$kind" = postgres ]; then
    sed 's/DATETIME/TIMESTAMP/' "$here/opensips-1013.sql" | sql_postgres -q
  else
    sql_mariadb <"$here/opensips-1013.sql"
  fi
  ok $? "the table is made ($kind)"
  "changes_$kind"
  check "$kind" "$url"
done
plan_later
