#!/bin/bash
# A purge beside a real Kamailio, judged by real calls: which phones still ring. In every db_mode and
# matching_mode, with rows that memory does not know, in scripts and in the inspector.
. "$TOP_SRCDIR/tests/lib/tap.sh"
. "$TOP_SRCDIR/tests/lib/database.sh"

once
need kamailio sqlite3 python3 sipp
[ -e /usr/share/kamailio/db_sqlite/usrloc-create.sql ] ||
  skip_all "Kamailio's SQLite module is not installed"
here=$TOP_SRCDIR/tests/registrars
phone=$here/phone.py
dirs=()

stop_all() {
  local dir
  tmux -L "regtop-purge-$$" kill-server 2>/dev/null
  for dir in "${dirs[@]}"; do bash "$here/kamailio_start.sh" "$dir" stop; done
  stop_servers
  tap_end
}
trap stop_all EXIT

export HOME=$tap_dir XDG_STATE_HOME=$tap_dir/state XDG_CONFIG_HOME=$tap_dir/config
export PYTHONDONTWRITEBYTECODE=1 PGCONNECT_TIMEOUT=5

# begin NAME OPTION...: a Kamailio of its own; sets dir, db, sock and port.
begin() {
  dir=$tap_dir/$1 db=$tap_dir/$1/kamailio.sqlite sock=$tap_dir/$1/kamailio_rpc.sock
  port=$(free_port)
  dirs+=("$dir")
  shift
  bash "$here/kamailio_start.sh" "$dir" "$port" "$@"
}

# again OPTION...: the same Kamailio, stopped and started.
again() { bash "$here/kamailio_start.sh" "$dir" stop && bash "$here/kamailio_start.sh" "$dir" "$port" "$@"; }

rpc() { python3 "$phone" rpc "$sock" "$@"; }
register() { python3 "$phone" register "$1" "$port" "${@:2}"; }
purge() { "$REGTOP" purge -s "$db" --control "unix:$sock" --reason "T-1" "$@" >"$tap_dir/out" 2>&1; }
said() { cat "$tap_dir/out"; }
rows() { sqlite3 "$db" "SELECT count(*) FROM location WHERE contact LIKE '%$1%'"; }
# Also before a write-back: retried while Kamailio writes.
row_count_is() { [ "$(rows "$1" 2>/dev/null)" = "$2" ]; }
memory_has() { rpc ul.lookup location "$1" | grep -Fq -- "$2"; }
last_entry() { "$REGTOP" journal --limit 1; }

# ---- real calls ----------------------------------------------------------------------------------

# rings NAME AOR RINGING_MS: a sipp phone that registers and waits for calls; sets NAME_port.
rings() {
  local at
  at=$(free_port)
  printf -v "$1_port" %s "$at"
  register "$2" "port=$at" "agent=$1" || return 1
  sipp -sf "$here/phone.xml" -i 127.0.0.1 -p "$at" -d "$3" -nostdin -trace_logs \
    -log_file "$tap_dir/$1.log" "127.0.0.1:$port" >"$tap_dir/$1.out" 2>&1 </dev/null &
  started $!
  wait_for 10 listens "$at"
}
listens() { grep -qi " 0100007F:$(printf %04X "$1") " /proc/net/udp; }

# call AOR NAME: one call through Kamailio; 0 when somebody answered and it was hung up.
call() {
  timeout 30 sipp -sf "$here/call.xml" -s "$1" -m 1 -i 127.0.0.1 -p "$(free_port)" -nostdin -timeout 10s \
    -cid_str "call-$2-%u-%p@%s" "127.0.0.1:$port" >"$tap_dir/caller.out" 2>&1 </dev/null
}
rang() { grep -qs "rang call-$2-" "$tap_dir/$1.log"; }
answered() { grep -qs "answered call-$2-" "$tap_dir/$1.log"; }

# only_kept RINGS WHEN AOR KEPT VICTIM: a call that the kept phone answers and the victim never sees.
only_kept() {
  call "$3" "$1"
  ok $? "a call is answered $2"
  wait_for 5 answered "$4" "$1"
  ok $? "by the phone that was kept"
  rang "$5" "$1"
  is $? 1 "and the one that was purged did not ring"
}

# Two phones on one AoR; the one that answers at once is purged, and calls go to the other.
purged_from_routing() {
  local mode=$1 kept=kept$1 victim=victim$1 victim_port
  shift
  begin "calls$mode" "DBMODE=$mode" TIMERIVL=2 "$@"
  ok $? "Kamailio runs (db_mode $mode)"
  rings "$kept" fork 300 && rings "$victim" fork 0
  ok $? "two phones are registered on one AoR"
  local at=${victim}_port
  victim_port=${!at}
  wait_for 10 row_count_is "fork@" 2
  call fork "before$mode"
  ok $? "a call to it is answered"
  wait_for 5 rang "$kept" "before$mode" && wait_for 5 rang "$victim" "before$mode"
  ok $? "and made both phones ring"
  purge "contact:$victim_port" --yes
  is $? 0 "one of them is purged"
  like "$(said)" 'removed' "and said to be removed"
  only_kept "after$mode" "after the purge" fork "$kept" "$victim"
  wait_for 10 row_count_is ":$victim_port" 0
  ok $? "its row is gone from the table after the write-back"
  is "$(rows fork@)" 1 "and the other one's is there"
  only_kept "written$mode" "after that" fork "$kept" "$victim"
  again "DBMODE=$mode" TIMERIVL=2 "$@"
  ok $? "Kamailio is started anew"
  only_kept "anew$mode" "by the one started anew" fork "$kept" "$victim"
  like "$(last_entry)" 'T-1' "the journal has the reason"
  like "$(last_entry)" 'proof.*gone when asked again' "and the proof"
}

for mode in 1 2 3; do purged_from_routing "$mode"; done

# on_server KIND PROGRAM MODULE: the same on a database server, in each db_mode.
on_server() {
  local kind=$1 mode
  if ! ls $2 /usr/lib/*/kamailio/modules/"$3" >/dev/null 2>&1; then
    skip "a purge on $kind" "$kind or Kamailio's module is not installed"
    return
  fi
  server "$kind" || { skip "a purge on $kind" "the server does not start"; return; }
  for mode in 1 2 3; do purged_on "$kind" "$mode"; done
}
purged_on() {
  local kind=$1 mode=$2 kept=kept$1$2 victim=victim$1$2 at
  "empty_$kind"
  begin "calls$kind$mode" "DBMODE=$mode" TIMERIVL=2 "DB=$kamailio_url"
  ok $? "Kamailio runs on $kind (db_mode $mode)"
  db=$url
  rings "$kept" fork 300 && rings "$victim" fork 0
  ok $? "two phones are registered on one AoR ($kind, db_mode $mode)"
  at=${victim}_port
  wait_for 15 server_rows_are "$kind" 2
  ok $? "both are in the table ($kind, db_mode $mode)"
  call fork "before$kind$mode" && wait_for 5 rang "$kept" "before$kind$mode" && wait_for 5 rang "$victim" "before$kind$mode"
  ok $? "a call makes both ring ($kind, db_mode $mode)"
  purge "contact:${!at}" --yes
  is $? 0 "one of them is purged ($kind, db_mode $mode)"
  only_kept "after$kind$mode" "after the purge ($kind, db_mode $mode)" fork "$kept" "$victim"
  wait_for 15 server_rows_are "$kind" 1
  ok $? "its row is gone after the write-back ($kind, db_mode $mode)"
  again "DBMODE=$mode" TIMERIVL=2 "DB=$kamailio_url"
  ok $? "Kamailio is started anew ($kind, db_mode $mode)"
  only_kept "anew$kind$mode" "after a restart ($kind, db_mode $mode)" fork "$kept" "$victim"
  like "$(last_entry)" "contact.*:${!at}" "the journal has the contact ($kind, db_mode $mode)"
  like "$(last_entry)" 'proof.*gone when asked again' "and the proof ($kind, db_mode $mode)"
  bash "$here/kamailio_start.sh" "$dir" stop
}
empty_mariadb() { ask_mariadb 'DELETE FROM location' >/dev/null; }
empty_postgres() { ask_postgres 'DELETE FROM location' >/dev/null; }
empty_redis() {
  redis FLUSHDB >/dev/null
  redis HSET version:entry::location table_version 9 table_name location >/dev/null
  redis HSET version:entry::location_attrs table_version 1 table_name location_attrs >/dev/null
}
redis() { redis-cli -p "$server_port" -n 3 "$@"; }
server_rows_are() {
  if [ "$1" = redis ]; then
    [ "$(redis --scan --pattern 'location:entry::*' | wc -l)" = "$2" ]
  else
    [ "$("ask_$1" 'SELECT count(*) FROM location')" = "$2" ]
  fi
}
on_server redis /usr/bin/redis-server db_redis.so
on_server postgres '/usr/lib/postgresql/*/bin/initdb' db_postgres.so
on_server mariadb /usr/sbin/mariadbd db_mysql.so

# ---- rows of several nodes on one table ----------------------------------------------------------
nodes() {
  local a b conf=$tap_dir/nodes.conf
  bash "$here/kamailio_start.sh" "$dir" stop
  ask_mariadb "DELETE FROM location"
  begin one DBMODE=2 TIMERIVL=4 SERVERID=1 "DB=$kamailio_url" && a="$dir $port"
  begin two DBMODE=2 TIMERIVL=4 SERVERID=2 "DB=$kamailio_url" && b="$dir $port"
  ok $? "two Kamailios start on one table (db_mode 2)"
  printf '[%s]\nread = %s\ncontrol = unix:%s/kamailio_rpc.sock\nsip = 127.0.0.1:%s\nserver_id = %s\n' \
    one "$url" $a 1 two "$url" $b 2 >"$conf"
  chmod 600 "$conf"
  node_purge() { "$REGTOP" purge -c "$conf" --reason T-2 "$@" >"$tap_dir/out" 2>&1; }
  for user in fern fern gerd; do register "$user" port=0; done
  wait_for 15 server_rows_are mariadb 3
  node_purge gerd --yes
  is $? 0 "a binding of the second node is purged, though its row waits for the write-back"
  like "$(said)" 'removed' "and it is proved on both nodes"
  like "$("$REGTOP" journal --limit 1)" 'gone when asked again' "as the journal says"
  node_purge "contact:$(rpc ul.lookup location fern | grep -o 'fern@127.0.0.1:[0-9]*' | head -1 | cut -d: -f2)" --yes
  is $? 0 "so is one of two contacts"
  wait_for 15 server_rows_are mariadb 1
  ok $? "the write-back takes both rows"
  for user in left1 left2 left3; do
    ask_mariadb "INSERT INTO location (ruid, username, contact, expires, callid, cseq, server_id) VALUES
      ('uloc-$user', '$user', 'sip:$user@127.0.0.1:9', DATE_ADD(NOW(), INTERVAL 1 HOUR), 'left', 7, ${user#left})"
  done
  node_purge left3 --yes
  is $? 1 "a row of a node that nobody told of is not touched"
  like "$(said)" 'server_id 3, which regtop was not told of' "and the words say so"
  node_purge left2 --yes
  is $? 5 "a row that its own node does not know is left over"
  node_purge left2 --leftovers --yes
  is $? 0 "and is removed, by the server_id of the configuration"
  bash "$here/kamailio_start.sh" "$dir" stop
  ask_mariadb "INSERT INTO location (ruid, username, contact, expires, callid, cseq, server_id) VALUES
    ('uloc-left2', 'left2', 'sip:left2@127.0.0.1:9', DATE_ADD(NOW(), INTERVAL 1 HOUR), 'left', 7, 2)"
  node_purge left2 --leftovers --yes
  is $? 5 "with its node stopped it is not touched"
  like "$(said)" 'node two, which cannot be asked' "and the words say whom nobody can ask"
  is "$(ask_mariadb "SELECT count(*) FROM location WHERE username LIKE 'left_'")" 3 "the rows are there"
  bash "$here/kamailio_start.sh" "${a% *}" stop
}
if [[ "${servers[*]}" == *mariadb* ]]; then nodes; else skip "rows of several nodes" "there is no MariaDB"; fi

# ---- db_mode 0: nothing but memory ------------------------------------------------------------
begin calls0 DBMODE=0 MATCHMODE=1
rings kept0 fork 300 && rings victim0 fork 0
ok $? "two phones are registered on one AoR (db_mode 0)"
memory_purge() { "$REGTOP" purge -s "kamailio:unix:$sock" --reason "T-1" "$@" >"$tap_dir/out" 2>&1; }
memory_purge "contact:$victim0_port" --yes
is $? 5 "with matching_mode 1 one alone cannot go (db_mode 0)"
memory_purge fork --leftovers --dry-run
is $? 5 "without a table there are no rows that could be left"
again DBMODE=0
# Kamailio has forgotten them: phones register again.
rings kept0 fork 300 && rings victim0 fork 0
call fork before0
ok $? "a call to two phones is answered (db_mode 0)"
wait_for 5 rang kept0 before0 && wait_for 5 rang victim0 before0
ok $? "and made both ring"
memory_purge "contact:$victim0_port" --yes
is $? 0 "one of them is purged (db_mode 0)"
only_kept after0 "after the purge" fork kept0 victim0
like "$(last_entry)" 'proof.*gone when asked again' "the journal has the proof"

# ---- db_mode 4: memory goes, the row stays and would come back ----------------------------------
begin readonly DBMODE=1
register reader contact=sip:reader@127.0.0.1:17401
again DBMODE=4
memory_has reader 17401
ok $? "Kamailio in db_mode 4 has loaded its table"
purge reader --yes
is $? 1 "a purge there is not the end of it"
like "$(said)" 'removed' "the contact is removed from memory"
like "$(said)" 'row is left' "the words say that its row is left"
like "$(said)" '[-]-leftovers --yes=1' "and name the option that removes it"
like "$(last_entry)" 'proof.*its row is left' "the proof says so, too"
memory_has reader 17401
is $? 1 "calls do not go there any more"
is "$(rows 17401)" 1 "and its row is left"
purge reader --leftovers --dry-run
like "$(said)" 'calls do not go there already' "the plan for the row says that calls do not go there"
like "$(said)" 'may get a 500' "and what a DELETE in SQLite may cost"
purge reader --leftovers --yes
is $? 0 "the row is removed"
is "$(rows 17401)" 0 "and gone from the table"
like "$(last_entry)" 'proof.*gone' "proved"

# ---- rows that memory does not know --------------------------------------------------------------
# row NAME SOCKET: a row that was never in memory.
row() {
  sqlite3 "$db" "INSERT INTO location (ruid, username, contact, expires, callid, cseq, socket, server_id) VALUES
    ('uloc-1-$1', '$1', 'sip:$1@127.0.0.1:9', julianday('now', '+1 hour'), 'left-$1', 7, '$2', 1)"
}

begin leftovers
row ghost "udp:127.0.0.1:$port"
purge ghost --yes
is $? 5 "a row that memory does not know is no binding to purge"
like "$(said)" 'only its row is left' "the result says what it is"
like "$(said)" '[-]-leftovers --yes=1' "and names the option"
is "$(rows ghost)" 1 "nothing was touched"
purge ghost --leftovers --yes=2
is $? 5 "with a wrong count nothing is touched"
is "$(rows ghost)" 1 "the row is there"
purge ghost --leftovers --yes
is $? 0 "with the option it is removed"
is "$(rows ghost)" 0 "the row is gone"
row stranger "udp:127.0.0.2:5060"
purge stranger --yes
is $? 1 "the row of another node is not touched"
like "$(said)" 'Another node wrote the row' "and the words say whose it is"
purge stranger --leftovers --yes
is $? 5 "nor with the option"
is "$(rows stranger)" 1 "it is still there"
register living contact=sip:living@127.0.0.1:17402
purge living --leftovers --yes
is $? 1 "what memory knows is no leftover"
memory_has living 17402
ok $? "and stays"
register back contact=sip:back@127.0.0.1:17403 callid=new@test
row back "udp:127.0.0.1:$port"
sqlite3 "$db" "UPDATE location SET contact = 'sip:back@127.0.0.1:17403' WHERE ruid = 'uloc-1-back'"
purge call_id:left-back --yes
is $? 5 "the old row beside a new registration of the same contact is told from it"
memory_has back 17403
ok $? "and the new registration stays"

# In db_mode 2 the timer takes the row of what was removed: that is no leftover.
begin writeback DBMODE=2 TIMERIVL=3
register solo contact=sip:solo@127.0.0.1:17404
register duo contact=sip:duo@127.0.0.1:17405
register duo contact=sip:duo@127.0.0.1:17406
wait_for 15 row_count_is "@127.0.0.1:1740" 3
bash "$here/kamailio_start.sh" "$dir" hold
rpc ul.rm_contact location solo sip:solo@127.0.0.1:17404 >/dev/null
purge solo --yes
is $? 1 "what somebody else removed is not removed again"
like "$(said)" 'already gone.*timer' "and its row is left to the timer"
unlike "$(said)" '[-]-leftovers' "without an offer"
is "$(rows 17404)" 1 "it waits for that"
bash "$here/kamailio_start.sh" "$dir" go
wait_for 15 row_count_is 17404 0
ok $? "and the timer takes it"
rpc ul.rm_contact location duo sip:duo@127.0.0.1:17405 >/dev/null
purge contact:17405 --leftovers --yes
like "$(said)" 'already gone|none of them is a row' "beside other contacts it is waited for, and the timer takes the row"
is "$(rows 17405)" 0 "which is gone"
memory_has duo 17406
ok $? "the other contact stays"

# What an RPC added has no socket by which its row could be told.
rpc ul.add location duo sip:desk@127.0.0.1:17407 0 -1.0 . 0 0 4294967295 >/dev/null
wait_for 15 row_count_is 17407 1
purge contact:17407 --yes
is $? 0 "a contact that an RPC added is purged beside another one"
like "$(last_entry)" 'proof.*gone' "and proved"

# ---- matching modes: one contact alone cannot go --------------------------------------------------
two_strict() {
  register strict contact=sip:strict@127.0.0.1:17201 callid=a@test "headers=Supported: path|Path: <sip:127.0.0.1:5099;lr>" &&
    register strict contact=sip:strict@127.0.0.1:17202 callid=b@test "headers=Supported: path|Path: <sip:127.0.0.1:5099;lr>"
}
for matching in 1 2 3; do
  # Each with another db_mode, which makes no difference.
  begin "matching$matching" "MATCHMODE=$matching" "DBMODE=$matching" TIMERIVL=2
  two_strict && register single contact=sip:single@127.0.0.1:17203 && wait_for 10 row_count_is @127 3
  purge contact:17201 --yes
  is $? 5 "with matching_mode $matching one of two contacts cannot go alone"
  like "$(said)" 'matching_mode is not 0' "the words say why"
  like "$(said)" '[-]-whole-aor --yes=2' "and name the option"
  memory_has strict 17201 && memory_has strict 17202
  ok $? "nothing was touched"
  purge contact:17201 --whole-aor --yes
  is $? 5 "the whole AoR wants its count"
  memory_has strict 17201 && memory_has strict 17202
  ok $? "nothing was touched by that, either"
  purge contact:17201 --whole-aor --yes=2
  is $? 0 "with the count both go"
  like "$(said)" '2 of 2: strict' "they were both shown"
  memory_has strict sip:
  is $? 1 "the AoR is empty"
  purge single --yes
  is $? 0 "the only contact of an AoR goes"
  like "$(said)" 'ul.rm of its AoR' "and how is said"
  memory_has single sip:
  is $? 1 "it is gone"
  wait_for 10 row_count_is @127 0
  ok $? "the table is empty, too"
done

# ---- the same in the inspector --------------------------------------------------------------------
if command -v tmux >/dev/null; then
  screen() { tmux -L "regtop-purge-$$" capture-pane -p; }
  screen_has() { screen | grep -Eq -- "$1"; }
  # session WIDTH HEIGHT COMMAND: the command on a terminal of its own, instead of the last one.
  session() {
    tmux -L "regtop-purge-$$" kill-server 2>/dev/null
    # The old server may still be about to leave.
    wait_for 10 tmux -L "regtop-purge-$$" -f /dev/null new-session -d -x "$1" -y "$2" "$3"
  }
  press() { tmux -L "regtop-purge-$$" send-keys "$@"; }
  begin inspector MATCHMODE=1
  two_strict
  session 100 30 \
    "'$REGTOP' -s '$db' --control 'unix:$sock' contact:17201"
  wait_for 10 screen_has 17201
  ok $? "the inspector shows the contact"
  press x
  wait_for 10 screen_has 'Purge this one binding of strict'
  ok $? "x asks about it alone"
  press y
  wait_for 10 screen_has 'strict can only go whole, with all 2 bindings: x shows'
  ok $? "it cannot go alone, and the AoR is offered"
  screen_has 'matching_mode is not 0'
  ok $? "with the reason"
  press x
  wait_for 10 screen_has 'Purge all 2 bindings of strict\? Type 2'
  ok $? "one key opens the question"
  screen_has 17201 && screen_has 17202
  ok $? "which names all victims"
  # A third phone between the question and the answer.
  register strict contact=sip:strict@127.0.0.1:17204 callid=c@test
  press 2 Enter
  wait_for 10 screen_has '3 contacts now, 2 were shown'
  ok $? "an AoR that got a third contact meanwhile is not touched"
  memory_has strict 17201 && memory_has strict 17202 && memory_has strict 17204
  ok $? "all three are there"
  press Escape
  wait_for 10 screen_has '1 binding|17201'
  press x
  wait_for 10 screen_has 'Purge this one binding of strict'
  press y
  wait_for 10 screen_has 'with all 3 bindings'
  press x
  wait_for 10 screen_has 'Type 3'
  press x
  press Enter
  press 2 Enter
  wait_for 10 screen_has 'Nothing was purged'
  ok $? "a wrong number lets nothing go"
  memory_has strict 17201 && memory_has strict 17202 && memory_has strict 17204
  ok $? "all three are still there"
  press x
  wait_for 10 screen_has 'Purge this one binding of strict'
  press y
  wait_for 10 screen_has 'with all 3 bindings'
  press x
  wait_for 10 screen_has 'Type 3'
  press 3 Enter
  wait_for 10 screen_has 'Purge over: 3 of 3 removed and proved'
  ok $? "the right number lets all three go"
  memory_has strict sip:
  is $? 1 "and Kamailio has none of them"
  press Escape
  press q
  # A person at `regtop purge` is asked the second question, too.
  two_strict
  session 200 50 \
    "'$REGTOP' purge -s '$db' --control 'unix:$sock' contact:17201 --reason T-1; echo \"ended \$?\"; cat"
  wait_for 10 screen_has 'y to do it'
  press y Enter
  wait_for 10 screen_has 'Purge all 2 bindings of strict\? Type 2'
  ok $? "at the command line a person is asked about the AoR, too"
  press y Enter
  wait_for 10 screen_has 'ended 5'
  ok $? "and y is no answer to it"
  memory_has strict 17201 && memory_has strict 17202
  ok $? "nothing was touched"
  session 200 50 \
    "'$REGTOP' purge -s '$db' --control 'unix:$sock' contact:17201 --reason T-1; echo \"ended \$?\"; cat"
  wait_for 10 screen_has 'y to do it'
  press y Enter
  wait_for 10 screen_has 'Type 2 to do it'
  press 2 Enter
  wait_for 10 screen_has 'ended 0'
  ok $? "the number is"
  memory_has strict sip:
  is $? 1 "and the AoR is gone"
  # A row that memory does not know.
  row ghost "udp:127.0.0.1:$port"
  session 100 30 \
    "'$REGTOP' -s '$db' --control 'unix:$sock' ghost"
  wait_for 10 screen_has 'ghost@127'
  press x
  wait_for 10 screen_has 'Purge this one binding of ghost'
  press y
  wait_for 10 screen_has '1 row is left in the table that calls do not follow: x'
  ok $? "a row that memory does not know is offered to be removed"
  press x
  wait_for 10 screen_has 'Remove this row of ghost from the table'
  ok $? "with its own question"
  press y
  wait_for 10 screen_has 'Purge over: 1 of 1 removed and proved'
  ok $? "y removes it"
  is "$(rows ghost)" 0 "and the row is gone"
  tmux -L "regtop-purge-$$" kill-server 2>/dev/null
else
  skip "the questions of the inspector" "tmux is not installed"
fi
plan_later
