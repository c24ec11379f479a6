#!/usr/bin/env python3
"""Measures each budget of regtop beside its floor and beside what a person would use instead, and
prints one table. Nothing here passes or fails: the ratios are the result.

usage: bench.py [-v]    (by `make bench`; sizes by BENCH_ROWS or BENCH_QUICK=1, turns by
                        BENCH_TURNS, some rows by BENCH_ONLY='load key curve')
"""
import datetime
import os
import subprocess
import sys
import traceback

import rows_control
import rows_registrar
import rows_screen
import rows_server
import rows_sip
import rows_table
from measure import ROWS, Absent, Result

ROWS_OF = {
    "load": rows_table.load,
    "first_frame": rows_screen.first_frame,
    "writes": rows_registrar.writes,
    "slowed": rows_registrar.slowed,
    "wal": rows_registrar.wal_growth,
    "scan": rows_table.quiet_scan,
    "watch": rows_table.watch,
    "key": rows_screen.key,
    "sort_filter": rows_screen.sort_filter,
    "probes": rows_sip.probes,
    "registrar": rows_registrar.registrar,
    "bytes": rows_screen.terminal_bytes,
    "idle": rows_screen.idle,
    "mariadb": rows_server.mariadb,
    "postgres": rows_server.postgres,
    "control": rows_control.control,
}


def machine():
    with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as f:
        model = [line.split(":", 1)[1].strip() for line in f if line.startswith("model name")]
    commit = subprocess.run(["git", "-C", os.environ.get("TOP_SRCDIR", "."), "describe", "--always",
                             "--dirty"], capture_output=True, text=True, check=False).stdout.strip()
    return (f"{datetime.date.today()}, {os.cpu_count()} cores {model[0] if model else '?'}, "
            f"{os.uname().sysname} {os.uname().release.split('-')[0]}, commit "
            f"{commit or 'unknown'}, {ROWS} rows, load {os.getloadavg()[0]:.1f}")


def show(r):
    line = f"{r.name[:66]:66} {r.budget or '-':>8} {r.measured():>14}  {r.judged():16} {r.behind}"
    print(line.rstrip(), flush=True)


def show_curves(wanted):
    if wanted and "curve" not in wanted:
        return
    try:
        load, screen = rows_table.load_curve(), rows_screen.screen_curve()
    except Absent as why:
        print(f"\ngrowth: {why}")
        return
    print(f"\n{'rows':>9} {'load ms':>9} {'bytes/row':>10} {'first frame ms':>15} {'sort ms':>9} "
          f"{'filter ms':>10}")
    for rows, (ms, size) in load.items():
        frame, sort, letter = screen[rows]
        print(f"{rows:9} {ms:9.1f} {size:10.0f} {frame:15.1f} {sort:9.1f} {letter:10.1f}",
              flush=True)


def main():
    wanted = os.environ.get("BENCH_ONLY", "").split()
    print(machine())
    head = f"{'what':66} {'budget':>8} {'measured':>14}  {'judgement':16} behind it (medians)"
    print("\n" + head)
    for name, measure in ROWS_OF.items():
        if wanted and name not in wanted:
            continue
        try:
            for result in measure():
                show(result)
        except Absent as why:
            show(Result(name, None, None, str(why)))
        except Exception as why:  # one broken row must not hide the others
            show(Result(name, None, None, f"the measurement failed: {why}"))
            if "-v" in sys.argv:
                traceback.print_exc()
    show_curves(wanted)


main()
