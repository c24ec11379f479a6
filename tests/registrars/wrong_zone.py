#!/usr/bin/env python3
"""wrong_zone.py REGTOP URL SOCKET: an inspector that was not told the zone of the table's times asks
Kamailio for one binding, and says so."""

import json, os, pty, select, subprocess, sys, time
regtop, url, sock = sys.argv[1:]
pid, fd = pty.fork()
if pid == 0:
    os.environ.update(TERM="xterm", COLUMNS="132", LINES="30")
    os.execv(regtop, [regtop, "-s", url, "--control", "unix:" + sock])
seen, end = b"", time.monotonic() + 20
while b"All times are wrong" not in seen and time.monotonic() < end:
    if select.select([fd], [], [], 0.2)[0]:
        try:
            seen += os.read(fd, 65536)
        except OSError:
            break
os.write(fd, b"q")
os.waitpid(pid, 0)
sys.exit(0 if b"All times are wrong" in seen else 1)
