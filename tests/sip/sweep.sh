#!/bin/bash
# One sweep over thousands of simulated bindings, each verdict compared with what was arranged; by
# regtop ping and in the inspector. REGTOP_SWEEP=100000 REGTOP_SWEEP_RATE=5000 make it a large one.
# shellcheck source=../lib/tap.sh
. "$TOP_SRCDIR/tests/lib/tap.sh"
need python3

count=${REGTOP_SWEEP:-8000}
rate=${REGTOP_SWEEP_RATE:-4000}
sweep=$TOP_SRCDIR/tests/sip/sweep.py
db=$tap_dir/kamailio.sqlite
export HOME=$tap_dir XDG_STATE_HOME=$tap_dir/state XDG_CONFIG_HOME=$tap_dir/config
unset REGTOP_READONLY

read -r open closed <<<"$(python3 "$sweep" ports)"
[ -n "$closed" ] || skip_all "no socket can be had that is only on loopback"
python3 "$sweep" make "$db" "$count" "$open" "$closed"
python3 "$sweep" answer "$open" >"$tap_dir/ready" &
started $!
wait_for 10 grep -q ready "$tap_dir/ready"

# seen NAME: what the last part said of it.
seen() { sed -n "s/^$1=//p" <<<"$said" | tail -1; }

"$REGTOP" ping -s "$db" --rate "$rate" --timeout 3s --json acme >"$tap_dir/rows" 2>"$tap_dir/err"
is $? 1 "a sweep that finds silent phones ends with 1"
is "$(cat "$tap_dir/err")" "" "and says nothing on stderr when that is no terminal"
said=$(python3 "$sweep" judge "$tap_dir/rows" "$count" 2>&1)
is "$(seen missing)" 0 "all $count bindings are told"
is "$(seen wrong)" 0 "each with the verdict that was arranged"
[ "$(seen wrong)" = 0 ] || diag "$said"

# Stopped in the middle: what was found is printed, and the status says that it is not all.
"$REGTOP" ping -s "$db" --rate 500 --timeout 3s --json acme >"$tap_dir/part" 2>"$tap_dir/err" &
ping=$!
started $ping
sleep 2
kill -INT $ping
wait $ping
is $? 4 "a sweep that was stopped ends with 4"
like "$(cat "$tap_dir/err")" "stopped: [0-9]+ of $count were asked" "and says how many were asked"
like "$(cat "$tap_dir/part")" '"verdict": ?"answers"' "and what was found is printed"
like "$(cat "$tap_dir/part")" '"verdict": ?"not asked"' "beside those that were not asked"

said=$(timeout 600 python3 "$sweep" screen "$db" "$count" "$rate" 2>&1)
is "$(seen loaded)" True "the inspector shows them all"
is "$(seen marked)" True "M marks them all"
is "$(seen progress)" True "P says how far the sweep is"
is "$(seen keys_during_sweep)" True "the cursor moves while the sweep goes on"
is "$(seen q_stays)" True "q does not leave in the middle of it"
is "$(seen done)" True "it comes to its end"
is "$(seen totals)" True "and counts how they ended as arranged"
is "$(seen stopped)" True "Ctrl-C stops another one"
is "$(seen left)" True "and then it can be left"
diag "$said"
plan_later
