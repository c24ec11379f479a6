"""Rows about a location table: how it is loaded, what it holds in memory, and how it is watched."""
import sqlite3
import subprocess
import time

from measure import (QUICK, ROWS, Absent, Helper, Result, ask, have, in_turn, median, program,
                     ratio, remove_copy, spent, table, table_copy)


def load():
    path = table(ROWS)
    have("sqlite3")
    ours, floor, shell = in_turn(
        lambda: ask(program("inside"), path),
        lambda: spent(program("sql_floor"), "star", path),
        lambda: spent("sqlite3", path, "SELECT * FROM location"))
    wall = [r["load_ms"] / 1e3 for r in ours]
    behind = (f"{median(wall):.2f} s, step loop {median(w for w, _ in floor):.2f} s, "
              f"shell {median(w for w, _ in shell):.2f} s")
    cpu = ratio([r["load_cpu_ms"] / 1e3 for r in ours], [c for _, c in floor])
    yield Result("whole load / bare SELECT * step loop", "<=0.8",
                 ratio(wall, [w for w, _ in floor]), behind + f"; CPU {cpu:.2f} x")
    yield Result("whole load / sqlite3 shell's dump", "<=0.3",
                 ratio(wall, [w for w, _ in shell]), behind)
    yield Result("memory per binding", "<=110", median(r["rss_bytes"] / r["rows"] for r in ours),
                 f"store alone {median(r['store_bytes'] / r['rows'] for r in ours):.0f} bytes",
                 "bytes")


def churn(path, seconds):
    """Every second one binding of a hundred refreshes, in ten transactions."""
    db = sqlite3.connect(path, isolation_level=None, timeout=10)
    db.execute("PRAGMA synchronous=OFF")
    share, at = max(ROWS // 1000, 1), 0
    end = time.monotonic() + seconds
    due = time.monotonic()
    done = 0
    while time.monotonic() < end:
        now = (time.time() - 0.5) / 86400 + 2440587.5
        db.execute("UPDATE location SET expires=?, last_modified=?, cseq=cseq+1 "
                   "WHERE id>? AND id<=?",
                   (now + 3600 / 86400, now, at, at + share))
        at = (at + share) % ROWS
        done += share
        due += 0.1
        time.sleep(max(due - time.monotonic(), 0))
    db.close()
    return done


def watch():
    path = table_copy(ROWS, "watched.sqlite")
    # Complete passes are rationed to a tenth of the time: a short look would meet none or one.
    seconds = 15 if QUICK else 50
    rescans = [spent(program("sql_floor"), "columns", path)[1] for _ in range(3)]
    with Helper(program("inside"), path, seconds, stdout=subprocess.PIPE,
                stdin=subprocess.PIPE) as child:
        for line in child.stdout:
            if line.startswith("watching"):
                break

        def period(meanwhile):
            child.stdin.write("go\n")
            child.stdin.flush()
            told = meanwhile()
            return (float(child.stdout.readline().split()[1]),
                    float(child.stdout.readline().split()[1]), told)
        quiet, _, _ = period(lambda: None)
        busy, seen, done = period(lambda: churn(path, seconds))
        child.stdin.close()
        child.wait(30)
    remove_copy(path)
    rescan = median(rescans) * 1e3
    yield Result("1 % changing per second: CPU a second / a rescan", "<=0.35", busy / rescan,
                 f"{busy:.0f} ms/s, rescan {rescan:.0f} ms; {done / seconds:.0f} changes/s made, "
                 f"{seen / seconds:.0f} seen; over {seconds} s")
    yield Result("CPU of a second in which nothing changed", None, quiet,
                 "all threads, timers included", "ms")


def quiet_scan():
    """Reading without locks against the same pages read with them, and a look without news."""
    path = table(ROWS)
    got = in_turn(lambda: ask(program("quiet_scan"), path))[0]
    yield Result("scan without locks / the same with SQLite's locks", "<=1.25",
                 median(r["quiet_ms"] / r["locked_ms"] for r in got),
                 f"{median(r['quiet_ms'] for r in got):.0f} ms, "
                 f"{median(r['locked_ms'] for r in got):.0f} ms; pages of 500 rows")
    yield Result("a look when nothing changed", "<=50", median(r["look_us"] for r in got),
                 "sqlite_quiet_stamp()", "us")


def curve(what):
    """Growth: the same measure at a hundredth, a tenth and the whole."""
    out = {}
    for rows in sorted({10000, 100000, ROWS}):
        if rows > ROWS:
            raise Absent("the size is too small for a curve")
        out[rows] = what(rows)
    return out


def load_curve():
    def one(rows):
        got = [ask(program("inside"), table(rows)) for _ in range(3)]
        return (median(r["load_ms"] for r in got), median(r["rss_bytes"] / r["rows"] for r in got))
    return curve(one)
