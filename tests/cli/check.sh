# regtop check, and what is found with nothing named: below a root of our own, so that what else runs
# on this machine does not matter.
. "$TOP_SRCDIR/tests/lib/tap.sh"
need sqlite3 python3

export XDG_STATE_HOME=$tap_dir/state XDG_CONFIG_HOME=$tap_dir/config HOME=$tap_dir/home
export REGTOP_ROOT=$tap_dir/root
unset REGTOP_READONLY
mkdir -p "$XDG_CONFIG_HOME/regtop" "$HOME" "$REGTOP_ROOT/proc/812" "$REGTOP_ROOT/srv" "$REGTOP_ROOT/etc/kamailio"

# check STATUS ARGUMENTS...: the text is in $out afterwards.
check() {
  local status=$1
  shift
  out=$("$REGTOP" check "$@" 2>&1 </dev/null)
  is $? "$status" "regtop check $* ends with $status"
}
field() { python3 -c 'import json,sys; print(eval("j" + sys.argv[1], {"j": json.load(sys.stdin)}))' "$1" <<<"$out"; }

db=$REGTOP_ROOT/srv/k.sqlite
sqlite3 "$db" <"$TOP_SRCDIR/tests/registrars/location-9.sql"
sqlite3 "$db" "insert into location(ruid,username,contact,expires,callid,cseq,socket,server_id) values
  ('uloc-1','anna','sip:anna@127.0.0.1:9',2440587.49999421,'c',1,'udp:127.0.0.1:5060',3)"

# ---- nothing is there
check 1
like "$out" 'There is no registrar' "it says that there is no registrar"
like "$out" 'journal .*state/regtop/journal.sqlite: can be written' "it looks at the journal"
like "$out" 'history .*state/regtop/history.sqlite: is made when it is needed' "and at the history, which it does not make"
echo "no history, and long enough to be looked at as one: ........................" >"$XDG_STATE_HOME/regtop/history.sqlite"
"$REGTOP" check -s "$db" >"$tap_dir/history.out" 2>&1
is "$? $(grep -c 'history .*cannot be opened: file is not a database' "$tap_dir/history.out")" "1 1" "one that is damaged is wrong"
rm "$XDG_STATE_HOME/regtop/history.sqlite"
like "$out" 'terminal +TERM=.*no terminal' "it looks at the terminal"
out=$("$REGTOP" list 2>&1)
is $? 3 "a listing of nothing ends with 3"
like "$out" 'no registrar was found in running processes' "and says where it looked"
like "$out" 'regtop demo' "and how to go on"

# ---- a source that is named
check 0 -s "$db"
like "$out" '1 binding, complete' "it counts the bindings"
like "$out" 'purge +not offered' "it says that nothing can be removed"
check 0 -s "$db" --control table
like "$out" 'the table is the truth' "it names the control"
check 1 -s "$db" --control "unix:$tap_dir/nothing"
like "$out" 'There is no control socket' "a control that is not there is wrong"
check 3 -s "$tap_dir/nothing.sqlite"
like "$out" 'does not exist' "a file that is not there cannot be reached"
check 3 -s "$db" -s "$tap_dir/nothing.sqlite"
like "$out" '1 binding, complete' "what can be read is read all the same"
check 2 -s "$db" --control rubbish
check 0 -s "$db" --control table --read-only
like "$out" 'purge +not offered: this regtop only reads .--read-only' "read-only is told"
: >"$tap_dir/file"
XDG_STATE_HOME=$tap_dir/file check 1 -s "$db" --control table
like "$out" 'journal .*cannot be made' "a journal that cannot be written is wrong"

# ---- what is found
printf '%s\0' /usr/sbin/kamailio -f /srv/k.cfg -A "DBURL=\"sqlite:////srv/k.sqlite\"" >"$REGTOP_ROOT/proc/812/cmdline"
cat >"$REGTOP_ROOT/srv/k.cfg" <<'END'
#!KAMAILIO
server_id = 3
loadmodule "usrloc.so"
modparam("usrloc", "db_mode", 3)
modparam("usrloc", "db_url", DBURL)
END
check 0
like "$out" "^found +kamailio: $db, the table is the truth \(kamailio, process 812, /srv/k.cfg\)" "it says what was found, and where"
check 0 --json
is "$(field '["sources"][0]["count"]')" 1 "JSON has the count"
is "$(field '["sources"][0]["complete"]')" True "JSON says that it is complete"
is "$(field '["sources"][0]["purge_refused"]')" None "JSON says that it can be purged"
is "$(field '["status"]')" 0 "JSON has the status"
is "$(field '["journal"]["writable"]')" True "JSON has the journal"
out=$("$REGTOP" list 2>"$tap_dir/err")
is $? 0 "a listing needs no option"
like "$out" '^anna ' "it has the binding"
like "$(cat "$tap_dir/err")" "found kamailio: $db" "and says on stderr what it reads"
out=$("$REGTOP" purge anna --dry-run 2>&1)
like "$out" "found kamailio: $db" "a plan says what it is about"
"$REGTOP" check --print-config >"$XDG_CONFIG_HOME/regtop/regtop.conf"
is $? 0 "what was found is printed as a configuration"
like "$(cat "$XDG_CONFIG_HOME/regtop/regtop.conf")" '^\[kamailio\]$' "with a section"
rm -r "$REGTOP_ROOT/proc/812"
check 0
like "$out" "^configuration +$XDG_CONFIG_HOME/regtop/regtop.conf" "the configuration is used in place of a search"
like "$out" '1 binding, complete' "and reads the same"
unlike "$out" '^found' "nothing is looked for then"
rm "$XDG_CONFIG_HOME/regtop/regtop.conf"

# ---- one of two cannot be opened, and passwords stay unsaid
for n in 5 6; do
  mkdir -p "$REGTOP_ROOT/proc/$n"
  printf '%s\0' kamailio -f "/srv/$n.cfg" >"$REGTOP_ROOT/proc/$n/cmdline"
done
sed 's|DBURL)|"sqlite:////srv/k.sqlite")|' "$REGTOP_ROOT/srv/k.cfg" >"$REGTOP_ROOT/srv/5.cfg"
sed 's|DBURL)|"mysql://kam:very-secret@127.0.0.1:1/k")|' "$REGTOP_ROOT/srv/k.cfg" >"$REGTOP_ROOT/srv/6.cfg"
check 3
like "$out" '1 binding, complete' "the one that is there is read"
like "$out" 'kam@127.0.0.1:1/k' "the other is named"
unlike "$out" 'very-secret' "without its password"
check 3 --json
unlike "$out" 'very-secret' "nor in JSON"
out=$("$REGTOP" check --print-config)
unlike "$out" 'very-secret' "nor in a configuration"
like "$out" '# Its password is left out' "which says so"
out=$("$REGTOP" list --timeout 3s 2>&1)
is $? 3 "a listing with one source out of reach ends with 3"
like "$out" '^anna ' "and has the bindings of the other"
unlike "$out" 'very-secret' "still without the password"

plan_later
