"""What all rows need: sizes, tables, programs run in turn, a pseudo terminal, a row's result."""
import fcntl
import os
import pty
import select
import signal
import statistics
import struct
import subprocess
import termios
import time

BUILD = os.environ.get("TOP_BUILDDIR", "build")
REGTOP = os.environ.get("REGTOP", BUILD + "/src/regtop")
QUICK = os.environ.get("BENCH_QUICK", "0") not in ("", "0")
ROWS = int(os.environ.get("BENCH_ROWS", "100000" if QUICK else "1000000"))
TURNS = int(os.environ.get("BENCH_TURNS", "3" if QUICK else "5"))
# Made tables are kept here and used again; 1.5 GB at a million rows.
PLACE = os.environ.get("BENCH_DIR", os.path.join(BUILD, "tests", "bench", "data"))
# The bindings have 20 to 58 minutes left when the table is made; all of them shall count down.
TABLE_AGE_S = 900
median = statistics.median


class Absent(Exception):
    """A row that this machine cannot measure, with the reason."""


class Result:
    """One line of the table: a ratio against a budget, and the figures behind it."""

    def __init__(self, name, budget, ratio, behind="", unit="x"):
        self.name, self.budget, self.ratio = name, budget, ratio
        self.behind, self.unit = behind, unit

    def judged(self):
        if self.ratio is None or self.budget is None:
            return "-"
        limit = float(self.budget[2:])
        if self.budget.startswith("<="):
            over = self.ratio / limit if limit else (float("inf") if self.ratio > 0 else 1)
        else:
            over = limit / self.ratio if self.ratio else float("inf")
        if over <= 1:
            return "met"
        return "missed" if over == float("inf") else f"missed by {over:.2g}x"

    def measured(self):
        if self.ratio is None:
            return "not measured"
        r = self.ratio
        text = f"{r:.0f}" if r >= 100 or r == int(r) else f"{r:.3g}"
        return text + (" " + self.unit if self.unit != "x" else " x")


def program(name):
    return os.path.join(BUILD, "tests", "bench", name)


def have(*names):
    for name in names:
        if not any(os.access(os.path.join(d, name), os.X_OK)
                   for d in os.environ["PATH"].split(":") + ["/usr/sbin"]):
            raise Absent(f"{name} is not installed")


def table(rows):
    """A location table of that size; made anew when it is not fresh."""
    os.makedirs(PLACE, mode=0o700, exist_ok=True)
    path = os.path.join(PLACE, f"location-{rows}.sqlite")
    if not os.path.exists(path) or time.time() - os.path.getmtime(path) > TABLE_AGE_S:
        subprocess.run([program("make_location"), path, str(rows)], check=True)
    return path


def table_copy(rows, name):
    """One that may be written to."""
    path = os.path.join(PLACE, name)
    remove_copy(path)
    subprocess.run(["cp", "--reflink=auto", table(rows), path], check=True)
    return path


def remove_copy(path):
    for end in ("", "-wal", "-shm", "-journal"):
        if os.path.exists(path + end):
            os.unlink(path + end)


def said(text):
    """The NAME VALUE lines of a measuring program."""
    return {k: float(v) for k, v in (line.split() for line in text.splitlines()
                                     if len(line.split()) == 2)}


def ask(*argv):
    return said(subprocess.run([str(a) for a in argv], check=True, stdout=subprocess.PIPE,
                               text=True, env=environment()).stdout)


def environment():
    """Nothing of the person's own files, and the time in one zone."""
    state = os.path.join(PLACE, "state")
    os.makedirs(state, exist_ok=True)
    return dict(os.environ, XDG_STATE_HOME=state, XDG_CONFIG_HOME=state, LC_ALL="C.UTF-8",
                TZ="UTC", TERM="xterm-256color")


def spent(*argv, may_fail=False):
    """Wall and CPU seconds of a program nobody reads; None when it may fail and did."""
    start = time.monotonic()
    child = subprocess.Popen([str(a) for a in argv], stdout=subprocess.DEVNULL,
                             env=environment(), stderr=subprocess.DEVNULL if may_fail else None)
    _, status, use = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0 and may_fail:
        return None
    if child.returncode != 0:
        raise RuntimeError(f"{argv[0]} ended with {child.returncode}")
    return time.monotonic() - start, use.ru_utime + use.ru_stime


def in_turn(*things, turns=None):
    """Each thing is called once a turn; lists of what they returned, without the first turn."""
    lists = [[] for _ in things]
    for turn in range((turns or TURNS) + 1):
        for got, thing in zip(lists, things):
            value = thing()
            if turn > 0:
                got.append(value)
    return lists


def ratio(these, those):
    """Median of the ratios turn by turn."""
    return median(a / b for a, b in zip(these, those))


def threads_ran_s(pid):
    """CPU seconds of all threads of a process, to the nanosecond."""
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/schedstat", encoding="ascii") as f:
            total += int(f.read().split()[0])
    return total / 1e9


class Terminal:
    """A program on its own pseudo terminal, with the times at which it wrote."""

    def __init__(self, argv, width=80, height=24):
        self.raw = b""
        self.fd, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
        env = environment()
        self.start = time.monotonic()
        self.pid = os.fork()
        if self.pid == 0:
            os.setsid()
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
            for fd in range(3):
                os.dup2(slave, fd)
            os.closerange(3, 256)
            try:
                os.execve(argv[0], [str(a) for a in argv], env)
            finally:
                os._exit(127)
        os.close(slave)
        self.last = self.start

    def read(self, seconds):
        """Waits for bytes that long; what came, b"" for nothing."""
        if not select.select([self.fd], [], [], max(seconds, 0))[0]:
            return b""
        try:
            got = os.read(self.fd, 1 << 16)
        except OSError:
            raise RuntimeError("the program ended: " + self.raw[-300:].decode(errors="replace"))
        self.last = time.monotonic()
        self.raw += got
        return got

    def quiet(self, seconds, longest=60.0):
        """Reads until nothing came for that long; how many bytes came."""
        end = time.monotonic() + longest
        before = len(self.raw)
        while self.read(seconds) and time.monotonic() < end:
            pass
        return len(self.raw) - before

    def until(self, wanted, longest=120.0):
        """Reads until these bytes came; True when they did."""
        end = time.monotonic() + longest
        from_here = max(len(self.raw) - 4096, 0)
        while wanted not in self.raw[from_here:]:
            self.read(0.2)
            if time.monotonic() > end:
                return False
        return True

    def after_tick(self):
        """Just after a second's repaint, so that the next one does not mix with the measure."""
        self.quiet(0.05, 2)
        if self.read(1.5):
            self.quiet(0.05, 1)

    def keys(self, text):
        os.write(self.fd, text.encode())

    def key_ms(self, text, calm_s=0.04, longest=30.0):
        """Milliseconds from the key to the last byte of what it painted."""
        start = time.monotonic()
        self.keys(text)
        if not self.read(longest):
            return longest * 1e3
        while True:
            ran = threads_ran_s(self.pid)
            if not self.read(calm_s) and threads_ran_s(self.pid) - ran < calm_s / 2:
                return (self.last - start) * 1e3

    def stop(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.fd)


def free_port():
    import socket
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Helper:
    """A program that runs beside the measurement and is stopped by its id."""

    def __init__(self, *argv, stdout=subprocess.DEVNULL, stdin=None):
        self.child = subprocess.Popen([str(a) for a in argv], stdout=stdout, stdin=stdin,
                                      stderr=subprocess.DEVNULL, text=True, env=environment())

    def __enter__(self):
        time.sleep(0.3)
        return self.child

    def __exit__(self, *_):
        if self.child.poll() is None:
            self.child.terminate()
            try:
                self.child.wait(5)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()
