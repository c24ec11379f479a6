#!/usr/bin/env python3
"""A phone that behaves as its character says, for one call; prints what it got and what it thinks of it.

usage: call_phone.py PORT-FILE CHARACTER
  challenge   401 with SHA-256 and with MD5, busy for who has the right credentials (ops, secret)
  forks       two phones ring, two answer
  repeats     answers, and repeats its 200 until three ACKs came
  late        says nothing for 1.2 s, then rings
  silent      says nothing at all, until a CANCEL comes
  waits       says nothing at all
  deaf        rings, and takes no CANCEL's notice but answers the INVITE behind it
  hostile     answers with everything that no phone should send, then is busy
"""
import hashlib
import re
import socket
import sys
import time

sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.bind(("127.0.0.1", 0))
sock.settimeout(15)


def said(*words):
    print(*words, flush=True)


def header(text, name):
    m = re.search(rf"^{name}: *(.*?)\r$", text, re.M | re.I)
    return m.group(1) if m else ""


def take(*methods):
    """The next request of one of these methods; others are logged and passed over."""
    while True:
        data, peer = sock.recvfrom(65535)
        text = data.decode(errors="replace")
        method = text.split(" ", 1)[0]
        tag = re.search(r"tag=(\S+)", header(text, "To"))
        said("got", method, tag.group(1) if tag else "-", header(text, "CSeq").split()[0])
        if method in methods:
            return text, peer


def answer(request, peer, line, tag="", more="", twist=None):
    to = header(request, "To")
    if tag and "tag=" not in to:
        to += f";tag={tag}"
    text = (f"SIP/2.0 {line}\r\nVia: {header(request, 'Via')}\r\nFrom: {header(request, 'From')}\r\n"
            f"To: {to}\r\nCall-ID: {header(request, 'Call-ID')}\r\nCSeq: {header(request, 'CSeq')}\r\n"
            f"Contact: <sip:phone@127.0.0.1:{sock.getsockname()[1]}>\r\n{more}Content-Length: 0\r\n\r\n")
    if twist:
        text = twist(text)
    sock.sendto(text.encode(), peer)


def bye_and_ack(tags):
    """Until every tag had its ACK and its BYE, each BYE answered."""
    owed = {(method, tag) for method in ("ACK", "BYE") for tag in tags}
    while owed:
        text, peer = take("ACK", "BYE")
        owed.discard((text.split(" ", 1)[0], re.search(r"tag=(\S+)", header(text, "To")).group(1)))
        if text.startswith("BYE"):
            answer(text, peer, "200 OK")
    said("nothing is open")


def challenge():
    invite, peer = take("INVITE")
    answer(invite, peer, "401 Unauthorized", "p",
           'WWW-Authenticate: Digest realm="acme", nonce="abc", algorithm=SHA-256, qop="auth"\r\n'
           'WWW-Authenticate: Digest realm="acme", nonce="abc", algorithm=MD5\r\n')
    take("ACK")
    invite, peer = take("INVITE")
    given = dict(re.findall(r'(\w+)="?([^",]*)', header(invite, "Authorization")))
    sha = lambda *parts: hashlib.sha256(":".join(parts).encode()).hexdigest()
    wanted = sha(sha("ops", "acme", "secret"), "abc", given.get("nc", ""), given.get("cnonce", ""), "auth",
                 sha("INVITE", invite.split(" ")[1]))
    said("credentials", "right" if given.get("response") == wanted else "wrong")
    answer(invite, peer, "486 Busy Here", "t")
    take("ACK")


def forks():
    invite, peer = take("INVITE")
    for line in ("180 Ringing", "200 OK"):
        for tag in ("one", "two"):
            answer(invite, peer, line, tag)
    bye_and_ack(("one", "two"))


def repeats():
    invite, phone_of = take("INVITE")
    answer(invite, phone_of, "200 OK", "t")
    acks = ended = 0
    while acks < 3 or not ended:
        text, peer = take("ACK", "BYE")
        if text.startswith("BYE"):
            answer(text, peer, "200 OK")
            ended = 1
            continue
        acks += 1
        if acks < 3:
            answer(invite, phone_of, "200 OK", "t")
    said("nothing is open")


def late():
    invite, peer = take("INVITE")
    time.sleep(1.2)
    answer(invite, peer, "180 Ringing", "t")
    cancel, peer = take("CANCEL")
    answer(cancel, peer, "200 OK", "t")
    answer(invite, peer, "487 Request Terminated", "t")
    take("ACK")
    said("nothing is open")


def silent():
    take("INVITE")
    take("CANCEL")


def waits():
    take("INVITE")


def deaf():
    invite, peer = take("INVITE")
    answer(invite, peer, "180 Ringing", "t")
    take("CANCEL")
    answer(invite, peer, "200 OK", "t")
    bye_and_ack(("t",))


def hostile():
    invite, peer = take("INVITE")
    ok = "200 OK"
    answer(invite, peer, ok, "t", twist=lambda s: s.replace(";tag=", ";tag=x", 1))
    answer(invite, peer, ok, "t", twist=lambda s: s.replace("branch=z9hG4bK", "branch=z9hG4bKx"))
    answer(invite, peer, ok, "t", twist=lambda s: s.replace("Call-ID: ", "Call-ID: x"))
    for name in ("Via", "From", "To", "Call-ID", "CSeq"):
        answer(invite, peer, ok, "t", twist=lambda s, n=name: re.sub(rf"{n}: .*?\r\n", "", s))
    answer(invite, peer, ok, "t", "X-Huge: " + "x" * 60000 + "\r\n")
    answer(invite, peer, ok, "t", "X: y\r\n" * 5000)
    answer(invite, peer, "999 Odd", "t")
    answer(invite, peer, "-1 Odd", "t")
    sock.sendto(b"SIP/2.0 200", peer)
    sock.sendto(bytes(range(256)) * 16, peer)
    answer(invite, peer, "486 Busy \x1b[31mHere", "t", "Warning: 399 h \"\x1b]0;x\x07\"\r\n")
    take("ACK")
    said("nothing is open")


with open(sys.argv[1], "w") as f:
    f.write(str(sock.getsockname()[1]))
try:
    globals()[sys.argv[2]]()
    sock.settimeout(0.8)
    take()
except TimeoutError:
    said("quiet")
