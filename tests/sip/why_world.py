"""Phones whose truth is known, for regtop why: `make` writes a location table, `answer` plays them.

Every phone has an address of its own in 127.0.0.0/8. What it does follows from its user's name up
to the first dash: answers, busy, disowns, stranger, silent, push; `gone` has nobody at its port."""
import os
import select
import socket
import sqlite3
import sys
import time

AGENT = "Yealink SIP-T46U 108.86.0.20"
ANSWERS = {"answers": (200, b"OK", AGENT), "busy": (486, b"Busy Here", AGENT),
           "disowns": (404, b"Not Found", AGENT), "stranger": (200, b"OK", "Fritz!OS 7.57"),
           "edge": (200, b"OK", "Edge 1"), "frag": (200, b"OK", AGENT)}
FRAGMENTS = 1472  # more does not arrive at who is called frag
COLUMNS = ("ruid", "username", "domain", "contact", "received", "path", "expires", "callid", "cseq",
           "last_modified", "user_agent", "socket", "methods", "instance")


def rows(port):
    """One list of columns for each binding."""
    now = int(time.time())
    n = 0

    def row(user, host, **other):
        nonlocal n
        n += 1
        r = dict(ruid=f"uloc-{n:x}", username=user, domain="acme.example",
                 contact=f"sip:{user}@{host}:{port}", received=None, path=None, expires=now + 3000,
                 callid=f"call-{n}@{host}", cseq=1, last_modified=now - 600, user_agent=AGENT,
                 socket=None, methods=5087, instance=None)
        r.update(other)
        return [r[c] for c in COLUMNS]

    yield row("answers", "127.1.1.1")
    yield row("busy", "127.1.2.1")
    yield row("disowns", "127.1.3.1")
    yield row("stranger", "127.1.4.1")
    yield row("silent", "127.1.5.1")
    yield row("gone", "127.1.6.1", contact="sip:gone@127.1.6.1:9", last_modified=now - 5)
    yield row("private", "10.11.12.13")
    yield row("push-asleep", "127.1.7.1",
              contact=f"sip:push-asleep@127.1.7.1:{port};pn-provider=acme;pn-prid=SECRET")
    yield row("lapsed", "127.1.8.1", expires=now - 120, last_modified=now - 3720)
    # One device that started anew: the older binding answers no more.
    yield row("twin", "127.1.9.1", contact="sip:silent-old@127.1.9.1:%s" % port,
              instance='"<urn:uuid:00000000-0000-1000-8000-0015651234ab>"',
              last_modified=now - 900, callid="before@127.1.9.1")
    yield row("twin", "127.1.9.2", contact="sip:answers-new@127.1.9.2:%s" % port,
              instance='"<urn:uuid:00000000-0000-1000-8000-0015651234ab>"',
              last_modified=now - 60, callid="after@127.1.9.2")
    # What calls go to is no address but a name.
    yield row("answers-name", "phone.name.example")
    yield row("silent-name", "no-such-host.invalid-tld-of-ours")
    # An edge in between.
    yield row("answers-behind-edge", "127.1.10.2", path=f"<sip:edge@127.1.10.1:{port};lr>")
    # Large messages do not arrive here.
    yield row("frag", "127.1.13.1")
    # Two AoRs of one user, and a telephone number.
    yield row("4930123456", "127.1.11.1", contact=f"sip:answers-number@127.1.11.1:{port}")
    yield row("double", "127.1.12.1", contact=f"sip:answers-double@127.1.12.1:{port}")
    yield row("double", "127.1.12.2", contact=f"sip:answers-double@127.1.12.2:{port}",
              domain="other.example")
    # One office: one source network, one phone that answers, five that do not.
    for i in range(6):
        user = "answers-office" if i == 5 else f"silent-office-{i}"
        yield row(user, f"127.2.1.{i + 1}")


def make(path, port):
    schema = os.path.join(os.environ["TOP_SRCDIR"], "tests", "registrars", "location-9.sql")
    db = sqlite3.connect(path)
    with open(schema, encoding="ascii") as f:
        db.executescript(f.read())
    db.executemany(f"INSERT INTO location ({','.join(COLUMNS)})"
                   f" VALUES ({','.join('?' * len(COLUMNS))})", rows(port))
    db.commit()


def reply(request, code, reason, agent):
    lines = request.split(b"\r\n")
    keep = [x for x in lines if x[:4] in (b"Via:", b"From", b"Call", b"CSeq")]
    to = next(x for x in lines if x[:3] == b"To:")
    return b"\r\n".join([b"SIP/2.0 %d %s" % (code, reason), *keep, to + b";tag=p",
                         b"User-Agent: " + agent.encode(), b"Content-Length: 0", b"", b""])


def answer_of(kind, request):
    """What comes back, or None. A quiet INVITE asks for what no phone can do (RFC 3261 8.2.2.3)."""
    if kind not in ANSWERS or (kind == "frag" and len(request) > FRAGMENTS):
        return None
    if request.startswith(b"OPTIONS"):
        return reply(request, *ANSWERS[kind])
    if request.startswith(b"INVITE"):
        return reply(request, 420, b"Bad Extension", ANSWERS[kind][2])
    return None


def answer(port):
    """All phones of a port; each request names its phone, and is answered from where it went."""
    hosts = {}
    for r in rows(port):
        c = dict(zip(COLUMNS, r))
        for uri in (c["contact"], (c["path"] or "").strip("<>")):
            host = uri.rpartition("@")[2].split(";")[0].rsplit(":", 1)[0]
            if host.startswith("127."):
                hosts[host] = True
    hosts["127.0.0.1"] = True
    sockets = []
    for host in hosts:
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.bind((host, int(port)))
        sockets.append(s)
    print("ready", flush=True)
    while os.getppid() != 1:
        for s in select.select(sockets, [], [], 1)[0]:
            request, peer = s.recvfrom(4096)
            uri = request.split(b" ", 2)[1].decode("latin-1")
            if s.getsockname()[0] == "127.1.10.1":
                kind = "edge"
            else:
                kind = uri[len("sip:"):].split("@")[0].split("-")[0]
            print(uri, flush=True)
            text = answer_of(kind, request)
            if text:
                s.sendto(text, peer)


def office(registrar):
    """Phones of an own registrar: they register, one by one, and then answer as they are called."""
    names = ["answers", "busy", "silent", "stranger", "gone", "answers-old", "answers-new"]
    phones = {}
    for i, name in enumerate(names):
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.bind(("127.0.0.1", 0))
        s.settimeout(5)
        user = "twin" if name in ("answers-old", "answers-new") else name
        port = s.getsockname()[1]
        instance = ';+sip.instance="<urn:uuid:0000-1>"' if user == "twin" else ""
        s.sendto("\r\n".join([
            "REGISTER sip:127.0.0.1 SIP/2.0",
            f"Via: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bK{i};rport",
            "Max-Forwards: 70", f"From: <sip:{user}@acme.example>;tag={i}",
            f"To: <sip:{user}@acme.example>", f"Call-ID: office-{i}", "CSeq: 1 REGISTER",
            f"Contact: <sip:{name}@127.0.0.1:{port}>{instance}", "Expires: 600",
            f"User-Agent: {AGENT}", "Content-Length: 0", "", ""]).encode(),
            ("127.0.0.1", int(registrar)))
        answer = s.recv(4096)
        assert answer.startswith(b"SIP/2.0 200"), answer
        s.settimeout(None)
        # The twin's former self and the one that is gone leave nobody at their ports.
        if name in ("gone", "answers-old"):
            s.close()
            time.sleep(1.1)
        else:
            phones[s] = name
    print("ready", flush=True)
    while os.getppid() != 1:
        for s in select.select(list(phones), [], [], 1)[0]:
            request, peer = s.recvfrom(4096)
            kind = phones[s].split("-")[0]
            text = answer_of(kind, request)
            if text:
                s.sendto(text, peer)


def screen(path):
    """The workup of one phone of the office in the inspector: alone, with its neighbours, stopped."""
    sys.path.insert(0, os.path.join(os.environ["TOP_SRCDIR"], "tests", "tty"))
    from drive import Run, say  # pylint: disable=import-outside-toplevel
    run = Run([os.environ["REGTOP"], "-s", path, "silent-office-2"])
    say("loaded", run.wait_for("silent-o"))
    run.keys("w")
    say("asking", run.wait_for("Why silent-office-2@acme.example at .*: asking"))
    say("alone", run.wait_for("no sign of life", 20))
    run.keys("a")
    say("neighbours", run.wait_for("of 6 questions answered", 20))
    say("group", run.wait_for("5 of 6 asked phones from 127.2.1.0/24", 30))
    say("title", "Why silent-office-2@acme.example: phones of its site are silent" in run.text())
    run.keys("t")
    say("ticket", run.wait_for("redacted for a ticket, is in"))
    run.keys("w")
    run.wait_for(": asking")
    run.keys("\x03")
    say("stopped", run.wait_for("Stopped: this is what was found", 5))
    run.keys("q:quit\r")
    say("left", run.wait_end(10) is not None)
    run.stop()


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
