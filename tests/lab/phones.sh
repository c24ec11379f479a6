#!/bin/bash
# The phones of the other tests: each registers at the own registrar, rings, and its list of calls can be asked.
. "$TOP_SRCDIR/tests/lib/tap.sh"
. "$TOP_SRCDIR/tests/lib/phones.sh"

need python3 ss
export XDG_STATE_HOME=$tap_dir/state XDG_CONFIG_HOME=$tap_dir/config
port=$(free_port)
"$REGTOP" listen -s "listen:udp:127.0.0.1:$port,tcp:127.0.0.1:$port" >"$tap_dir/registrar.log" 2>&1 &
started $!
wait_for 10 grep -q 'listen udp' "$tap_dir/registrar.log"
ok $? "the registrar runs"

# contact USER: the Contact that the registrar told last; invite USER [SECONDS]: a call to it.
contact() { sed -n "s/^.*added *$1@[^ ]* \(sip:[^ ]*\) .*/\1/p" "$tap_dir/registrar.log" | tail -1; }
invite() {
  local uri
  uri=$(contact "$1")
  python3 "$phones_py" invite "$uri" "$(sed 's/^[^@]*@\([^;]*\).*/\1/' <<<"$uri")" "${2:-1}"
}

baresip_rings() {
  local dir=$tap_dir/baresip transport=$1 calls
  baresip_start "$dir" "127.0.0.21:$(free_port)" "127.0.0.1:$port" "alice$1" "transport=$1"
  ok $? "baresip runs ($1)"
  baresip_registered "$dir"
  ok $? "and registers"
  is "$(baresip_calls "$dir")" 0 "no call is open"
  if [ "$1" = udp ]; then
    invite "alice$1" 2 >"$tap_dir/call" &
    calls=$!
    baresip_ringing "$dir"
    ok $? "it says that it rings"
    is "$(baresip_calls "$dir")" 1 "one call is open"
    wait "$calls"
    ok $? "the call ends"
    like "$(cat "$tap_dir/call")" '^180' "the caller heard it ring"
    like "$(cat "$tap_dir/call")" '^487' "and cancelled"
    baresip_quiet "$dir"
    ok $? "no call is open any more"
    invite "alice$1" 5 >"$tap_dir/call" &
    calls=$!
    baresip_ringing "$dir" 10 2
    baresip_hang_up "$dir"
    wait "$calls"
    like "$(cat "$tap_dir/call")" '^486' "it can be told to refuse"
  fi
  phone_kill "$dir"
  like "$(cat "$tap_dir/registrar.log")" "added +alice$1@" "it was registered"
  unlike "$(cat "$tap_dir/registrar.log")" "(gone|lapsed) +alice$1@" "killed, it unregisters nothing"
}

if command -v baresip >/dev/null; then
  baresip_rings udp
  baresip_rings tcp
  baresip_start "$tap_dir/leaver" "127.0.0.22:$(free_port)" "127.0.0.1:$port" leaver
  baresip_registered "$tap_dir/leaver"
  baresip_stop "$tap_dir/leaver"
  wait_for 5 grep -q 'gone *leaver@' "$tap_dir/registrar.log"
  ok $? "stopped, it unregisters"
else
  skip "baresip" "baresip is not installed"
fi

if command -v linphonec >/dev/null; then
  dir=$tap_dir/linphone
  linphone_start "$dir" "$(free_port)" "127.0.0.1:$port" bob
  linphone_registered "$dir"
  ok $? "linphonec registers"
  invite bob 2 >"$tap_dir/call" &
  calls=$!
  linphone_ringing "$dir"
  ok $? "it says that it rings"
  is "$(linphone_calls "$dir")" 1 "one call is open"
  wait "$calls"
  like "$(cat "$tap_dir/call")" '^180' "the caller heard it ring"
  linphone_quiet "$dir"
  ok $? "no call is open any more"
  phone_kill "$dir"
else
  skip "linphonec" "linphone-cli is not installed"
fi

if command -v sipp >/dev/null; then
  at=127.0.0.23:$(free_port)
  sipp_start "$tap_dir/sipp" "$at" "$TOP_SRCDIR/tests/lib/uas_rings.xml" -m 1
  ok $? "sipp listens"
  like "$(python3 "$phones_py" invite "sip:phone@$at" "$at" 0.2)" '^487' "it rings and is cancelled"
  wait "$last"
  ok $? "and its call was ended on both sides"
else
  skip "sipp" "sip-tester is not installed"
fi
plan_later
