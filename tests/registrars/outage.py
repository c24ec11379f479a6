#!/usr/bin/env python3
"""outage.py REGTOP URL CONTROL START KIND DIR PORT AOR: an inspector whose database server is stopped and
started again, beside a Kamailio that runs on. It must say so, with the server's name and the age of what it
shows, keep its picture, purge AOR no further than it can prove, and go on by itself."""
import os, re, subprocess, sys

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(here, "..", "tty"))
regtop, url, control, start, kind, place, port, aor = sys.argv[1:]
os.environ["REGTOP"] = regtop
from drive import Run  # noqa: E402

good = True
run = Run([regtop, "-s", url, "--control", control, aor], width=132, height=30)


def see(name, pattern, seconds):
    global good
    found = run.wait_for(pattern, seconds)
    print("%-60s %s" % (name, "seen" if found else "NOT SEEN"), flush=True)
    if not found:
        print(run.text())
    good &= found


def server(what):
    subprocess.run(["bash", start, kind, place, what], check=True)


def age():
    """Seconds, as the first line says them."""
    found = re.search(r"(?:(\d+)m)?(\d+)s old", run.text().split("\n")[0])
    return int(found.group(1) or 0) * 60 + int(found.group(2)) if found else -1


see("the picture", r"old, complete(?s:.*)%s" % aor, 45)
server("stop")
see("that it is in trouble", "old, in trouble", 90)
see("with whom", r"(?m)^\S+127\.0\.0\.1:%s\S*: .*(?i:connect|closed|gone|terminat)" % port, 30)
first = age()
see("how old the picture is", r"(?m)^regtop.* (?:%s|\d+m\d*s?) old, in trouble" % "|".join(
    "%ds" % (first + n) for n in range(2, 20)), 30)
see("and the picture", aor, 5)
run.keys("x")
see("a question before anything goes", "Purge this one binding of %s" % aor, 15)
run.keys("y")
see("how it ended: no proof", r"removed, but not proved(?s:.*)reported an error(?s:.*)row is left cannot be read", 60)
server(port)
run.keys("\x1b")
see("that all is well again, with no key", "old, complete", 180)
run.keys("q")
print("it ended" if run.wait_end(20) is not None else "it did not end")
sys.exit(0 if good and getattr(run, "status", 1) == 0 else 1)
