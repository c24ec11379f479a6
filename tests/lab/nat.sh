#!/bin/bash
# Why it does not ring, for real: a phone behind a NAT, a switch, and regtop on the switch; each trouble that a
# support desk knows is made, and `regtop why` has to name it while the registrar goes on listing the phone.
#
#   nat.sh                 every scenario, several at a time
#   LAB_ONLY=NAME nat.sh   one of them
. "$TOP_SRCDIR/tests/lib/tap.sh"
. "$TOP_SRCDIR/tests/lib/phones.sh"
. "$TOP_SRCDIR/tests/lab/net.sh"

once
net_as_root "$@"
need jq sqlite3 tmux
here=$TOP_SRCDIR/tests/lab
scenarios=()
. "$here/scenarios_nat.sh"
. "$here/scenarios_phone.sh"
. "$here/scenarios_past.sh"

# ---- all of them ---------------------------------------------------------------------------------

# How many run at a time: they mostly wait.
AT_A_TIME=${LAB_AT_A_TIME:-6}

run_all() {
  local name pids=() line why
  why=$(net_refused)
  [ -z "$why" ] || skip_all "$why"
  command -v baresip >/dev/null || skip_all "baresip is not installed"
  for name in "${scenarios[@]}"; do
    while [ "$(jobs -rp | wc -l)" -ge "$AT_A_TIME" ]; do wait -n; done
    LAB_ONLY=$name timeout -k 20 150 bash "$0" >"$tap_dir/$name.tap" 2>&1 &
    pids+=($!)
    started $!
  done
  for name in "${!pids[@]}"; do
    wait "${pids[$name]}"
    echo "$?" >"$tap_dir/${scenarios[$name]}.status"
  done
  for name in "${scenarios[@]}"; do
    tell "$name"
  done
  plan_later
}

# The cases of one scenario as ours.
tell() {
  local line status
  while IFS= read -r line; do
    case $line in
      "ok "*"# SKIP "*) line=${line#ok * - }; skip "$1: ${line%% # SKIP *}" "${line##*# SKIP }" ;;
      "ok "*) ok 0 "$1: ${line#ok * - }" ;;
      "not ok "*) ok 1 "$1: ${line#not ok * - }" ;;
      1..*) ;;
      *) diag "${line#\# }" ;;
    esac
  done <"$tap_dir/$1.tap"
  status=$(cat "$tap_dir/$1.status")
  [ "$status" -le 1 ] && grep -q '^1\.\.' "$tap_dir/$1.tap"
  ok $? "$1: came to its end"
}

# ---- one of them ---------------------------------------------------------------------------------

dirs=()
run_one() {
  trap 'end_one' EXIT
  # A run that is stopped leaves no namespaces behind either.
  trap 'exit 1' TERM INT
  net_begin
  ok $? "there is a network"
  export XDG_STATE_HOME=$tap_dir/state XDG_CONFIG_HOME=$tap_dir/config
  "scenario_$1"
  if [ "$tap_failed" -gt 0 ] && [ -s "$tap_dir/why.json" ]; then
    diag "$(jq -c '{verdict, cause: .cause.id, also: [.also[].id], asked: [.bindings[] | {contact, received, asked}]}' \
      "$tap_dir/why.json")"
    diag "$(tail -30 "$tap_dir/registrar.log" 2>/dev/null)"
  fi
  plan_later
}

end_one() {
  local dir
  for dir in "${dirs[@]}"; do bash "$TOP_SRCDIR/tests/registrars/kamailio_start.sh" "$dir" stop; done
  [ -z "${screen:-}" ] || tmux -L "$screen" kill-server 2>/dev/null
  tap_end
  net_end
}

# ---- the switch: regtop's own registrar ----------------------------------------------------------

switch=203.0.113.10
own=(-s "listen:udp:$switch:5060,tcp:$switch:5060" --allow=203.0.113.0/24)

registrar_start() {
  : >"$tap_dir/registrar.log"
  "${switch_in[@]}" "$REGTOP" listen "${own[@]}" "--store=$tap_dir/own.sqlite" >"$tap_dir/registrar.log" 2>&1 &
  registrar=$!
  started "$registrar"
  wait_for 10 grep -q "listen udp" "$tap_dir/registrar.log"
}
registrar_stop() {
  kill "$registrar" 2>/dev/null
  wait "$registrar" 2>/dev/null
}

# The registrar's place is taken by one regtop after the other: both answer from the same socket.
with_registrar() {
  local status
  registrar_stop
  in_switch "$REGTOP" "$1" "${own[@]}" "--store=$tap_dir/own.sqlite" "${@:2}"
  status=$?
  registrar_start
  return $status
}

# ---- the switch: Kamailio, with regtop beside it -------------------------------------------------

# kamailio_start [OPTION of kamailio_start.sh...]: after it `why` asks regtop beside Kamailio.
kamailio_start() {
  kamailio=$tap_dir/kamailio
  dirs+=("$kamailio")
  in_switch bash "$TOP_SRCDIR/tests/registrars/kamailio_start.sh" "$kamailio" 5060 "SIPADDR=$switch" "$@"
}
with_kamailio() {
  in_switch "$REGTOP" "$1" -s "$kamailio/kamailio.sqlite" --control "unix:$kamailio/kamailio_rpc.sock" "${@:2}"
}
# A screen that somebody has open on the switch all day: what it sees is remembered for `regtop why`.
screen_start() {
  screen=lab$$
  "${switch_in[@]}" tmux -L "$screen" -f /dev/null new-session -d -x 132 -y 43 \
    "exec $(printf '%q ' "$REGTOP" -s "$kamailio/kamailio.sqlite" --control "unix:$kamailio/kamailio_rpc.sock" \
      --columns=aor,received,verdict,left)"
  wait_for 10 screen_shows "${1:-alice}"
}
screen_shows() { tmux -L "$screen" capture-pane -p -t 0 | grep -Eq -- "$1"; }
screen_keys() { tmux -L "$screen" send-keys -t 0 "$@"; }

# watch_start [OPTION...]: the same without a screen.
watch_start() {
  "${switch_in[@]}" "$REGTOP" watch -s "$kamailio/kamailio.sqlite" --control "unix:$kamailio/kamailio_rpc.sock" "$@" \
    >"$tap_dir/watch" 2>&1 &
  started $!
  wait_for 10 test -s "$XDG_STATE_HOME/regtop/history.sqlite"
}
# lives SQL: what the history's lives say; device is '' in those of an AoR.
lives() { sqlite3 "$XDG_STATE_HOME/regtop/history.sqlite" "SELECT $1" 2>/dev/null; }
lives_say() { [ "$(lives "$1")" = 1 ]; }

# remembered USER WORDS: in the timeline of what happened to it.
remembered() { with_kamailio show "$1" --json | jq -c '.[].history' | grep -q -- "$2"; }

with_switch() {
  if [ -n "${kamailio:-}" ]; then with_kamailio "$@"; else with_registrar "$@"; fi
}

# why AOR [OPTION...]: the answer is in why.json, the exit status in why_status.
why() {
  with_switch why "$@" --json >"$tap_dir/why.json" 2>"$tap_dir/why.err"
  why_status=$?
}

# why_text AOR [OPTION...]: as a person reads it, in why.txt, without the ends of its lines.
why_text() {
  # Not in a pipe: the registrar that is started after it is this shell's.
  with_switch why "$@" >"$tap_dir/why.lines" 2>"$tap_dir/why.err"
  tr -s '\n ' ' ' <"$tap_dir/why.lines" >"$tap_dir/why.txt"
}

# call KIND AOR [OPTION...]: what it says is in call.out, its exit status in call_status.
call() {
  with_switch call "$2" "$1" --allow-ring --quiet-hours=none --yes --reason=lab "${@:3}" >"$tap_dir/call.out" 2>&1
  call_status=$?
}

# refreshes USER: a number that grows with each REGISTER of it, as Kamailio's table says.
refreshes() { sqlite3 "$kamailio/kamailio.sqlite" "SELECT coalesce(max(cseq), 0) FROM location WHERE username = '$1'"; }
refreshed_past() { [ "$(refreshes "$1")" -gt "$2" ]; }

# told FILTER: of why.json.
told() { jq -r "$1" "$tap_dir/why.json"; }
cause_is() { is "$(told .cause.id)" "$1" "the cause is $1${2:+ $2}"; }
listed() {
  is "$(told '.bindings | length')" "${1:-1}" "the registrar still lists ${2:-the phone}"
}

# phone NAME [ADDRESS] [key=value...]: a baresip behind the NAT that registers; its folder is $tap_dir/NAME.
phone() {
  local name=$1 address=${2:-10.0.0.2}
  baresip_start "$tap_dir/$name" "$address:5060" "$switch" "$name" "${@:3}"
}

if [ -n "${LAB_ONLY:-}" ]; then run_one "$LAB_ONLY"; else run_all; fi
