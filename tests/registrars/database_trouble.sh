#!/bin/bash
# A database server that answers half, not at all, or hangs up at the worst moment: what regtop says,
# and that it never takes a part for the whole, nor says more of a removal than it knows.
. "$TOP_SRCDIR/tests/lib/tap.sh"
. "$TOP_SRCDIR/tests/lib/database.sh"

once
need python3
here=$TOP_SRCDIR/tests/registrars
trap 'stop_servers; tap_end' EXIT
export HOME=$tap_dir XDG_STATE_HOME=$tap_dir/state XDG_CONFIG_HOME=$tap_dir/config PGCONNECT_TIMEOUT=5

mode() { echo "$1" >"$tap_dir/mode"; }

# rows: the rows NAME:USER on stdin, put into the table.
rows() {
  local name user
  if [ "$kind" = redis ]; then
    while IFS=: read -r name user; do
      echo "HSET location:entry::uloc-$name username $user contact sip:$user@127.0.0.1" \
        "expires '2035-01-01 00:00:00' callid c$name cseq 1"
    done | redis >/dev/null
  else
    while IFS=: read -r name user; do
      echo "INSERT INTO location (ruid, username, contact, expires, callid, cseq) VALUES
        ('uloc-$name', '$user', 'sip:$user@127.0.0.1', '2035-01-01 00:00:00', 'c$name', 1);"
    done | "sql_$kind" >/dev/null
  fi
}
left() {
  if [ "$kind" = redis ]; then redis EXISTS "location:entry::uloc-$1"; else
    "ask_$kind" "SELECT count(*) FROM location WHERE ruid = 'uloc-$1'"
  fi
}

trouble() {
  local proxy_port there
  proxy_port=$(free_port)
  mode pass
  python3 "$here/proxy.py" "$proxy_port" "$server_port" "$tap_dir/mode" >"$tap_dir/proxy" &
  started $!
  wait_for 10 grep -q ready "$tap_dir/proxy"
  there=${url/:$server_port/:$proxy_port}
  for ((i = 0; i < 2000; i++)); do echo "$i:phone$i"; done | rows
  is "$("$REGTOP" list -s "$there" --json --columns user | grep -c phone)" 2000 "all rows are listed ($kind)"

  mode cut:30000
  out=$("$REGTOP" list -s "$there" --json --columns user 2>"$tap_dir/err")
  is $? 3 "a list that was cut ends with 3 ($kind)"
  like "$(cat "$tap_dir/err")" "127.0.0.1:$proxy_port" "the message names the server ($kind)"
  unlike "$out" '"complete":true' "and nothing calls it complete ($kind)"

  echo g:gone | rows
  # Hung up on after COMMIT: nobody heard whether it happened. Asked again, the row is gone.
  mode commit
  out=$("$REGTOP" purge -s "$there" --control table user=gone --yes --reason T-1 2>&1)
  is $? 0 "a removal whose end was not heard is looked after ($kind)"
  like "$out" 'no answer, but it is gone' "and found to have happened ($kind)"
  is "$(left g)" 0 "the row is gone ($kind)"
  mode pass

  python3 "$here/trouble.py" "$REGTOP" "$there" "$tap_dir/mode" >"$tap_dir/out" 2>&1
  ok $? "an inspector outlives a server that cuts its answers or is silent ($kind)"
  diag "$(cat "$tap_dir/out")"
}

for kind in mariadb postgres redis; do
  case $kind in
    mariadb) command -v mariadbd >/dev/null ;;
    postgres) ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 ;;
    redis) command -v redis-server >/dev/null && command -v redis-cli >/dev/null ;;
  esac || { skip "a $kind in trouble" "it is not installed"; continue; }
  if "$REGTOP" list -s "${kind/mariadb/mysql}://127.0.0.1:1/0" 2>&1 | grep -q 'built without'; then
    skip "a $kind in trouble" "this regtop was built without it"
  elif server "$kind"; then
    trouble
  else
    skip "a $kind in trouble" "it does not start"
  fi
done
plan_later
