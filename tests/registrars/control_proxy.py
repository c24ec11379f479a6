#!/usr/bin/env python3
"""control_proxy.py ctl|fifo PLACE REAL MODE_FILE

Stands at PLACE between regtop and Kamailio's ctl (REAL is its ctl socket) or FIFO (REAL is its
datagram socket; the answers go to PLACE's folder), and makes the trouble that MODE_FILE says at that
moment, "METHOD MODE", to calls of METHOD:
  slow     Kamailio does it; the answer comes after 3 s
  half     Kamailio does it; half of the answer, then a hang-up
  stall    Kamailio does it; half of the answer, then nothing more
  lost     Kamailio does it; a hang-up without an answer
  other    Kamailio does it; the answer is to another request
  rubbish  Kamailio hears nothing; bytes that are no answer
  hangup   Kamailio hears nothing; a hang-up
  silent   Kamailio hears nothing; no answer
Everything else goes through.
"""
import json, os, socket, sys, threading, time
from phone import rpc

kind, place, real, mode_file = sys.argv[1:5]
DEAF = ("rubbish", "hangup", "silent")


def mode_of(method):
    with open(mode_file) as f:
        wanted, mode = (f.read().split() + ["", ""])[:2]
    return mode if method == wanted else ""


def whole(sock):
    """A packet of binrpc, or None at the end of the connection."""
    data = b""
    while True:
        if len(data) >= 2:
            lengths, cookies = (data[1] >> 2 & 3) + 1, (data[1] & 3) + 1
            head = 2 + lengths + cookies
            if len(data) >= head and len(data) >= head + int.from_bytes(data[2:2 + lengths], "big"):
                return data, head
        more = sock.recv(65536)
        if not more:
            return None
        data += more


def method_of(body):
    size = body[0] >> 4 & 7
    at = 1 + size if body[0] & 0x80 else 1
    if body[0] & 0x80:
        size = int.from_bytes(body[1:at], "big")
    return body[at:at + size - 1].decode()


def ask_ctl(data):
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(real)
        s.sendall(data)
        return whole(s)[0]


def serve_ctl(client):
    while True:
        packet = whole(client)
        if not packet:
            return
        data, head = packet
        mode = mode_of(method_of(data[head:]))
        answer = b"this is no binrpc" if mode in DEAF else ask_ctl(data)
        if mode == "other":
            answer = answer[:4] + bytes(b ^ 0xff for b in answer[4:6]) + answer[6:]
        if mode == "slow":
            time.sleep(3)
        if mode in ("half", "stall"):
            answer = answer[:len(answer) // 2]
        if mode not in ("lost", "hangup", "silent"):
            try:
                client.sendall(answer)
            except BrokenPipeError:
                return
        if mode in ("half", "lost", "hangup"):
            client.close()
            return


def run_ctl():
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(place)
    listener.listen(8)
    while True:
        client, _ = listener.accept()
        threading.Thread(target=serve_ctl, args=(client,), daemon=True).start()


def serve_fifo(call):
    mode = mode_of(call["method"])
    answer = b"this is no JSON"
    if mode not in DEAF:
        reply = rpc(real, call["method"], *call.get("params", []))
        reply["id"] = 7 if mode == "other" else call["id"]
        answer = json.dumps(reply).encode()
    if mode == "slow":
        time.sleep(3)
    if mode in ("half", "stall"):
        answer = answer[:len(answer) // 2]
    if mode == "silent":
        return
    try:
        fd = os.open(os.path.join(os.path.dirname(place), call["reply_name"]), os.O_WRONLY | os.O_NONBLOCK)
        if mode not in ("lost", "hangup"):
            os.write(fd, answer)
    except OSError:
        return
    if mode == "stall":
        time.sleep(3)
    os.close(fd)


def run_fifo():
    os.mkfifo(place)
    # Both ends, as Kamailio holds them: else each writer's end would be the end.
    with os.fdopen(os.open(place, os.O_RDWR), "rb", buffering=0) as f:
        rest = b""
        while True:
            rest += f.read(65536)
            while b"\n" in rest:
                line, rest = rest.split(b"\n", 1)
                threading.Thread(target=serve_fifo, args=(json.loads(line),), daemon=True).start()


run_ctl() if kind == "ctl" else run_fifo()
