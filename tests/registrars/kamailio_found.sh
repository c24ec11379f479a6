# A real Kamailio is found by its process and its configuration, without any option: its table, its
# controls, what was said on its command line; and regtop check asks its control.
. "$TOP_SRCDIR/tests/lib/tap.sh"
. "$TOP_SRCDIR/tests/lib/database.sh"

once
need kamailio python3 sqlite3
# As kamailio_start.sh names it: a build folder says it with "..".
here=$(cd "$TOP_SRCDIR/tests/registrars" && pwd)
phone=$here/phone.py
dirs=()

stop_all() {
  local one
  for one in "${dirs[@]}"; do bash "$here/kamailio_start.sh" "$one" stop; done
  stop_servers
  tap_end
}
trap stop_all EXIT

export HOME=$tap_dir XDG_STATE_HOME=$tap_dir/state XDG_CONFIG_HOME=$tap_dir/config
export PYTHONDONTWRITEBYTECODE=1
unset REGTOP_READONLY REGTOP_ROOT

# start NAME OPTION...: a Kamailio in $tap_dir/NAME on a port of its own, in $port.
start() {
  local dir=$tap_dir/$1
  port=$(free_port)
  dirs+=("$dir")
  bash "$here/kamailio_start.sh" "$dir" "$port" "${@:2}"
}
# A root in which only these processes run, with the files of this machine.
only() { # PID...
  local pid top
  rm -rf "$tap_dir/root"
  mkdir -p "$tap_dir/root/proc"
  for pid in "$@"; do ln -s "/proc/$pid" "$tap_dir/root/proc/$pid"; done
  for top in "$TOP_SRCDIR" "$tap_dir"; do
    top=$(cut -d/ -f2 <<<"$top")
    [ -e "$tap_dir/root/$top" ] || ln -s "/$top" "$tap_dir/root/$top"
  done
}
pid_of() { cat "$tap_dir/$1/kamailio.pid"; }
users() { python3 -c 'import json,sys; print(*sorted(b["user"] for b in json.load(sys.stdin)["bindings"]))' <<<"$out"; }

# ---- whatever else runs here ------------------------------------------------------------------

start one DBMODE=1 SERVERID=4
ok $? "a Kamailio starts, with its files where nobody looks"
python3 "$phone" register fanny-of-found "$port"
ok $? "a phone registers there"
out=$("$REGTOP" list fanny-of-found --timeout 5s 2>"$tap_dir/err")
like "$out" '^fanny-of-found ' "regtop list has it without any option"
like "$(cat "$tap_dir/err")" "found kamailio.*: $tap_dir/one/kamailio.sqlite, control unix:$tap_dir/one/kamailio_rpc.sock \(kamailio, process $(pid_of one), $here/kamailio.cfg\)" \
  "it says where it learnt of it before it reads it"

# ---- this one alone ---------------------------------------------------------------------------

only "$(pid_of one)"
export REGTOP_ROOT=$tap_dir/root
out=$("$REGTOP" list --json 2>/dev/null)
is $? 0 "it is the only one below a root that has only this process"
is "$(users)" "fanny-of-found" "with its phone"
out=$("$REGTOP" check 2>&1)
is $? 0 "regtop check finds all well"
like "$out" 'control +unix:.*kamailio_rpc.sock: answers' "its control answers"
like "$out" 'purge +.*ul.rm_contact' "a purge goes by it"
out=$("$REGTOP" check --print-config)
like "$out" '^server_id = 4$' "its server_id is known from the command line"
like "$out" "^sip = 127.0.0.1:$port$" "and its address"
"$REGTOP" purge fanny-of-found --yes --reason test >"$tap_dir/out" 2>&1
is $? 0 "a binding is purged with nothing named"
like "$(cat "$tap_dir/out")" "found kamailio: .*/one/kamailio.sqlite" "and the plan came with what was found"
python3 "$phone" rpc "$tap_dir/one/kamailio_rpc.sock" ul.lookup location fanny-of-found | grep -q '"Address"'
is $? 1 "Kamailio has forgotten it"

# ---- a server, in another zone ----------------------------------------------------------------

in_another_zone() {
  server mariadb && TZ=America/New_York start zone "DB=$kamailio_url" DBMODE=1
  ok $? "one starts on MariaDB, in New York"
  python3 "$phone" register ida "$port"
  ok $? "a phone registers there"
  only "$(pid_of zone)"
  out=$("$REGTOP" check 2>&1)
  is $? 0 "regtop check finds all well, the times too"
  like "$out" '1 binding, complete' "the table is whole"
  unlike "$out" 'writer:w@' "the password is not said"
  out=$("$REGTOP" list ida --json 2>/dev/null)
  like "$(python3 -c 'import json,sys; print(json.load(sys.stdin)["bindings"][0]["left"])' <<<"$out")" '^[0-9]{2,4}$' \
    "what is left of the binding is a matter of minutes"
  "$REGTOP" check --print-config 2>/dev/null >"$tap_dir/zone.conf"
  like "$(cat "$tap_dir/zone.conf")" '^timezone = America/New_York$' "its zone is known from its process"
  sed -i 's|writer@|writer:w@|; s|New_York|Chicago|' "$tap_dir/zone.conf"
  chmod 600 "$tap_dir/zone.conf"
  out=$("$REGTOP" check -c "$tap_dir/zone.conf" 2>&1)
  is $? 4 "with the wrong zone the picture is not complete"
  like "$out" 'All times are wrong' "and regtop check says why"
  bash "$here/kamailio_start.sh" "$tap_dir/zone" stop
}
if ! command -v mariadbd >/dev/null || ! command -v mariadb-install-db >/dev/null ||
  ! ls /usr/lib/*/kamailio/modules/db_mysql.so >/dev/null 2>&1; then
  skip "a Kamailio on MariaDB is found with its zone" "MariaDB or Kamailio's module for it is not installed"
elif "$REGTOP" list -s mysql://127.0.0.1:1/x 2>&1 | grep -q 'built without'; then
  skip "a Kamailio on MariaDB is found with its zone" "this regtop was built without it"
else
  in_another_zone
fi

# ---- the modes --------------------------------------------------------------------------------

start two DBMODE=0 && python3 "$phone" register gina "$port"
ok $? "another keeps its bindings in memory alone (db_mode 0)"
only "$(pid_of two)"
out=$("$REGTOP" list --json 2>"$tap_dir/err")
is "$(users)" "gina" "it is listed from memory"
like "$(cat "$tap_dir/err")" 'its memory, control unix:' "and that is said"

start three DBMODE=3 && python3 "$phone" register hilda "$port"
ok $? "a third has no memory (db_mode 3)"
only "$(pid_of two)" "$(pid_of three)"
out=$("$REGTOP" list --json 2>/dev/null)
is "$(users)" "gina hilda" "both are found"
bash "$here/kamailio_start.sh" "$tap_dir/three" stop
only "$(pid_of two)"
out=$("$REGTOP" list --json 2>/dev/null)
is "$(users)" "gina" "one that was stopped is not looked for"
if [ "$(id -u)" = 0 ] && id nobody >/dev/null 2>&1; then
  chmod 711 "$tap_dir"
  start theirs DBMODE=1 USER=nobody
  ok $? "another user runs a Kamailio of his own"
  only "$(pid_of two)" "$(pid_of theirs)"
  out=$("$REGTOP" check --print-config)
  unlike "$out" "= .*$tap_dir/theirs/" "nothing is opened that he names"
  like "$out" 'for another user were left alone' "and that is said"
  bash "$here/kamailio_start.sh" "$tap_dir/theirs" stop
else
  skip "what another user runs is left alone" "only root can be another user"
fi
bash "$here/kamailio_start.sh" "$tap_dir/two" stop
out=$("$REGTOP" list 2>&1)
is $? 3 "when none is left, nothing is found"
like "$out" 'no registrar was found' "and that is said"

plan_later
