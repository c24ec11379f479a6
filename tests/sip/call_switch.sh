#!/bin/bash
# Test calls through a real switch that asks for a password and forks: Kamailio with two baresips behind it.
# shellcheck source=../lib/tap.sh
. "$TOP_SRCDIR/tests/lib/tap.sh"
# shellcheck source=../lib/phones.sh
. "$TOP_SRCDIR/tests/lib/phones.sh"
need python3 kamailio baresip

place=$TOP_BUILDDIR/tests/sip/place_call
export XDG_STATE_HOME=$tap_dir/state XDG_CONFIG_HOME=$tap_dir/config
port=$(free_port)

phones=()
uris=()
for name in one two; do
  dir=$tap_dir/$name
  # Another program may take a port between its choice and its use.
  for _ in 1 2 3; do
    baresip_start "$dir" "127.0.0.1:$(free_port)" 127.0.0.1:9 "$name"
    wait_for 20 grep -q '^Contact: <sip:' "$dir/log" && break
  done
  phones+=("$dir")
  uris+=("$(sed -n 's/^Contact: <\([^>]*\)>.*/\1/p' "$dir/log" | head -1)")
done

# switch ALGORITHM: starts it; its process id in `switch`.
switch() {
  kamailio -f "$TOP_SRCDIR/tests/sip/call_switch.cfg" -Y "$tap_dir" -P "$tap_dir/kamailio.pid" -m 32 -M 4 -DD -E \
    -A "SIPPORT=$port" -A "ONE=\"${uris[0]}\"" -A "TWO=\"${uris[1]}\"" -A "ALGORITHM=\"$1\"" \
    >"$tap_dir/kamailio.log" 2>&1 &
  switch=$!
  started "$switch"
  wait_for 10 phone_listens "127.0.0.1:$port" || sed 's/^/# /' "$tap_dir/kamailio.log"
}

call() { said=$("$place" "$@" "127.0.0.1:$port" sip:all@acme.example sip:all@acme.example 2>&1); }
seen() { sed -n "s/^$1=//p" <<<"$said" | tail -1; }
# How many calls both phones have open, by their own lists, when they have come to rest.
left() {
  baresip_quiet "${phones[0]}" 5
  baresip_quiet "${phones[1]}" 5
  echo "$(baresip_calls "${phones[0]}") $(baresip_calls "${phones[1]}")"
}

switch MD5
call --ring=700
is "$(seen end) $(seen code) $(seen challenged)" "final 407 0" "without credentials the switch refuses"
call --ring=700 --user=ops --password=wrong
is "$(seen end) $(seen code) $(seen challenged)" "final 407 1" "with wrong ones too, and it is asked only once"
is "$(baresip_events "${phones[0]}" CALL_INCOMING)" 0 "and no phone rang"

call --ring=700 --user=ops --password=secret
is "$(seen end) $(seen ringing) $(seen forks)" "cancelled 1 2" "with the right ones both phones ring, and are cancelled"
is "$(left)" "0 0" "neither has a call left"

"$place" --ring=8000 --user=ops --password=secret "127.0.0.1:$port" sip:all@acme.example \
  sip:all@acme.example >"$tap_dir/said" 2>&1 &
call=$!
baresip_ringing "${phones[0]}" 10 2
baresip_ringing "${phones[1]}" 10 2
baresip_answer "${phones[1]}"
wait "$call"
said=$(<"$tap_dir/said")
is "$(seen end) $(seen code)" "answered 200" "one is answered: ACK and BYE go through the switch that recorded itself"
like "$said" "sent BYE \| 127.0.0.1:$port [0-9]+ again=0" "and not past it"
is "$(left)" "0 0" "neither has a call left"

call --quiet --user=ops --password=secret
is "$(seen end) $(seen code) $(seen ringing)" "final 420 0" "a quiet call through the switch rings nowhere"
call --ring=5000 --leave-after=700 --user=ops --password=secret
is "$(left)" "0 0" "a process that ends leaves neither ringing"

kill "$switch"
wait "$switch" 2>/dev/null
switch SHA-256
call --ring=300 --user=ops --password=secret
is "$(seen end) $(seen challenged)" "cancelled 1" "the same with SHA-256"
is "$(left)" "0 0" "neither has a call left"

plan_later
