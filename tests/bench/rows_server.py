"""Rows about database servers: a whole load beside a bare loop over the client library, and beside
the server's own shell."""
import os
import shutil
import sqlite3
import subprocess
import time

from measure import (PLACE, ROWS, Absent, Result, ask, free_port, have, in_turn, median, program,
                     ratio, spent, table)

START = os.path.join(os.environ.get("TOP_SRCDIR", "."), "tests", "registrars", "database_start.sh")


def stored(cell, name):
    """A cell of the SQLite table as the servers' bulk loaders take it."""
    if cell is None:
        return "\\N"
    if name in ("expires", "last_modified"):
        return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(round((cell - 2440587.5) * 86400 + .5)))
    return str(cell)


def write_rows(path):
    db = sqlite3.connect(table(ROWS))
    rows = db.execute("SELECT * FROM location")
    names = [d[0] for d in rows.description]
    with open(path, "w", encoding="utf-8") as out:
        for row in rows:
            out.write("\t".join(stored(c, n) for c, n in zip(row, names)) + "\n")
    db.close()
    os.chmod(path, 0o644)


class Server:
    def __init__(self, kind):
        self.kind, self.port = kind, free_port()
        self.dir = os.path.join(PLACE, "server-" + kind)
        shutil.rmtree(self.dir, ignore_errors=True)
        tables = "/usr/share/kamailio/" + ("mysql" if kind == "mariadb" else "postgres")
        if not os.path.isdir(tables):
            raise Absent(f"Kamailio's tables for {kind} are not installed")
        self.tables = [os.path.join(tables, f"{part}-create.sql") for part in ("standard", "usrloc")]

    def shell(self):
        if self.kind == "mariadb":
            return ["mariadb", "--no-defaults", "--local-infile=1", "-S",
                    os.path.join(self.dir, "sock"), "kamailio"]
        return ["psql", "-q", "-h", "127.0.0.1", "-p", str(self.port), "-U", "kamailio", "kamailio"]

    def url(self):
        if self.kind == "mariadb":
            return f"mysql://kamailio:kam%20pw%401@127.0.0.1:{self.port}/kamailio"
        return f"postgresql://kamailio@127.0.0.1:{self.port}/kamailio"

    def run(self, sql=None, file=None):
        with open(file or os.devnull, encoding="utf-8") as given:
            subprocess.run(self.shell() + ([] if sql is None else
                                           ["-e" if self.kind == "mariadb" else "-c", sql]),
                           stdin=given, check=True, stdout=subprocess.DEVNULL)

    def __enter__(self):
        subprocess.run(["bash", START, self.kind, self.dir, str(self.port)], check=True,
                       stdout=subprocess.DEVNULL)
        rows = os.path.join(PLACE, "location.tsv")
        for one in self.tables:
            self.run(file=one)
        write_rows(rows)
        if self.kind == "mariadb":
            self.run("SET GLOBAL local_infile=1")
            self.run(f"LOAD DATA LOCAL INFILE '{rows}' INTO TABLE location")
        else:
            self.run(f"\\copy location from '{rows}'")
        self.run("ANALYZE TABLE location" if self.kind == "mariadb" else "VACUUM ANALYZE location")
        os.unlink(rows)
        return self

    def __exit__(self, *_):
        subprocess.run(["bash", START, self.kind, self.dir, "stop"], check=False)
        shutil.rmtree(self.dir, ignore_errors=True)


def load(kind, title, floor_name, limit, dump, shell_limit):
    have("mariadbd" if kind == "mariadb" else "psql")
    with Server(kind) as server:
        ours, floor, shell = in_turn(lambda: ask(program("inside"), server.url()),
                                     lambda: spent(program("server_floor"), server.url()),
                                     lambda: spent(*server.shell(), *dump), turns=3)
    wall = [r["load_ms"] / 1e3 for r in ours]
    behind = (f"{median(wall):.2f} s, loop {median(w for w, _ in floor):.2f} s, "
              f"shell {median(w for w, _ in shell):.2f} s")
    yield Result(f"load from {title} / {floor_name}", limit, ratio(wall, [w for w, _ in floor]),
                 behind)
    yield Result(f"load from {title} / its shell's dump", shell_limit,
                 ratio(wall, [w for w, _ in shell]), behind)


def mariadb():
    return load("mariadb", "MariaDB", "mysql_use_result *", "<=0.75",
                ["-NBe", "SELECT * FROM location"], "<=0.35")


def postgres():
    return load("postgres", "PostgreSQL", "single-row *", "<=0.75",
                ["-Atc", "SELECT * FROM location"], "<=0.4")
