#!/usr/bin/env python3
"""Phones that answer what no phone should: `hostile_phones.py DATABASE` writes a location table that leads
to them, and plays them until it is stopped. The user's name is what each does to OPTIONS and to INVITE."""
import os
import re
import selectors
import socket
import sqlite3
import sys
import time

COPIES = 3000  # of a storm


def header(text, name):
    m = re.search(rf"^{name}: *(.*?)\r$", text, re.M | re.I)
    return m.group(1) if m else ""


def answer(request, line, tag="t", more="", contact=None, body=""):
    to = header(request, "To")
    if contact is None:  # its own, which stands in the first line of what it is asked
        contact = "<sip:phone@%s>" % re.search(r"127\.0\.0\.1:\d+", request).group(0)
    if tag and "tag=" not in to:
        to += f";tag={tag}"
    return (f"SIP/2.0 {line}\r\nVia: {header(request, 'Via')}\r\nFrom: {header(request, 'From')}\r\n"
            f"To: {to}\r\nCall-ID: {header(request, 'Call-ID')}\r\nCSeq: {header(request, 'CSeq')}\r\n"
            + (f"Contact: {contact}\r\n" if contact else "")
            + f"{more}Content-Length: {len(body)}\r\n\r\n{body}")


def twisted(pattern, new):
    def play(r):
        yield re.sub(pattern, new, answer(r, "200 OK"), count=1, flags=re.M)
    return play


def storm(r):
    for i in range(COPIES):
        yield answer(r, ("100 Trying", "180 Ringing", "183 Session Progress", "199 Odd")[i % 4], f"t{i % 50}")


def copies(r):
    for _ in range(COPIES):
        yield answer(r, "200 OK")


def forks(r):
    for i in range(500):
        yield answer(r, "200 OK", f"t{i}")


def rubbish(r):
    yield "SIP/2.0 200"
    yield "SIP/2.0 200 OK\r\n\r\n"
    yield "\0" * 2000
    yield answer(r, "99999 Odd")
    yield answer(r, "0 Odd")
    yield answer(r, "2OO OK")


def challenges(r):
    yield answer(r, "401 Unauthorized", "t",
                 'WWW-Authenticate: Digest realm="' + "r" * 9000 + '", nonce="\x1b[2J", algorithm=odd\r\n'
                 'WWW-Authenticate: Digest\r\nWWW-Authenticate: ,,,="\r\n')


PHONES = {
    # the answer is good, though odd: it counts
    "huge": lambda r: [answer(r, "200 " + "O" * 30000, more="X: " + "x" * 20000 + "\r\n")],
    "nul": lambda r: [answer(r, "200 O\0K", more="User-Agent: a\0b\x1b]0;owned\x07\r\n")],
    "notag": lambda r: [answer(r, "200 OK", tag="")],
    "nocontact": lambda r: [answer(r, "200 OK", contact="")],
    "badcontact": lambda r: [answer(r, "200 OK", contact="<tel:+49;x=\"<sip:@@::>")],
    "copies": copies,
    "forks": forks,
    "routes": lambda r: [answer(r, "200 OK", more="Record-Route: <sip:127.0.0.1:9;lr>\r\n" * 900)],
    "challenges": challenges,
    "moved": lambda r: [answer(r, "302 Moved", contact=", ".join(f"<sip:m{i}@127.0.0.1:9>" for i in range(800)))],
    # none of these is an answer to what was asked
    "cseq": twisted(r"^CSeq: \d+", "CSeq: 77"),
    "method": twisted(r"^(CSeq: \d+) .*?\r", r"\1 BYE\r"),
    "branch": twisted(r"branch=z9hG4bK", "branch=z9hG4bKx"),
    "callid": twisted(r"^Call-ID: ", "Call-ID: x"),
    "fromtag": twisted(r"^(From: .*?tag=)", r"\1x"),
    "rubbish": rubbish,
    # nor does this ever become one
    "storm": storm,
}


def make_table(path, ports):
    db = sqlite3.connect(path)
    with open(os.path.join(os.environ["TOP_SRCDIR"], "tests/registrars/location-9.sql"), encoding="ascii") as f:
        db.executescript(f.read())
    now = int(time.time())
    for n, (user, port) in enumerate(ports.items()):
        db.execute("INSERT INTO location (ruid, username, domain, contact, expires, callid, cseq, last_modified,"
                   " user_agent) VALUES (?, ?, 'acme.example', ?, ?, ?, 1, ?, 'Hostile/1')",
                   (f"uloc-{n}", user, f"sip:{user}@127.0.0.1:{port}", now + 3000, f"{n}@test", now - 60))
    db.commit()


def main():
    sel, ports = selectors.DefaultSelector(), {}
    for user in PHONES:
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.bind(("127.0.0.1", 0))
        ports[user] = sock.getsockname()[1]
        sel.register(sock, selectors.EVENT_READ, user)
    make_table(sys.argv[1], ports)
    print("plays", *PHONES)
    print("ready", flush=True)
    while True:
        for key, _ in sel.select():
            data, peer = key.fileobj.recvfrom(65535)
            request = data.decode(errors="replace")
            method = request.split(" ", 1)[0]
            print(key.data, method, flush=True)
            if method in ("OPTIONS", "INVITE"):
                play = PHONES[key.data](request)
            elif method in ("CANCEL", "BYE"):
                play = [answer(request, "200 OK")]
                # Who takes a CANCEL ends its INVITE, but a storm never ends.
            else:
                play = []
            for text in play:
                key.fileobj.sendto(text.encode("latin-1", "replace")[:65000], peer)


main()
