#!/bin/bash
# Starts a database server of its own for a test, on loopback only, or stops it.
#   database_start.sh mariadb|postgres|redis DIR PORT    makes DIR, with an empty database "kamailio" in it
#   database_start.sh mariadb|postgres|redis DIR stop
# The user is "kamailio", its password "kam pw@1" (MariaDB) or none (PostgreSQL). Redis has neither, and what is
# in it outlives a stop.
set -eu
kind=$1 dir=$2 what=$3

# A slow machine takes minutes over what takes seconds.
wait_until() {
  for _ in $(seq 1800); do
    if "$@" >/dev/null 2>&1; then return 0; fi
    sleep 0.1
  done
  return 1
}

stop_pid() {
  [ -s "$1" ] || return 0
  local pid
  pid=$(head -1 "$1")
  kill -"$2" "$pid" 2>/dev/null || return 0
  for _ in $(seq 900); do
    kill -0 "$pid" 2>/dev/null || return 0
    sleep 0.1
  done
  kill -9 "$pid"
}

my() { mariadb --no-defaults -S "$dir/sock" "$@"; }

start_mariadb() {
  if [ ! -d "$dir/data" ]; then
    mkdir -p "$dir/data"
    mariadb-install-db --no-defaults --datadir="$dir/data" --user="$(id -un)" \
      --auth-root-authentication-method=normal >"$dir/log" 2>&1
  fi
  mariadbd --no-defaults --user="$(id -un)" --datadir="$dir/data" --socket="$dir/sock" \
    --pid-file="$dir/pid" --bind-address=127.0.0.1 --port="$what" --skip-log-bin \
    --innodb-buffer-pool-size=64M >>"$dir/log" 2>&1 &
  wait_until mariadb-admin --no-defaults -S "$dir/sock" ping || { tail -20 "$dir/log"; exit 1; }
  my -e "CREATE DATABASE IF NOT EXISTS kamailio;
    CREATE USER IF NOT EXISTS kamailio@127.0.0.1 IDENTIFIED BY 'kam pw@1';
    CREATE USER IF NOT EXISTS kamailio@localhost IDENTIFIED BY 'kam pw@1';
    GRANT ALL ON kamailio.* TO kamailio@127.0.0.1;
    GRANT ALL ON kamailio.* TO kamailio@localhost"
}

# PostgreSQL does not run as root: then its own user does it.
pg_bin() { find /usr/lib/postgresql -maxdepth 2 -name bin | sort -V | tail -1; }
as_postgres() {
  if [ "$(id -u)" -eq 0 ]; then (cd / && runuser -u postgres -- "$@"); else "$@"; fi
}

start_postgres() {
  if [ ! -d "$dir/data" ]; then
    mkdir -p "$dir/data"
    [ "$(id -u)" -ne 0 ] || { chown postgres "$dir" "$dir/data"; chmod a+rx "$(dirname "$dir")"; }
    as_postgres "$(pg_bin)/initdb" -D "$dir/data" -A trust -U kamailio >"$dir/log" 2>&1
  fi
  as_postgres "$(pg_bin)/pg_ctl" -D "$dir/data" -l "$dir/data/server.log" -w -t 180 \
    -o "-p $what -c listen_addresses=127.0.0.1 -c unix_socket_directories=$dir" start \
    >>"$dir/log" 2>&1 || { tail -20 "$dir/log" "$dir/data/server.log"; exit 1; }
  psql -h 127.0.0.1 -p "$what" -U kamailio -d postgres -Atqc \
    "SELECT 1 FROM pg_database WHERE datname = 'kamailio'" | grep -q 1 ||
    psql -h 127.0.0.1 -p "$what" -U kamailio -d postgres -qc "CREATE DATABASE kamailio"
}

start_redis() {
  redis-server --port "$what" --bind 127.0.0.1 --dir "$dir" --pidfile "$dir/pid" --logfile "$dir/log" --unixsocket "$dir/sock" \
    --save '' --appendonly yes --appendfsync always --daemonize yes >/dev/null
  wait_until redis-cli -p "$what" ping || { tail -20 "$dir/log"; exit 1; }
}

case $kind:$what in
  mariadb:stop | redis:stop) stop_pid "$dir/pid" TERM ;;
  postgres:stop) stop_pid "$dir/data/postmaster.pid" INT ;;
  mariadb:*) mkdir -p "$dir"; start_mariadb ;;
  postgres:*) mkdir -p "$dir"; start_postgres ;;
  redis:*) mkdir -p "$dir"; start_redis ;;
esac
