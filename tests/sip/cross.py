#!/usr/bin/env python3
"""A slow wire to a phone: what the caller sends passes at once, but a CANCEL only when the phone has answered.

usage: cross.py PORT-FILE ADDRESS:PORT
Says "held" when a CANCEL waits, and "crossed" when it meets the phone's 200 on the way.
"""
import os
import select
import socket
import sys

host, port = sys.argv[2].rsplit(":", 1)
caller_side = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
caller_side.bind(("127.0.0.1", 0))
phone_side = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
phone_side.connect((host, int(port)))
with open(sys.argv[1] + ".new", "w") as f:
    f.write(str(caller_side.getsockname()[1]))
os.rename(sys.argv[1] + ".new", sys.argv[1])

caller, held, answered = None, [], False
while True:
    for ready in select.select([caller_side, phone_side], [], [])[0]:
        if ready is caller_side:
            data, caller = caller_side.recvfrom(65535)
            if data.startswith(b"CANCEL ") and not answered:
                held.append(data)
                print("held", flush=True)
            else:
                phone_side.send(data)
            continue
        data = phone_side.recv(65535)
        caller_side.sendto(data, caller)
        if data.startswith(b"SIP/2.0 200") and b" INVITE\r\n" in data and not answered:
            answered = True
            for cancel in held:
                phone_side.send(cancel)
            print("crossed", len(held), flush=True)
