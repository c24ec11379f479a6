#!/bin/bash
# A real Kamailio on a rollback journal: whoever reads its table must not cost a single REGISTER.
. "$TOP_SRCDIR/tests/lib/tap.sh"

once
need kamailio sqlite3 sipp python3
[ -e /usr/share/kamailio/db_sqlite/usrloc-create.sql ] ||
  skip_all "Kamailio's SQLite module is not installed"
here=$TOP_SRCDIR/tests/registrars
dir=$tap_dir/kam
db=$dir/kamailio.sqlite
rows=100000
phones=1000

stop_kamailio() { bash "$here/kamailio_start.sh" "$dir" stop; }
trap 'stop_kamailio; tap_end' EXIT

# A table as large fleets have it, made before Kamailio runs.
mkdir -p "$dir"
for part in standard usrloc; do
  sqlite3 "$db" <"/usr/share/kamailio/db_sqlite/$part-create.sql"
done
sqlite3 "$db" "
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $rows)
  INSERT INTO location (ruid, username, contact, received, expires, q, callid, last_modified,
    user_agent, socket, server_id)
  SELECT printf('uloc-1-0-%x', i), 'user' || i, 'sip:user' || i || '@192.168.1.1:5060',
    'sip:10.0.0.1:' || (1024 + i % 60000), julianday('now', '+1 hour') , -1, 'call' || i,
    julianday('now'), 'Fleet 1.0', 'udp:127.0.0.1:5060', 1 FROM n"

# db_mode 3: each REGISTER is a transaction, and the table is not loaded at start. Kamailio's timer is
# put off: its own delete of lapsed rows locks its worker out now and then, reader or not.
port=$(free_port)
bash "$here/kamailio_start.sh" "$dir" "$port" DBMODE=3 JOURNAL=delete TIMERIVL=3600
status=$?
ok $status "Kamailio runs on a rollback journal with $rows rows"
[ $status -eq 0 ] || { plan_later; exit 1; }

# Reads again and again until told to stop; counts its readings, those that were said to be whole, and
# those of them that were not. The registrar goes first: on a busy machine there may be no quiet moment
# for some page, which the exit status must say.
read_on() {
  local reads=0 whole=0 short=0 status lines
  while [ ! -e "$tap_dir/stop" ]; do
    lines=$("$REGTOP" list -s "$db" --csv 2>>"$tap_dir/list.err" | wc -l; exit "${PIPESTATUS[0]}")
    status=$?
    reads=$((reads + 1))
    [ "$status" -ne 0 ] || whole=$((whole + 1))
    [ "$status" -ne 0 ] || [ "$lines" -gt "$rows" ] || short=$((short + 1))
    echo "$reads $whole $short" >"$tap_dir/reads.new"
    mv "$tap_dir/reads.new" "$tap_dir/reads"
  done
}
read_on &
reader=$!
started "$reader"
wait_for 30 test -s "$tap_dir/reads"
ok $? "the table is being read"

(cd "$tap_dir" && sipp "127.0.0.1:$port" -sf "$here/register.xml" -i 127.0.0.1 -p "$(free_port)" \
  -m $phones -r 100 -nostdin -timeout 120s -trace_stat -stf "$tap_dir/stat.csv" -fd 120 \
  >"$tap_dir/sipp.out" 2>&1)
ok $? "$phones REGISTERs meanwhile are all answered 200"
touch "$tap_dir/stop"
wait "$reader"
read -r reads whole short <"$tap_dir/reads"
diag "$reads readings of more than $rows rows, $whole of them whole: $(cat "$tap_dir/list.err")"
is "$((reads >= 2 && whole >= 1))" 1 "the table was read meanwhile"
is "$short" 0 "and nothing was called whole that was not"
is "$(sqlite3 "$db" "SELECT count(*) FROM location WHERE username LIKE 'load%'")" $phones \
  "every phone is in the table"
is "$(grep 'database is locked' "$dir/kamailio.log")" "" "Kamailio never found its database locked"
plan_later
