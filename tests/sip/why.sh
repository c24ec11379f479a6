#!/bin/bash
# regtop why against phones whose truth is known: each gets the cause that was arranged, as text and
# as JSON; neighbours, a stop in the middle, snapshots, and the own registrar.
# shellcheck source=../lib/tap.sh
. "$TOP_SRCDIR/tests/lib/tap.sh"
need python3

world=$TOP_SRCDIR/tests/sip/why_world.py
db=$tap_dir/kamailio.sqlite
export HOME=$tap_dir XDG_STATE_HOME=$tap_dir/state XDG_CONFIG_HOME=$tap_dir/config
unset REGTOP_READONLY
port=$(free_port)
python3 "$world" make "$db" "$port"
python3 "$world" answer "$port" >"$tap_dir/phones" 2>&1 &
started $!
wait_for 10 grep -q ready "$tap_dir/phones" || skip_all "127.0.0.0/8 has no addresses of its own"

why() { "$REGTOP" why -s "$db" --timeout 1s --quiet-hours=none "$@" 2>"$tap_dir/err"; }
# field EXPRESSION: of the answer d that was printed last.
field() { python3 -c 'import json, sys; d = json.load(open(sys.argv[1])); print(eval(sys.argv[2]))' \
  "$tap_dir/json" "$1"; }
# What was found before counts too: where it should not, it is forgotten.
forget() { rm -f "$XDG_STATE_HOME"/regtop/history.sqlite*; }
# cause NAME AOR ID STATUS
cause() {
  why "$2" --json >"$tap_dir/json"
  is "$?" "$4" "$1: the status is $4"
  is "$(field 'd["cause"]["id"]')" "$3" "$1: $3"
}

cause "a phone that answers" answers well 0
is "$(field 'd["bindings"][0]["asked"]["direct"]["code"]')" 200 "its answer is in the evidence"
is "$(field 'd["well"]')" True "and nothing is wrong"
is "$(cat "$tap_dir/err")" "" "nothing is said on stderr where that is no terminal"
cause "a silent phone" silent off-or-down 1
cause "a port that nobody listens on" gone process-dead 1
cause "a phone that is busy" busy phone-refuses 1
cause "a phone that does not know its contact" disowns disowned 1
cause "another device at its address" stranger stranger 1
cause "a private contact and no source" private private-contact 1
cause "an app that sleeps" push-asleep push-asleep 1
cause "what has expired" lapsed all-lapsed 1
cause "somebody who is not there" nobody not-registered 1
cause "a device that was restarted" twin twin-after-reboot 1
is "$(field '[b["asked"]["direct"]["outcome"] for b in d["bindings"]]')" \
  "['answered', 'silent']" "every twin is asked, the newest first"
cause "a name that is nobody's" silent-name name-unresolvable 1
# A name that this machine knows while the test lasts, and nobody else.
named="a name that resolves is asked where it leads"
echo "127.0.0.1 localhost phone.name.example" >"$tap_dir/hosts"
if unshare -rm mount --bind "$tap_dir/hosts" /etc/hosts 2>/dev/null; then
  # shellcheck disable=SC2016
  unshare -rm bash -c 'mount --bind "$1" /etc/hosts; shift; exec "$@"' - "$tap_dir/hosts" \
    "$REGTOP" why -s "$db" --timeout 1s --json answers-name >"$tap_dir/json"
  is "$? $(field 'd["bindings"][0]["asked"]["direct"]["code"]')" "0 200" "$named"
else
  skip "$named" "no namespace can be made here for a name of our own"
fi
why answers-behind-edge --json >"$tap_dir/json"
is "$(field '[d["bindings"][0]["asked"][w]["answered_by"] for w in ("direct", "contact", "edge")]')" \
  "['Edge 1', 'Yealink SIP-T46U 108.86.0.20', 'Edge 1']" \
  "behind an edge the edge itself is asked, and the contact"

# Every object is whole, and its times are RFC 3339.
why silent --json >"$tap_dir/json"
is "$(python3 - "$tap_dir/json" <<'PY'
import json, re, sys
d = json.load(open(sys.argv[1]))
missing = {"regtop", "aor", "taken", "source", "bindings", "history", "groups", "well", "verdict",
           "cause", "also", "next", "stopped"} - d.keys()
missing |= {"aor", "contact", "next_hop", "verdict", "basis", "asked", "history"} - d["bindings"][0].keys()
times = [d["taken"], d["bindings"][0]["asked"]["direct"]["asked"]]
times += [e["time"] for e in d["cause"]["evidence"] if e["time"]]
print(sorted(missing), all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", t) for t in times))
PY
)" "[] True" "the JSON object has its fields, and times in RFC 3339"

# The text: evidence, then verdict, cause, advice; each piece with its time.
text=$(why silent)
is "$(grep -E '^(Evidence|Verdict|Cause|Advice|Also|Next)' <<<"$text" | tr '\n' ' ')" \
  "Evidence Verdict Cause Advice Next " "evidence comes first, then verdict, cause, advice"
like "$text" "[0-9:]{8}Z  straight to the next hop: no answer" "evidence has its time and its way"
like "$text" "no answer from udp:127.1.5.1:$port since [0-9:]{8}Z" \
  "the verdict says from where there was no answer, and since when"
unlike "$text" "offline|dead|online" "and no word that nobody can know"
text=$(why --redact push-asleep)
unlike "$text" "SECRET|push-asleep@" "redacted, it holds neither tokens nor whole numbers"
like "$text" "pu\*\*@acme.example" "but what a ticket needs"

# An AoR is named as people write it.
for name in 4930123456 "+49 30 123456" 0049-30-123456 "030 123456" \
  sip:4930123456@acme.example 030123456@acme.example; do
  like "$(why "$name" | head -1)" "^4930123456@acme.example " "\"$name\" finds its AoR"
done
why double >"$tap_dir/out"
is $? 2 "a user of two domains is no AoR"
like "$(cat "$tap_dir/err")" "double@other.example" "and both are named"
like "$(why double@other.example | head -1)" "^double@other.example " "one of them is"
"$REGTOP" why -s "$db" >"$tap_dir/out" 2>&1
is $? 2 "without an AoR it is a usage error"
"$REGTOP" why -s "$tap_dir/none.sqlite" answers >"$tap_dir/out" 2>&1
is $? 3 "a source that is not there is told as that"

# An office of six phones: one answers, five do not.
cause "one silent phone of an office" silent-office-2 off-or-down 1
why silent-office-2 --neighbours --json >"$tap_dir/json"
is "$(field 'd["cause"]["id"]')" site-down "with its neighbours it is the site"
like "$(field 'd["cause"]["sentence"]')" "5 of 6 asked phones from 127.2.1.0/24 do not answer" \
  "and says how many of how many"
# What another process found a moment ago counts.
forget
"$REGTOP" ping -s "$db" --timeout 1s office >/dev/null 2>&1
why silent-office-2 --json >"$tap_dir/json"
is "$(field 'd["cause"]["id"]')" site-down "after a ping of the office it is the site, too"
is "$(field 'd["bindings"][0]["asked"]["direct"]["unanswered"]')" 2 "and its failures are counted on"

# Somebody who was there, and is not any more.
python3 -c 'import sqlite3, sys
db = sqlite3.connect(sys.argv[1]); db.execute("DELETE FROM location WHERE username = ?", ("4930123456",)); db.commit()' "$db"
why "+49 30 123456" --json >"$tap_dir/json"
is "$(field 'd["cause"]["id"], d["aor"]')" "('not-registered', '4930123456@acme.example')" \
  "who has left is known by the history, whatever is typed"
like "$(field 'd["history"]["last_contact"]')" "answers-number@127.1.11.1" "with where it was last"
forget
why silent-office-2 --neighbours=1 --json >"$tap_dir/json"
is "$(field '[g["asked"] for g in d["groups"] if g["by"] == "source network"]')" "[2]" \
  "no more are asked than were named"

# Calls too, quiet ones: asked about first, journalled, and their evidence is judged with the rest.
why answers --call --json </dev/null >"$tap_dir/json"
is $? 5 "without a person to ask nobody is called"
like "$(cat "$tap_dir/err")" "nobody was called" "and that is said"
is "$(field 'd["cause"]["id"], d["bindings"][0]["calls"]["quiet"]')" "('well', None)" \
  "but the workup is printed"
why answers --call --yes --json --reason "ticket 4711" </dev/null >"$tap_dir/json"
is "$? $(field 'd["cause"]["id"], d["bindings"][0]["calls"]["quiet"]["code"]')" "0 ('well', 420)" \
  "with --yes it is called quietly, and is well"
like "$("$REGTOP" journal)" "answers@acme.example.*4711|4711" "the journal knows of it"
why frag --call --yes --json </dev/null >"$tap_dir/json"
is "$? $(field 'd["cause"]["id"]')" "1 fragments-lost" "who gets no large messages is found out"
like "$(field 'd["cause"]["sentence"]')" "[0-9]{4} bytes" "with the size that was lost"
why silent --call --yes </dev/null >"$tap_dir/out"
is $? 1 "who does not answer is not called"
like "$(cat "$tap_dir/err")" "not called: nobody answers there" "and that is said, too"

# Stopped in the middle: when the phone was asked.
asked() { grep -c "sip:silent@127.1.5.1" "$tap_dir/phones"; }
asked_more() { [ "$(asked)" -gt "$before" ]; }
before=$(asked)
"$REGTOP" why -s "$db" --timeout 30s silent >"$tap_dir/out" 2>&1 &
pid=$!
started $pid
wait_for 10 asked_more
kill -INT $pid
wait $pid
is $? 4 "a workup that was stopped ends with 4"
like "$(cat "$tap_dir/out")" "stopped before its end" "says so, and prints what it has"

# The same in the inspector.
mkdir -p "$tap_dir/work"
forget
said=$(cd "$tap_dir/work" && timeout 120 python3 "$world" screen "$db" 2>&1)
seen() { sed -n "s/^$1=//p" <<<"$said" | tail -1; }
is "$(seen asking)" True "in the inspector, w asks"
is "$(seen alone)" True "and says of one phone what can be said of one"
is "$(seen neighbours)" True "a asks its neighbours too"
is "$(seen group)" True "and the group effect is named"
is "$(seen title)" True "above all else"
is "$(seen ticket)" True "t writes it down"
like "$(cat "$tap_dir"/work/regtop-ticket-*.txt)" "si\*\*@acme.example .*\(redacted\)" "redacted"
is "$(seen stopped)" True "Ctrl-C stops it"
is "$(seen left)" True "and q leaves"
diag "$said"

# A snapshot has nobody to ask.
"$REGTOP" snapshot -s "$db" -o "$tap_dir/now.regtop" >/dev/null 2>&1
"$REGTOP" why -s "$tap_dir/now.regtop" silent >"$tap_dir/out" 2>&1
is $? 1 "a snapshot's phone is judged by what is stored"
like "$(cat "$tap_dir/out")" "not asked: a snapshot is a picture" "and not asked"
like "$(cat "$tap_dir/out")" "now.regtop, a snapshot taken 2[0-9-]+T[0-9:]+Z, complete" "its head says when it was taken"

# The own registrar: asked from its own socket.
reg=$(free_port)
own=(-s "listen:udp:127.0.0.1:$reg" --store "$tap_dir/own.sqlite" --timeout 1s)
"$REGTOP" listen "${own[@]:0:4}" >"$tap_dir/listen" 2>&1 &
listen=$!
started $listen
wait_for 10 grep -q . "$tap_dir/listen"
python3 "$world" office "$reg" >"$tap_dir/office" 2>&1 &
started $!
wait_for 30 grep -q ready "$tap_dir/office"
kill $listen
wait $listen
# own NAME AOR ID
own() {
  forget
  "$REGTOP" why "${own[@]}" "$2" --json >"$tap_dir/json" 2>"$tap_dir/err"
  is "$(field 'd["cause"]["id"]')" "$3" "own registrar, $1: $3"
  is "$(field 'd["bindings"][0]["basis"]')" confirmed "and that is confirmed"
}
own "a phone that answers" answers well
own "a silent phone" silent off-or-down
own "a port that nobody listens on" gone process-dead
own "another device" stranger stranger
own "a restarted device" twin twin-after-reboot
plan_later
