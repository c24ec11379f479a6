#!/bin/bash
# The history: what one process saw at midnight, another one tells at three, with a real Kamailio.
. "$TOP_SRCDIR/tests/lib/tap.sh"

need kamailio python3 sqlite3 tmux jq
here=$TOP_SRCDIR/tests/registrars
dir=$tap_dir/kamailio port=$(free_port) phone_port=$(free_port) other_port=$(free_port)
tmux_() { tmux -L "regtop-history-$$" "$@"; }
stop_all() {
  tmux_ kill-server 2>/dev/null
  bash "$here/kamailio_start.sh" "$dir" stop
  tap_end
}
trap stop_all EXIT
export HOME=$tap_dir XDG_STATE_HOME=$tap_dir/state XDG_CONFIG_HOME=$tap_dir/config
export PYTHONDONTWRITEBYTECODE=1
bash "$here/kamailio_start.sh" "$dir" "$port"
history=$XDG_STATE_HOME/regtop/history.sqlite
at=(-s "$dir/kamailio.sqlite" --control "unix:$dir/kamailio_rpc.sock")
register() { python3 "$here/phone.py" register bert "$port" "$@" >/dev/null; }
remembered() { [ -e "$history" ] && [ "$(sqlite3 "$history" "$1" 2>/dev/null)" = "$2" ]; }
refreshes() { remembered "SELECT json_extract(life, '\$.refreshes') FROM life WHERE device <> ''" "$1"; }

# ---- midnight: an inspector runs -----------------------------------------------------------------

tmux_ new-session -d -x 100 -y 40 "$REGTOP ${at[*]}"
wait_for 10 test -e "$history"
register port=$phone_port callid=one contact=sip:bert@127.0.0.1:$phone_port
wait_for 10 remembered "SELECT count(*) FROM event WHERE kind = 0" 1
ok $? "a phone that comes is seen"
began=$(date +%s)
for i in 2 3 4; do
  # Less than five seconds would be a storm, and no habit.
  sleep 6
  register port=$phone_port callid=one "cseq=$i" contact=sip:bert@127.0.0.1:$phone_port
  wait_for 10 refreshes $((i - 1))
done
# On a busy machine the phone is later than it wants to be.
longest=$(($(date +%s) - began))
wait_for 10 refreshes 3
ok $? "its refreshes are counted, and none of them is a row of its own"
is "$(sqlite3 "$history" 'SELECT count(*) FROM event')" 1 "only what changes is an event"
habit() { sqlite3 "$history" "SELECT json_extract(life, '\$.habit') BETWEEN 5 AND $longest FROM life WHERE device <> ''"; }
is "$(habit)" 1 "its habit is learnt"
register port=$phone_port callid=two contact=sip:bert-2@127.0.0.1:$phone_port
wait_for 10 remembered "SELECT count(*) FROM event WHERE kind = 3" 1
ok $? "a restart is an event"
tmux_ send-keys Enter
wait_for 10 sh -c "tmux -L regtop-history-$$ capture-pane -p -S - | grep -q 'What happened'" ||
  tmux_ send-keys End
wait_for 10 sh -c "tmux -L regtop-history-$$ capture-pane -p | grep -q 'a new Call-ID: the device started anew'"
ok $? "the detail shows it"
inspector=$(tmux_ list-panes -F '#{pane_pid}')
tmux_ kill-server
gone() { ! kill -0 "$inspector" 2>/dev/null; }
wait_for 5 gone

# ---- three o'clock: a new process -----------------------------------------------------------------

"$REGTOP" show bert "${at[@]}" >"$tap_dir/show"
ok "$(grep -q 'history, newest first' "$tap_dir/show" && grep -q 'a new Call-ID: the device started anew: one, then two' "$tap_dir/show"; echo $?)" \
  "show tells what happened before it began"
"$REGTOP" show bert "${at[@]}" --json | jq -e '.[0].history | map(.event) | index("call_id") != null' >/dev/null
ok $? "as JSON too"
"$REGTOP" show bert "${at[@]}" --json >"$tap_dir/json"
ok "$(jq -e --argjson longest "$longest" 'any(.[]; .habit != null and .habit >= 5 and .habit <= $longest)' "$tap_dir/json" >/dev/null; echo $?)" \
  "with the habit that another process learnt"
unlike "$(cat "$tap_dir/json")" '[0-9]\.[0-9]{13}' "and numbers are as short as they are"
"$REGTOP" ping bert "${at[@]}" >/dev/null
"$REGTOP" show bert "${at[@]}" --json | jq -e '[.[].history[] | select(.event == "probe")] | length > 0' >/dev/null
ok $? "a probe of another process is remembered"
"$REGTOP" why bert "${at[@]}" --json | jq -e '.bindings[0].history.refreshes >= 3 and .bindings[0].history.habit > 0' >/dev/null
ok $? "a workup knows the habit"
is "$(stat -c %a "$history")" 600 "nobody else may read it"

# ---- who removed it --------------------------------------------------------------------------------

"$REGTOP" purge bert "${at[@]}" --yes=2 --reason test >/dev/null 2>&1
"$REGTOP" why bert "${at[@]}" --json >"$tap_dir/why"
is "$(jq -r '.cause.id' "$tap_dir/why")" not-registered "gone, the workup says so"
ok "$(jq -r '.history.removed_by' "$tap_dir/why" | grep -q .; echo $?)" "and who removed it"

# ---- trouble ---------------------------------------------------------------------------------------

before=$(sqlite3 "$history" 'SELECT count(*) FROM event')
register port=$other_port contact=sip:bert@127.0.0.1:$other_port
"$REGTOP" why bert "${at[@]}" --history=no >/dev/null
is "$(sqlite3 "$history" 'SELECT count(*) FROM event')" "$before" "--history=no writes nothing"
"$REGTOP" why bert "${at[@]}" --history=soon >/dev/null 2>"$tap_dir/err"
is $? 2 "a time that is none is a usage error"
echo 'no database at all, and long enough to be looked at as one: ...............' >"$history"
rm -f "$history-wal" "$history-shm"
"$REGTOP" why bert "${at[@]}" >"$tap_dir/out" 2>"$tap_dir/err"
[ $? -le 1 ] && grep -q '^Cause' "$tap_dir/out" && grep -q 'history' "$tap_dir/err"
ok $? "with a damaged file the workup goes on, and says so"
plan_later
