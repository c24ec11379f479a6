#!/usr/bin/env python3
"""A phone for the tests, on loopback only, or in a network namespace.

  phone.py register USER REGISTRAR [key=value ...]   one REGISTER; exit 0 when it was accepted
  phone.py stay     USER REGISTRAR [key=value ...]   REGISTER, say "ready", answer requests
  phone.py rpc      SOCKET METHOD [PARAMETER as JSON ...] one JSON-RPC call, prints the answer
REGISTRAR: a port of 127.0.0.1, or ADDRESS:PORT
keys: host, port (own), contact (* for all), params (of the Contact), headers (separated by |), callid, cseq, expires,
      domain, agent, code (answer to requests; 0: none)
"""
import json, os, random, re, socket, sys


def rpc(path, method, *params):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    s.bind("")
    s.settimeout(20)
    call = {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}
    s.sendto(json.dumps(call).encode(), path)
    return json.loads(s.recv(1 << 20))


def value(text):
    try:
        return json.loads(text)
    except ValueError:
        return text


class Phone:
    def __init__(self, user, registrar, options):
        self.o = dict(host="127.0.0.1", port="0", contact="", params="", headers="", callid="%x@test" % random.getrandbits(48),
                      cseq="1", expires="600", domain="127.0.0.1", agent="testphone/1", code="200")
        self.o.update(p.split("=", 1) for p in options)
        address, _, registrar = registrar.rpartition(":")
        self.user, self.registrar = user, (address or "127.0.0.1", int(registrar))
        self.s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.host = self.o["host"]
        self.s.bind((self.host, int(self.o["port"])))
        self.port = self.s.getsockname()[1]

    def register(self):
        o, token = self.o, "%x" % random.getrandbits(40)
        contact = o["contact"] or "sip:%s@%s:%d" % (self.user, self.host, self.port)
        contact = contact if contact == "*" else "<%s>%s" % (contact, o["params"])
        lines = ["REGISTER sip:%s SIP/2.0" % o["domain"],
                 "Via: SIP/2.0/UDP %s:%d;branch=z9hG4bK%s;rport" % (self.host, self.port, token),
                 "Max-Forwards: 70",
                 "From: <sip:%s@%s>;tag=%s" % (self.user, o["domain"], token),
                 "To: <sip:%s@%s>" % (self.user, o["domain"]),
                 "Call-ID: " + o["callid"], "CSeq: %s REGISTER" % o["cseq"],
                 "Contact: " + contact, "Expires: " + o["expires"],
                 "User-Agent: " + o["agent"]]
        lines += [h for h in o["headers"].split("|") if h] + ["Content-Length: 0", "", ""]
        for _ in range(3):
            # Bytes of the command line go out as they are, whatever their encoding.
            self.s.sendto(os.fsencode("\r\n".join(lines)), self.registrar)
            self.s.settimeout(2)
            try:
                reply = self.s.recv(65535).decode("utf-8", "replace")
            except TimeoutError:
                continue
            return reply.startswith("SIP/2.0 200")
        return False

    def serve(self):
        self.s.settimeout(None)
        while True:
            data, sender = self.s.recvfrom(65535)
            text = data.decode("utf-8", "replace")
            method = text.split(" ", 1)[0]
            if method in ("SIP/2.0", "ACK") or self.o["code"] == "0":
                continue
            kept = [l for l in text.split("\r\n\r\n")[0].split("\r\n")[1:]
                    if re.match(r"(?i)(via|from|call-id|cseq|record-route):", l)]
            to = next(l for l in text.split("\r\n") if l.lower().startswith("to:"))
            if ";tag=" not in to:
                to += ";tag=%x" % random.getrandbits(30)
            lines = ["SIP/2.0 %s Test" % self.o["code"], *kept, to, "User-Agent: " + self.o["agent"],
                     "Content-Length: 0", "", ""]
            self.s.sendto("\r\n".join(lines).encode(), sender)


def main():
    if sys.argv[1] == "rpc":
        print(json.dumps(rpc(sys.argv[2], sys.argv[3], *[value(a) for a in sys.argv[4:]])))
        return
    phone = Phone(sys.argv[2], sys.argv[3], sys.argv[4:])
    if not phone.register():
        sys.exit(1)
    if sys.argv[1] == "stay":
        print("ready", flush=True)
        phone.serve()


if __name__ == "__main__":
    main()
