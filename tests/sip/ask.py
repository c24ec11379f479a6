"""One REGISTER (or any request) to a registrar on loopback, and its answer on stdout.

ask.py [--tcp] [--again] [--method M] [--uri URI] PORT AOR CALL-ID CSEQ [HEADER...]
--again sends the same bytes twice and prints both answers. No answer within 3 s: exit status 1.
"""
import argparse
import socket
import sys

p = argparse.ArgumentParser()
p.add_argument("--tcp", action="store_true")
p.add_argument("--again", action="store_true")
p.add_argument("--method", default="REGISTER")
p.add_argument("--uri")
p.add_argument("port", type=int)
p.add_argument("aor")
p.add_argument("call_id")
p.add_argument("cseq", type=int)
p.add_argument("headers", nargs="*")
a = p.parse_args()

s = socket.socket(socket.AF_INET, socket.SOCK_STREAM if a.tcp else socket.SOCK_DGRAM)
s.bind(("127.0.0.1", 0))
s.connect(("127.0.0.1", a.port))
s.settimeout(3)
host, port = s.getsockname()
uri = a.uri or "sip:" + a.aor.split("@")[1]
lines = [
    f"{a.method} {uri} SIP/2.0",
    f"Via: SIP/2.0/{'TCP' if a.tcp else 'UDP'} {host}:{port};branch=z9hG4bK{a.call_id}{a.cseq}{port};rport",
    "Max-Forwards: 70",
    f"From: <sip:{a.aor}>;tag=1",
    f"To: <sip:{a.aor}>",
    f"Call-ID: {a.call_id}",
    f"CSeq: {a.cseq} {a.method}",
    "User-Agent: ask",
    *a.headers,
    "Content-Length: 0",
]
text = ("\r\n".join(lines) + "\r\n\r\n").encode()
for _ in range(2 if a.again else 1):
    s.send(text)
    try:
        got = s.recv(65535)
        while a.tcp and b"\r\n\r\n" not in got:
            got += s.recv(65535)
    except socket.timeout:
        print("no answer")
        sys.exit(1)
    print(got.decode(errors="replace").replace("\r\n", "\n").rstrip("\n"))
