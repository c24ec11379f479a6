# The house rules that a machine can check: who may include whom, banned calls, sizes, duties.
. "$TOP_SRCDIR/tests/lib/tap.sh"
cd "$TOP_SRCDIR" || exit 1

need python3

out=$(python3 tests/lint/house.py matrix)
is "$out" "" "no file includes what its folder may not use"
out=$(python3 tests/lint/house.py banned)
is "$out" "" "no unbounded or ambiguous call, and nobody asks the system for the time but the clock"
out=$(python3 tests/lint/house.py sizes)
is "$out" "" "files stay readable in one sitting"
out=$(python3 tests/lint/house.py duties)
is "$out" "" "every file begins with its duty, and doc/HACKING says the same"
out=$(python3 tests/lint/house.py unfinished)
is "$out" "" "no marks of unfinished work"

# Every header compiles alone.
cc=${CC:-gcc}
if command -v "$cc" >/dev/null; then
  bad=
  while IFS= read -r header; do
    "$cc" -std=gnu11 -fsyntax-only -x c -Isrc -DPACKAGE_VERSION='"x"' -D_GNU_SOURCE -w "$header" \
      2>"$tap_dir/err" || bad+="$header: $(head -1 "$tap_dir/err")"$'\n'
  done < <(find src -name '*.h' | sort)
  is "$bad" "" "every header compiles alone"
else
  skip "every header compiles alone" "$cc is not installed"
fi

if command -v clang-format >/dev/null && [ -f .clang-format ]; then
  out=$(find src tests -name '*.[ch]' -print0 | xargs -0 clang-format --dry-run 2>&1 |
    grep -c 'warning: code should be clang-formatted')
  is "$out" "0" "the sources are formatted as .clang-format says"
else
  skip "the sources are formatted as .clang-format says" "clang-format is not installed"
fi

# What is not named there is missing from what make dist packs; a program's only source is known by the
# program's name.
tr -s ' \t=' '\n\n\n' <Makefile.am >"$tap_dir/words"
missing=$(find tests -type f ! -name '*.pyc' | sort | while IFS= read -r file; do
  grep -qxF -e "$file" -e "${file%.c}" "$tap_dir/words" || echo "$file"
done)
is "$missing" "" "Makefile.am names every file of the tests"

plan_later
