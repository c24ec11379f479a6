#!/bin/bash
# regtop call through a real Kamailio: by temp-GRUU to one contact, and through the switch as a caller
# with a password; to real phones, whose own lists of calls say what rang and what is left open.
. "$TOP_SRCDIR/tests/lib/tap.sh"
. "$TOP_SRCDIR/tests/lib/phones.sh"

once
need kamailio sqlite3 python3 baresip
[ -e /usr/share/kamailio/db_sqlite/usrloc-create.sql ] ||
  skip_all "Kamailio's SQLite module is not installed"
here=$TOP_SRCDIR/tests/registrars
lib=$TOP_SRCDIR/tests/lib
dir=$tap_dir/kamailio db=$tap_dir/kamailio/kamailio.sqlite
port=$(free_port)
stop_all() {
  bash "$here/kamailio_start.sh" "$dir" stop
  tap_end
}
trap stop_all EXIT
export HOME=$tap_dir PYTHONDONTWRITEBYTECODE=1

# Each call has a journal of its own here: nobody has to wait 30 s for the next.
fresh() {
  export XDG_STATE_HOME
  XDG_STATE_HOME=$(mktemp -d "$tap_dir/state.XXXXXX")
}
export XDG_CONFIG_HOME=$tap_dir/config
mkdir -p "$XDG_CONFIG_HOME"
conf=$tap_dir/regtop.conf
# configure [LINE]...: the section of the switch, with these lines more.
configure() {
  {
    echo "quiet-hours = none"
    echo "[switch]"
    echo "read = $db"
    echo "control = unix:$dir/kamailio_rpc.sock"
    printf '%s\n' "$@"
  } >"$conf"
  chmod 600 "$conf"
}
configure

# call OPTION...: sets out (JSON), status; the messages on stderr are in said.
call() {
  fresh
  out=$("$REGTOP" call -c "$conf" --json --ladder --raw "$@" 2>"$tap_dir/said" </dev/null)
  status=$?
  said=$(<"$tap_dir/said")
}
# get EXPRESSION: of the JSON, as j; c is its first call.
get() {
  python3 -c '
import json, sys
j = json.loads(sys.argv[1]); c = j["calls"][0] if j["calls"] else {}
steps = [s for x in j.get("ladder", []) for s in x["steps"]]
words = [s["words"] for s in steps if not s.get("again")]
print(eval(sys.argv[2]))' "$out" "$1"
}
journalled() { "$REGTOP" journal; }

bash "$here/kamailio_start.sh" "$dir" "$port" 'CALLPASSWORD="secret"'
ok $? "Kamailio runs, and asks callers for a password"
baresip_start "$tap_dir/alice" "127.0.0.1:$(free_port)" "127.0.0.1:$port" alice
baresip_registered "$tap_dir/alice"
ok $? "baresip registers"

# ---- quiet -------------------------------------------------------------------------------------

call alice --yes
is "$status" 0 "a quiet call is what is made unless told, and it is well"
like "$(get 'c["kind"], c["code"]')" "'quiet', (420|488)" "the phone refuses it"
is "$(baresip_events "$tap_dir/alice" CALL_INCOMING)" 0 "and does not ring"
like "$(get 'c["answered_by"]')" baresip "it was the phone that answered"
like "$(get 'steps[0]["raw"]')" '^INVITE [^ ]*;gr[= ]' "the way is Kamailio's temp-GRUU"
like "$(get 'steps[0]["remote"]')" "127.0.0.1:$port" "to Kamailio's own address"
like "$(journalled)" 'call quiet' "the journal has it"
like "$(journalled)" 'INVITE reaches the phone' "with what the phone said"
out=$("$REGTOP" call -c "$conf" alice --yes 2>&1)
is $? 5 "not twice in 30 s"
like "$out" 'called just now; again in' "it says when again"
is "$(baresip_events "$tap_dir/alice" CALL_INCOMING)" 0 "nothing rang"

# ---- ring --------------------------------------------------------------------------------------

call alice --ring=1 --yes
is "$status" 5 "a script rings nobody without --allow-ring"
is "$(baresip_events "$tap_dir/alice" CALL_INCOMING)" 0 "indeed"
call alice --ring=1 --yes --allow-ring
is "$status $(get 'c["ringing"]') $(get 'c["code"]')" "0 True 487" "a ring test rings, and is cancelled"
is "$(baresip_events "$tap_dir/alice" CALL_INCOMING)" 1 "the phone says so itself"
baresip_quiet "$tap_dir/alice"
ok $? "and has no call left"
is "$(get '1 <= [s["ms"] for s in steps if s["words"] == "CANCEL"][0] / 1000 < 4')" True "after the time that was said"

# ---- answered ----------------------------------------------------------------------------------

fresh
"$REGTOP" call -c "$conf" --json --ladder alice --ring=15 --yes --allow-ring >"$tap_dir/out" 2>&1 </dev/null &
caller=$!
baresip_ringing "$tap_dir/alice" 10 2
baresip_answer "$tap_dir/alice"
wait "$caller"
is $? 0 "a call that somebody answers is well"
out=$(sed -n '/^{/,$p' "$tap_dir/out")
like "$(get 'c["happened"]')" '180 Ringing .*, then 200 ' "and told as answered"
is "$(get '[s["ms"] for s in steps if s["words"] == "BYE"][0] - [s["ms"] for s in steps if s["words"].startswith("200") and s["kind"] == "received"][0] < 100')" \
  True "it is ended within 100 ms"
baresip_quiet "$tap_dir/alice"
ok $? "the phone has no call left"

# ---- stopped -----------------------------------------------------------------------------------

fresh
"$REGTOP" call -c "$conf" alice --ring=15 --yes --allow-ring >"$tap_dir/out" 2>&1 </dev/null &
caller=$!
baresip_ringing "$tap_dir/alice" 10 3
kill -INT "$caller"
wait "$caller"
like "$(cat "$tap_dir/out")" '180 .*then 487' "a call that is stopped is cancelled, and the phone's word waited for"
baresip_quiet "$tap_dir/alice"
ok $? "the phone has no call left"
like "$(journalled)" cancelled "the journal says that it was stopped"

# ---- a phone that says nothing ------------------------------------------------------------------

fresh
phone_freeze "$tap_dir/alice"
"$REGTOP" call -c "$conf" alice --ring=15 --yes --allow-ring >"$tap_dir/out" 2>&1 </dev/null &
caller=$!
wait_for 10 sh -c "'$REGTOP' journal | grep -q intended"
kill -INT "$caller"
wait_for 10 grep -q 'ending the call; .*Again leaves now' "$tap_dir/out"
ok $? "who stops a call to a phone that says nothing is told what is waited for"
kill -INT "$caller"
wait "$caller"
is $? 4 "and leaves when told so again"
phone_thaw "$tap_dir/alice"
baresip_quiet "$tap_dir/alice"
ok $? "the phone has no call left when it wakes up"
like "$(journalled)" unknown "the journal says that nobody knows"

# ---- through the switch ------------------------------------------------------------------------

call alice --switch --ring=1 --yes --allow-ring
is "$status" 1 "the switch wants a password, and none is configured"
like "$(get 'c["code"]')" 407 "so it refused the call itself"
before=$(baresip_events "$tap_dir/alice" CALL_INCOMING)
configure "call_user = test@127.0.0.1" "call_password = wrong"
call alice --switch --ring=1 --yes --allow-ring
is "$status $(get 'c["code"]') $(get 'words.count("INVITE")')" "1 407 2" "a wrong password is tried once"
is "$(baresip_events "$tap_dir/alice" CALL_INCOMING)" "$before" "and nothing rings"
configure "call_user = test@127.0.0.1" "call_password = secret"
call alice --switch --ring=1 --yes --allow-ring
is "$status $(get 'c["ringing"]')" "0 True" "with the right one the AoR rings"
is "$(baresip_events "$tap_dir/alice" CALL_INCOMING)" $((before + 1)) "the phone says so itself"
like "$(get '[s["raw"] for s in steps if s["words"] == "INVITE"][-1]')" "^INVITE sip:alice@127.0.0.1(:$port)? " \
  "it went to the AoR, as a caller's call does"
like "$(get '[s["raw"] for s in steps if s["words"] == "INVITE"][-1]')" '^Proxy-Authorization: \(hidden\)$' \
  "what proves the caller is not shown"
unlike "$out$said" 'secret|response=' "nowhere"
chmod 644 "$conf"
call alice --switch --yes --allow-ring
is "$status" 2 "a file with a password that everybody may read is refused"
configure
baresip_quiet "$tap_dir/alice"

# ---- guards ------------------------------------------------------------------------------------

rang=$(baresip_events "$tap_dir/alice" CALL_INCOMING)
call alice --yes --quiet-hours=00:00-23:59
is "$status" 5 "in quiet hours a script is refused, the quiet call too"
like "$said" 'in-quiet-hours' "and told how to go on"
call alice --yes --quiet-hours=00:00-23:59 --in-quiet-hours
is "$status" 0 "unless it says that it means it"
call alice --yes --never-call=bob,alice
is "$status" 5 "who is never called is not"
call alice --yes --never-call=alice@elsewhere.example
is "$status" 0 "who has another domain is another one"
call alice --yes --read-only
is "$status" 5 "--read-only refuses"
call alice
is "$status" 5 "without a terminal and --yes nobody is called"
call alice --yes --ring=21 --allow-ring
is "$status" 2 "nobody is rung for more than 20 s"
call nobody --yes
is "$status" 1 "who is not registered cannot be called"
call alice --dry-run
is "$status" 0 "--dry-run shows the plan"
is "$(journalled | grep -c 'call ')" 0 "and does nothing"
like "$said" 'should not ring' "what would happen is said"
is "$(baresip_events "$tap_dir/alice" CALL_INCOMING)" "$rang" "nothing of this rang"

# ---- others on the same switch -----------------------------------------------------------------
# sipp is called without a proxy between (tests/sip/call_phones.sh): it answers whoever sent its first
# request, not as the Via says, so it cannot be hung up on directly, as a real phone can.

rpc() { python3 "$here/phone.py" rpc "$dir/kamailio_rpc.sock" "$@"; }
# add USER PORT: a contact that Kamailio sends calls to.
add() { python3 "$here/phone.py" register "$1" "$port" "port=$2" "agent=$1"; }

if command -v linphonec >/dev/null; then
  linphone_start "$tap_dir/bob" "$(free_port)" "127.0.0.1:$port" bob
  if linphone_registered "$tap_dir/bob"; then
    call bob --yes
    is "$status $(linphone_rang "$tap_dir/bob")" "0 0" "linphone: a quiet call is refused without ringing"
    call bob --ring=1 --yes --allow-ring
    is "$status $(linphone_rang "$tap_dir/bob")" "0 1" "linphone: a ring test rings"
    linphone_quiet "$tap_dir/bob"
    ok $? "linphone: and has no call left"
  else
    ok 1 "linphone registers"
  fi
else
  skip "linphone: quiet and ring" "linphonec is not installed"
fi

# ---- sizes, and a phone that is gone -----------------------------------------------------------

call alice --padded --yes
is "$status" 0 "padded quiet calls arrive in every size"
is "$(get 'len(j["calls"]), all(c["bytes"] >= n for c, n in zip(j["calls"], [600, 1300, 1600, 2500]))')" "(4, True)" \
  "in four sizes, each as large as it should be"
is "$(baresip_events "$tap_dir/alice" CALL_INCOMING)" "$rang" "and nothing rang"

phone_kill "$tap_dir/alice"
call alice --yes
is "$status" 1 "a phone that is gone is found wrong"
like "$("$REGTOP" call -c "$conf" alice --yes --redact --ladder 2>/dev/null || true)" '^$' \
  "what is refused prints nothing on stdout"

# ---- a phone that moves while the question stands ----------------------------------------------

at=$(free_port)
add erin "$at" >/dev/null
fresh
cat >"$tap_dir/ask.py" <<'PY'
import os, pty, select, subprocess, sys
pid, fd = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:-1])
seen, asked = b"", False
while True:
    try:
        if not select.select([fd], [], [], 20)[0]:
            break
        data = os.read(fd, 4096)
    except OSError:
        break
    if not data:
        break
    seen += data
    if b"y to do it" in seen and not asked:
        asked = True
        subprocess.run(["bash", "-c", sys.argv[-1]], check=True, stdout=subprocess.DEVNULL)
        os.write(fd, b"y\n")
print(seen.decode(errors="replace"))
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
PY
out=$(python3 "$tap_dir/ask.py" "$REGTOP" call -c "$conf" erin \
  "python3 '$here/phone.py' rpc '$dir/kamailio_rpc.sock' ul.rm location erin")
is $? 5 "a binding that went away while the question stood is not called"
like "$out" 'not called: (it is gone|the registrar no longer has it)' "and that is said"
like "$(journalled)" 'skipped: it has changed' "the journal has it too"

plan_later
