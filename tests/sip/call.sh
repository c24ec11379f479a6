#!/bin/bash
# Test calls to a scripted phone: forks, repeated answers, challenges, silence, what comes late, and what no
# phone should send.
# shellcheck source=../lib/tap.sh
. "$TOP_SRCDIR/tests/lib/tap.sh"
need python3

place=$TOP_BUILDDIR/tests/sip/place_call
export XDG_STATE_HOME=$tap_dir/state XDG_CONFIG_HOME=$tap_dir/config

# called CHARACTER OPTION...: one call to that phone; what both said is in `said` and `heard`.
called() {
  local character=$1
  shift
  rm -f "$tap_dir/port"
  python3 "$TOP_SRCDIR/tests/sip/call_phone.py" "$tap_dir/port" "$character" >"$tap_dir/heard" 2>&1 &
  phone=$!
  started "$phone"
  wait_for 10 test -s "$tap_dir/port"
  port=$(<"$tap_dir/port")
  said=$("$place" "$@" "127.0.0.1:$port" "sip:dave@127.0.0.1:$port" sip:dave@127.0.0.1 2>&1)
  wait "$phone"
  heard=$(<"$tap_dir/heard")
}
seen() { sed -n "s/^$1=//p" <<<"$said" | tail -1; }
got() { sed -n 's/^got //p' <<<"$heard" | paste -sd, | sed 's/,/, /g'; }

called challenge --user=ops --password=secret
is "$(seen end) $(seen code) $(seen challenged)" "final 486 1" "a challenge is answered, and the call goes on"
like "$heard" '^credentials right$' "with SHA-256 where that is asked for first"
is "$(got)" "INVITE - 1, ACK p 1, INVITE - 2, ACK t 2" "each final answer has its ACK"

called challenge
is "$(seen end) $(seen code) $(seen challenged)" "final 401 0" "without credentials a challenge is a refusal"

called forks
is "$(seen end) $(seen forks)" "answered 2" "two phones that answer at once are two"
like "$heard" '^nothing is open$' "and both are let go"

called repeats --stay=1000
is "$(seen end) $(seen code)" "answered 200" "a 200 that is repeated is one answer"
is "$(got)" "INVITE - 1, ACK t 1, BYE t 2, ACK t 1, ACK t 1" "every copy has its ACK"
like "$heard" '^nothing is open$' "and nothing is left open"

called late --answer=700 --stay=1500
is "$(seen end) $(seen ringing)" "silent 0" "a phone that is late is silent"
like "$said" '^late=180 after_ms=' "until it is heard of"
is "$(got)" "INVITE - 1, INVITE - 1, CANCEL - 1, ACK t 1" "but is cancelled when it rings at last"
like "$heard" '^nothing is open$' "and nothing is left open"

called silent --answer=1700
is "$(seen end) $(seen sends)" "silent 3" "silence is told, after the copies that fit into the time"
like "$(got)" 'INVITE - 1, INVITE - 1, INVITE - 1, CANCEL - 1$' "a process that ends says CANCEL as its last word"

called waits --answer=700 --quiet
is "$(seen end) $(got)" "silent INVITE - 1, INVITE - 1" "but not behind a quiet call that nothing came to"

called deaf --quiet
is "$(seen end)" answered "a phone that answers behind the CANCEL is answered"
like "$heard" '^nothing is open$' "and let go"

called hostile
is "$(seen end) $(seen code)" "final 486" "what no phone should send changes nothing"
is "$(got)" "INVITE - 1, ACK t 1" "and is not answered"

plan_later
