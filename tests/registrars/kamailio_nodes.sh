#!/bin/bash
# Several real Kamailios: two on one MariaDB, and two that tell each other by DMQ. What belongs to
# whom, who is asked, what a proof covers, and what is not possible while the owner is stopped.
. "$TOP_SRCDIR/tests/lib/tap.sh"
. "$TOP_SRCDIR/tests/lib/database.sh"

once
need kamailio python3 sqlite3
here=$TOP_SRCDIR/tests/registrars
phone=$here/phone.py
declare -A port dir started_with

stop_all() {
  local one
  for one in "${dir[@]}"; do bash "$here/kamailio_start.sh" "$one" stop; done
  stop_servers
  tap_end
}
trap stop_all EXIT

export HOME=$tap_dir XDG_STATE_HOME=$tap_dir/state XDG_CONFIG_HOME=$tap_dir/config
export PYTHONDONTWRITEBYTECODE=1
conf=$tap_dir/config/regtop/regtop.conf
mkdir -p "$tap_dir/config/regtop"

rpc() { python3 "$phone" rpc "${dir[$1]}/kamailio_rpc.sock" "${@:2}"; }
knows() { rpc "$1" ul.lookup location "$2" | grep -q '"Address"'; }
knows_not() { ! knows "$@"; }
start() { bash "$here/kamailio_start.sh" "${dir[$1]}" "${port[$1]}" ${started_with[$1]}; }
stop() { bash "$here/kamailio_start.sh" "${dir[$1]}" stop; }
# begin NODE OPTION...: a Kamailio of its own.
begin() {
  dir[$1]=$tap_dir/$1 port[$1]=$(free_port) started_with[$1]=${*:2}
  start "$1"
}
# phone NODE USER: a phone that registers there and answers.
phone() {
  python3 "$phone" stay "$2" "${port[$1]}" >"$tap_dir/$2.out" &
  started $!
  wait_for 10 grep -q ready "$tap_dir/$2.out"
}
regtop() { out=$("$REGTOP" "$@" 2>&1); }
rows() { python3 -c 'import json,sys
for b in json.load(sys.stdin)["bindings"]: print(b["user"], b["node"])' <<<"$out" | sort | tr '\n' ' '; }
# The word of the verdict of one AoR, after a ping.
verdict() { "$REGTOP" ping "$1" --json --timeout 3s 2>/dev/null | python3 -c 'import json,sys
b = json.load(sys.stdin)["bindings"][0]; print(b["verdict"], b["basis"] or "-", b["note"] or "")'; }
section() { # NAME READ SERVER_ID [LINE...]
  printf '[%s]\nread = %s\ncontrol = unix:%s/kamailio_rpc.sock\nsip = 127.0.0.1:%s\nserver_id = %s\n' \
    "$1" "$2" "${dir[$1]}" "${port[$1]}" "$3"
  printf '%s\n' "${@:4}"
}
proof() { "$REGTOP" journal --json | python3 -c 'import json,sys; print(json.load(sys.stdin)[0]["proof"])'; }

# ---- two on one table -------------------------------------------------------------------------

shared() {
  begin a "DB=$kamailio_url" SERVERID=1 TIMERIVL=2 && begin b "DB=$kamailio_url" SERVERID=2 TIMERIVL=2
  ok $? "two Kamailios start on one MariaDB"
  { section a "$url" 1; section b "$url" 2; } >"$conf"
  chmod 600 "$conf"
  phone a anna && phone b bert && phone b bea
  ok $? "phones register at both"
  regtop list --json
  is $? 0 "one table is read once, for both nodes"
  is "$(rows)" "anna a bea b bert b " "each binding bears the name of its node"
  like "$(verdict anna)" '^answers confirmed' "a ping goes through the first node"
  like "$(verdict bert)" '^answers confirmed' "a ping goes through the second, which alone knows the phone"
  regtop purge bert --yes --reason T-7
  is $? 0 "a binding of the second node is removed"
  knows_not b bert
  ok $? "its node has forgotten it"
  like "$(proof)" 'gone when asked again' "and that was proved"
  regtop list bert --json
  is "$(rows)" "" "its row is gone as well"
}

# What one node does not know says nothing when it is the other's: not with one control alone, and not
# when the controls of two sections were mixed up.
mixed_up() {
  local differs
  differs() { python3 -c 'import json,sys
for b in json.load(sys.stdin)["bindings"]: print(b["user"], b["differs"])' <<<"$out" | sort | tr '\n' ' '; }
  regtop list --columns user,differs --json
  is "$(differs)" "anna no bea no " "asked at its own node each binding is in memory"
  regtop list -s "$url" --control "unix:${dir[a]}/kamailio_rpc.sock" --columns user,differs --json
  is "$(differs)" "anna no bea None " "with one control alone nothing is said of the other node's"
  { section a "$url" 1; section b "$url" 2; } |
    sed "s#${dir[a]}#swap#;s#${dir[b]}#${dir[a]}#;s#swap#${dir[b]}#" >"$tap_dir/mixed.conf"
  chmod 600 "$tap_dir/mixed.conf"
  regtop list -c "$tap_dir/mixed.conf" --columns user,differs --json
  is "$(differs)" "anna None bea None " "with the controls mixed up nothing is said either"
  regtop purge -c "$tap_dir/mixed.conf" bea --yes --reason T-16
  is $? 1 "nothing is removed"
  like "$out" 'may be another node' "and regtop says why"
  regtop purge -c "$tap_dir/mixed.conf" bea --leftovers --yes --reason T-17
  unlike "$out" 'removed' "its row is not taken for one that is left"
  is "$(ask_mariadb "SELECT count(*) FROM location WHERE username='bea'")" 1 "it is there still"
}

# A node that was started later has loaded the other's rows: it goes on routing to them.
loaded_by_both() {
  stop a && start a
  ok $? "the first node starts again, and loads all rows"
  wait_for 10 knows a bea
  ok $? "it knows a binding of the second now"
  regtop purge bea --yes --reason T-8
  is $? 0 "it is removed at the owner, and where it was loaded"
  like "$out" 'its copy at node a' "which regtop says"
  knows_not b bea && knows_not a bea
  ok $? "neither node knows it any more"
  like "$(proof)" 'gone when asked again' "and that was proved"
}

owner_stopped() {
  local before
  phone b bruno
  ok $? "another phone registers at the second node"
  stop b
  before=$("ask_mariadb" "SELECT count(*) FROM location WHERE username='bruno'")
  is "$before" 1 "its row stays when its node is stopped"
  regtop purge bruno --yes --reason T-10
  is $? 1 "nothing is removed while the owner is stopped"
  like "$out" 'node b, which cannot be asked' "regtop says whose it is"
  is "$("ask_mariadb" "SELECT count(*) FROM location WHERE username='bruno'")" 1 "the row was not touched"
  out=$(verdict bruno)
  like "$out" 'elsewhere|likely' "a ping does not blame the phone: $out"
  like "$(verdict anna)" '^answers confirmed' "the other node's phone is asked as ever"
  regtop purge anna --yes --reason T-11
  is $? 1 "a removal at the first node cannot be proved on the second"
  like "$out" 'Node b cannot be asked' "regtop names the node that could not be asked"
  knows_not a anna
  ok $? "the binding itself is gone from its node"
  start b
  wait_for 10 knows b bruno
  like "$(verdict bruno)" '^answers confirmed' "when the owner is back, its phone is asked again"
  regtop purge bruno --yes --reason T-12
  is $? 0 "and its binding can be removed, proved on both"
  stop a
  stop b
}

# In db_mode 3 the table is the truth for both.
by_table() {
  local one
  ask_mariadb "DELETE FROM location" >/dev/null
  for one in a b; do started_with[$one]+=" DBMODE=3"; start "$one"; done
  for one in a b; do
    printf '[%s]\nread = %s\ncontrol = table\nsip = 127.0.0.1:%s\nserver_id = %s\n' "$one" "$url" \
      "${port[$one]}" "$([ $one = a ] && echo 1 || echo 2)"
  done >"$conf"
  phone b cora
  ok $? "a phone registers at the second node (db_mode 3)"
  knows a cora
  ok $? "both nodes know it, from the table (db_mode 3)"
  regtop purge cora --yes --reason T-13
  is $? 0 "its row is removed (db_mode 3)"
  knows_not a cora && knows_not b cora
  ok $? "and neither node knows it any more (db_mode 3)"
  stop a
  stop b
}

# ---- two with DMQ -----------------------------------------------------------------------------

replicated() {
  local p q
  p=$(free_port) q=$(free_port)
  dmq() { # NODE ID MINE OTHERS
    begin "$1" "SERVERID=$2" WITH_DMQ TIMERIVL=2 "DMQPORT=$3" "DMQ_ME=\"sip:127.0.0.1:$3\"" \
      "DMQ_SOCKET=\"udp:127.0.0.1:$3\"" "DMQ_PEER=\"sip:127.0.0.1:$4\""
  }
  dmq e 5 "$p" "$q" && dmq f 6 "$q" "$p"
  ok $? "two Kamailios start with DMQ"
  { section e "$tap_dir/e/kamailio.sqlite" 5 'cluster = dmq'
    section f "$tap_dir/f/kamailio.sqlite" 6 'cluster = dmq'; } >"$conf"
  # They find each other within a ping or two.
  wait_for 20 eval 'python3 "$phone" register probe "${port[e]}" && knows f probe'
  ok $? "they tell each other of bindings"
  phone e emil && phone f fred
  wait_for 10 knows f emil && wait_for 10 knows e fred
  ok $? "each knows the other's phone"
  rpc e ul.rm location probe >/dev/null
  wait_for 10 knows_not f probe
  wait_for 10 eval 'regtop list --json; [ "$(rows)" = "emil e fred f " ]'
  ok $? "each binding is listed once, at its own node"
  regtop list -s e --json
  is "$(rows)" "emil e fred f " "a node that is looked at alone shows its copies, with their owner"
  like "$(verdict emil)" '^answers confirmed' "a ping goes to the owner"
  like "$(verdict fred)" '^answers confirmed' "and so for the other"
  regtop purge fred -s e --yes --reason T-14
  is $? 0 "a copy is chosen, and removed at its owner"
  knows_not e fred && knows_not f fred
  ok $? "neither node knows it any more"
  like "$(proof)" 'gone when asked again' "and that was proved"
  wait_for 10 eval '[ "$(sqlite3 "$tap_dir/f/kamailio.sqlite" "select count(*) from location where username = '"'fred'"'")" = 0 ]'
  ok $? "its row is gone at the owner"
  stop e
  regtop purge emil -s f --yes --reason T-15
  is $? 1 "with the owner stopped, its copy is not removed"
  like "$out" 'node e, which cannot be asked' "regtop says whose it is"
  knows f emil
  ok $? "the copy is there still"
  out=$(verdict emil)
  like "$out" 'elsewhere|likely' "a ping does not blame the phone: $out"
  stop f
}

if command -v mariadbd >/dev/null && server mariadb; then
  shared
  mixed_up
  loaded_by_both
  owner_stopped
  by_table
else
  skip "two Kamailios on one MariaDB" "mariadb-server is not installed, or does not start"
fi
replicated
plan_later
