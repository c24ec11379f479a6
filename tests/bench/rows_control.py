"""Rows about a registrar's control: Kamailio's memory listed beside its own tool."""
import os
import shutil
import socket
import subprocess

from measure import PLACE, REGTOP, Result, free_port, have, in_turn, median, ratio, spent

START = os.path.join(os.environ.get("TOP_SRCDIR", "."), "tests", "registrars", "kamailio_start.sh")
# regtop asks a Kamailio's memory for no more at once: ul.dump makes its phones wait (the manual).
CONTACTS = 900


def register(port, number):
    """One contact, acknowledged."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("127.0.0.1", 0))
        s.settimeout(2)
        here = "127.0.0.1:%d" % s.getsockname()[1]
        request = "\r\n".join([
            "REGISTER sip:127.0.0.1 SIP/2.0", f"Via: SIP/2.0/UDP {here};branch=z9hG4bKb{number};rport",
            "Max-Forwards: 70", f"From: <sip:b{number}@127.0.0.1>;tag=1",
            f"To: <sip:b{number}@127.0.0.1>", f"Call-ID: b{number}", "CSeq: 1 REGISTER",
            f"Contact: <sip:b{number}@{here}>", "Expires: 3600", "User-Agent: bench/1",
            "Content-Length: 0", "", ""])
        for _ in range(3):
            s.sendto(request.encode(), ("127.0.0.1", port))
            try:
                if s.recv(4096).startswith(b"SIP/2.0 200"):
                    return
            except TimeoutError:
                pass
    raise RuntimeError("Kamailio takes no REGISTER")


def control():
    """Its tool is kamctl, which asks by the FIFO as it does unless told otherwise."""
    have("kamailio", "kamctl")
    port, place = free_port(), os.path.join(PLACE, "kamailio")
    shutil.rmtree(place, ignore_errors=True)
    os.makedirs(place)
    rc = os.path.join(place, ".kamctlrc")
    with open(rc, "w", encoding="utf-8") as f:
        f.write(f'RPCFIFOPATH="{os.path.abspath(place)}/kamailio_rpc.fifo"\n')
    subprocess.run(["bash", START, os.path.abspath(place), str(port), "DBMODE=0"], check=True,
                   stdout=subprocess.DEVNULL)
    try:
        for number in range(CONTACTS):
            register(port, number)
        ours, theirs = in_turn(
            lambda: spent(REGTOP, "list", "-s", f"kamailio:ctl:{place}/kamailio_ctl")[0],
            lambda: spent("env", f"HOME={os.path.abspath(place)}", "kamctl", "ul", "show")[0])
    finally:
        subprocess.run(["bash", START, os.path.abspath(place), "stop"], check=False)
        shutil.rmtree(place, ignore_errors=True)
    yield Result(f"{CONTACTS} contacts by Kamailio's control / kamctl ul show", "<=0.2",
                 ratio(ours, theirs),
                 f"{median(ours) * 1000:.0f} ms, kamctl {median(theirs) * 1000:.0f} ms")
