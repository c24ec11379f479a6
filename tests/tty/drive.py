"""Drives regtop on a pseudo terminal, one case per call, and prints what was seen as NAME=VALUE
lines; tty.sh judges them. A small screen emulation (a vt100's) turns the bytes back into lines."""
import fcntl
import json
import os
import pty
import re
import select
import signal
import sqlite3
import struct
import subprocess
import sys
import tempfile
import termios
import time

REGTOP = os.environ["REGTOP"]


class Screen:
    """As much of a vt100 as ncurses uses."""

    TOKEN = re.compile(r"\x1b\[[?>=]?[0-9;]*[ -/]*[@-~]|\x1b[()][A-Za-z0-9]|\x1b\][^\x07\x1b]*"
                       r"(?:\x07|\x1b\\)|\x1b.|[\x00-\x1f]|[^\x00-\x1f\x1b]")

    def __init__(self, width, height):
        self.size(width, height)

    def size(self, width, height):
        self.w, self.h = width, height
        self.x = self.y = 0
        self.top, self.bottom = 0, height - 1
        self.cells = [[" "] * width for _ in range(height)]

    def scroll(self, up):
        row = [" "] * self.w
        if up:
            del self.cells[self.top]
            self.cells.insert(self.bottom, row)
        else:
            del self.cells[self.bottom]
            self.cells.insert(self.top, row)

    def csi(self, args, final):
        n = [int(a) if a.isdigit() else 0 for a in args.split(";")] if args else [0]
        one = max(n[0], 1)
        if final in "Hf":
            self.y = min(one, self.h) - 1
            self.x = min(max(n[1] if len(n) > 1 else 1, 1), self.w) - 1
        elif final == "A":
            self.y = max(self.y - one, 0)
        elif final == "B":
            self.y = min(self.y + one, self.h - 1)
        elif final == "C":
            self.x = min(self.x + one, self.w - 1)
        elif final == "D":
            self.x = max(self.x - one, 0)
        elif final == "K":
            start, end = {0: (self.x, self.w), 1: (0, self.x + 1), 2: (0, self.w)}[n[0]]
            for x in range(start, min(end, self.w)):
                self.cells[self.y][x] = " "
        elif final == "J":
            if n[0] == 0:
                self.csi("0", "K")
            for y in range(self.y + 1 if n[0] == 0 else 0, self.h):
                self.cells[y] = [" "] * self.w
        elif final == "r":
            self.top = one - 1
            self.bottom = (n[1] if len(n) > 1 and n[1] else self.h) - 1
            self.x = self.y = 0

    def put(self, char):
        if self.x >= self.w:
            self.x = 0
            self.line_feed()
        self.cells[self.y][self.x] = char
        self.x += 1

    def line_feed(self):
        if self.y == self.bottom:
            self.scroll(True)
        elif self.y < self.h - 1:
            self.y += 1

    def feed(self, text):
        for token in self.TOKEN.findall(text):
            if token.startswith("\x1b[") and token[2] not in "?>=":
                self.csi(token[2:-1], token[-1])
            elif token == "\x1bM":
                self.scroll(False) if self.y == self.top else setattr(self, "y", self.y - 1)
            elif token == "\x1bD" or token == "\n":
                self.line_feed()
            elif token == "\r":
                self.x = 0
            elif token == "\b":
                self.x = max(self.x - 1, 0)
            elif token == "\t":
                self.x = min((self.x // 8 + 1) * 8, self.w - 1)
            elif token[0] >= " ":
                self.put(token)

    def lines(self):
        return ["".join(row).rstrip() for row in self.cells]


class Run:
    """A program on its own pseudo terminal."""

    def __init__(self, argv, term="vt100", width=80, height=24, env=None):
        self.screen = Screen(width, height)
        self.raw = b""
        self.fed = 0
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
        self.before = termios.tcgetattr(slave)
        self.pid = os.fork()
        if self.pid == 0:
            os.close(master)
            os.login_tty(slave) if hasattr(os, "login_tty") else self.login(slave)
            os.execve(argv[0], argv, dict(os.environ, TERM=term, **(env or {})))
        self.fd, self.slave = master, slave

    @staticmethod
    def login(slave):
        os.setsid()
        fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
        for fd in range(3):
            os.dup2(slave, fd)
        os.close(slave)

    def read(self, seconds):
        """Reads whatever comes in that time; False when the other end is gone."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if not select.select([self.fd], [], [], left)[0]:
                break
            try:
                got = os.read(self.fd, 65536)
            except OSError:
                return False
            if not got:
                return False
            self.raw += got
        return True

    def text(self):
        # A character cut in two waits for its other half.
        new = self.raw[self.fed:]
        for cut in range(4):
            try:
                text = new[:len(new) - cut].decode()
                break
            except UnicodeDecodeError:
                continue
        else:
            text, cut = new.decode(errors="replace"), 0
        self.fed += len(new) - cut
        self.screen.feed(text)
        return "\n".join(self.screen.lines())

    def wait_for(self, pattern, seconds=15):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            alive = self.read(0.05)
            if re.search(pattern, self.text()):
                return True
            if not alive:
                return False
        return False

    def keys(self, keys):
        os.write(self.fd, keys if isinstance(keys, bytes) else keys.encode())

    def resize(self, width, height):
        self.screen.size(width, height)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))

    def wait_end(self, seconds, drain=True):
        """Seconds until the process ended, or None."""
        start = time.monotonic()
        while time.monotonic() - start < seconds:
            if drain:
                self.read(0.01)
            else:
                time.sleep(0.005)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
                return time.monotonic() - start
        return None

    def stop(self):
        try:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        except (ProcessLookupError, ChildProcessError):
            pass


def say(name, value):
    print(f"{name}={value}")


def took(seconds):
    return "never" if seconds is None else "soon" if seconds < 1 else f"after {seconds:.1f} s"


def demo(**more):
    run = Run([REGTOP, "demo"], **more)
    # A phone that registers anew in between would move the rows: the first full page is enough.
    say("started", run.wait_for(r"(?s)20\d\d@.*20\d\d@.*\? help"))
    return run


def case_closed():
    run = demo()
    os.close(run.slave)
    os.close(run.fd)
    start = time.monotonic()
    gone = None
    while time.monotonic() - start < 5 and gone is None:
        time.sleep(0.005)
        if os.waitpid(run.pid, os.WNOHANG)[0]:
            gone = time.monotonic() - start
    say("ended", took(gone))
    if gone is None:
        run.stop()


def rows(run):
    return [line for line in run.text().split("\n") if re.match(r"[ >]..20\d\d@", line)]


def case_stalled():
    run = demo()
    run.keys("P" + "\x0c" * 60)
    time.sleep(3)
    run.keys("P" + "\x0c" * 60)
    time.sleep(7)
    waiting = fcntl.ioctl(run.fd, termios.FIONREAD, b"\0" * 4)
    say("backlog", struct.unpack("i", waiting)[0] >= 4095)
    run.read(1)
    run.text()
    run.keys("\x0c")
    say("came_back", run.wait_for("answers", 5))
    run.read(1)
    run.text()
    shown = rows(run)
    say("silent", any("silent" in r for r in shown))
    say("refused", any("refused" in r for r in shown))
    rtts = [float(r.split()[-1]) for r in shown if re.search(r"answers .*\d$", r)]
    say("answers", len(rtts) >= 8)
    # Slow phones of the demo take up to a second on purpose; a stalled one would take ten.
    say("rtt_median_small", bool(rtts) and sorted(rtts)[len(rtts) // 2] < 50)
    run.stop()


def case_stalled_end():
    run = demo()
    run.keys("\x0c" * 100)
    time.sleep(1)
    os.kill(run.pid, signal.SIGTERM)
    say("ended", took(run.wait_end(5, drain=False)))
    run.stop()


def case_resize():
    run = demo()
    run.resize(100, 30)
    say("larger", run.wait_for(r"20\d\d@") and run.wait_for(r"\? help"))
    run.read(0.5)
    say("bottom_line", bool(re.match(r"\? help", run.text().split("\n")[29])))
    run.resize(39, 9)
    say("too_small", run.wait_for("regtop needs 40 columns"))
    run.resize(80, 24)
    say("back", run.wait_for(r"\? help"))
    run.stop()


def case_quit():
    run = demo(term="xterm-256color")
    say("alternate_screen", b"\x1b[?1049h" in run.raw)
    during = termios.tcgetattr(run.slave)
    say("raw", not during[3] & (termios.ECHO | termios.ICANON | termios.ISIG))
    run.keys("q")
    say("ended", took(run.wait_end(5)))
    run.read(0.2)
    say("status", getattr(run, "status", "none"))
    say("left_screen", b"\x1b[?1049l" in run.raw)
    say("paste_off", run.raw.rfind(b"\x1b[?2004l") > run.raw.rfind(b"\x1b[?2004h"))
    say("restored", termios.tcgetattr(run.slave) == run.before)
    run.stop()


def case_esc():
    """Esc alone must act at once, and does not leave from the table."""
    run = demo()
    run.keys("\r")
    say("detail", run.wait_for("Does it answer"))
    start = time.monotonic()
    run.keys("\x1b")
    say("back", run.wait_for(r"Verdict +RTT"))
    say("at_once", time.monotonic() - start < 0.6)
    run.keys("\x1b\x1b[1;5x\x1b[200~qqxy\x1b[201~")
    run.read(0.5)
    say("still_there", os.waitpid(run.pid, os.WNOHANG)[0] == 0)
    say("table", bool(re.search(r"Verdict +RTT", run.text())))
    run.stop()


def colours(raw):
    found = set()
    for args in re.findall(rb"\x1b\[([0-9;]*)m", raw):
        for n in args.split(b";"):
            n = int(n or 0)
            if 30 <= n <= 38 or 40 <= n <= 48 or 90 <= n <= 107:
                found.add(n)
    return found


def case_colour():
    for name, env in (("colour", {}), ("no_color", {"NO_COLOR": "1"})):
        run = demo(term="xterm-256color", env=env)
        run.keys("P")
        run.read(2)
        say(name, bool(colours(run.raw)))
        run.stop()


def case_ascii():
    run = demo(env={"LC_ALL": "C", "LANG": "C"})
    run.keys("?")
    run.read(0.5)
    say("only_ascii", all(b < 0x80 for b in run.raw))
    run.stop()


def case_watch():
    """Five who are watched are asked at once: what is told rings the bell, and nothing else does."""
    run = demo()
    run.keys("WjWjWjWjW")
    say("marked", run.wait_for(r"\d watched"))
    say("still", b"\x07" not in run.raw)
    run.keys("vP")
    say("listed", run.wait_for(r"(?s)Watched: \d AoRs.*What happened.*20\d\d@\S+ not asked -> \w+"))
    # OSC 52 would end with the same byte; nothing was copied here.
    say("bell", run.raw.count(b"\x07") > 0)
    run.keys("\x1bW")
    say("fewer", run.wait_for("is watched no more"))
    run.stop()


def case_snapshot():
    """A large picture is written while keys go on; what is stopped, or left, leaves nothing behind."""
    place = tempfile.mkdtemp(dir=os.environ["XDG_STATE_HOME"].rsplit("/", 1)[0])
    table, top = place + "/location.sqlite", os.environ["TOP_SRCDIR"]
    db = sqlite3.connect(table)
    with open(top + "/tests/registrars/location-9.sql", encoding="utf-8") as f:
        db.executescript(f.read())
    until = time.time() / 86400 + 2440587.5 + 1
    db.executemany("insert into location(ruid,username,domain,contact,expires) values(?,?,?,?,?)",
                   (("u%d" % i, "%06d" % i, "acme.example", "sip:%06d@127.0.0.1:9" % i, until)
                    for i in range(50000)))
    db.commit()
    db.close()
    os.chdir(place)
    run = Run([REGTOP, "-s", table, "--history=no"])
    say("whole", run.wait_for(r"(?s)complete.*50,?000 bindings.*000000@"))
    run.keys("s")
    say("progress", run.wait_for(r"Writing the snapshot: \d+ %\. s stops it\."))
    run.keys("j")
    say("key", run.wait_for(r"(?m)^> +000001@"))
    say("told", run.wait_for(r"The snapshot is in regtop-\S+; regtop -s opens it\.", 30))
    files = [f for f in os.listdir(place) if f.endswith(".regtop")]
    with open(files[0], encoding="utf-8") as f:
        say("rows", len(json.load(f)["bindings"]))
    run.keys("ss")
    say("stopped", run.wait_for(r"The snapshot was stopped"))
    run.keys("sq")
    say("ended", run.wait_end(10) is not None)
    say("left", len([f for f in os.listdir(place) if "regtop" in f]) - len(files))
    run.stop()


def case_call():
    """A test call in the demo: left with its result on the screen, and while a phone rings."""
    noon = {"TZ": "XXX%d" % (time.gmtime().tm_hour - 12)}  # no quiet hours
    run = demo(env=noon)
    run.keys("iy")
    say("refused", run.wait_for(r"(?s)Result +.*420"))
    run.keys("\x1bq")
    say("ended", run.wait_end(10) is not None and run.status)
    run.stop()
    run = demo(env=dict(noon, XDG_STATE_HOME=os.environ["HOME"] + "/other"))
    run.keys("i\t")
    say("question", run.wait_for(r"RINGS this phone"))
    run.keys("y")
    say("rings", run.wait_for(r"180 "))
    os.kill(run.pid, signal.SIGTERM)
    say("ended_ringing", run.wait_end(10) is not None and run.status)
    run.stop()


def case_suspend():
    shell = Run(["/bin/bash", "--norc", "--noprofile", "-i"], env={"PS1": "ready> ", "HISTFILE": ""})
    shell.wait_for("ready>")
    shell.keys(f"'{REGTOP}' demo\n")
    say("started", shell.wait_for(r"(?s)20\d\d@.*\? help"))
    shell.keys("\x1a")
    say("stopped", shell.wait_for("Stopped"))
    shell.read(0.3)
    state = termios.tcgetattr(shell.slave)
    say("echo_again", bool(state[3] & termios.ISIG))
    shell.keys("clear; python3 -c 'import fcntl, os; print(\"non\" + \"block\", "
               "fcntl.fcntl(0, fcntl.F_GETFL) & os.O_NONBLOCK)'\n")
    say("blocking", shell.wait_for(r"nonblock 0"))
    shell.keys("clear; fg\n")
    say("back", shell.wait_for(r"(?s)20\d\d@.*\? help"))
    shell.keys("q")
    say("shell_again", shell.wait_for(r"(?m)^ready> *$", 5))
    shell.keys("exit\n")
    shell.wait_end(5)
    shell.stop()


def case_refused():
    run = Run([REGTOP, "demo"], term="dumb")
    run.wait_end(10)
    say("dumb_status", getattr(run, "status", "none"))
    say("dumb_words", b"regtop list" in run.raw and b"cannot move its cursor" in run.raw)
    run = Run([REGTOP, "demo"], term="no-such-terminal")
    run.wait_end(10)
    say("unknown_status", getattr(run, "status", "none"))
    say("unknown_words", b"regtop list" in run.raw)
    done = subprocess.run([REGTOP, "demo"], stdin=subprocess.DEVNULL, capture_output=True,
                          timeout=20, check=False)
    say("pipe_status", done.returncode)
    say("pipe_words", b"regtop list" in done.stderr and not done.stdout)


if __name__ == "__main__":
    globals()["case_" + sys.argv[1]]()
