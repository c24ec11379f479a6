# Helpers for tests in bash that speak TAP: source it, say `plan_later` at the end.
# Every process that a test starts is stopped by its id when the test ends.

tap_n=0
tap_failed=0
tap_pids=()
tap_dir=$(mktemp -d "${TMPDIR:-/tmp}/regtop-test.XXXXXX")

# ok STATUS NAME: one case.
ok() {
  tap_n=$((tap_n + 1))
  if [ "$1" -eq 0 ]; then
    echo "ok $tap_n - $2"
  else
    tap_failed=$((tap_failed + 1))
    echo "not ok $tap_n - $2"
  fi
}

# skip NAME REASON: a case that this machine cannot run, counted as skipped.
skip() {
  tap_n=$((tap_n + 1))
  echo "ok $tap_n - $1 # SKIP $2"
}

# is GOT WANTED NAME
is() {
  if [ "$1" = "$2" ]; then ok 0 "$3"; else
    ok 1 "$3"
    printf '#   got:    %s\n#   wanted: %s\n' "$1" "$2"
  fi
}

# like TEXT EXTENDED_REGEX NAME
like() {
  if grep -Eq -- "$2" <<<"$1"; then ok 0 "$3"; else
    ok 1 "$3"
    printf '#   no match for: %s\n' "$2"
    sed 's/^/#   | /' <<<"$1" | head -40
  fi
}

# unlike TEXT EXTENDED_REGEX NAME
unlike() {
  if grep -Eq -- "$2" <<<"$1"; then
    ok 1 "$3"
    printf '#   should not match: %s\n' "$2"
    sed 's/^/#   | /' <<<"$1" | head -40
  else ok 0 "$3"; fi
}

diag() { sed 's/^/# /' <<<"$*"; }

# started PID...: will be stopped at the end.
started() { tap_pids+=("$@"); }

# wait_for SECONDS COMMAND...: until the command succeeds; never just sleeps. It gives up after three times
# the seconds: they are what a quiet machine needs at most, and a test machine has more to do.
wait_for() {
  local end=$((SECONDS + 3 * $1)); shift
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$end" ] || return 1
    sleep 0.05
  done
}

# free_port: a UDP and TCP port of loopback that nobody uses now, and that this test was not given before.
# It is none that the kernel gives away by itself: a server that stops finds its port again.
free_port() {
  python3 - "$tap_dir/ports" <<'PY'
import random, socket, sys
with open("/proc/sys/net/ipv4/ip_local_port_range") as f:
    low = int(f.read().split()[0])
try:
    with open(sys.argv[1]) as f:
        given = f.read().split()
except OSError:
    given = []
while True:
    u, t = socket.socket(socket.AF_INET, socket.SOCK_DGRAM), socket.socket()
    # Tests name ports up to 18000 themselves.
    p = random.randrange(18001, low) if low > 20000 else 0
    try:
        u.bind(("127.0.0.1", p))
        p = u.getsockname()[1]
        t.bind(("127.0.0.1", p))
    except OSError:
        continue
    if str(p) not in given:
        break
with open(sys.argv[1], "a") as f:
    print(p, file=f)
print(p)
PY
}

skip_all() {
  echo "1..0 # SKIP $1"
  exit 0
}

# once: what takes long was run by make check, and is not run again when run-all makes a distcheck of
# the same sources.
once() {
  [ -z "${REGTOP_DISTCHECK:-}" ] || skip_all "run-all has run it in make check"
}
need() {
  local tool
  for tool in "$@"; do
    command -v "$tool" >/dev/null 2>&1 || skip_all "$tool is not installed"
  done
}

plan_later() {
  echo "1..$tap_n"
  [ "$tap_failed" -eq 0 ]
}

tap_end() {
  local pid
  for pid in "${tap_pids[@]}"; do kill "$pid" 2>/dev/null; done
  for pid in "${tap_pids[@]}"; do wait "$pid" 2>/dev/null; done
  rm -rf "$tap_dir"
}
trap tap_end EXIT
