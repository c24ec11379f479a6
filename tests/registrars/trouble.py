#!/usr/bin/env python3
"""trouble.py REGTOP URL MODE_FILE: an inspector whose database server answers half, or not at all,
keeps its picture, says what is wrong, takes keys meanwhile, and goes on by itself."""
import os, pty, re, select, signal, sys, time

regtop, url, path = sys.argv[1:]
pid, fd = pty.fork()
if pid == 0:
    os.environ.update(TERM="xterm", COLUMNS="132", LINES="30")
    os.execv(regtop, [regtop, "-s", url])


def mode(text):
    with open(path + ".new", "w") as f:
        f.write(text)
    os.rename(path + ".new", path)


def until(name, pattern, seconds, keys=b""):
    """Draws the screen anew twice a second until it shows the pattern."""
    seen, end, again = b"", time.monotonic() + seconds, 0
    while not re.search(pattern, seen, re.S) and time.monotonic() < end:
        if time.monotonic() > again:
            again = time.monotonic() + 0.5
            seen = b""
            os.write(fd, keys + b"\x0c")
        if select.select([fd], [], [], 0.1)[0]:
            seen += os.read(fd, 65536)
    found = re.search(pattern, seen, re.S) is not None
    print("%-60s %s" % (name, "seen" if found else "NOT SEEN"), flush=True)
    if not found:
        print(re.sub(rb"\x1b[^A-Za-z]*[A-Za-z]", b" ", seen).decode("utf-8", "replace"))
    return found


F5 = b"\x1b[15~"
ok = until("the whole picture", rb"2000 bindings.*complete|complete.*2000", 20)
mode("cut:20000")
ok &= until("an answer that was cut: it says so", rb"in trouble", 20, F5)
ok &= until("and keeps all bindings", rb"2000", 5)
mode("pass")
ok &= until("it goes on by itself", rb"complete", 40)
mode("stall")
os.write(fd, F5)
ok &= until("keys are taken while the server is silent", rb"phone1999", 5, b"/phone1999\r")
ok &= until("a server that is silent: it says so", rb"in trouble", 40)
ok &= until("and keeps all bindings", rb"2000", 5)
mode("pass")
ok &= until("it goes on by itself", rb"complete", 60)
os.write(fd, b"q")
end = time.monotonic() + 10
while time.monotonic() < end:
    done, status = os.waitpid(pid, os.WNOHANG)
    if done:
        sys.exit(0 if ok and os.waitstatus_to_exitcode(status) == 0 else 1)
    if select.select([fd], [], [], 0.05)[0]:
        try:
            os.read(fd, 65536)
        except OSError:
            pass
os.kill(pid, signal.SIGKILL)
print("it did not end")
sys.exit(1)
