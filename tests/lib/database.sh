# A database server of a test's own, with Kamailio's tables: source it behind tap.sh.
# Sets $server_port, $server_dir, $url (regtop's address of it) and $kamailio_url (Kamailio's).

servers=()

# What differs between the servers.
sql_mariadb() { mariadb --no-defaults -h 127.0.0.1 -P "$server_port" -u kamailio '-pkam pw@1' kamailio "$@"; }
sql_postgres() { psql -h 127.0.0.1 -p "$server_port" -U kamailio -d kamailio -v ON_ERROR_STOP=1 "$@"; }
ask_mariadb() { sql_mariadb -NBe "$1"; }
ask_postgres() { sql_postgres -Atqc "$1"; }
redis() { redis-cli -p "$server_port" -n 3 "$@"; }
tables_mariadb=/usr/share/kamailio/mysql tables_postgres=/usr/share/kamailio/postgres
module_mariadb=db_mysql.so module_postgres=db_postgres.so

# server mariadb|postgres|redis: starts one.
server() {
  local kind=$1 part
  server_port=$(free_port) server_dir=$tap_dir/$kind
  bash "$TOP_SRCDIR/tests/registrars/database_start.sh" "$kind" "$server_dir" "$server_port" || return 1
  servers+=("$kind:$server_dir")
  if [ "$kind" = redis ]; then
    url="redis://127.0.0.1:$server_port/3" kamailio_url=$url
    redis HSET version:entry::location table_version 9 table_name location >/dev/null
    redis HSET version:entry::location_attrs table_version 1 table_name location_attrs >/dev/null
    return
  fi
  if [ "$kind" = mariadb ]; then
    url="mysql://kamailio:kam%20pw%401@127.0.0.1:$server_port/kamailio"
    # Kamailio's own URL takes no blank.
    mariadb --no-defaults -S "$server_dir/sock" -e \
      "CREATE USER IF NOT EXISTS writer@127.0.0.1 IDENTIFIED BY 'w'; GRANT ALL ON kamailio.* TO writer@127.0.0.1;
       CREATE USER IF NOT EXISTS writer@localhost IDENTIFIED BY 'w'; GRANT ALL ON kamailio.* TO writer@localhost"
    kamailio_url="mysql://writer:w@127.0.0.1:$server_port/kamailio"
  else
    url="postgresql://kamailio@127.0.0.1:$server_port/kamailio"
    kamailio_url="postgres://kamailio:x@127.0.0.1:$server_port/kamailio"
  fi
  local tables=tables_$kind
  for part in standard usrloc; do "sql_$kind" <"${!tables}/$part-create.sql" >/dev/null 2>&1 || return 1; done
}

stop_servers() {
  local one
  for one in "${servers[@]}"; do
    bash "$TOP_SRCDIR/tests/registrars/database_start.sh" "${one%%:*}" "${one#*:}" stop
  done
}

# outlives KIND: what becomes of an inspector and of its purges when the server goes and comes back beside a
# Kamailio in db_mode 1 that runs on. Wants what the test's begin() sets, its register, rpc, and end_kamailio.
outlives() {
  local kind=$1 at=(-s "$url" --control "unix:$sock")
  in_memory() { rpc ul.lookup location "$1" | grep -q '"Address"'; }
  register keep && register victim && register later
  ok $? "phones register ($kind)"
  python3 "$here/outage.py" "$REGTOP" "$url" "unix:$sock" "$here/database_start.sh" "$kind" "$server_dir" \
    "$server_port" victim >"$tap_dir/out" 2>&1
  ok $? "an inspector outlives its server: says so, keeps the picture, and finds it again ($kind)"
  sed 's/^/# /' "$tap_dir/out"
  # Kamailio forgets the contact, cannot delete the row, and says that it failed.
  ! in_memory victim && in_memory keep && in_memory later
  ok $? "what was purged meanwhile is gone from memory, that alone ($kind)"
  like "$("$REGTOP" journal --limit 1)" 'removed, but not proved' "the journal does not call it proved ($kind)"
  like "$("$REGTOP" journal --limit 1)" 'proof.*whether its row is left could not be read' "and says why ($kind)"
  like "$("$REGTOP" list "${at[@]}" --columns user,differs victim)" 'only in the table' "its row was left ($kind)"
  "$REGTOP" purge "${at[@]}" victim --leftovers --yes --reason T-3 >"$tap_dir/out" 2>&1
  is $? 0 "and can be removed now ($kind)"
  "$REGTOP" purge "${at[@]}" later --yes --reason T-4 >"$tap_dir/out" 2>&1
  is $? 0 "a purge is proved as ever ($kind)"
  bash "$here/database_start.sh" "$kind" "$server_dir" stop
  "$REGTOP" purge "${at[@]}" keep --yes --reason T-5 >"$tap_dir/out" 2>&1
  is $? 3 "who begins without the server is told ($kind)"
  in_memory keep
  ok $? "and nothing is removed ($kind)"
  bash "$here/database_start.sh" "$kind" "$server_dir" "$server_port"
  end_kamailio
  bash "$here/kamailio_start.sh" "$dir" "$port" "DB=$kamailio_url"
  in_memory keep && ! in_memory victim && ! in_memory later
  ok $? "a Kamailio that is started anew has loaded what was kept, and nothing else ($kind)"
  end_kamailio
}
