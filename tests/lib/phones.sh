# Real phones for tests in bash: baresip, linphonec and sipp, without audio hardware. Source tap.sh first.
#
# Every phone has a directory of its own (given by the test, below $tap_dir), an address and ports of its
# own, and is stopped at the end of the test. Words in the array phone_in stand before every command that
# a phone runs: `phone_in=(ip netns exec NAME)` puts it into a network namespace; files stay where they are.
# After each ..._start the process id is in `last`, and in DIR/pid.

phones_py=$TOP_SRCDIR/tests/lib/phones.py
phone_in=()
export PYTHONDONTWRITEBYTECODE=1

# phone_kill DIR: kill -9, so that nothing is unregistered or hung up; returns when it is gone.
phone_kill() {
  local pid
  pid=$(cat "$1/pid")
  kill -9 "$pid"
  wait "$pid" 2>/dev/null
  return 0
}

# phone_freeze DIR, phone_thaw DIR: it neither answers nor closes anything.
phone_freeze() { kill -STOP "$(cat "$1/pid")"; }
phone_thaw() { kill -CONT "$(cat "$1/pid")"; }

# ---- baresip -------------------------------------------------------------------------------------

# baresip_start DIR ADDRESS:PORT REGISTRAR[:PORT] USER [key=value...]
#   transport=udp|tcp  expires=SECONDS (60)  answer=manual|auto  control=PORT (a free one)
#   account=;more=parameters of the account  config=LINE more of the configuration
# The domain of its AoR is the registrar's address. It registers by itself: see baresip_registered.
# In the same DIR it keeps its instance (+sip.instance); its Contact's user is new at each start.
baresip_start() {
  local dir=$1 address=$2 registrar=$3 user=$4 transport=udp expires=60 answer=manual account='' \
    control='' config='' option
  shift 4
  for option in "$@"; do
    case $option in
      transport=* | expires=* | answer=* | account=* | control=* | config=*) local "${option?}" ;;
      *) echo "# baresip_start: unknown $option" >&2; return 1 ;;
    esac
  done
  [ -n "$control" ] || control=$(free_port)
  mkdir -p "$dir"
  rm -f "$dir/line" "$dir/events" "$dir/held"
  : >"$dir/contacts"
  : >"$dir/events"
  echo "<sip:$user@$registrar;transport=$transport>;regint=$expires;answermode=$answer$account" \
    >"$dir/accounts"
  cat >"$dir/config" <<CONFIG
poll_method epoll
sip_listen $address
net_interface ${address%:*}
audio_player aubridge,nil
audio_source aubridge,nil
audio_alert aubridge,nil
ctrl_tcp_listen 127.0.0.1:$control
module_path ${BARESIP_MODULES:-/usr/lib/baresip/modules}
module g711.so
module aubridge.so
module_app uuid.so
module_app account.so
module_app menu.so
module_app ctrl_tcp.so
$config
CONFIG
  "${phone_in[@]}" baresip -f "$dir" -s >>"$dir/log" 2>&1 </dev/null &
  last=$!
  echo "$last" >"$dir/pid"
  started "$last"
  "${phone_in[@]}" python3 "$phones_py" hold "$dir" "$control" >"$dir/held" 2>>"$dir/log" &
  started $!
  wait_for 20 grep -q held "$dir/held"
}

# baresip_tell DIR COMMAND [PARAMS]: prints what it answers ("accept", "hangup", "reginfo", "listcalls" …).
baresip_tell() { python3 "$phones_py" tell "$@"; }

# baresip_events DIR TYPE: how often that event came since its start (CALL_INCOMING, CALL_ESTABLISHED,
# CALL_CLOSED, REGISTER_OK …).
baresip_events() { grep -c "\"type\": \"$2\"" "$1/events" || true; }

baresip_had() { [ "$(baresip_events "$1" "$2")" -ge "$3" ]; }

# baresip_calls DIR: how many calls are open, by its own list.
baresip_calls() { baresip_tell "$1" listcalls | sed -n 's/^--- .*calls (\([0-9]*\)).*/\1/p'; }
baresip_has_calls() { [ "$(baresip_calls "$1")" = "$2" ]; }
baresip_is_registered() { baresip_tell "$1" reginfo | grep -q ' OK '; }

baresip_registered() { wait_for "${2:-15}" baresip_is_registered "$1"; }
# baresip_ringing DIR [SECONDS [COUNT]]: until its COUNTth call came in, counted from its start.
baresip_ringing() { wait_for "${2:-10}" baresip_had "$1" CALL_INCOMING "${3:-1}"; }
# baresip_quiet DIR [SECONDS]: until no call is open.
baresip_quiet() { wait_for "${2:-10}" baresip_has_calls "$1" 0; }
baresip_answer() { baresip_tell "$1" accept >/dev/null; }
baresip_hang_up() { baresip_tell "$1" hangup >/dev/null; }

# baresip_stop DIR: it unregisters and ends.
baresip_stop() {
  baresip_tell "$1" quit >/dev/null 2>&1
  wait "$(cat "$1/pid")" 2>/dev/null
  return 0
}

# ---- linphonec -----------------------------------------------------------------------------------

# linphone_start DIR PORT REGISTRAR[:PORT] USER [PASSWORD]: UDP; its address is the one that leads to the
# registrar (in a namespace it needs a default route). Its Contact is sip:USER@ADDRESS:PORT at every start.
linphone_start() {
  local dir=$1 port=$2 registrar=$3 user=$4 password=${5:-none}
  mkdir -p "$dir/home/.local/share/linphone" "$dir/home/.config/linphone"
  cat >"$dir/rc" <<CONFIG
[sip]
sip_port=$port
sip_tcp_port=-1
sip_tls_port=-1
default_proxy=0
[net]
auto_net_state_mon=0
firewall_policy=0
[sound]
playback_dev_id=ALSA: null
capture_dev_id=ALSA: null
ringer_dev_id=ALSA: null
[proxy_0]
reg_proxy=<sip:$registrar;transport=udp>
reg_identity=sip:$user@$registrar
reg_expires=600
reg_sendregister=1
publish=0
[auth_info_0]
username=$user
passwd=$password
realm=
CONFIG
  rm -f "$dir/in"
  mkfifo "$dir/in"
  : >"$dir/log"
  # Opened for reading and writing: the end of one writer is not the end of its input.
  HOME=$dir/home "${phone_in[@]}" linphonec -c "$dir/rc" -d 0 <>"$dir/in" >>"$dir/log" 2>&1 &
  last=$!
  echo "$last" >"$dir/pid"
  started "$last"
}

# linphone_tell DIR COMMAND: prints what it writes until its next prompt ("answer", "terminate", "calls",
# "status register" …).
linphone_tell() {
  local from
  from=$(stat -c %s "$1/log")
  echo "$2" >"$1/in"
  wait_for 5 linphone_said "$1" "$from" || return 1
  tail -c "+$((from + 1))" "$1/log"
}
linphone_said() { tail -c "+$(($2 + 1))" "$1/log" | grep -q 'linphonec> $'; }

linphone_is_registered() { linphone_tell "$1" 'status register' | grep -q 'registered, identity'; }
linphone_calls() { linphone_tell "$1" calls | grep -Ec '^[0-9]+ +\|' || true; }
linphone_has_calls() { [ "$(linphone_calls "$1")" = "$2" ]; }
# How many calls came in since its start.
linphone_rang() { grep -c 'Receiving new incoming call' "$1/log" || true; }
linphone_had() { [ "$(linphone_rang "$1")" -ge "$2" ]; }

linphone_registered() { wait_for "${2:-20}" linphone_is_registered "$1"; }
linphone_ringing() { wait_for "${2:-10}" linphone_had "$1" "${3:-1}"; }
linphone_quiet() { wait_for "${2:-10}" linphone_has_calls "$1" 0; }
linphone_answer() { linphone_tell "$1" answer >/dev/null; }
linphone_hang_up() { linphone_tell "$1" terminate >/dev/null; }
# linphone_stop DIR: it unregisters and ends.
linphone_stop() {
  echo quit >"$1/in"
  wait "$(cat "$1/pid")" 2>/dev/null
  return 0
}

# ---- sipp as a phone -----------------------------------------------------------------------------

# sipp_start DIR ADDRESS:PORT SCENARIO [OPTION...]: answers calls by a scenario of sipp. What it logs is in
# DIR/log, every message in DIR/messages. tests/lib has: uas_rings.xml (rings until it is cancelled),
# uas_answers.xml (answers after -d milliseconds), uas_crosses.xml (answers when the CANCEL comes),
# uas_refuses.xml (refuses a quiet call). With
# `-m 1` it ends after one call: `wait "$last"` is 0 only when that call was ended on both sides.
sipp_start() {
  local dir=$1 address=$2 scenario=$3
  shift 3
  mkdir -p "$dir"
  (cd "$dir" && exec "${phone_in[@]}" sipp -sf "$scenario" -i "${address%:*}" -p "${address##*:}" -nostdin \
    -trace_logs -log_file "$dir/log" -trace_msg -message_file "$dir/messages" "$@" \
    >"$dir/screen" 2>&1 </dev/null) &
  last=$!
  echo "$last" >"$dir/pid"
  started "$last"
  wait_for 10 phone_listens "$address"
}
phone_listens() { "${phone_in[@]}" ss -Hlun "src $1" | grep -q .; }
