"""Rows beside a real Kamailio: its writes that fail because of a reader, and REGISTERs a second."""
import os
import shutil
import sqlite3
import subprocess
import threading
import time

from measure import (PLACE, QUICK, REGTOP, ROWS, Absent, Helper, Result, Terminal, ask, free_port, have,
                     in_turn, median, program, ratio, remove_copy, spent, table, table_copy)

START = os.path.join(os.environ.get("TOP_SRCDIR", "."), "tests", "registrars",
                     "kamailio_start.sh")


class Kamailio:
    """A Kamailio of the tests' configuration, with one worker."""

    def __init__(self, name, *options, db=None):
        have("kamailio", "sqlite3")
        if not os.path.exists("/usr/share/kamailio/db_sqlite/usrloc-create.sql"):
            raise Absent("Kamailio's SQLite module is not installed")
        self.dir = os.path.join(PLACE, name)
        shutil.rmtree(self.dir, ignore_errors=True)
        os.makedirs(self.dir)
        self.db = os.path.join(self.dir, "kamailio.sqlite")
        if db:
            subprocess.run(["cp", "--reflink=auto", db, self.db], check=True)
        self.port, self.options = free_port(), options

    def __enter__(self):
        done = subprocess.run(["bash", START, self.dir, str(self.port), *self.options],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        if done.returncode:
            raise Absent("Kamailio did not start: " + done.stdout.decode()[-200:])
        return self

    def __exit__(self, *_):
        subprocess.run(["bash", START, self.dir, "stop"], check=False)
        shutil.rmtree(self.dir, ignore_errors=True)


def read_on(argv, while_running):
    """Runs argv again and again beside the call; its result, and how many readings went well and
    how many did not."""
    over, readings = threading.Event(), [0, 0]

    def loop():
        while not over.is_set():
            readings[0 if spent(*argv, may_fail=True) else 1] += 1
    reader = threading.Thread(target=loop)
    reader.start()
    time.sleep(0.3)
    try:
        return while_running(), readings
    finally:
        over.set()
        reader.join()


def load_of(path):
    return [REGTOP, "list", "-s", path, "--limit", "1", "--timeout", "60s"]


def writes():
    phones = 300
    with Kamailio("rollback", "DBMODE=3", "JOURNAL=delete", db=table(ROWS)) as k:
        def register():
            return ask(program("sip_floor"), "register", k.port, phones, 64, phones, 100)
        nobody = register()
        ours, (whole, short) = read_on(load_of(k.db), register)
        shell, _ = read_on(["sqlite3", k.db, "SELECT * FROM location"], register)
    yield Result("registrar's writes that fail while regtop loads", "<=0",
                 ours["refused"] + ours["lost"],
                 f"at 100/s, {whole} whole loads meanwhile and {short} broken off; nobody reading "
                 f"{nobody['refused'] + nobody['lost']:.0f}, sqlite3 shell "
                 f"{shell['refused'] + shell['lost']:.0f}", "of 300")


def slowed():
    """How long REGISTERs take while the inspector has the same table open and follows it."""
    def register(k):
        return ask(program("sip_floor"), "register", k.port, 500, 64, 300, 100)
    with Kamailio("slowed", "DBMODE=3", "JOURNAL=delete", db=table(ROWS)) as k:
        alone, beside = [], []
        for _ in range(2 if QUICK else 3):
            alone.append(register(k))
            t = Terminal([REGTOP, "--read-only", "-s", k.db])
            t.until(b"4930", 60)
            t.quiet(1, 15)
            beside.append(register(k))
            t.stop()

    def took(runs, what):
        return median(r[what] for r in runs)
    failed = sum(r["refused"] + r["lost"] for r in beside)
    yield Result("REGISTER's answer with the inspector open / without, median", None,
                 took(beside, "median_us") / took(alone, "median_us"),
                 f"{took(beside, 'median_us'):.0f} us, {took(alone, 'median_us'):.0f} us; of a hundred "
                 f"one takes {took(beside, 'p99_us') / 1e3:.1f} ms, {took(alone, 'p99_us') / 1e3:.1f} ms; "
                 f"{failed:.0f} failed")


def wal_growth():
    """How far the -wal file grows under 2000 writes a second, with and without us."""

    def write(reader):
        path = table_copy(ROWS, "wal.sqlite")
        db = sqlite3.connect(path, isolation_level=None, timeout=5)
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=OFF")
        most = 0

        def go():
            nonlocal most
            end, due, at = time.monotonic() + 6, time.monotonic(), 0
            while time.monotonic() < end:
                at = (at + 7919) % ROWS
                now = time.time() / 86400 + 2440587.5
                db.execute("UPDATE location SET expires=?, last_modified=? WHERE id=?",
                           (now + 0.04, now, at + 1))
                if at % 16 == 0:
                    most = max(most, os.path.getsize(path + "-wal"))
                due += 0.0005
                time.sleep(max(due - time.monotonic(), 0))
            return most
        got = read_on(load_of(path), go)[0] if reader else go()
        db.close()
        remove_copy(path)
        return got
    alone, beside = write(False), write(True)
    yield Result("-wal file with regtop loading on and on / without", "<=8", beside / alone,
                 f"{beside / 1e6:.1f} MB, {alone / 1e6:.1f} MB")


def registrar():
    os.makedirs(PLACE, mode=0o700, exist_ok=True)
    aors, count = 1000, 8000 if QUICK else 20000
    store = os.path.join(PLACE, "registrar.db")
    remove_copy(store)
    port = free_port()

    def ask_at(where, n):
        return ask(program("sip_floor"), "register", where, n, 64, aors)["rate"]
    with Helper(REGTOP, "listen", "-s", f"listen:udp:127.0.0.1:{port}", "--store", store):
        try:
            with Kamailio("wal", "DBMODE=3", "JOURNAL=wal") as durable, \
                 Kamailio("memory", "DBMODE=0", "JOURNAL=wal") as memory:
                ours, theirs, quick = in_turn(lambda: ask_at(port, count),
                                              lambda: ask_at(durable.port, 3000),
                                              lambda: ask_at(memory.port, count))
        except Absent as why:
            ours = [ask_at(port, count) for _ in range(4)][1:]
            behind = f"{median(ours):.0f}/s; {why}"
            yield Result("REGISTER/s, durable / Kamailio db_mode 3 on WAL", ">=10", None, behind)
            yield Result("REGISTER/s / Kamailio in memory, one worker", ">=1", None, behind)
            return
    behind = (f"{median(ours):.0f}/s durable; Kamailio {median(theirs):.0f}/s, in memory "
              f"{median(quick):.0f}/s")
    yield Result("REGISTER/s, durable / Kamailio db_mode 3 on WAL", ">=10", ratio(ours, theirs),
                 behind)
    yield Result("REGISTER/s, durable too / Kamailio in memory, one worker", ">=1",
                 ratio(ours, quick), behind)
