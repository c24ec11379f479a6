# regtop watch: a line for each change, with its own registrar and a phone that does as it is told.
. "$TOP_SRCDIR/tests/lib/tap.sh"
need python3 sqlite3

port=$(free_port)
export XDG_STATE_HOME=$tap_dir/state XDG_CONFIG_HOME=$tap_dir/config
mkdir -p "$XDG_STATE_HOME" "$XDG_CONFIG_HOME"
source=listen:udp:127.0.0.1:$port

coproc PHONE { python3 "$TOP_SRCDIR/tests/cli/watch_phone.py" "$port" alice@acme.example; }
started "$PHONE_PID"
# phone WORD...: what the phone says to it.
phone() {
  local said
  echo "$*" >&"${PHONE[1]}"
  read -r said <&"${PHONE[0]}"
  echo "$said"
}
phone bind 127.0.0.7 >/dev/null

# watch NAME OPTION...: in the background; its lines go to $tap_dir/NAME.
watch() {
  local name=$1
  shift
  "$REGTOP" watch -s "$source" "$@" >"$tap_dir/$name" 2>"$tap_dir/$name.err" &
  watcher=$!
  started "$watcher"
}
told() { grep -Eq -- "$2" "$tap_dir/$1"; }
lines() { wc -l <"$tap_dir/$1" | tr -d ' '; }

# ---- what happens to one phone ------------------------------------------------------------------
watch text alice --ping=5
wait_for 10 grep -q 'nothing matches yet' "$tap_dir/text.err"
ok $? "who is not registered yet is waited for"
is "$(phone register 600)" "SIP/2.0 200 OK" "the phone registers"
wait_for 5 told text '^[0-9:]{8} alice@acme.example  comes: registers from 127.0.0.7:[0-9]+ \(Tapphone 1\)$'
ok $? "it comes, with local time, AoR, address and User-Agent"
wait_for 15 told text '^[0-9:]{8} alice@acme.example  not asked -> answers'
ok $? "it is asked, and its verdict changes"
phone silent >/dev/null
wait_for 30 told text '^[0-9:]{8} alice@acme.example  answers -> silent'
ok $? "it falls silent, and that is told"
phone answers >/dev/null
wait_for 40 told text '^[0-9:]{8} alice@acme.example  silent -> answers'
ok $? "and when it answers again"
phone moves 127.0.0.9 >/dev/null
phone register 600 >/dev/null
wait_for 5 told text 'alice@acme.example  moves: 127.0.0.7:[0-9]+ -> 127.0.0.9:[0-9]+$'
ok $? "it registers the same contact from another address: it moves"
phone bind 127.0.0.8 >/dev/null
phone register 600 >/dev/null
wait_for 5 told text 'alice@acme.example  comes: registers from 127.0.0.8:[0-9]+ .*, beside 1 more$'
ok $? "it registers another contact, and the old one stays: two"
phone register 0 >/dev/null
wait_for 5 told text 'gone: was at 127.0.0.8:[0-9]+; calls to this AoR find nobody$'
ok $? "it unregisters: gone"
phone register 600 >/dev/null
wait_for 5 told text 'comes back after [0-9]+s: registers from 127.0.0.8:[0-9]+ '
ok $? "it comes back"
phone register 0 >/dev/null
kill -INT "$watcher"
wait "$watcher"
is $? 0 "Ctrl-C ends it cleanly"
is "$(grep -c ERROR "$tap_dir/text.err")" 0 "without complaint"

# ---- a table that lapsed rows stay in ------------------------------------------------------------
db=$tap_dir/location.sqlite
sqlite3 "$db" <"$TOP_SRCDIR/tests/registrars/location-9.sql"
# row SECONDS: Julian days, half a second early as Kamailio writes them.
row() {
  sqlite3 "$db" "insert into location(ruid,username,domain,contact,callid,cseq,expires,last_modified)
    values('uloc-1','bob','acme.example','sip:bob@127.0.0.1:9','c1',1,
      (unixepoch()+$1-0.5)/86400+2440587.5,(unixepoch()-0.5)/86400+2440587.5)
    on conflict(ruid) do update set expires=excluded.expires,last_modified=excluded.last_modified,cseq=cseq+1"
}
row 4
source=$db
watch table bob
wait_for 10 told table 'acme.example  at 127.0.0.1:9, [0-4]s left; not asked'
ok $? "a table is watched as well"
wait_for 15 told table 'bob@acme.example  lapses: it was not refreshed; at 127.0.0.1:9$'
ok $? "what is not refreshed lapses"
row 600
wait_for 15 told table 'bob@acme.example  comes back: refreshed [0-9]+s after it lapsed$'
ok $? "and comes back when it is, after all"
sqlite3 "$db" 'delete from location'
wait_for 20 told table 'bob@acme.example  gone: was at 127.0.0.1:9; calls to this AoR find nobody$'
ok $? "and is gone with its row"
kill -INT "$watcher"
wait "$watcher"

# ---- more phones than can be asked as often as was wished -----------------------------------------
all=$(free_port)
python3 - "$all" <<'PY' &
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("0.0.0.0", int(sys.argv[1])))
while True:
    data, peer = s.recvfrom(65535)
    head = data.decode(errors="replace").split("\r\n")
    keep = [h for h in head[1:] if h.split(":")[0].lower() in ("via", "from", "to", "call-id", "cseq")]
    s.sendto("\r\n".join(["SIP/2.0 200 OK", *keep, "Content-Length: 0", "", ""]).encode(), peer)
PY
started $!
for i in $(seq 40); do
  echo "insert into location(ruid,username,domain,contact,callid,cseq,expires,last_modified)
    values('uloc-9$i','u$i','acme.example','sip:u$i@127.0.$i.1:$all','c$i',1,
      (unixepoch()+900-0.5)/86400+2440587.5,(unixepoch()-0.5)/86400+2440587.5);"
done | sqlite3 "$db"
answering() { [ "$(grep -c 'not asked -> answers' "$tap_dir/slow")" = 40 ]; }
watch slow --quiet-start --ping=5 --rate=4
wait_for 60 answering
ok $? "who stands last is asked as well, though the rate is too low for all"
like "$(cat "$tap_dir/slow.err")" '40 bindings at 4 probes a second: each is asked every 10s, not every 5s' \
  "and it is said how often each is asked"
kill -INT "$watcher"
wait "$watcher"

# ---- a reader that stalls -------------------------------------------------------------------------
mkfifo "$tap_dir/fifo"
exec 9<>"$tap_dir/fifo"
"$REGTOP" watch -s "$db" --json --quiet-start many >"$tap_dir/fifo" 2>"$tap_dir/fifo.err" 9<&- &
watcher=$!
started "$watcher"
wait_for 10 grep -q 'nothing matches yet' "$tap_dir/fifo.err"
for i in $(seq 3000); do
  echo "insert into location(ruid,username,domain,contact,callid,cseq,expires,last_modified)
    values('uloc-8$i','many$i','acme.example','sip:many$i@127.0.0.1:9','d$i',1,
      (unixepoch()+900-0.5)/86400+2440587.5,(unixepoch()-0.5)/86400+2440587.5);"
done | sed '1i begin;
$a commit;' | sqlite3 "$db"
full() {
  python3 -c 'import array, fcntl, sys, termios
n = array.array("i", [0]); fcntl.ioctl(9, termios.FIONREAD, n); sys.exit(n[0] < 60000)'
}
wait_for 20 full
sleep 1 # the rest of the table is read meanwhile
cat <&9 >"$tap_dir/late" &
started $!
wait_for 10 grep -q '"aor":"many' "$tap_dir/late"
sqlite3 "$db" "delete from location where username='many1'"
wait_for 20 told late '"event":"left-out","count":[0-9]+\}$'
ok $? "is told in JSON how many lines it missed"
wait_for 10 told late '"event":"gone"'
kill -INT "$watcher"
wait "$watcher"
exec 9<&-
python3 - "$tap_dir/late" <<'PY'
import json, sys
seen = [json.loads(l) for l in open(sys.argv[1])]
missed = sum(o["count"] for o in seen if o["event"] == "left-out")
told = sum(o["event"] == "comes" for o in seen)
assert missed > 0 and missed + told == 3000, (missed, told)
PY
ok $? "every line is an object, and none is lost unsaid"
source=listen:udp:127.0.0.1:$port

# ---- scripts ------------------------------------------------------------------------------------
watch json acme --json --count=2 --timeout=30
wait_for 10 grep -q 'nothing matches yet' "$tap_dir/json.err"
phone register 600 >/dev/null
wait_for 5 told json '"event":"comes"'
phone register 0 >/dev/null
wait "$watcher"
is $? 0 "after --count changes it ends well"
python3 - "$tap_dir/json" <<'PY'
import json, sys
a, b = [json.loads(l) for l in open(sys.argv[1])]
assert a["event"] == "comes" and a["aor"] == "alice@acme.example", a
assert a["now"].startswith("127.0.0.8:") and a["was"] is None, a
assert a["time"].endswith("Z") and a["source"] and a["contact"].startswith("sip:alice@127.0.0.8"), a
assert b["event"] == "gone" and b["was"].startswith("127.0.0.8:"), b
PY
ok $? "--json: one object on each line"

"$REGTOP" watch -s "$source" alice --count=1 --timeout=1 >"$tap_dir/none" 2>/dev/null
is $? 1 "when the time is over before the changes came, the exit status says so"
"$REGTOP" watch -s "$source" alice --timeout=1 2>/dev/null
is $? 0 "who waits for no number is content with the time"

phone register 600 >/dev/null # nobody listens now
watch first alice --count=1 --timeout=20
wait_for 10 grep -q 'nothing matches yet' "$tap_dir/first.err"
phone register 600 >/dev/null
wait "$watcher"
watch start alice --bell --timeout=30
wait_for 10 told start 'alice@acme.example  at 127.0.0.8:[0-9]+, [0-9hms]+ left; not asked'
ok $? "it begins with how it stands"
is "$(tail -c 2 "$tap_dir/start" | od -An -tx1 | tr -d ' ')" 070a "--bell rings"
kill "$watcher"
wait "$watcher"
is $? 0 "SIGTERM ends it cleanly"
watch quiet alice --quiet-start --timeout=2
wait "$watcher"
is "$(lines quiet)" 0 "--quiet-start tells only changes"

"$REGTOP" watch -s "$source" alice --timeout=20 2>"$tap_dir/pipe" | head -1 >/dev/null
is "${PIPESTATUS[0]}" 0 "a reader that has seen enough is no failure"
is "$(cat "$tap_dir/pipe")" "" "and worth no message"

"$REGTOP" watch -s "$source" 'left<nonsense' >/dev/null 2>&1
is $? 2 "a filter that does not parse is a usage error"
"$REGTOP" watch -s "$source" --ping=1 >/dev/null 2>"$tap_dir/usage"
is $? 2 "so is asking every second"
like "$(cat "$tap_dir/usage")" '5s' "and the message says what may be written"
"$REGTOP" watch -s "$tap_dir/no.sqlite" >/dev/null 2>&1
is $? 3 "a source that is not there ends it"
"$REGTOP" snapshot -s "$source" -o "$tap_dir/one.regtop" >/dev/null 2>&1
"$REGTOP" watch -s "$tap_dir/one.regtop" >/dev/null 2>"$tap_dir/frozen"
is $? 5 "a snapshot is no place to watch"
plan_later
