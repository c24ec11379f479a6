#!/bin/bash
# Every control of a real Kamailio: what is listed, probed and purged through each, who may use it,
# and what is said, and not done, when it is slow, cuts, lies, hangs up, stops or is not there.
. "$TOP_SRCDIR/tests/lib/tap.sh"

once
need kamailio sqlite3 python3
[ -e /usr/share/kamailio/db_sqlite/usrloc-create.sql ] ||
  skip_all "Kamailio's SQLite module is not installed"
here=$TOP_SRCDIR/tests/registrars
phone=$here/phone.py
dirs=()

stop_all() {
  local dir
  command -v tmux >/dev/null && tmux -L "regtop-control-$$" kill-server 2>/dev/null
  for dir in "${dirs[@]}"; do bash "$here/kamailio_start.sh" "$dir" stop; done
  tap_end
}
trap stop_all EXIT

export HOME=$tap_dir XDG_STATE_HOME=$tap_dir/state XDG_CONFIG_HOME=$tap_dir/config
export PYTHONDONTWRITEBYTECODE=1
# Other users shall get at what they are to be refused.
chmod 755 "$tap_dir"

# begin NAME OPTION...: a Kamailio of its own; sets dir, db, sock, port and web.
begin() {
  dir=$tap_dir/$1 db=$tap_dir/$1/kamailio.sqlite sock=$tap_dir/$1/kamailio_rpc.sock
  port=$(free_port) web=http://127.0.0.1:$port/RPC
  dirs+=("$dir")
  shift
  bash "$here/kamailio_start.sh" "$dir" "$port" "$@"
}

again() { bash "$here/kamailio_start.sh" "$dir" stop && bash "$here/kamailio_start.sh" "$dir" "$port" "$@"; }
rpc() { python3 "$phone" rpc "$sock" "$@"; }
register() { python3 "$phone" register "$1" "$port" "${@:2}"; }
memory_has() { rpc ul.lookup location "$1" | grep -Fq -- "$2"; }
said() { cat "$tap_dir/out"; }

# purge CONTROL FILTER: the exit status is purge's.
purge() { "$REGTOP" purge -s "$db" --control "$1" "$2" --yes --reason "T-1" >"$tap_dir/out" 2>&1; }

# pair USER: two contacts, at ports 17001 and 17002.
pair() {
  register "$1" "contact=sip:$1@127.0.0.1:17001" callid=one@test &&
    register "$1" "contact=sip:$1@127.0.0.1:17002" callid=two@test
}

# place NAME: the control of that name of the Kamailio that runs.
place() {
  case $1 in
    datagram) echo "unix:$sock" ;;
    ctl) echo "ctl:$dir/kamailio_ctl" ;;
    fifo) echo "fifo:$dir/kamailio_rpc.fifo?reply_dir=$dir" ;;
    http) echo "$web" ;;
  esac
}

# ---- each of them --------------------------------------------------------------------------------
# Kamailio puts the name behind its fifo_reply_dir as it is: that must end in a slash.
begin all WITH_HTTP "FIFODIR=$tap_dir/all/"
ok $? "Kamailio runs with all its controls"
python3 "$phone" stay alive "$port" agent=AliveOne/1 >"$tap_dir/alive.out" 2>&1 &
started $!
wait_for 10 grep -q ready "$tap_dir/alive.out"
register edge 'headers=Supported: path|Path: <sip:127.0.0.1:5099;lr;received=sip:10.0.0.7:1234>' &&
  register natted contact=sip:natted@192.168.7.7:5060 &&
  register outbound 'params=;q=0.7;+sip.instance="<urn:uuid:0c67446e-f1a1-11d9-94d3-000a95a0e128>";reg-id=1' \
    'headers=Supported: outbound|Allow: INVITE, ACK, BYE, CANCEL, OPTIONS'
rpc ul.add location desk sip:desk@192.0.2.20 0 0.35 . 0 0 4294967295 >/dev/null

for name in datagram ctl fifo http; do
  where=$(place "$name")
  pair "$name"
  out=$("$REGTOP" list -s "$db" --control "$where" --json)
  is $? 0 "$name: a list"
  is "$(python3 "$here/compare_lookup.py" "$sock" <<<"$out")" 7 "$name: it says what ul.lookup says"
  out=$("$REGTOP" list -s "kamailio:$where" --json)
  is $? 0 "$name: a list of memory alone"
  is "$(python3 "$here/compare_lookup.py" "$sock" <<<"$out")" 7 "$name: it says the same"
  out=$("$REGTOP" ping -s "$db" --control "$where" --json alive)
  is $? 0 "$name: a phone is probed"
  like "$out" '"answered_by": ?"AliveOne/1"' "$name: and answers itself"
  purge "$where" "$name contact:17001"
  is $? 0 "$name: one of two contacts is purged"
  like "$(said)" 'removed$' "$name: and told"
  unlike "$(rpc ul.lookup location "$name")" 17001 "$name: Kamailio no longer has it"
  memory_has "$name" 17002
  ok $? "$name: the other one stays"
  purge "$where" "$name contact:17002"
  is $? 0 "$name: the other one goes as well"
  like "$(rpc ul.lookup location "$name")" 'AOR not found' "$name: and with it the AoR"
done
is "$("$REGTOP" journal | grep -c T-1)" 8 "the journal has all of them"
is "$(find "$dir" -name 'regtop_*' | wc -l)" 0 "no FIFO is left behind"

# A phone's name in another encoding: JSON cannot carry it, ctl can.
register latin $'agent=J\xfcrgen' contact=sip:latin@127.0.0.1:17001
purge "$(place ctl)" latin
is $? 0 "ctl: text that is not UTF-8 is in nobody's way"

# ---- what is not there ---------------------------------------------------------------------------
register stays contact=sip:stays@127.0.0.1:17001
# not_done WHERE STATUS WORDS NAME
not_done() {
  purge "$1" stays
  is $? "$2" "$4: the exit status"
  like "$(said)" "$3" "$4: the words"
  memory_has stays 17001
  ok $? "$4: nothing was purged"
}
not_done "ctl:$dir/nothing" 5 'There is no ctl socket' "a ctl socket that is not there"
not_done "fifo:$dir/nothing" 5 'There is no FIFO' "a FIFO that is not there"
not_done "ctl:$db" 5 'is not a stream socket' "a file as ctl"
not_done "ctl:$sock" 1 'is not a stream socket' "the datagram socket as ctl"
not_done "fifo:$sock" 5 'is not a FIFO' "a socket as FIFO"
not_done "unix:$dir/kamailio_ctl" 5 'is not a datagram socket' "the ctl socket as datagram"
not_done "fifo:$dir/kamailio_rpc.fifo?reply_dir=/nothing" 1 'no FIFO for the answer can be made' \
  "no folder for the answers"
mkdir "$tap_dir/elsewhere"
not_done "fifo:$dir/kamailio_rpc.fifo?reply_dir=$tap_dir/elsewhere" 1 "no answer in $tap_dir/elsewhere" \
  "another folder than Kamailio's"
is "$(find "$tap_dir/elsewhere" -type p | wc -l)" 0 "no FIFO is left there"
mkfifo "$dir/unread.fifo"
not_done "fifo:$dir/unread.fifo" 5 'Nobody listens' "a FIFO that nobody reads"
python3 -c 'import socket,sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$dir/dead_ctl"
not_done "ctl:$dir/dead_ctl" 1 'Nobody listens' "a ctl socket that nobody listens on"
python3 -c 'import socket,sys; socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).bind(sys.argv[1])' \
  "$dir/dead_sock"
not_done "unix:$dir/dead_sock" 5 'Nobody listens' "a datagram socket that nobody reads"
out=$("$REGTOP" purge -s "$db" --control "fifo:" stays --yes --reason T-1 2>&1)
is $? 2 "a place that makes no sense is a mistake of the command line"

# ---- who may use it ------------------------------------------------------------------------------
if [ "$(id -u)" = 0 ]; then
  cp "$REGTOP" "$tap_dir/regtop" && chmod 755 "$tap_dir/regtop"
  mkdir "$tap_dir/theirs" && chmod 777 "$tap_dir/theirs"
  # as GROUP COMMAND...: as a user who is nobody here but for that group.
  as() { setpriv --reuid=65533 "--regid=$1" --clear-groups env "XDG_STATE_HOME=$tap_dir/theirs/state" "${@:2}"; }
  begin strangers JOURNAL=delete
  register stays contact=sip:stays@127.0.0.1:17001
  chmod 755 "$dir"
  for name in datagram ctl fifo; do
    out=$(as 65533 "$tap_dir/regtop" purge -s "$db" --control "$(place "$name")" stays --yes --reason T-1 2>&1)
    is $? 5 "$name: who may not use it is refused"
    like "$out" 'may not be used by this user' "$name: with the reason"
    like "$out" 'root or as a member' "$name: and what to do"
  done
  memory_has stays 17001
  ok $? "nothing was purged"
  # A member of the FIFO's group, and a Kamailio that is not root: the answer's FIFO is the group's.
  begin group JOURNAL=delete "USER=nobody" "FIFODIR=$tap_dir/theirs/"
  ok $? "Kamailio runs as another user, as by systemd"
  pair member
  chmod 755 "$dir"
  fifo=fifo:$dir/kamailio_rpc.fifo?reply_dir=$tap_dir/theirs
  out=$(as "$(id -g nobody)" "$tap_dir/regtop" purge -s "$db" --control "$fifo" contact:17001 --yes --reason T-1 2>&1)
  is $? 0 "a member of the FIFO's group may purge"
  purge "$fifo" contact:17002
  is $? 0 "and root, to whose FIFO that Kamailio may write"
  like "$(rpc ul.lookup location member)" 'AOR not found' "Kamailio has neither any more"
  begin drop JOURNAL=delete "DROP=nobody" "FIFODIR=$tap_dir/theirs/"
  ok $? "Kamailio gives up root by itself"
  pair given
  is "$(stat -c %U "$dir/kamailio_rpc.fifo")" root "its FIFO is root's"
  purge "fifo:$dir/kamailio_rpc.fifo?reply_dir=$tap_dir/theirs" contact:17001
  is $? 0 "but its answers come"
  memory_has given 17002
  ok $? "the other contact stays"
  is "$(find "$tap_dir/theirs" -type p | wc -l)" 0 "no FIFO is left behind"
else
  skip "who may use a control" "only root can be others"
fi

# ---- trouble in the middle -----------------------------------------------------------------------
begin trouble "FIFODIR=$tap_dir/trouble/"
for kind in ctl fifo; do
  real=$dir/kamailio_ctl
  [ $kind = fifo ] && real=$sock
  : >"$dir/mode"
  python3 "$here/control_proxy.py" $kind "$dir/proxy_$kind" "$real" "$dir/mode" >"$tap_dir/$kind.out" 2>&1 &
  started $!
  wait_for 10 test -e "$dir/proxy_$kind"
  where=$kind:$dir/proxy_$kind
  [ $kind = fifo ] && where+="?reply_dir=$dir"
  for mode in slow half stall lost other rubbish hangup silent; do
    # Before the removal: nothing is touched.
    pair $kind
    echo "ul.lookup $mode" >"$dir/mode"
    purge "$where" "$kind contact:17001"
    is $? 1 "$kind: $mode when it is read again: the exit status"
    like "$(said)" 'not touched' "$kind: $mode when it is read again: the words"
    memory_has $kind 17001 && memory_has $kind 17002
    ok $? "$kind: $mode when it is read again: nothing was purged"
    # The removal itself: what is said is what is.
    echo "ul.rm_contact $mode" >"$dir/mode"
    purge "$where" "$kind contact:17001"
    status=$?
    if memory_has $kind 17001; then
      is $status 1 "$kind: $mode when it is removed: it is still there, and the exit status says so"
      unlike "$(said)" '17001 +removed' "$kind: $mode when it is removed: the words say so"
    else
      is $status 0 "$kind: $mode when it is removed: it is gone, and the exit status says so"
      like "$(said)" '17001 +removed: no answer, but it is gone' "$kind: $mode when it is removed: the words say so"
    fi
    memory_has $kind 17002
    ok $? "$kind: $mode when it is removed: the other one stays"
    : >"$dir/mode"
    rpc ul.rm location $kind >/dev/null
  done
done
is "$(find "$dir" -name 'regtop_*' | wc -l)" 0 "no FIFO is left behind"

# ---- stopped and started while regtop runs -------------------------------------------------------
if command -v tmux >/dev/null; then
  screen() { tmux -L "regtop-control-$$" capture-pane -p; }
  screen_has() { screen | grep -Eq -- "$1"; }
  press() { tmux -L "regtop-control-$$" send-keys "$@"; }
  # asks PORT: opens the question whether to purge the contact at that port.
  asks() {
    press : "filter contact:$1" Enter
    wait_for 10 screen_has "sip:[a-z]+@127.0.0.1:$1"
    wait_for 10 screen_has ' x purge'
    press x
    wait_for 10 screen_has 'Purge this one binding'
  }
  for name in ctl fifo; do
    begin "life-$name" "FIFODIR=$tap_dir/life-$name/"
    for k in 17001 17002 17003; do register life "contact=sip:life@127.0.0.1:$k" "callid=$k@test"; done
    tmux -L "regtop-control-$$" -f /dev/null new-session -d -x 100 -y 30 \
      "'$REGTOP' -s '$db' --control '$(place "$name")'"
    wait_for 10 screen_has 17003
    asks 17001 && press y
    wait_for 10 screen_has '1 of 1 removed and proved'
    ok $? "$name: the inspector purges"
    press Escape
    asks 17002
    ok $? "$name: and asks about the next one"
    bash "$here/kamailio_start.sh" "$dir" stop
    press y
    wait_for 10 screen_has 'does not offer to purge: There is no'
    ok $? "$name: Kamailio stopped before the answer: it says so"
    press Escape
    wait_for 10 screen_has '\(x purge\)'
    press x
    wait_for 10 screen_has 'purge is not possible: There is no'
    ok $? "$name: it is not asked for again, with the reason"
    bash "$here/kamailio_start.sh" "$dir" "$port" "FIFODIR=$dir/"
    asks 17003 && press y
    wait_for 10 screen_has '1 of 1 removed and proved'
    ok $? "$name: when Kamailio runs again, the same inspector purges again"
    memory_has life 17002
    ok $? "$name: what was refused is still there"
    tmux -L "regtop-control-$$" kill-server
  done
else
  skip "Kamailio stopped and started while the inspector runs" "tmux is not installed"
fi
plan_later
