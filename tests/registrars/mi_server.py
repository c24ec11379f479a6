#!/usr/bin/env python3
"""A registrar's management interface for the tests, that behaves as OpenSIPS 3.4's was seen to.

usage: mi_server.py DIR UDP_PORT HTTP_PORT

It keeps bindings in memory and serves them by JSON-RPC: on DIR/mi.sock (datagrams; long answers
become "500 Internal error"), UDP_PORT (the same), HTTP_PORT (/mi, one request at a time), DIR/fifo
(":reply:{json}", the reply FIFO in DIR). It sends OPTIONS for t_uac_dlg, and E_UL_CONTACT_* to who
subscribed. Everything is on loopback. The tests tell it what to do by further methods:

  test_add AOR CONTACT [EXPIRES [ID]]   a phone registers, or refreshes what has this contact
  test_fill N                     N phones
  test_slow SECONDS               every answer comes so late
  test_cut BYTES                  answers end after so many (0: as they are)
  test_deaf NAME ON               NAME (events, rm) is not served: no events; "OK" without removal
  test_race AOR                   AOR registers again after the next ul_dump
  test_calls                      the methods that were called, in order
"""
import http.server
import json
import os
import socket
import sys
import threading
import time

DATAGRAM_MAX = 65457
DELETED = "deleted"


class Fault(Exception):
    def __init__(self, code, words):
        self.code, self.words = code, words


class Registrar:
    """The bindings, and the commands on them."""

    def __init__(self):
        self.lock = threading.RLock()
        self.began, self.clock_off = time.monotonic(), 0
        self.aors = {}
        self.next_id = 932456229098241408
        self.subscribers = {}
        self.slow, self.cut, self.deaf, self.calls, self.race = 0.0, 0, set(), [], None
        self.sip = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sip.bind(("127.0.0.1", 0))
        self.sip_port = self.sip.getsockname()[1]
        self.transactions = {}
        threading.Thread(target=self.receive_sip, daemon=True).start()

    # ---- bindings --------------------------------------------------------------------------------

    def tell(self, what, aor, uri):
        event = {"jsonrpc": "2.0", "method": "E_UL_CONTACT_" + what,
                 "params": {"domain": "location", "aor": aor, "uri": uri, "path": None, "qval": -1}}
        end = self.subscribers.get("E_UL_CONTACT_" + what)
        if "events" in self.deaf:
            return
        for host, port, until in end or []:
            if until > time.monotonic():
                # Each of OpenSIPS's processes sends from a port of its own.
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
                    s.sendto(json.dumps(event).encode(), (host, port))

    def contacts(self, table, aor):
        if table != "location":
            raise Fault(404, "Table not found")
        if aor not in self.aors:
            raise Fault(404, "AOR not found")
        return self.aors[aor]

    def shown(self, aor):
        now, out = time.time(), []
        for c in self.aors[aor]:
            c = dict(c)
            until = c.pop("until")
            c["Expires"] = until if isinstance(until, str) else int(until - now) if until > now else "expired"
            out.append(c)
        return {"AOR": aor, "Contacts": out}

    def test_add(self, aor, contact, expires=600, number=None):
        known = [c for c in self.aors.setdefault(aor, []) if c["Contact"] == contact and not number]
        if known:
            c = known[0]
            c["Cseq"] += 1
        else:
            self.next_id += 1
            c = {"Contact": contact, "ContactID": str(number or self.next_id), "Q": "", "Callid": "call@" + aor,
                 "Cseq": 1, "User-agent": "testphone/1", "State": "CS_SYNC", "Flags": 0, "Cflags": "",
                 "Socket": "udp:127.0.0.1:%d" % self.sip_port, "Methods": 303}
            self.aors[aor].append(c)
        c["until"] = time.time() + expires if expires else "permanent"
        self.tell("UPDATE" if known else "INSERT", aor, contact)
        return "OK"

    def test_fill(self, count):
        """Tells nobody: that would take seconds."""
        deaf, self.deaf = self.deaf, self.deaf | {"events"}
        for i in range(count):
            self.test_add("phone%d" % i, "sip:phone%d@127.0.0.1:%d" % (i, 20000 + i % 10000))
        self.deaf = deaf
        return "OK"

    def get_statistics(self, statistics):
        count = sum(len(c) for c in self.aors.values())
        return {"usrloc:registered_users": len(self.aors), "usrloc:location-users": len(self.aors),
                "usrloc:location-contacts": count, "usrloc:location-expires": 0,
                "registrar:accepted_regs": count}

    def ul_dump(self, brief=0):
        aors = [{"AOR": a} if brief else self.shown(a) for a in self.aors]
        for c in self.aors.get(self.race, []):
            # The answer is made; now the phone registers again, and nobody hears of it.
            c["Cseq"] += 1
        self.race = None
        return {"Domains": [{"name": "location", "hash_size": 512, "AORs": aors}]}

    def ul_show_contact(self, table_name, aor):
        self.contacts(table_name, aor)
        return self.shown(aor)

    def ul_rm_contact(self, table_name, aor, contact):
        """Compares URIs, and takes the first; parameters that only one has do not count."""
        bare = lambda uri: uri.split(";")[0].lower()
        for c in self.contacts(table_name, aor):
            if bare(c["Contact"]) == bare(contact):
                if "rm" not in self.deaf:
                    self.aors[aor].remove(c)
                    if not self.aors[aor]:
                        del self.aors[aor]
                    self.tell("DELETE", aor, contact)
                return "OK"
        raise Fault(404, "Contact not found")

    def ul_rm(self, table_name, aor):
        for c in self.contacts(table_name, aor):
            self.tell("DELETE", aor, c["Contact"])
        del self.aors[aor]
        return "OK"

    def version(self):
        return {"Server": "OpenSIPS (3.4.18 (x86_64/linux))"}

    def uptime(self):
        up, now = int(time.monotonic() - self.began), time.time() + self.clock_off
        return {"Now": time.ctime(now), "Up since": time.ctime(now - up), "Up time": "%d [sec]" % up}

    def event_subscribe(self, event, socket, expire=3600):
        kind, host, port = socket.split(":")
        if kind != "udp" or not event.startswith("E_UL_CONTACT_") or host != "127.0.0.1":
            raise Fault(400, "Bad parameter value")
        self.subscribers.setdefault(event, []).append((host, int(port), time.monotonic() + expire))
        return "OK"

    # ---- what the tests want ---------------------------------------------------------------------

    def test_slow(self, seconds):
        self.slow = seconds
        return "OK"

    def test_clock(self, off):
        self.clock_off = off
        return "OK"

    def test_cut(self, size):
        self.cut = size
        return "OK"

    def test_deaf(self, name, on):
        (self.deaf.add if on else self.deaf.discard)(name)
        return "OK"

    def test_race(self, aor):
        self.race = aor
        return "OK"

    def test_calls(self):
        return self.calls

    # ---- requests of its own ---------------------------------------------------------------------

    def receive_sip(self):
        while True:
            text = self.sip.recv(65535).decode("utf-8", "replace")
            status, _, rest = text.partition("\r\n")
            branch = rest.partition("branch=")[2].partition("\r")[0].partition(";")[0]
            answered = self.transactions.pop(branch, None)
            if answered:
                answered({"Status": status.partition(" ")[2], "Message": rest})

    def t_uac_dlg(self, reply, method, ruri, headers, next_hop=None, socket=None, body=""):
        """Asynchronous: reply is called when a phone answers, or after three seconds."""
        if socket not in (None, "udp:127.0.0.1:%d" % self.sip_port):
            raise Fault(404, "Local socket not found")
        if "\nFrom:" not in "\n" + headers or "\nTo:" not in "\n" + headers:
            raise Fault(400, "From missing")
        host, _, port = (next_hop or ruri).split(";")[0].rpartition("@")[2].replace("sip:", "").partition(":")
        branch = "z9hG4bK" + os.urandom(8).hex()
        request = ("%s %s SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:%d;branch=%s\r\n%sCall-ID: %s\r\nCSeq: 10 %s\r\n"
                   "Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n" % (
                       method, ruri, self.sip_port, branch, headers, branch, method))
        self.transactions[branch] = reply
        if host.startswith("127."):
            self.sip.sendto(request.encode(), (host, int(port or 5060)))

        def give_up():
            if self.transactions.pop(branch, None):
                reply({"Status": "408 Request Timeout"})
        threading.Timer(3, give_up).start()


class Server:
    """Requests of all transports to the registrar, and answers back."""

    def __init__(self, registrar):
        self.registrar = registrar

    def call(self, text, send):
        r = self.registrar
        try:
            doc = json.loads(text)
        except ValueError:
            return
        method, params, number = doc["method"], doc.get("params", []), doc.get("id")

        def answer(member, value):
            out = json.dumps({"jsonrpc": "2.0", member: value, "id": number}).encode()
            if r.slow and not method.startswith("test_"):
                time.sleep(r.slow)
            send(out[:r.cut] if r.cut and not method.startswith("test_") else out)

        def fault(code, words):
            answer("error", {"code": code, "message": words})

        if not method.startswith("test_"):
            r.calls.append(method)
        function = None if method.startswith("_") else getattr(r, method, None)
        args, names = (params, {}) if isinstance(params, list) else ([], params)
        try:
            if not function:
                fault(-32601, "Method not found")
            elif method == "t_uac_dlg":
                function(lambda result: answer("result", result), *args, **names)
            else:
                with r.lock:
                    result = function(*args, **names)
                answer("result", result)
        except Fault as f:
            fault(f.code, f.words)
        except TypeError:
            fault(-32602, "Invalid params")

    def datagrams(self, s):
        # Answers of a Unix socket come from another one, so a client must not connect() its own.
        out = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) if s.family == socket.AF_UNIX else s

        def send(data, to):
            try:
                out.sendto(data if len(data) <= DATAGRAM_MAX else b"500 Internal error\n", to)
            except OSError:
                pass
        while True:
            text, sender = s.recvfrom(65535)
            threading.Thread(target=self.call, args=(text, lambda d, to=sender: send(d, to)), daemon=True).start()

    def fifo(self, folder):
        fd = os.open(folder + "/fifo", os.O_RDWR)
        with os.fdopen(fd, "rb") as lines:
            for line in lines:
                _, name, text = line.split(b":", 2)
                path = os.path.join(folder, os.path.basename(name.decode()))

                def send(data, to=path):
                    try:
                        with open(to, "wb") as out:
                            out.write(data)
                    except OSError:
                        pass
                threading.Thread(target=self.call, args=(text, send), daemon=True).start()

    def http(self, port):
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                text = self.rfile.read(int(self.headers["Content-Length"]))
                done = threading.Event()

                def send(data):
                    self.send_response(200)
                    self.send_header("Content-Type", "application/json")
                    self.send_header("Content-Length", str(len(data)))
                    self.end_headers()
                    self.wfile.write(data)
                    done.set()
                if self.path == "/mi":
                    server.call(text, send)
                    # As OpenSIPS: nobody else is served until this one has its answer.
                    done.wait(30)
                else:
                    self.send_error(404)

            def log_message(self, *args):
                pass
        http.server.HTTPServer(("127.0.0.1", port), Handler).serve_forever()


def main():
    folder, udp_port, http_port = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    server = Server(Registrar())
    path = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    path.bind(folder + "/mi.sock")
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(("127.0.0.1", udp_port))
    os.mkfifo(folder + "/fifo")
    for target, arg in (server.datagrams, path), (server.datagrams, udp), (server.fifo, folder):
        threading.Thread(target=target, args=(arg,), daemon=True).start()
    server.http(http_port)


if __name__ == "__main__":
    main()
