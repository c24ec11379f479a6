# Help, manual and tables say the same: every row of a table stands in doc/regtop.1 with its sentence.
. "$TOP_SRCDIR/tests/lib/tap.sh"
need python3

man=$TOP_SRCDIR/doc/regtop.1

# A topic's rows ("  term   sentence") against the manual's text without its markup.
check_topic() {
  "$REGTOP" help "$1" >"$tap_dir/topic" || { ok 1 "regtop help $1 works"; return; }
  out=$(python3 - "$tap_dir/topic" "$man" <<'PY'
import re, sys
strip = lambda s: re.sub(r"\s+", " ", s)
man = open(sys.argv[2], encoding="utf-8").read()
man = re.sub(r"^\.(?:B|I|BR|IR|RI|RB|BI)\s+", "", man, flags=re.M)
man = man.replace("\\-", "-").replace("\\(aq", "'").replace("\\|", "").replace("\\&", "")
man = strip(re.sub(r"\\f[BIRP]", "", man).replace('"', ""))
rows = 0
for line in open(sys.argv[1], encoding="utf-8"):
    m = re.match(r" {2,6}(\S.*?)\s{2,}(\S.*)$", line.rstrip("\n"))
    if not m:
        continue
    sentence = strip(m.group(2)).replace('"', "")
    rows += 1
    if sentence not in man:
        print("not in the manual:", sentence)
if rows < 3:
    print("only", rows, "rows were found")
PY
  )
  is "$out" "" "the manual has every row of: regtop help $1"
}

for topic in commands options config keys columns verdicts causes exit; do check_topic "$topic"; done

# The version is the same everywhere.
version=$("$REGTOP" --version)
like "$version" '^regtop [0-9]+\.[0-9]+\.[0-9]+$' "--version prints name and version"
like "$(head -1 "$TOP_SRCDIR/NEWS")" "^regtop ${version#regtop }" "NEWS begins with this version"

# Every command has help of its own, and prints it on stdout with status 0.
for word in list show why call ping watch purge journal snapshot listen check demo help; do
  out=$("$REGTOP" "$word" --help 2>"$tap_dir/err")
  is "$?" 0 "regtop $word --help ends with 0"
  like "$out" "^usage: regtop $word" "regtop $word --help says how it is used"
  is "$(cat "$tap_dir/err")" "" "regtop $word --help keeps quiet on stderr"
done

# The topics that help names are those that it has.
"$REGTOP" help no-such-topic 2>&1 | sed 's/.*the topics are //; s/, /\n/g' | sort >"$tap_dir/has"
"$REGTOP" help commands | sed -n 's/.*the topics are \(.*\)\./\1/p' | sed 's/, /\n/g' | sort >"$tap_dir/named"
is "$(cat "$tap_dir/named")" "$(cat "$tap_dir/has")" "regtop help names all of its topics"

if command -v man >/dev/null && command -v groff >/dev/null; then
  for page in regtop.1 regtop-snapshot.5; do
    warnings=$(LC_ALL=C.UTF-8 MANROFFSEQ='' MANWIDTH=80 man --warnings -E UTF-8 -l -Tutf8 -Z \
      "$TOP_SRCDIR/doc/$page" 2>&1 >/dev/null | grep -v 'cannot change to directory')
    is "$warnings" "" "doc/$page is clean for groff"
  done
else
  skip "the manual pages are clean for groff" "man or groff is not installed"
fi

plan_later
