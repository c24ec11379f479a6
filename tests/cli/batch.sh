# The commands without a screen: list, show, ping, snapshot, purge of a table, journal.
. "$TOP_SRCDIR/tests/lib/tap.sh"
need sqlite3 python3 jq

export XDG_STATE_HOME=$tap_dir/state
unset REGTOP_READONLY
cd "$tap_dir" || exit 1

db=$tap_dir/kamailio.sqlite
sqlite3 "$db" <"$TOP_SRCDIR/tests/registrars/location-9.sql"
# Julian days as Kamailio writes them: half a second early.
sqlite3 "$db" "
 insert into location(ruid,username,domain,contact,received,expires,last_modified,q,callid,cseq,user_agent,socket,instance,reg_id,server_id)
 values ('uloc-1-1','alice','acme.example','sip:alice@10.0.0.7:5060','sip:127.0.0.1:9',
         (1900000000-0.5)/86400+2440587.5,(1899999000-0.5)/86400+2440587.5,0.5,'call-1',7,'Yealink SIP-T46U 108.86','udp:127.0.0.1:5060','<urn:uuid:00000000-0000-1000-8000-0004f2aabbcc>',1,1),
        ('uloc-1-2','alice','acme.example','sip:alice@127.0.0.1:9',null,
         (1900000600-0.5)/86400+2440587.5,(1899999000-0.5)/86400+2440587.5,-1,'call-2',8,'Snom D735','udp:127.0.0.1:5060',null,0,1),
        ('ulcx-1-3','bob','acme.example','sip:bob@127.0.0.1:10',null,
         2440587.49999421,2440587.49999421,-1,'dfjrewr12386fd6-343@kamailio.rpc',1,'kamailio - RPC Server',null,null,0,1);"

json=$("$REGTOP" list -s "$db" --json)
is "$?" 0 "list ends with 0"
is "$(jq -r '.bindings|length' <<<"$json")" 3 "list --json has every binding"
is "$(jq -r '.bindings[]|select(.ruid=="uloc-1-1")|.expires' <<<"$json")" 2030-03-17T17:46:40Z \
  "a Julian day becomes the second that Kamailio meant"
is "$(jq -r '.bindings[]|select(.ruid=="uloc-1-1")|.granted' <<<"$json")" 1000 "granted is expires less refreshed"
is "$(jq -r '.bindings[]|select(.ruid=="uloc-1-1")|.q' <<<"$json")" 0.5 "q is given as a number"
is "$(jq -r '.bindings[]|select(.ruid=="uloc-1-2")|.q' <<<"$json")" null "q that was not given is null"
is "$(jq -r '.bindings[]|select(.ruid=="ulcx-1-3")|.expires,.left' <<<"$json" | paste -sd,)" null,null \
  "a permanent contact neither expires nor counts down"
is "$(jq -r '.bindings[]|select(.ruid=="uloc-1-1")|.twins' <<<"$json")" 2 "twins are counted"
is "$(jq -r '.sources[0]|.complete,.count' <<<"$json" | paste -sd,)" true,3 "the source's picture is complete"
is "$(jq -r '.bindings[0]|keys_unsorted|join(" ")' <<<"$json")" \
  "$("$REGTOP" help columns | awk '{print $1}' | paste -sd' ')" "JSON fields are the columns, in their order"

is "$("$REGTOP" list -s "$db" --csv --columns ruid,aor,q --sort ruid)" \
  "ruid,aor,q
ulcx-1-3,bob@acme.example,
uloc-1-1,alice@acme.example,0.5
uloc-1-2,alice@acme.example," "CSV has the columns that were asked for, sorted"
is "$("$REGTOP" list -s "$db" --csv --columns ruid --sort -ruid --limit 1 | tail -1)" uloc-1-2 \
  "--sort -NAME goes down and --limit cuts"
is "$("$REGTOP" list -s "$db" --csv --columns ruid 'ua:yealink | user:bob' --sort ruid | paste -sd' ')" \
  "ruid ulcx-1-3 uloc-1-1" "filters combine"
like "$("$REGTOP" list -s "$db")" '^AoR +Contact' "the plain table has headings"
unlike "$("$REGTOP" list -s "$db")" $'\033' "and no escape sequence"

out=$("$REGTOP" show -s "$db" alice@acme.example)
is "$?" 0 "show ends with 0"
like "$out" 'Snom D735' "show has both bindings of the AoR"
like "$out" 'Yealink' "show has both bindings of the AoR"
unlike "$out" 'sip:bob' "and no other"

# Snapshot: written once, opened again, frozen at its time, and unharmed by what follows.
"$REGTOP" snapshot -s "$db" -o shot.regtop >/dev/null
is "$?" 0 "snapshot ends with 0"
is "$(stat -c %a shot.regtop)" 600 "a snapshot is private"
"$REGTOP" snapshot -s "$db" -o shot.regtop >/dev/null 2>&1
is "$?" 4 "a snapshot does not overwrite"
a=$("$REGTOP" list -s shot.regtop --json | jq -S '.bindings|map(del(.left,.source,.note))')
b=$(jq -S '.bindings|map(del(.left,.source,.note))' <<<"$json")
is "$a" "$b" "a snapshot opens again with the same bindings"
sleep 1.2
is "$("$REGTOP" list -s shot.regtop --csv --columns left)" "$("$REGTOP" list -s shot.regtop --csv --columns left)" \
  "its countdowns stand still"
"$REGTOP" purge -s shot.regtop bob --yes --reason no >/dev/null 2>&1
is "$?" 5 "nothing can be purged through a snapshot"
"$REGTOP" ping -s shot.regtop bob >/dev/null 2>&1
is "$?" 5 "nobody can be asked through a snapshot"

# Ping straight to a closed port and to a phone that answers.
python3 - "$tap_dir/port" <<'PY' &
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("127.0.0.1", 0)); s.settimeout(30)
open(sys.argv[1] + ".new", "w").write(str(s.getsockname()[1]))
import os; os.rename(sys.argv[1] + ".new", sys.argv[1])
while True:
    m, a = s.recvfrom(4096)
    head = [l for l in m.decode().split("\r\n") if l.split(":")[0] in ("Via", "From", "To", "Call-ID", "CSeq")]
    head = [l + ";tag=x" if l.startswith("To:") else l for l in head]
    s.sendto(("SIP/2.0 200 OK\r\n" + "\r\n".join(head) + "\r\nUser-Agent: Snom D735\r\nContent-Length: 0\r\n\r\n").encode(), a)
PY
started $!
wait_for 5 test -s "$tap_dir/port"
sqlite3 "$db" "insert into location(ruid,username,domain,contact,expires,last_modified,callid,cseq,user_agent)
 values ('x-4','dora','acme.example','sip:dora@127.0.0.1:$(cat "$tap_dir/port")',(1900000000-0.5)/86400+2440587.5,(1899999000-0.5)/86400+2440587.5,'call-4',1,'Snom D735')"
out=$("$REGTOP" ping -s "$db" dora --json)
is "$?" 0 "ping of a phone that answers ends with 0"
is "$(jq -r '.bindings[0]|.verdict,.code' <<<"$out" | paste -sd,)" answers,200 "it answers with 200"
is "$(jq -r '.bindings[0].basis' <<<"$out")" likely "directly, without NAT, is likely"
out=$("$REGTOP" ping -s "$db" ruid:ulcx-1-3 --json)
is "$?" 1 "ping of a closed port ends with 1"
is "$(jq -r '.bindings[0].verdict' <<<"$out")" refused "a closed port refuses"

# Purge of a table row: dry run, refusal without a count, exactly one, journal.
out=$("$REGTOP" purge -s "$db" --control table ruid:uloc-1-1 --dry-run)
is "$?" 0 "a dry run ends with 0"
like "$out" 'alice@acme.example' "a dry run shows the plan"
is "$(sqlite3 "$db" 'select count(*) from location')" 4 "a dry run changes nothing"
out=$("$REGTOP" purge -s "$db" --control table ruid:uloc-1-1 --yes --reason 'ticket 4711')
is "$?" 0 "a purge ends with 0"
is "$(sqlite3 "$db" "select group_concat(ruid,' ') from (select ruid from location order by ruid)")" \
  "ulcx-1-3 uloc-1-2 x-4" "exactly that row is gone"
out=$("$REGTOP" journal --json)
is "$(jq -r '.[0]|.verb,.aor,.key,.reason' <<<"$out" | paste -sd,)" \
  "purge,alice@acme.example,uloc-1-1,ticket 4711" "the journal has it with its reason"
like "$(jq -r '.[0].proof' <<<"$out")" '.' "and its proof"
is "$(stat -c %a "$XDG_STATE_HOME/regtop/journal.sqlite")" 600 "the journal is private"
out=$("$REGTOP" purge -s "$db" --control table user:alice '|' user:bob --yes=2 --reason both)
is "$?" 0 "two go when their count is said"
is "$(sqlite3 "$db" 'select group_concat(ruid) from location')" x-4 "and no other"
like "$("$REGTOP" journal)" 'ticket 4711' "the journal reads as text"

plan_later
