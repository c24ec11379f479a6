# The configuration file: where it is looked for, what it decides, and what it says when it is wrong.
. "$TOP_SRCDIR/tests/lib/tap.sh"
need sqlite3 python3

export XDG_STATE_HOME=$tap_dir/state XDG_CONFIG_HOME=$tap_dir/config HOME=$tap_dir/home
unset REGTOP_READONLY
mkdir -p "$XDG_CONFIG_HOME/regtop" "$HOME/.config/regtop"

# try STATUS REGEX NAME -- ARGUMENTS: exit status, and what stderr says.
try() {
  local status=$1 regex=$2 name=$3
  shift 4
  out=$("$REGTOP" "$@" 2>"$tap_dir/err" </dev/null)
  is "$?" "$status" "$name: exit status $status"
  like "$(cat "$tap_dir/err")" "$regex" "$name: says so"
}
names() { python3 -c 'import json,sys; print(*[s["name"] for s in json.load(sys.stdin)["sources"]])'; }

for one in a b; do
  sqlite3 "$tap_dir/$one.sqlite" <"$TOP_SRCDIR/tests/registrars/location-9.sql"
  sqlite3 "$tap_dir/$one.sqlite" "insert into location(ruid,username,contact,expires,callid,cseq,socket,server_id) values
    ('uloc-$one-1','$one','sip:$one@127.0.0.1:9',2440587.49999421,'c',1,'udp:127.0.0.1:5060',1)"
done

file=$XDG_CONFIG_HOME/regtop/regtop.conf
cat >"$file" <<END
columns = aor,source
[alpha]
read = $tap_dir/a.sqlite
[beta]
read = $tap_dir/b.sqlite
server_id = 1
END
out=$("$REGTOP" list --json 2>&1)
is "$(names <<<"$out")" "alpha beta" "every section of the file is a source, under its name"
out=$("$REGTOP" list -s beta --json 2>&1)
is "$(names <<<"$out")" "beta" "-s picks a section by its name"
like "$out" '"node": ?"beta"' "a binding bears the name of its node"
out=$("$REGTOP" list -s alpha -s "$tap_dir/b.sqlite" --json 2>&1)
is "$(names <<<"$out")" "alpha b.sqlite" "a name and a path may stand side by side"
out=$("$REGTOP" list 2>&1)
like "$out" '^AoR +Source' "an option of the file decides"
out=$("$REGTOP" list --columns user 2>&1)
unlike "$out" 'Source' "the command line wins over the file"

printf '[only]\nread = %s\n' "$tap_dir/b.sqlite" >"$tap_dir/other.conf"
out=$("$REGTOP" list -c "$tap_dir/other.conf" --json 2>&1)
is "$(names <<<"$out")" "only" "-c names another file"
rm "$file"
unset XDG_CONFIG_HOME
cp "$tap_dir/other.conf" "$HOME/.config/regtop/regtop.conf"
out=$("$REGTOP" list --json 2>&1)
is "$(names <<<"$out")" "only" "without XDG_CONFIG_HOME it is ~/.config"

printf 'read-only = yes\n[only]\nread = %s\ncontrol = table\n' "$tap_dir/b.sqlite" >"$tap_dir/ro.conf"
try 5 'read-only' "a file that says read-only" -- \
  purge -c "$tap_dir/ro.conf" b --yes --reason test
is "$(sqlite3 "$tap_dir/b.sqlite" 'select count(*) from location')" 1 "and the row is there"

printf '[only]\nread = %s\ncontrol = table\npurge = no\n' "$tap_dir/b.sqlite" >"$tap_dir/no.conf"
out=$("$REGTOP" purge -c "$tap_dir/no.conf" b --yes --reason test 2>&1)
status=$?
is "$((status != 0))" 1 "a section that says purge = no is left alone: exit status $status"
like "$out" 'says purge = no' "and the plan says why"
is "$(sqlite3 "$tap_dir/b.sqlite" 'select count(*) from location')" 1 "and its row is there"
"$REGTOP" purge -c "$tap_dir/no.conf" b --leftovers --yes --reason test >/dev/null 2>&1
"$REGTOP" purge -c "$tap_dir/no.conf" b --whole-aor --yes --reason test >/dev/null 2>&1
is "$(sqlite3 "$tap_dir/b.sqlite" 'select count(*) from location')" 1 "nor is it removed in another way"
like "$("$REGTOP" check -c "$tap_dir/no.conf" 2>&1)" 'not offered: .*purge = no' "regtop check says so, too"
sed -i 's/purge = no/purge = yes/' "$tap_dir/no.conf"
"$REGTOP" purge -c "$tap_dir/no.conf" b --yes --reason test >"$tap_dir/out" 2>&1
is "$?:$(sqlite3 "$tap_dir/b.sqlite" 'select count(*) from location')" 0:0 "with purge = yes it goes"
sqlite3 "$tap_dir/b.sqlite" "insert into location(ruid,username,contact,expires,callid,cseq,socket,server_id) values
  ('uloc-b-1','b','sip:b@127.0.0.1:9',2440587.49999421,'c',1,'udp:127.0.0.1:5060',1)"

wrong() { # NAME REGEX TEXT
  printf '%b' "$3" >"$tap_dir/wrong.conf"
  try 2 "$2" "$1" -- list -c "$tap_dir/wrong.conf"
}
wrong "a key that is none" 'wrong.conf, line 3: .*speed' '[a]\nread = x\nspeed = 3\n'
wrong "an option that is none" 'line 1: .*colour' 'colour = 1\n'
wrong "an option that makes no sense in a file" 'line 1: .*yes' 'yes = 1\n'
wrong "a flag that is neither yes nor no" 'line 1: .*read-only' 'read-only = maybe\n'
wrong "a number that is none" 'line 1: .*rate' 'rate = fast\n'
wrong "a control that is none" 'no control of a registrar' "[a]\nread = $tap_dir/a.sqlite\ncontrol = telepathy:x\n"
wrong "a password for everybody" 'may be read by everybody' '[a]\nread = mysql://u:pw@127.0.0.1/k\n'
unlike "$(cat "$tap_dir/err")" 'pw' "and the password is not printed"
try 2 'nosuch.conf cannot be read' "a file that is not there" -- list -c "$tap_dir/nosuch.conf"
try 2 'cannot be read' "a folder" -- list -c "$tap_dir"
printf '[a]\nread = %s\n[b]\nread = %s\n' "$tap_dir/a.sqlite" "$tap_dir/b.sqlite" >"$tap_dir/two.conf"
try 2 'fit one section' "--control for two sections" -- list -c "$tap_dir/two.conf" --control table

plan_later
