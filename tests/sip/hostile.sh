#!/bin/bash
# regtop why and regtop call against phones that answer what no phone should: each ends by itself, with the status
# that its answer deserves, and nothing of what they say reaches a terminal as it came.
# shellcheck source=../lib/tap.sh
. "$TOP_SRCDIR/tests/lib/tap.sh"
need python3

db=$tap_dir/location.sqlite
export HOME=$tap_dir XDG_CONFIG_HOME=$tap_dir/config PYTHONDONTWRITEBYTECODE=1
unset REGTOP_READONLY
python3 "$TOP_SRCDIR/tests/sip/hostile_phones.py" "$db" >"$tap_dir/phones" 2>&1 &
started $!
wait_for 10 grep -q ready "$tap_dir/phones"

# All at once: what answers nothing useful takes its time. Each has a journal and a history of its own.
run() { # NAME COMMAND USER OPTION...
  local name=$1
  shift
  XDG_STATE_HOME=$tap_dir/state-$name timeout 100 "$REGTOP" "$@" -s "$db" --timeout 2s --ladder \
    >"$tap_dir/$name.out" 2>"$tap_dir/$name.err"
  echo $? >"$tap_dir/$name.status"
}
users=$(sed -n 's/^plays //p' "$tap_dir/phones")
for user in $users; do
  run "why-$user" why "$user" &
  run "call-$user" call "$user" --quiet --yes --in-quiet-hours &
done
run ring-storm call storm --ring=1 --yes --allow-ring --in-quiet-hours &
for job in $(jobs -p); do
  [ "$job" = "${tap_pids[0]}" ] || wait "$job"
done

status() { cat "$tap_dir/$1.status"; }
# clean NAME: no byte that a terminal obeys, and nothing that a sanitizer said.
clean() {
  ! LC_ALL=C grep -aq $'[\x01-\x08\x0b-\x1f\x7f]' "$tap_dir/$1.out" "$tap_dir/$1.err" &&
    ! tr -d '\n' <"$tap_dir/$1.out" | LC_ALL=C grep -aqP '\x00' &&
    ! grep -qE 'Sanitizer|runtime error' "$tap_dir/$1.err"
}
why() { # USER STATUS CAUSE
  is "$(status "why-$1") $(sed -n '/^Cause/{n;s/^ *\([a-z-]*\):.*/\1/p}' "$tap_dir/why-$1.out")" "$2 $3" "why $1: $3"
  clean "why-$1"
  ok $? "why $1: nothing that a terminal would obey"
}
call() { # USER STATUS WORDS
  is "$(status "call-$1")" "$2" "call $1: the status is $2"
  like "$(cat "$tap_dir/call-$1.out")" "$3" "call $1: says what happened"
  clean "call-$1"
  ok $? "call $1: nothing that a terminal would obey"
}

# An odd answer is an answer.
for user in notag nocontact badcontact copies forks; do
  why "$user" 0 well
  call "$user" 1 "^quiet call, [0-9]+ bytes: 200 OK after"
  like "$(cat "$tap_dir/call-$user.out")" "took a call that it should have refused" "call $user: what that means"
done
# By RFC 3261 17.1.3 the branch and the method make an answer ours; a call looks closer.
for user in cseq callid fromtag; do why "$user" 0 well; done
# What is not ours changes nothing.
for user in branch method; do why "$user" 1 off-or-down; done
for user in cseq callid fromtag branch method; do call "$user" 1 "no answer to [0-9]+ INVITEs"; done
# What cannot be read is none either; but it is no silence, and is told.
for user in rubbish nul huge routes moved challenges; do
  why "$user" 1 unreadable
  like "$(cat "$tap_dir/why-$user.out")" "no answer: what came is no SIP message" "why $user: the evidence says so"
  call "$user" 1 "no answer to [0-9]+ INVITEs"
  like "$(cat "$tap_dir/call-$user.out")" "[0-9]+ bytes that are no SIP message: " "call $user: and so does the ladder"
done
# Provisional answers without end: the workup has its answer in time, and the call is ended as far as it can be.
why storm 1 off-or-down
call storm 1 "180 Ringing after .* it may go on"
is "$(status ring-storm)" 1 "a ring test that nobody ended did not go well"
like "$(cat "$tap_dir/ring-storm.out")" "Look at the phone: it may still ring" "and says so"
like "$(cat "$tap_dir/phones")" "^storm CANCEL" "it was cancelled"
like "$(cat "$tap_dir/phones")" "^nocontact BYE" "and who answered was let go"
for phones in $(sed -n 's/^\([a-z]*\) INVITE$/\1/p' "$tap_dir/phones" | sort -u); do
  [ "$(grep -c "^$phones INVITE" "$tap_dir/phones")" -le 10 ] || echo "$phones"
done >"$tap_dir/many"
is "$(cat "$tap_dir/many")" "" "nobody was asked again for what they said"
plan_later
