#!/usr/bin/env python3
"""proxy.py LISTEN_PORT TARGET_PORT MODE_FILE: stands between regtop and a server, on loopback, and
does what the file says at that moment:
  pass      lets everything through
  stall     holds what the server says back
  cut:N     hangs up after N bytes of the server's on a connection
  commit    hangs up when the client has said COMMIT (Redis: EXEC), and the server has heard it
"""
import re, select, socket, sys, threading, time

# The statement itself, as the clients of MySQL, PostgreSQL and Redis send it.
COMMIT = rb"\x03COMMIT|Q\0\0\0.COMMIT\0|\r\nEXEC\r\n"
listen, target, path = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]


def mode():
    with open(path) as f:
        return f.read().strip()


def serve(client):
    server = socket.create_connection(("127.0.0.1", target))
    said = 0
    while True:
        ready, _, _ = select.select([client, server], [], [], 0.1)
        if client in ready:
            data = client.recv(65536)
            if not data:
                break
            server.sendall(data)
            if mode() == "commit" and re.search(COMMIT, data, re.S):
                server.recv(65536)
                break
        if server in ready:
            if mode() == "stall":
                time.sleep(0.05)
                continue
            data = server.recv(65536)
            if not data:
                break
            now = mode()
            if now.startswith("cut:") and said + len(data) > int(now[4:]):
                client.sendall(data[:max(0, int(now[4:]) - said)])
                break
            said += len(data)
            client.sendall(data)
    client.close()
    server.close()


def safely(client):
    try:
        serve(client)
    except OSError:
        client.close()


door = socket.socket()
door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
door.bind(("127.0.0.1", listen))
door.listen(50)
print("ready", flush=True)
while True:
    threading.Thread(target=safely, args=(door.accept()[0],), daemon=True).start()
