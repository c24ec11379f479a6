#!/usr/bin/env python3
"""opensips_screen.py REGTOP DIR UDP_PORT HTTP_PORT: the inspector on mi_server.py: what happens is on
screen at once, and a server that goes and comes back is followed."""
import os
import subprocess
import sys

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(here, "..", "tty"))
sys.path.insert(0, here)
from drive import Run  # noqa: E402
from phone import rpc  # noqa: E402

regtop, folder, udp, http = sys.argv[1:]
sock = folder + "/mi.sock"


def start():
    for name in "mi.sock", "fifo":
        if os.path.exists(os.path.join(folder, name)):
            os.remove(os.path.join(folder, name))
    p = subprocess.Popen([sys.executable, os.path.join(here, "mi_server.py"), folder, udp, http],
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    while True:
        try:
            rpc(sock, "version")
            return p
        except OSError:
            if p.poll() is not None:
                sys.exit("the server did not start")


def stop(p):
    p.terminate()
    p.wait()
    os.remove(sock)


def say(name, good):
    print("%s=%s" % (name, bool(good)), flush=True)


server = start()
rpc(sock, "test_add", "first", "sip:first@127.0.0.1:17001")
run = Run([regtop, "-s", "opensips:unix:" + sock], width=120, height=24)
say("listed", run.wait_for("first"))
# Nothing is heard before somebody listens.
while "event_subscribe" not in rpc(sock, "test_calls")["result"]:
    run.read(0.1)
rpc(sock, "test_add", "second", "sip:second@127.0.0.1:17002")
say("added", run.wait_for("second"))
rpc(sock, "ul_rm_contact", "location", "second", "sip:second@127.0.0.1:17002")
run.wait_for("1 binding")
say("removed", "second@" not in run.text())
say("by_event", "ul_show_contact" in rpc(sock, "test_calls")["result"])
stop(server)
say("trouble", run.wait_for("in trouble", 30))
say("kept", "first" in run.text())
server = start()
rpc(sock, "test_add", "third", "sip:third@127.0.0.1:17003")
say("back", run.wait_for("third", 60))
say("anew", "first@" not in run.text())
run.keys("q")
say("ended", run.wait_end(10) is not None)
stop(server)
