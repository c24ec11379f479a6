#!/bin/bash
# A real Kamailio's memory: listed alone, compared with its table, and what it found out by itself.
. "$TOP_SRCDIR/tests/lib/tap.sh"

once
need kamailio python3 sqlite3
here=$TOP_SRCDIR/tests/registrars
phone=$here/phone.py
kamailios=()

stop_all() {
  local one
  for one in "${kamailios[@]}"; do bash "$here/kamailio_start.sh" "$one" stop; done
  tap_end
}
trap stop_all EXIT
export HOME=$tap_dir XDG_STATE_HOME=$tap_dir/state XDG_CONFIG_HOME=$tap_dir/config
export PYTHONDONTWRITEBYTECODE=1

begin() { # NAME OPTION...
  dir=$tap_dir/$1 port=$(free_port) sock=$tap_dir/$1/kamailio_rpc.sock db=$tap_dir/$1/kamailio.sqlite
  kamailios+=("$dir")
  bash "$here/kamailio_start.sh" "$dir" "$port" "${@:2}"
}
end_kamailio() { bash "$here/kamailio_start.sh" "$dir" stop; }
rpc() { python3 "$phone" rpc "$sock" "$@"; }
register() { python3 "$phone" register "$1" "$port" "${@:2}"; }
memory() { "$REGTOP" "$1" -s "kamailio:unix:$sock" "${@:2}"; }
both() { "$REGTOP" "$1" -s "$db" --control "unix:$sock" "${@:2}"; }
# "user: differs" of every binding that matches.
differing() { both list --json --columns user,differs "$@" 2>/dev/null | python3 -c 'import json,sys
for b in sorted(json.load(sys.stdin)["bindings"], key=lambda b: b["user"]): print(b["user"] + ": " + str(b["differs"]))'; }
says() { [ "$(differing "${@:2}")" = "$1" ]; }

# ---- memory alone: db_mode 0 ------------------------------------------------------------------

begin none DBMODE=0
register anna && register bert 'contact=sip:bert@192.168.7.7:5060' && register bert port=0 expires=120
rpc ul.add location desk sip:desk@127.0.0.1:9 0 0.3 . 0 0 4294967295 >/dev/null
out=$(memory list --json)
is $? 0 "memory alone is listed (db_mode 0)"
is "$(python3 "$here/compare_lookup.py" "$sock" <<<"$out")" 4 "all its bindings, as ul.lookup tells them"
memory purge user=anna --yes --reason T-1 >"$tap_dir/out" 2>&1
is $? 0 "one is removed, and proved gone"
unlike "$(rpc ul.lookup location anna)" '"Address"' "Kamailio has forgotten it"
like "$(memory list 2>&1)" bert "the others are there"
python3 "$phone" stay cora "$port" >"$tap_dir/cora" &
started $!
wait_for 10 grep -q ready "$tap_dir/cora"
like "$(memory ping user=cora --json 2>&1)" '"verdict": ?"answers"' "a phone answers through the registrar"

# Two hundred and more do not fit into a datagram, and are not asked for by one.
python3 - "$sock" 220 <<'PY'
import json, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.bind(""); s.settimeout(5)
for i in range(int(sys.argv[2])):
    s.sendto(json.dumps({"jsonrpc": "2.0", "id": i, "method": "ul.add", "params":
        ["location", "u%d" % i, "sip:u%d@127.0.0.1:9" % i, 600, 0.5, ".", 0, 0, 4294967295]}).encode(), sys.argv[1])
    s.recv(65536)
PY
out=$(memory list 2>&1)
is $? 3 "more than a datagram can hold are not listed"
like "$out" 'holds 224 contacts, and a datagram has room for 200' "it says how many there are, and why not"
like "$out" 'ctl:PATH' "and what to do"
end_kamailio
out=$(memory list --timeout 3s 2>&1)
is $? 3 "a Kamailio that is not there"
like "$out" "$sock" "is named"

# ---- memory beside the table: db_mode 2 -------------------------------------------------------

timers() { bash "$here/kamailio_start.sh" "$dir" "$1"; }
begin behind DBMODE=2 TIMERIVL=2
timers hold
register anna
is "$(differing)" 'anna: yes: only in memory' "a new binding is shown before the table has it (db_mode 2)"
timers go
wait_for 15 says 'anna: no'
ok $? "when the timer has written it, both agree"
timers hold
register anna cseq=7 callid=other@test contact="$(rpc ul.lookup location anna | grep -o 'sip:anna@[0-9.:]*')" expires=900
is "$(differing)" 'anna: yes: the table is behind' "a refresh that the table does not know yet is shown as memory has it"
like "$(both list --columns cseq,differs)" '^ *7 ' "with its CSeq"
timers go
wait_for 15 says 'anna: no'
ok $? "until the table has caught up"
end_kamailio

# ---- db_mode 1: what one of them lost ---------------------------------------------------------

begin through TIMERIVL=5
register anna && register bert
sqlite3 "$db" "DELETE FROM location WHERE username = 'bert'"
sqlite3 "$db" "INSERT INTO location(ruid, username, contact, expires, callid, cseq, socket, server_id) VALUES
  ('uloc-1-2-3-4', 'ghost', 'sip:ghost@127.0.0.1:9', julianday('now') + 0.02, 'g', 1, 'udp:127.0.0.1:$port', 1)"
wait_for 10 says 'anna: no
bert: yes: only in memory
ghost: yes: only in the table'
ok $? "a row without memory and memory without a row are told (db_mode 1)"
is "$(differing differs:yes | cut -d: -f1 | tr '\n' ' ')" 'bert ghost ' "and found by a filter"
like "$(both list user=ghost --columns note,differs 2>&1)" "memory does not know it, calls do not go there" \
  "the note says what that means"
is "$(both list --json --columns user,differs user=ghost | grep -c '"differs": *"yes')" 1 "the column stands in JSON"
is "$(both list --json user=ghost | grep -c '"differs": *null')" 1 "without being asked for it is unknown, and nobody is asked"
end_kamailio

# ---- what Kamailio found out by itself --------------------------------------------------------

begin flows WITH_KA TIMERIVL=2
python3 "$phone" stay anna "$port" >"$tap_dir/anna" &
started $!
wait_for 10 grep -q ready "$tap_dir/anna"
keepalive() { rpc ul.lookup location anna | grep -Eq '"KA-Roundtrip": [1-9]'; }
wait_for 30 keepalive
ok $? "usrloc has asked the phone by itself"
python3 - "$port" >"$tap_dir/tcp" <<'PY' &
import socket, sys
# From an address that nobody else here uses: once it is closed, nobody may answer in its place.
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])), source_address=("127.0.0.77", 0))
s.sendall(("REGISTER sip:127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bKx;rport\r\nMax-Forwards: 70\r\n"
  "From: <sip:tom@127.0.0.1>;tag=a\r\nTo: <sip:tom@127.0.0.1>\r\nCall-ID: x\r\nCSeq: 1 REGISTER\r\n"
  "Contact: <sip:tom@127.0.0.1:9;transport=tcp>\r\nExpires: 600\r\nContent-Length: 0\r\n\r\n").encode())
s.recv(4000)
print("ready", flush=True)
while s.recv(4000):
    pass
PY
tcp=$!
started $tcp
wait_for 10 grep -q ready "$tap_dir/tcp"

# watched PATTERN...: an inspector whose screen must come to show each of them.
cat >"$tap_dir/watch.py" <<'PY'
import os, pty, re, select, sys, time
regtop, db, control, pid = sys.argv[1:5]
child, fd = pty.fork()
if child == 0:
    os.environ.update(TERM="xterm", COLUMNS="132", LINES="30")
    os.execv(regtop, [regtop, "-s", db, "--control", control, "--columns", "user,verdict,rtt_ms,note,differs"])


def until(name, pattern, seconds):
    seen, end, again = b"", time.monotonic() + seconds, 0
    while not re.search(pattern, seen, re.S) and time.monotonic() < end:
        if time.monotonic() > again:
            again, seen = time.monotonic() + 0.5, b""
            os.write(fd, b"\x0c")
        if select.select([fd], [], [], 0.1)[0]:
            seen += os.read(fd, 65536)
    found = re.search(pattern, seen, re.S) is not None
    print("%-50s %s" % (name, "seen" if found else "NOT SEEN"), flush=True)
    if not found:
        print(re.sub(rb"\x1b[^A-Za-z]*[A-Za-z]", b" ", seen).decode("utf-8", "replace"))
    return found


ok = until("the keepalive's round trip, without a probe", rb"anna[^\n]*answers", 15)
ok &= until("memory agrees", rb"tom[^\n]{0,160}\bno\b", 10)
os.kill(int(pid), 15)
ok &= until("a connection that is closed", rb"tom[^\n]*flow gone", 30)
os.write(fd, b"q")
time.sleep(0.5)
os.kill(child, 9)
sys.exit(0 if ok else 1)
PY
python3 "$tap_dir/watch.py" "$REGTOP" "$db" "unix:$sock" "$tcp" >"$tap_dir/out" 2>&1
watched=$?
[ $watched -eq 0 ] || { rpc ul.dump; rpc core.tcp_list; } >>"$tap_dir/out" 2>&1
ok $watched "an inspector shows the registrar's own keepalive, and a connection that is gone"
diag "$(cat "$tap_dir/out")"
end_kamailio
plan_later
