#!/usr/bin/env python3
"""A phone on loopback that does what its standard input says, a word a line, and says "done" to each.

watch_phone.py REGISTRAR-PORT AOR
  bind HOST        opens a socket there, on a port that the kernel chooses; what was open is closed
  moves HOST       the same, and its Contact stays what it was: as behind a NAT
  register EXPIRES [CALL-ID]   from that socket; says the status line; 0 takes every Contact away
  answers | silent             to OPTIONS, from now on
"""
import select, socket, sys

registrar, aor = int(sys.argv[1]), sys.argv[2]
user, domain = aor.split("@")
sock, contact, cseq, answers = None, None, 0, True


def reply(data, peer):
    head = data.decode(errors="replace").split("\r\n")
    if not answers or not head[0].startswith("OPTIONS "):
        return
    keep = [h for h in head[1:] if h.split(":")[0].lower() in ("via", "from", "call-id", "cseq")]
    keep += [h + ";tag=p" for h in head[1:] if h.lower().startswith("to:")]
    sock.sendto("\r\n".join(["SIP/2.0 200 OK", *keep, "User-Agent: Tapphone 1", "Content-Length: 0", "", ""]).encode(), peer)


def register(expires, call_id="watched"):
    global cseq
    cseq += 1
    host, port = sock.getsockname()
    sock.sendto(("\r\n".join([
        f"REGISTER sip:{domain} SIP/2.0",
        f"Via: SIP/2.0/UDP {host}:{port};branch=z9hG4bK{call_id}{cseq};rport",
        "Max-Forwards: 70", f"From: <sip:{aor}>;tag=1", f"To: <sip:{aor}>", f"Call-ID: {call_id}",
        f"CSeq: {cseq} REGISTER", "Contact: " + (contact if int(expires) else "*"), f"Expires: {expires}",
        "User-Agent: Tapphone 1", "Content-Length: 0", "", ""])).encode(), ("127.0.0.1", registrar))
    while select.select([sock], [], [], 5)[0]:
        data, peer = sock.recvfrom(65535)
        if data.startswith(b"SIP/2.0 "):
            return data.split(b"\r\n")[0].decode()
        reply(data, peer)
    return "no answer"


while True:
    ready = select.select([sys.stdin] + ([sock] if sock else []), [], [])[0]
    if sock in ready:
        reply(*sock.recvfrom(65535))
    if sys.stdin not in ready:
        continue
    words = sys.stdin.readline().split()
    if not words:
        break
    said = "done"
    if words[0] in ("bind", "moves"):
        if sock:
            sock.close()
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.bind((words[1], 0))
        if words[0] == "bind":
            contact = "<sip:%s@%s:%d>" % (user, *sock.getsockname())
    elif words[0] == "register":
        said = register(*words[1:])
    else:
        answers = words[0] == "answers"
    print(said, flush=True)
