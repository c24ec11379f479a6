#!/bin/bash
# Test calls to real phones: baresip, linphone, sipp. What rings is cancelled, what is answered is ended,
# and by the phone's own list of calls nothing is left open.
# shellcheck source=../lib/tap.sh
. "$TOP_SRCDIR/tests/lib/tap.sh"
# shellcheck source=../lib/phones.sh
. "$TOP_SRCDIR/tests/lib/phones.sh"
need python3

place=$TOP_BUILDDIR/tests/sip/place_call
lib=$TOP_SRCDIR/tests/lib
export XDG_STATE_HOME=$tap_dir/state XDG_CONFIG_HOME=$tap_dir/config

# seen NAME: what the last call said of it.
seen() { sed -n "s/^$1=//p" <<<"$said" | tail -1; }
# steps: its messages in order, without those that were sent again.
steps() { sed -n 's/^\(sent\|received\) \(.*\) | .* again=0$/\2/p' <<<"$said" | paste -sd, | sed 's/,/, /g'; }
# The first words of it: a phone may send 100 or not.
without_100() { sed 's/100 [^,]*, //g'; }

# crossed NAME DIR URI: a ring test to the phone whose CANCEL and whose answer are on the way at the same time.
crossed() {
  local name=$1 dir=$2 uri=$3 wire call before
  before=$("${name}_rang" "$dir")
  rm -f "$tap_dir/wire.port"
  python3 "$TOP_SRCDIR/tests/sip/cross.py" "$tap_dir/wire.port" "127.0.0.1:$port" >"$tap_dir/wire" 2>&1 &
  wire=$!
  started "$wire"
  wait_for 10 test -s "$tap_dir/wire.port"
  "$place" --ring=300 "127.0.0.1:$(<"$tap_dir/wire.port")" "$uri" "$uri" >"$tap_dir/said" 2>&1 &
  call=$!
  wait_for 10 grep -q held "$tap_dir/wire"
  "${name}_ringing" "$dir" 10 $((before + 1))
  "${name}_answer" "$dir"
  wait "$call"
  said=$(<"$tap_dir/said")
  like "$(<"$tap_dir/wire")" '^crossed [1-9]' "$name: an answer crosses the CANCEL"
  is "$(seen end) $(seen code)" "answered 200" "$name: and is told as such"
  like "$(steps)" 'CANCEL, 200 [A-Za-z]+, ACK, BYE, (.*, )?200 O[Kk]' "$name: it is acknowledged and ended"
  "${name}_quiet" "$dir"
  is "$("${name}_calls" "$dir")" 0 "$name: nothing is left open"
  kill "$wire"
  wait "$wire" 2>/dev/null
}

# ---- baresip ----------------------------------------------------------------------------------

# bare OPTION...: a call to baresip.
bare() { said=$("$place" "$@" "127.0.0.1:$port" "$uri" sip:alice@127.0.0.1 2>&1); }

if command -v baresip >/dev/null; then
  dir=$tap_dir/baresip
  # Another program may take a port between its choice and its use.
  for _ in 1 2 3; do
    port=$(free_port)
    baresip_start "$dir" "127.0.0.1:$port" 127.0.0.1:9 alice
    wait_for 20 grep -q '^Contact: <sip:' "$dir/log" && break
    sed 's/^/# /' "$dir/log" | tail -5
  done
  uri=$(sed -n 's/^Contact: <\([^>]*\)>.*/\1/p' "$dir/log" | head -1)

  bare --quiet
  is "$(seen end) $(seen code)" "final 420" "baresip: a quiet call is refused"
  is "$(seen ringing) $(baresip_events "$dir" CALL_INCOMING)" "0 0" "baresip: and does not ring"
  is "$(seen unsupported)" x-regtop-quiet "baresip: it says what it misses"
  like "$(seen agent)" '^baresip' "baresip: and who it is"

  bare --ring=800
  is "$(seen end) $(seen code) $(seen ringing)" "cancelled 487 1" "baresip: a ring test rings and is cancelled"
  is "$(steps | without_100)" \
    "INVITE, 180 Ringing, CANCEL, 200 OK, 487 Request Terminated, ACK" "baresip: in the order of RFC 3261 9"
  is "$(baresip_events "$dir" CALL_INCOMING)" 1 "baresip: it did ring"
  is "$(baresip_calls "$dir")" 0 "baresip: nothing is left open"

  "$place" --ring=8000 "127.0.0.1:$port" "$uri" sip:alice@127.0.0.1 >"$tap_dir/said" 2>&1 &
  call=$!
  baresip_ringing "$dir" 10 2
  baresip_answer "$dir"
  wait "$call"
  said=$(<"$tap_dir/said")
  is "$(seen end) $(seen code)" "answered 200" "baresip: an answered call is told as such"
  [ "$(seen bye_us)" -lt 100000 ]
  ok $? "baresip: and ended within 100 ms"
  baresip_quiet "$dir"
  is "$(baresip_calls "$dir")" 0 "baresip: nothing is left open"

  baresip_rang() { baresip_events "$1" CALL_INCOMING; }
  crossed baresip "$dir" "$uri"
  is "$(baresip_events "$dir" CALL_ESTABLISHED)" 2 "baresip: and the phone had been answered"

  bare --ring=5000 --stop-after=300
  is "$(seen end) $(seen hung_up)" "cancelled 1" "baresip: who stops a ringing test, stops the ringing"
  bare --ring=5000 --leave-after=300
  baresip_quiet "$dir"
  is "$(baresip_calls "$dir")" 0 "baresip: a process that ends leaves nothing ringing"

  uri="$uri;transport=tcp"
  bare --tcp --ring=300
  is "$(seen end) $(seen sends)" "cancelled 1" "baresip: the same over TCP"
  is "$(baresip_calls "$dir")" 0 "baresip: nothing is left open"

  phone_freeze "$dir"
  bare --tcp --ring=300 --answer=700
  is "$(seen end)" silent "baresip: a process that stands still is silence"
  phone_thaw "$dir"
  baresip_quiet "$dir"
  is "$(baresip_calls "$dir")" 0 "baresip: and what it finds when it wakes does not go on"
  phone_kill "$dir"
else
  skip "baresip: quiet, ring and answered calls" "baresip is not installed"
fi

# ---- linphone ---------------------------------------------------------------------------------

# lin OPTION...: a call to linphone.
lin() { said=$("$place" "$@" "127.0.0.1:$port" "sip:bob@127.0.0.1:$port" sip:bob@127.0.0.1 2>&1); }

if command -v linphonec >/dev/null; then
  dir=$tap_dir/linphone
  port=$(free_port)
  mkdir -p "$dir"
  linphone_start "$dir" "$port" 127.0.0.1:9 bob
  wait_for 20 phone_listens "*:$port"

  lin --quiet
  is "$(seen end) $(seen code)" "final 488" "linphone: a quiet call is refused"
  is "$(seen ringing) $(linphone_rang "$dir")" "0 0" "linphone: and does not ring"

  lin --ring=800
  is "$(seen end) $(seen code) $(seen ringing)" "cancelled 487 1" "linphone: a ring test rings and is cancelled"
  is "$(linphone_rang "$dir")" 1 "linphone: it did ring"
  linphone_quiet "$dir"
  is "$(linphone_calls "$dir")" 0 "linphone: nothing is left open"

  "$place" --ring=8000 "127.0.0.1:$port" "sip:bob@127.0.0.1:$port" sip:bob@127.0.0.1 >"$tap_dir/said" 2>&1 &
  call=$!
  linphone_ringing "$dir" 10 2
  linphone_answer "$dir"
  wait "$call"
  said=$(<"$tap_dir/said")
  is "$(seen end) $(seen code)" "answered 200" "linphone: an answered call is told as such"
  [ "$(seen bye_us)" -lt 100000 ]
  ok $? "linphone: and ended within 100 ms"
  linphone_quiet "$dir"
  is "$(linphone_calls "$dir")" 0 "linphone: nothing is left open"

  crossed linphone "$dir" "sip:bob@127.0.0.1:$port"
  phone_kill "$dir"
else
  skip "linphone: quiet, ring and answered calls" "linphonec is not installed"
fi

# ---- sipp -------------------------------------------------------------------------------------

# sipped SCENARIO OPTION...: a call to sipp; its exit status in `sipp_said`.
sipped() {
  local scenario=$1
  shift
  port=$(free_port)
  sipp_start "$tap_dir/sipp-$scenario" "127.0.0.1:$port" "$lib/uas_$scenario.xml" -m 1
  said=$("$place" "$@" "127.0.0.1:$port" "sip:carol@127.0.0.1:$port" sip:carol@127.0.0.1 2>&1)
  wait "$last"
  sipp_said=$?
}

if command -v sipp >/dev/null; then
  sipped refuses --quiet
  is "$(seen end) $(seen code) $(seen ringing) $sipp_said" "final 420 0 0" "sipp: a quiet call does not ring who reads it"
  sipped rings --quiet
  is "$(seen end) $(seen ringing) $sipp_said" "cancelled 1 0" "sipp: and is cancelled at once by who does not"
  sipped rings --ring=500
  is "$(seen end) $(seen ringing) $sipp_said" "cancelled 1 0" "sipp: rings until it is cancelled"
  sipped answers --ring=3000
  is "$(seen end) $sipp_said" "answered 0" "sipp: answers, and is acknowledged and ended"
  sipped crosses --ring=300
  is "$(seen end) $sipp_said" "answered 0" "sipp: an answer that crosses the CANCEL is ended too"
  like "$(steps)" 'CANCEL, 200 OK, 200 OK, ACK, BYE, 200 OK$' "sipp: by ACK and BYE"
else
  skip "sipp: rings, answers, crosses" "sipp is not installed"
fi

plan_later
