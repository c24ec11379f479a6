"""Rows about probes: how many a second, what one costs with many unanswered, and what it holds."""
import os
import subprocess
import time

from measure import (PLACE, QUICK, Absent, Helper, Result, ask, environment, free_port, have,
                     in_turn, median, program, ratio)

SIPP = """<?xml version="1.0" encoding="ISO-8859-1" ?>
<scenario name="options"><send><![CDATA[
OPTIONS sip:user@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch];rport
Max-Forwards: 70
From: <sip:ops@acme.example>;tag=[call_number]
To: <sip:user@acme.example>
Call-ID: [call_id]
CSeq: 1 OPTIONS
Contact: <sip:ops@[local_ip]:[local_port]>
Accept: application/sdp
Content-Length: 0

]]></send><recv response="200"/></scenario>
"""


def sipp_rate(port, count):
    """Probes a second of sipp, told to send as fast as it can."""
    path = os.path.join(PLACE, "options.xml")
    with open(path, "w", encoding="ascii") as f:
        f.write(SIPP)
    start = time.monotonic()
    subprocess.run(["sipp", f"127.0.0.1:{port}", "-sf", path, "-i", "127.0.0.1", "-p",
                    str(free_port()), "-m", str(count), "-r", "50000", "-l", "3000", "-buff_size",
                    "4000000", "-nostdin", "-timeout", "60s"], stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, cwd=PLACE, env=environment(), check=False)
    return count / (time.monotonic() - start)


def probes():
    os.makedirs(PLACE, mode=0o700, exist_ok=True)
    count = 40000 if QUICK else 100000
    port, dead = free_port(), free_port()
    with Helper(program("sip_floor"), "answer", port), Helper(program("sip_floor"), "silent", dead):
        ours, floor = in_turn(lambda: ask(program("probe_inside"), port, count, 512),
                              lambda: ask(program("sip_floor"), "probe", port, count, 512))
        a, b = [r["rate"] for r in ours], [r["rate"] for r in floor]
        behind = f"{median(a):.0f}/s, sendmmsg {median(b):.0f}/s"
        wrong = sum(r["other"] for r in ours)
        yield Result("probes a second / sendmmsg floor", ">=0.35", ratio(a, b),
                     behind + (f"; {wrong:.0f} WRONG VERDICTS" if wrong else ""))
        try:
            have("sipp")
            sipp = median(sipp_rate(port, count) for _ in range(3))
            yield Result("probes a second / sipp", ">=1.5", median(a) / sipp, f"sipp {sipp:.0f}/s")
        except Absent as why:
            yield Result("probes a second / sipp", ">=1.5", None, str(why))
        # Short, so that no verdict of the unanswered ones falls into it.
        few = 30000
        with_open, without = in_turn(
            lambda: ask(program("probe_inside"), port, few, 512, 10000, dead),
            lambda: ask(program("probe_inside"), port, few, 512))
        yield Result("CPU a probe with 10000 unanswered / with none", "<=1.5",
                     ratio([r["cpu_us"] for r in with_open], [r["cpu_us"] for r in without]),
                     f"{median(r['cpu_us'] for r in with_open):.1f} us, "
                     f"{median(r['cpu_us'] for r in without):.1f} us")
        yield Result("memory of an open probe", "<=512",
                     median(r["pending_bytes"] for r in with_open), "resident growth, 10000 open",
                     "bytes")
