#!/usr/bin/env python3
"""What phones.sh needs of the phones' own controls.

  phones.py hold DIR PORT                baresip's control connection (it has one at a time) of 127.0.0.1:PORT:
                                         its events go to DIR/events, a line of JSON each with its time in
                                         seconds (monotonic); commands come by the socket DIR/line; says "held"
  phones.py tell DIR COMMAND [PARAMS]    one command by that socket; prints the answer
  phones.py invite URI HOST:PORT [S]     a call that rings: INVITE, and CANCEL S seconds (1) after the first
                                         answer; prints each status line
"""
import json, random, re, select, socket, sys, time

ANSI = re.compile(r"\x1b\[[0-9;]*m")


def netstring(value):
    data = json.dumps(value).encode()
    return b"%d:%s," % (len(data), data)


def split(buffer):
    """Whole netstrings of the buffer as values, and what is left of it."""
    values = []
    while True:
        head, colon, rest = buffer.partition(b":")
        if not colon or len(rest) <= int(head):
            return values, buffer
        values.append(json.loads(rest[:int(head)]))
        buffer = rest[int(head) + 1:]


def hold(where, port):
    end = time.monotonic() + 20
    while True:
        try:
            phone = socket.create_connection(("127.0.0.1", port))
            break
        except OSError:
            if time.monotonic() > end:
                sys.exit("no control at 127.0.0.1:%d" % port)
            time.sleep(0.05)
    line = socket.socket(socket.AF_UNIX)
    line.bind(where + "/line")
    line.listen(8)
    waiting, buffer = {}, b""
    print("held", flush=True)
    with open(where + "/events", "a", buffering=1) as events:
        while True:
            for ready in select.select([phone, line], [], [])[0]:
                if ready is line:
                    asker, _ = line.accept()
                    command, params = json.loads(asker.makefile().readline())
                    token = "%x" % random.getrandbits(60)
                    waiting[token] = asker
                    phone.sendall(netstring({"command": command, "params": params, "token": token}))
                    continue
                data = phone.recv(65536)
                if not data:
                    return
                values, buffer = split(buffer + data)
                for value in values:
                    if value.get("token") in waiting:
                        asker = waiting.pop(value["token"])
                        try:
                            asker.sendall(json.dumps(value).encode())
                        except OSError:
                            pass
                        asker.close()
                    elif value.get("event"):
                        events.write(json.dumps({"t": round(time.monotonic(), 3), **value}) + "\n")


def tell(where, command, params=""):
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(5)
    s.connect(where + "/line")
    s.sendall(json.dumps([command, params]).encode() + b"\n")
    answer = b""
    while chunk := s.recv(65536):
        answer += chunk
    value = json.loads(answer)
    print(ANSI.sub("", value.get("data") or "").strip())
    return 0 if value.get("ok") else 1


SDP = ("v=0\r\no=- 1 1 IN IP4 {0}\r\ns=-\r\nc=IN IP4 {0}\r\nt=0 0\r\nm=audio 9 RTP/AVP 0 8\r\n")


def invite(uri, to, seconds="1"):
    host, _, port = to.rpartition(":")
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.connect((host, int(port)))
    me, mine = s.getsockname()
    token = "%x" % random.getrandbits(48)
    sdp = SDP.format(me)

    def request(method, *more):
        return "\r\n".join([
            "%s %s SIP/2.0" % (method, uri),
            "Via: SIP/2.0/UDP %s:%d;branch=z9hG4bK%s;rport" % (me, mine, token), "Max-Forwards: 70",
            "From: <sip:test@%s>;tag=%s" % (me, token), "To: <%s>" % uri, "Call-ID: %s@%s" % (token, me),
            "CSeq: 1 " + method, *more]).encode()

    s.send(request("INVITE", "Contact: <sip:test@%s:%d>" % (me, mine), "Content-Type: application/sdp",
                   "Content-Length: %d" % len(sdp), "", sdp))
    cancel_at, end = None, time.monotonic() + 15
    while time.monotonic() < end:
        s.settimeout(max(0.01, (cancel_at or end) - time.monotonic()))
        try:
            reply = s.recv(65535).decode()
        except (TimeoutError, ConnectionError):
            if cancel_at and time.monotonic() >= cancel_at:
                s.send(request("CANCEL", "Content-Length: 0", "", ""))
                cancel_at = None
            continue
        print(reply.split("\r\n")[0].removeprefix("SIP/2.0 "), flush=True)
        if "CSeq: 1 INVITE" not in reply:
            continue
        if not reply.startswith("SIP/2.0 1"):
            tag = re.search(r"(?im)^to:.*?;tag=([^;\s]+)", reply)
            s.send(request("ACK", "Content-Length: 0", "", "").replace(
                b"\r\nTo: <%s>" % uri.encode(), b"\r\nTo: <%s>;tag=%s" % (uri.encode(), tag[1].encode())))
            return 0
        cancel_at = cancel_at or time.monotonic() + float(seconds)
    return 1


if __name__ == "__main__":
    verb, rest = sys.argv[1], sys.argv[2:]
    if verb == "hold":
        hold(rest[0], int(rest[1]))
    else:
        sys.exit({"tell": tell, "invite": invite}[verb](*rest))
