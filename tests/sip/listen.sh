# regtop listen against real SIP programs and raw messages: RFC 3261 10.3, RFC 3665, kill -9.
. "$TOP_SRCDIR/tests/lib/tap.sh"
need python3

here=$TOP_SRCDIR/tests/sip
port=$(free_port)
export XDG_STATE_HOME=$tap_dir/state
mkdir -p "$XDG_STATE_HOME"

# serve OPTION...: starts the registrar and waits until it answers. Its changes go to $tap_dir/out.
serve() {
  "$REGTOP" listen -s "listen:udp:127.0.0.1:$port,tcp:127.0.0.1:$port" "$@" \
    >>"$tap_dir/out" 2>>"$tap_dir/err" &
  server=$!
  started "$server"
  wait_for 10 ask --method OPTIONS here@acme.example alive 1
}

ask() {
  local flags=()
  while [ "${1#--}" != "$1" ]; do
    case $1 in
    --method | --uri) flags+=("$1" "$2"); shift 2 ;;
    *) flags+=("$1"); shift ;;
    esac
  done
  python3 "$here/ask.py" "${flags[@]}" "$port" "$@"
}

# reg AOR CALL-ID CSEQ [HEADER...]: the answer, its status line first.
reg() { ask "$@"; }
status() { head -1 <<<"$1" | cut -d' ' -f2; }
contacts() { grep -c '^Contact:' <<<"$1"; }
told() { grep -Eq -- "$1" "$tap_dir/out"; }

serve
ok $? "it serves"
if [ -z "$(ask --method OPTIONS here@acme.example alive 1)" ]; then
  cat "$tap_dir/err"
  plan_later
  exit 1
fi

a='Contact: <sip:alice@192.0.2.1:5070>'
b='Contact: <sip:alice@192.0.2.2:5070>'

# ---- registering ------------------------------------------------------------------------------
r=$(reg alice@acme.example one 1 "$a" 'Expires: 600')
is "$(status "$r")" 200 "a phone registers"
like "$r" '^Contact: <sip:alice@192.0.2.1:5070>;expires=(600|599)$' "its contact comes back"
like "$r" '^Date: [A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} .* GMT$' "with the time"
like "$r" '^Via: .*received=127.0.0.1' "and the address it was seen at"
like "$r" '^To: <sip:alice@acme.example>;tag=.' "and a tag"
wait_for 5 told ' added .*alice@acme.example'
ok $? "the change is told on stdout"
r=$(reg alice@acme.example one 2 "$a" 'Expires: 300')
like "$r" '^Contact: .*;expires=(300|299)$' "it refreshes"
wait_for 5 told ' (refreshed|changed) .*alice@acme.example'
ok $? "and that is told too"
r=$(reg alice@acme.example two 1 "$b")
is "$(contacts "$r")" 2 "a second phone of the same person is listed beside it"
r=$(reg alice@acme.example query 1)
is "$(status "$r") $(contacts "$r")" "200 2" "a query lists both"
r=$(reg nobody@acme.example query 1)
is "$(status "$r") $(contacts "$r")" "200 0" "a query of one who is not there lists none"

# ---- order ------------------------------------------------------------------------------------
r=$(ask --again alice@acme.example two 2 "$b" 'Expires: 900')
is "$(grep -c '^SIP/2.0 200' <<<"$r")" 2 "a repeated request is answered 200 again"
is "$(grep '^To:' <<<"$r" | sort -u | wc -l)" 1 "with the very same answer"
r=$(reg alice@acme.example two 2 "$b" 'Expires: 900')
is "$(status "$r")" 400 "the same CSeq in another transaction is out of order"
r=$(reg alice@acme.example two 1 "$b" 'Expires: 0')
is "$(status "$r")" 400 "a lower one too"
r=$(reg alice@acme.example query 2)
is "$(contacts "$r")" 2 "and nothing was changed by them"

# ---- refusals ---------------------------------------------------------------------------------
r=$(reg bob@acme.example brief 1 'Contact: <sip:bob@192.0.2.3>;expires=5')
is "$(status "$r")" 423 "too brief is 423"
like "$r" '^Min-Expires: 60$' "and says what is not"
r=$(reg bob@acme.example brief 2 'Contact: <sip:bob@192.0.2.3>' \
  'Contact: <sip:bob@192.0.2.4>;expires=5')
is "$(status "$r")" 423 "one brief contact of two refuses both"
is "$(contacts "$(reg bob@acme.example query 1)")" 0 "all or nothing"
r=$(reg bob@acme.example star 1 'Contact: *' 'Expires: 10')
is "$(status "$r")" 400 "a star with an expiry is 400"
r=$(reg bob@acme.example star 2 'Contact: *' 'Contact: <sip:bob@192.0.2.3>' 'Expires: 0')
is "$(status "$r")" 400 "a star in company is 400"
r=$(reg bob@acme.example req 1 'Contact: <sip:bob@192.0.2.3>' 'Require: x-unknown, path')
is "$(status "$r")" 420 "an unknown requirement is 420"
like "$r" '^Unsupported: x-unknown$' "and named alone"
r=$(ask --uri sip:bob@acme.example bob@acme.example user 1 'Contact: <sip:bob@192.0.2.3>')
is "$(status "$r")" 404 "a request to a user is not for a registrar"
r=$(ask --method INVITE bob@acme.example inv 1)
is "$(status "$r")" 405 "it takes no calls"
like "$r" '^Allow: REGISTER, OPTIONS$' "and says what it takes"
r=$(ask --method OPTIONS bob@acme.example opt 1)
is "$(status "$r")" 200 "OPTIONS is answered"

# ---- removing ---------------------------------------------------------------------------------
r=$(reg alice@acme.example two 3 "$b" 'Expires: 0')
is "$(status "$r") $(contacts "$r")" "200 1" "expiry 0 removes one"
r=$(reg alice@acme.example boot 1 'Contact: *' 'Expires: 0')
is "$(status "$r") $(contacts "$r")" "200 0" "a star removes what is left"
wait_for 5 told ' gone .*alice@acme.example'
ok $? "and it is told as gone"

# ---- streams ----------------------------------------------------------------------------------
r=$(ask --tcp carol@acme.example tcp 1 'Contact: <sip:carol@192.0.2.9;transport=tcp>')
is "$(status "$r") $(contacts "$r")" "200 1" "a phone registers over TCP"

# ---- other people's programs ------------------------------------------------------------------
if command -v sipp >/dev/null; then
  for kind in u1 t1; do
    (cd "$tap_dir" && timeout 60 sipp "127.0.0.1:$port" -sf "$here/register_flow.xml" \
      -i 127.0.0.1 -t "$kind" -m 50 -r 50 -nostdin -trace_err \
      -timeout 40 -error_file "$tap_dir/sipp.err" >/dev/null 2>&1)
    ok $? "sipp plays RFC 3665 fifty times ($kind)"
  done
  (cd "$tap_dir" && timeout 90 sipp "127.0.0.1:$port" -sf "$here/register_many.xml" \
    -i 127.0.0.1 -m 2000 -r 1000 -l 500 -nostdin -timeout 60 >/dev/null 2>&1)
  ok $? "two thousand phones register at a thousand a second"
else
  skip "sipp plays the flows" "sipp is not installed"
fi
if command -v sipsak >/dev/null; then
  # The registrar as outbound proxy: sipsak cuts a port of five digits in an address.
  timeout 20 sipsak -H 127.0.0.1 -i -U -C "sip:dora@127.0.0.1:5099" -x 600 -p "127.0.0.1:$port" \
    -s sip:dora@sak.example >"$tap_dir/sipsak" 2>&1
  ok $? "sipsak registers"
  is "$(contacts "$(reg dora@sak.example query 1)")" 1 "and its contact is listed"
else
  skip "sipsak registers" "sipsak is not installed"
fi
r=$(ask --uri "sip:127.0.0.1:$port" "erin@127.0.0.1:$port" own 1 'Contact: <sip:erin@192.0.2.8>')
is "$(contacts "$(ask --uri sip:127.0.0.1 erin@127.0.0.1 query 1)")" 1 \
  "the registrar's own port in an address makes no difference"

# ---- kill -9 ----------------------------------------------------------------------------------
# Answered is kept: phones register one after the other until the registrar is shot.
python3 - "$port" "$tap_dir/answered" <<'PY' &
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.1", 0)); s.connect(("127.0.0.1", int(sys.argv[1]))); s.settimeout(2)
port = s.getsockname()[1]
with open(sys.argv[2], "w", buffering=1) as out:
    for i in range(100000):
        aor = f"k{i}@kill.example"
        s.send((f"REGISTER sip:kill.example SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{port};"
                f"branch=z9hG4bKk{i};rport\r\nMax-Forwards: 70\r\nFrom: <sip:{aor}>;tag=1\r\n"
                f"To: <sip:{aor}>\r\nCall-ID: k{i}\r\nCSeq: 1 REGISTER\r\n"
                f"Contact: <sip:k{i}@192.0.2.7>\r\nContent-Length: 0\r\n\r\n").encode())
        try: got = s.recv(65535)
        except OSError: break
        if got.startswith(b"SIP/2.0 200"): out.write(aor + "\n")
PY
killer=$!
started "$killer"
enough() { [ "$(wc -l <"$tap_dir/answered")" -ge 200 ]; }
wait_for 20 enough
kill -9 "$server"
wait "$server" 2>/dev/null
wait "$killer"
serve
ok $? "it starts again after kill -9"
python3 - "$port" "$tap_dir/answered" >"$tap_dir/lost" <<'PY'
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.1", 0)); s.connect(("127.0.0.1", int(sys.argv[1]))); s.settimeout(3)
port = s.getsockname()[1]
for i, aor in enumerate(open(sys.argv[2]).read().split()):
    s.send((f"REGISTER sip:kill.example SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{port};"
            f"branch=z9hG4bKq{i};rport\r\nMax-Forwards: 70\r\nFrom: <sip:{aor}>;tag=1\r\n"
            f"To: <sip:{aor}>\r\nCall-ID: q\r\nCSeq: 1 REGISTER\r\n"
            f"Content-Length: 0\r\n\r\n").encode())
    if b"\r\nContact: " not in s.recv(65535): print(aor)
print("end")
PY
is "$(cat "$tap_dir/lost")" end \
  "everything that was answered 200 is there ($(wc -l <"$tap_dir/answered") looked up)"
if command -v sipp >/dev/null; then
  is "$(contacts "$(reg u1999@many.example q 1)")" 1 "so are the thousands before"
fi

# ---- a reader that stalls, and one that goes -----------------------------------------------------
# many FROM TO: registers so many phones one after the other; each must be answered.
many() {
  python3 - "$port" "$1" "$2" <<'PY'
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.1", 0)); s.connect(("127.0.0.1", int(sys.argv[1]))); s.settimeout(3)
port = s.getsockname()[1]
for i in range(int(sys.argv[2]), int(sys.argv[3])):
    lines = "".join(f"Contact: <sip:s{i}@192.0.2.7:{p}>\r\n" for p in range(5000, 5030))
    s.send((f"REGISTER sip:stall.example SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{port};"
            f"branch=z9hG4bKs{i};rport\r\nMax-Forwards: 70\r\nFrom: <sip:s{i}@stall.example>;tag=1\r\n"
            f"To: <sip:s{i}@stall.example>\r\nCall-ID: s{i}\r\nCSeq: 1 REGISTER\r\n"
            f"{lines}Content-Length: 0\r\n\r\n").encode())
    if not s.recv(65535).startswith(b"SIP/2.0 200"): sys.exit(1)
PY
}
kill "$server"
wait "$server" 2>/dev/null
mkfifo "$tap_dir/fifo"
exec 9<>"$tap_dir/fifo"
"$REGTOP" listen -s "listen:udp:127.0.0.1:$port" >"$tap_dir/fifo" 2>>"$tap_dir/err" 9<&- &
server=$!
started "$server"
wait_for 10 ask --method OPTIONS here@acme.example alive 1
many 0 200 2>/dev/null
ok $? "phones are served while nobody reads what changes"
cat <&9 >"$tap_dir/late" &
reader=$!
started "$reader"
caught_up() { [ "$(wc -l <"$tap_dir/late")" -ge 3000 ]; }
wait_for 10 caught_up
ok $? "a reader that comes back gets what was kept for it"
many 200 201
left_out() { grep -Eq '^\([0-9]+ changes left out' "$tap_dir/late"; }
wait_for 10 left_out
ok $? "and is told how much was not"
kill "$reader"
exec 9<&-
many 201 203
wait_for 5 grep -q 'told no more: Broken pipe' "$tap_dir/err"
ok $? "a reader that went away is told once"
many 203 210
ok $? "and the phones are served on"

# ---- a second one, and a damaged file ---------------------------------------------------------
other=$(free_port)
timeout 10 "$REGTOP" listen -s "listen:udp:127.0.0.1:$other" >"$tap_dir/second" 2>&1
is $? 3 "a second registrar on the same store is refused"
like "$(cat "$tap_dir/second")" "Another registrar" "in words"
timeout 10 "$REGTOP" listen --store "$tap_dir/x.sqlite" -s "listen:udp:127.0.0.1:$port" \
  >"$tap_dir/second" 2>&1
is $? 3 "a port that is taken is refused"
head -c 5000 /dev/zero | tr '\0' 'x' >"$tap_dir/bad.sqlite"
timeout 10 "$REGTOP" listen --store "$tap_dir/bad.sqlite" -s "listen:udp:127.0.0.1:$other" \
  >"$tap_dir/second" 2>&1
is $? 3 "a damaged store is refused"
like "$(cat "$tap_dir/second")" "bad.sqlite" "by name"

kill "$server"
wait "$server"
is $? 0 "it ends in peace on SIGTERM"
plan_later
