#!/bin/bash
# regtop beside OpenSIPS's management interface, as mi_server.py plays it: its list, its events, its
# removals, its own requests, and what goes wrong.
. "$TOP_SRCDIR/tests/lib/tap.sh"

once
need python3 sipp
here=$TOP_SRCDIR/tests/registrars
dir=$tap_dir/mi
udp=$(free_port)
web=$(free_port)
mkdir "$dir"
export HOME=$tap_dir XDG_STATE_HOME=$tap_dir/state XDG_CONFIG_HOME=$tap_dir/config
export PYTHONDONTWRITEBYTECODE=1

server_begin() {
  rm -f "$dir/mi.sock" "$dir/fifo"
  python3 "$here/mi_server.py" "$dir" "$udp" "$web" >"$tap_dir/server.out" 2>&1 &
  server=$!
  started "$server"
  wait_for 10 mi version
}
server_end() { kill "$server"; wait "$server" 2>/dev/null; rm -f "$dir/mi.sock" "$dir/fifo"; }
mi() { python3 "$here/phone.py" rpc "$dir/mi.sock" "$@"; }
field() { python3 -c 'import json,sys; print(json.loads(sys.argv[1])["bindings"][0][sys.argv[2]])' "$@"; }
count() { python3 -c 'import json,sys; print(len(json.loads(sys.argv[1])["bindings"]))' "$@"; }
sock=opensips:unix:$dir/mi.sock
list() { "$REGTOP" list -s "$sock" --json "$@"; }

server_begin
ok $? "the management interface runs"

# ---- the list ------------------------------------------------------------------------------------
mi test_add alice sip:alice@127.0.0.1:17001 >/dev/null
mi test_add sales@example.net sip:sales@127.0.0.1:17002 0 >/dev/null
for place in "unix:$dir/mi.sock" "fifo:$dir/fifo?reply_dir=$dir" "udp:127.0.0.1:$udp" "http://127.0.0.1:$web/mi"; do
  out=$("$REGTOP" list -s "opensips:$place" --json)
  is $? 0 "a list by ${place%%:*} ends well"
  is "$(count "$out")" 2 "and has both bindings"
  is "$(field "$out" methods)" INVITE,CANCEL,ACK,BYE,MESSAGE,OPTIONS "with OpenSIPS's own method bits read"
done
like "$out" '"aor": ?"sales@example.net"' "an AoR with a domain has its domain"
is "$("$REGTOP" list -s "$sock" --columns left sales | tail -1 | tr -d ' ')" perm "a permanent contact is permanent"

# ---- what it says of itself ----------------------------------------------------------------------
causes() { "$REGTOP" why alice -s "$sock" --timeout=2 --json | python3 -c '
import json, sys
j = json.load(sys.stdin); print(*[c["id"] for c in [j["cause"], *j["also"]]])'; }
unlike "$(causes)" clock-skew "a clock that is right is not blamed"
mi test_clock 40 >/dev/null
like "$(causes)" clock-skew "one that is wrong is told to the workup"
mi test_clock 0 >/dev/null

# ---- removals ------------------------------------------------------------------------------------
purge() { "$REGTOP" purge -s "$sock" "$@" --yes --reason T-1 >"$tap_dir/purge.out" 2>&1; }
mi test_add alice sip:alice@127.0.0.1:17003 >/dev/null
purge contact:17001
is $? 0 "one of two contacts is removed"
like "$(cat "$tap_dir/purge.out")" "ul_rm_contact on unix:" "the plan says how"
out=$(mi ul_show_contact location alice)
unlike "$out" 17001 "it is gone"
like "$out" 17003 "the other one stays"
like "$("$REGTOP" journal --json 2>&1)" '17001' "the journal holds the contact"
like "$("$REGTOP" journal 2>&1)" 'gone when asked again' "and the proof"
mi test_deaf rm true >/dev/null
purge contact:17003
is $? 1 "a removal that says OK and removes nothing is found out"
like "$("$REGTOP" journal 2>&1)" 'still' "the journal says that it is still there"
mi test_deaf rm false >/dev/null
mi test_add twins 'sip:twins@127.0.0.1:17004' 600 71 >/dev/null
mi test_add twins 'sip:twins@127.0.0.1:17004;ob' 600 72 >/dev/null
purge 'contact:;ob'
is $? 5 "of two contacts that OpenSIPS takes for one none is removed"
like "$(cat "$tap_dir/purge.out")" '2 contacts' "and the words say why"
is "$(mi ul_show_contact location twins | grep -o ContactID | wc -l)" 2 "both are still there"
out=$(mi test_calls)
unlike "$out" 'ul_sync|ul_flush|"ul_rm"' "nothing but single contacts was ever removed"
purge --whole-aor twins
is $? 5 "the whole AoR goes only with its count"
"$REGTOP" purge -s "$sock" --whole-aor twins --yes=2 --reason T-1 >"$tap_dir/purge.out" 2>&1
is $? 0 "and then it goes"
like "$(cat "$tap_dir/purge.out")" 'ul_rm on' "by the command that the plan names"
like "$(mi ul_show_contact location twins)" 'AOR not found' "both contacts are gone"

# What registers again between the list and the removal is not touched.
mi test_add busy sip:busy@127.0.0.1:17005 >/dev/null
mi test_race busy >/dev/null
purge contact:17005
is $? 1 "what was refreshed since it was seen is skipped"
like "$(cat "$tap_dir/purge.out")" 'registered again|refreshed' "and the words say so"
like "$(mi ul_show_contact location busy)" 17005 "and it stays"

# ---- requests that the registrar sends itself ----------------------------------------------------
phone_port=$(free_port)
sipp -sf "$here/answer_options.xml" -i 127.0.0.1 -p "$phone_port" -nostdin >"$tap_dir/sipp.out" 2>&1 &
phone=$!
started "$phone"
wait_for 5 sh -c "ss -lunH 'sport = :$phone_port' | grep -q ."
mi test_add desk "sip:desk@127.0.0.1:$phone_port" >/dev/null
out=$("$REGTOP" ping -s "$sock" --json desk)
is "$(field "$out" code)" 200 "a phone answers to the registrar's own OPTIONS"
is "$(field "$out" basis)" confirmed "which is the path of a call"
is "$(field "$out" answered_by)" sipp-phone "and it is the phone that answered"
like "$(mi test_calls)" t_uac_dlg "it was OpenSIPS that sent it"
kill -STOP "$phone"
out=$("$REGTOP" ping -s "$sock" --json --timeout 5s desk)
is "$(field "$out" verdict)" silent "a stopped phone is silent"
is "$(field "$out" code)" 408 "as the registrar itself says"
out=$("$REGTOP" ping -s "$sock" --json --timeout 1s desk)
is "$(field "$out" verdict)" silent "also when nobody waits as long as the registrar does"
kill -CONT "$phone"
out=$("$REGTOP" ping -s "opensips:http://127.0.0.1:$web/mi" --json desk)
is "$(field "$out" basis)" likely "by HTTP, where it would keep all others waiting, the probe goes direct"

# ---- what goes wrong -----------------------------------------------------------------------------
mi test_cut 300 >/dev/null
out=$("$REGTOP" list -s "$sock" 2>&1)
is $? 3 "a truncated answer is no list"
like "$out" 'not JSON' "and is told"
mi test_cut 0 >/dev/null
mi test_slow 4 >/dev/null
out=$("$REGTOP" list -s "$sock" 2>&1)
is $? 3 "a server that is too slow is no list"
like "$out" 'gave no answer' "and is told"
mi test_slow 0.2 >/dev/null
out=$(list)
is $? 0 "one that is only slow is waited for"
mi test_slow 0 >/dev/null
mi test_fill 200 >/dev/null
out=$(list)
is "$(grep -o '"contact":' <<<"$out" | wc -l)" \
  "$(mi get_statistics '["usrloc:"]' | grep -o 'location-contacts": [0-9]*' | grep -o '[0-9]*$')" \
  "more than a datagram holds is listed all the same"
mi test_fill 10000 >/dev/null
out=$("$REGTOP" list -s "$sock" 2>&1)
is $? 3 "10 000 contacts are not dumped"
like "$out" 'would make its phones wait' "and the words say why"
like "$out" 'opensips:mysql://' "and what to do instead"
server_end

# ---- on screen -----------------------------------------------------------------------------------
out=$(timeout 150 python3 "$here/opensips_screen.py" "$REGTOP" "$dir" "$udp" "$web" 2>&1)
for what in 'listed the list is on screen' 'added what registers is there at once' \
  'removed what goes is gone at once' 'by_event because OpenSIPS told, and its AoR was asked for' \
  'trouble a server that goes is told' 'kept and the picture stays' \
  'back when it comes back it is read again' 'anew with what it has now' 'ended and the end is clean'; do
  like "$out" "^${what%% *}=True" "${what#* }"
done
out=$("$REGTOP" list -s "$sock" 2>&1)
is $? 3 "a server that is not there is told"
like "$out" 'no control socket' "with what is missing"
plan_later
