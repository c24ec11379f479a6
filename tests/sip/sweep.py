"""A sweep over many simulated bindings whose truth is known: `make` writes the table, `answer` plays
the phones, `judge` compares what regtop ping says of each one, `screen` drives the inspector.

Each binding has an address of its own in 127.0.0.0/8, so that no ceiling per destination slows the
sweep; only the neighbours share one. What a phone does follows from its number."""
import json
import os
import random
import select
import socket
import sqlite3
import sys
import time

SO_BINDTODEVICE = 25
AGENT = "Yealink SIP-T46U 108.86.0.20"

# Of a hundred: what it does, how many, and the words that must be found in the row.
KINDS = [("answers", 50, "answers", 200), ("slow", 5, "answers", 200),
         ("busy", 5, "answers", 486), ("disowns", 5, "disowned", 404),
         ("stranger", 3, "stranger", 200), ("neighbours", 2, "answers", 200),
         ("silent", 20, "silent", None), ("refuses", 10, "refused", None)]
PERCENT = [kind for kind in KINDS for _ in range(kind[1])]
NEIGHBOURS = 40  # addresses that the neighbours share


def kind_of(number):
    # Scattered, so that every kind is asked all the time.
    return PERCENT[number * 37 % 100]


def contact(number, ports):
    kind = kind_of(number)[0]
    n = number % NEIGHBOURS if kind == "neighbours" else NEIGHBOURS + number
    host = f"127.{1 + n // 62500}.{n // 250 % 250}.{n % 250 + 1}"
    return f"sip:u{number:07d}@{host}:{ports[1 if kind == 'refuses' else 0]}"


def make(path, count, *ports):
    schema = os.path.join(os.environ["TOP_SRCDIR"], "tests", "registrars", "location-9.sql")
    now = int(time.time())
    db = sqlite3.connect(path)
    with open(schema, encoding="ascii") as f:
        db.executescript("PRAGMA synchronous=OFF;" + f.read())
    db.executemany(
        "INSERT INTO location (id, ruid, username, domain, contact, expires, callid, cseq,"
        " last_modified, user_agent, socket, methods) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
        ((i + 1, f"uloc-{i:x}", f"u{i:07d}", "acme.example", contact(i, ports), now + 3600,
          f"c{i}@127.0.0.1", 1, now - 60, AGENT, None, 5087)
         for i in range(int(count))))
    db.commit()


def loopback(port):
    """On every address of loopback and on no other interface."""
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, SO_BINDTODEVICE, b"lo")
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    s.bind(("", port))
    return s


def free_ports():
    """Two below the range that the kernel gives out by itself: nobody takes the closed one."""
    found = []
    while len(found) < 2:
        port = random.randrange(12000, 30000)
        try:
            loopback(port).close()
        except PermissionError:
            return None
        except OSError:
            continue
        if port not in found:
            found.append(port)
    return found


def reply(request, code, reason, agent):
    keep = [line for line in request.split(b"\r\n")
            if line[:4] in (b"Via:", b"From", b"Call", b"CSeq")]
    to = next(line for line in request.split(b"\r\n") if line[:3] == b"To:")
    return b"\r\n".join([b"SIP/2.0 %d %s" % (code, reason), *keep, to + b";tag=p",
                         b"User-Agent: " + agent, b"Content-Length: 0", b"", b""])


def answer(port):
    s = loopback(int(port))
    again = set()
    reasons = {200: b"OK", 486: b"Busy Here", 404: b"Not Found"}
    print("ready", flush=True)
    while os.getppid() != 1:
        if not select.select([s], [], [], 1)[0]:
            continue
        request, peer = s.recvfrom(4096)
        number = int(request[len("OPTIONS sip:u"):][:7])
        kind, _, _, code = kind_of(number)
        if code is None:
            continue
        # Slow ones hear only what is sent again.
        if kind == "slow" and number not in again:
            again.add(number)
            continue
        again.discard(number)
        agent = b"Fritz!OS 7" if kind == "stranger" else AGENT.encode()
        s.sendto(reply(request, code, reasons[code], agent), peer)


def judge(path, count):
    with open(path, encoding="utf-8") as f:
        rows = json.load(f)["bindings"]
    wrong, seen = [], set()
    for row in rows:
        number = int(row["aor"][1:8])
        kind, _, verdict, code = kind_of(number)
        seen.add(number)
        if row["verdict"] != verdict or (code and row["code"] != code):
            wrong.append(f"{row['aor']} {kind}: {row['verdict']} {row['code']}, {row['note']}")
    print(f"bindings={len(seen)}")
    print(f"missing={int(count) - len(seen)}")
    print(f"wrong={len(wrong)}")
    for line in wrong[:10]:
        print("#", line)


def totals(count):
    of = [kind_of(i) for i in range(count)]
    silent = sum(k[0] == "silent" for k in of)
    refused = sum(k[0] == "refuses" for k in of)
    return count - silent - refused, silent, refused


def key_times(run, seconds):
    """Milliseconds from a key that moves the cursor to its bytes on the terminal."""
    took, end = [], time.monotonic() + seconds
    while time.monotonic() < end:
        run.read(0.05)
        run.text()
        # The arrow stands in front of the row under the cursor.
        before = [line[:1] for line in run.screen.lines()]
        start = time.monotonic()
        run.keys("j" if len(took) % 20 < 10 else "k")
        while [line[:1] for line in run.screen.lines()] == before:
            if time.monotonic() - start > 5:
                return took + [5000.0]
            run.read(0.0005)
            run.text()
        took.append((time.monotonic() - start) * 1000)
    return took


def screen(path, count, rate):
    sys.path.insert(0, os.path.join(os.environ["TOP_SRCDIR"], "tests", "tty"))
    from drive import Run, say  # pylint: disable=import-outside-toplevel
    count, patience = int(count), 20 + int(count) // 1000
    run = Run([os.environ["REGTOP"], "-s", path, "--rate", rate])
    say("loaded", run.wait_for(rf"\b{count} bindings", patience))
    run.keys("M")
    say("marked", run.wait_for(rf"\b{count} marked", patience))
    run.keys("P")
    say("progress", run.wait_for(rf"asked \d+ of {count}.* left; Ctrl-C stops", patience))
    took = sorted(key_times(run, min(count / int(rate) / 2, 10)))
    # As it was when the last of those keys was answered.
    say("keys_during_sweep", len(took) > 10 and took[-1] < 5000 and
        f" of {count}" in run.text())
    print(f"# key to paint: median {took[len(took) // 2]:.1f} ms, worst {took[-1]:.1f} ms, "
          f"of {len(took)}")
    run.keys("q")
    say("q_stays", run.wait_for("A sweep is running", 5))
    done = run.wait_for("The sweep is done", patience + 2 * count // int(rate))
    say("done", done)
    say("totals", "%d answered, %d silent, %d refused" % totals(count) in run.text())
    run.keys("P")
    run.wait_for(f"asked [0-9]+ of {count}", patience)
    run.keys("\x03")
    say("stopped", run.wait_for(r"Stopped: \d+ of \d+ are not asked", 5))
    run.keys("\x03" if run.wait_for("The sweep was stopped", 15) else "")
    run.keys(":quit\r")
    say("left", run.wait_end(10) is not None)
    run.stop()


if __name__ == "__main__":
    if sys.argv[1] == "ports":
        print(*(free_ports() or []))
    else:
        globals()[sys.argv[1]](*sys.argv[2:])
