#!/usr/bin/env python3
"""outage.py REGTOP URL START KIND DIR PORT: an inspector whose database server is stopped and started
again must say so, keep its picture, and go on by itself."""
import os, pty, re, select, signal, subprocess, sys, time

regtop, url, start, kind, place, port = sys.argv[1:]
pid, fd = pty.fork()
if pid == 0:
    os.environ.update(TERM="xterm", COLUMNS="132", LINES="30")
    os.execv(regtop, [regtop, "-s", url])
seen = b""


def until(pattern, seconds):
    global seen
    end, again = time.monotonic() + seconds, 0
    while not re.search(pattern, seen) and time.monotonic() < end:
        # Only a whole frame holds whole words: the others say what differs.
        if time.monotonic() > again:
            again = time.monotonic() + 0.5
            seen = b""
            os.write(fd, b"\x0c")
        if select.select([fd], [], [], 0.1)[0]:
            seen += os.read(fd, 65536)
    found = re.search(pattern, seen) is not None
    print("%-40s %s" % (pattern.decode(), "seen" if found else "NOT SEEN"), flush=True)
    return found


def server(what):
    subprocess.run(["bash", start, kind, place, what], check=True)


ok = until(b"first", 15)
server("stop")
ok &= until(rb"in trouble", 30)
ok &= until(b"first", 5)
server(port)
os.write(fd, b"\x1b[15~")
ok &= until(rb"complete", 40)
os.write(fd, b"q")
end = time.monotonic() + 10
while time.monotonic() < end:
    done, status = os.waitpid(pid, os.WNOHANG)
    if done:
        sys.exit(0 if ok and os.waitstatus_to_exitcode(status) == 0 else 1)
    time.sleep(0.05)
os.kill(pid, signal.SIGKILL)
print("it did not end")
sys.exit(1)
