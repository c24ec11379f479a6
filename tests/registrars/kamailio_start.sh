#!/bin/bash
# Starts the registrar of kamailio.cfg for a test, or stops it.
#   kamailio_start.sh DIR PORT [SIPADDR=127.0.0.1] [JOURNAL=delete] [PKG=8] [DBMODE=1] [MATCHMODE=0] [USEDOMAIN=0] [TIMERIVL=10] [ONECONTACT=1]
#                     [FIFODIR=/tmp/] [USER=nobody: started as this user, as systemd does]
#                     [DROP=nobody: started as root and given to this user by Kamailio itself]
#                     [DB=mysql://USER:PASSWORD@HOST:PORT/DATABASE | DB=postgres://… | DB=redis://…]
#   kamailio_start.sh DIR stop
#   kamailio_start.sh DIR hold    its timers stand still: in db_mode 2 nothing is written back
#   kamailio_start.sh DIR go      until now
# DIR gets the database (kept when it is there), the control sockets and the FIFO, the log and the pid.
set -eu
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
dir=$1
mkdir -p "$dir"

if [ "$2" = hold ]; then
  python3 "$here/phone.py" rpc "$dir/kamailio_rpc.sock" core.psx | python3 -c 'import json, sys
for p in json.load(sys.stdin)["result"]:
    if p["DSC"].endswith("timer"): print(p["PID"])' >"$dir/held"
  xargs kill -STOP <"$dir/held"
  exit 0
fi
if [ -e "$dir/held" ]; then
  xargs -r kill -CONT <"$dir/held" 2>/dev/null || true
  rm "$dir/held"
fi
[ "$2" != go ] || exit 0

if [ "$2" = stop ]; then
  [ -s "$dir/kamailio.pid" ] || exit 0
  pid=$(cat "$dir/kamailio.pid")
  kill "$pid" 2>/dev/null || true
  # A slow machine may take long over what its timer has to write at the end.
  for _ in $(seq 1200); do
    kill -0 "$pid" 2>/dev/null || exit 0
    sleep 0.05
  done
  kill -9 "$pid"
  exit 0
fi

port=$2
shift 2
journal=wal pkg=8 server= defines=() as=() drop=() owner=
for option in "$@"; do
  case $option in
    JOURNAL=*) journal=${option#*=} ;;
    PKG=*) pkg=${option#*=} ;;
    DB=mysql:*) server=${option#*=} defines+=(-A WITH_MYSQL) ;;
    DB=postgres:*) server=${option#*=} defines+=(-A WITH_POSTGRES) ;;
    USER=*) owner=${option#*=} as=(setpriv "--reuid=$owner" "--regid=$(id -g "$owner")" --clear-groups) ;;
    DROP=*) owner=${option#*=} drop=(-u "$owner" -g "$(id -gn "$owner")") ;;
    FIFODIR=*) defines+=(-A "FIFODIR=\"${option#*=}\"") ;;
    DB=redis:*) server=${option#*=} defines+=(-A WITH_REDIS) ;;
    *) defines+=(-A "$option") ;;
  esac
done

db=$dir/kamailio.sqlite
if [ -z "$server" ]; then
  if [ ! -s "$db" ]; then
    for part in standard usrloc; do
      sqlite3 "$db" <"/usr/share/kamailio/db_sqlite/$part-create.sql"
    done
  fi
  sqlite3 "$db" "PRAGMA journal_mode=$journal" >/dev/null
  server=sqlite:///$db
fi

rm -f "$dir/kamailio.pid" "$dir/kamailio_rpc.sock" "$dir/kamailio_ctl" "$dir/kamailio_rpc.fifo"
cfg=$here/kamailio.cfg
if [ -n "$owner" ]; then
  # The sources may lie where nobody else looks.
  cp "$cfg" "$dir/kamailio.cfg"
  cfg=$dir/kamailio.cfg
  chown -R "$owner" "$dir"
fi
touch "$dir/kamailio.log"
"${as[@]}" kamailio "${drop[@]}" -f "$cfg" -Y "$dir" -P "$dir/kamailio.pid" -m 64 -M "$pkg" -DD -E \
  -A "SIPPORT=$port" -A "DBURL=\"$server\"" -A "CTLSOCK=\"unix:$dir/kamailio_ctl\"" "${defines[@]}" >"$dir/kamailio.log" 2>&1 &
started=$!
# It runs when it answers: its sockets are there before anybody serves them.
for _ in $(seq 1200); do
  if [ -S "$dir/kamailio_rpc.sock" ] && [ -S "$dir/kamailio_ctl" ] &&
    [ -p "$dir/kamailio_rpc.fifo" ] && [ -s "$dir/kamailio.pid" ] &&
    python3 "$here/phone.py" rpc "$dir/kamailio_rpc.sock" core.version >/dev/null 2>&1; then exit 0; fi
  kill -0 "$started" 2>/dev/null || break
  sleep 0.05
done
sed 's/^/# /' "$dir/kamailio.log" | tail -20
exit 1
