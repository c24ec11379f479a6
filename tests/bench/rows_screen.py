"""Rows about the screen: the first frame, a key, sorting, filtering, and what a second costs."""
import os
import re
import shutil
import struct
import time

from measure import (PLACE, REGTOP, ROWS, TURNS, Absent, Result, Terminal, ask, have, in_turn,
                     median, program, ratio, spent, table, threads_ran_s)

# A row's number; the made tables have eleven digits, of which a narrow column shows ten.
ROW = re.compile(rb"49\d{8}")


def regtop(rows, **size):
    return Terminal([REGTOP, "-s", table(rows)], **size)


def trivial(rows, **size):
    return Terminal([program("ncurses_table"), rows], **size)


def first_frame_ms(make, rows):
    t = make(rows)
    while len(ROW.findall(t.raw)) < 15:
        t.read(0.5)
        if time.monotonic() - t.start > 30:
            break
    ms = (t.last - t.start) * 1e3
    t.stop()
    return ms


def first_frame():
    table(10000), table(ROWS)
    ours, small, floor = in_turn(lambda: first_frame_ms(regtop, ROWS),
                                 lambda: first_frame_ms(regtop, 10000),
                                 lambda: first_frame_ms(trivial, 1000), turns=2 * TURNS)
    behind = (f"{median(ours):.1f} ms, of 10k rows {median(small):.1f} ms, trivial ncurses "
              f"{median(floor):.1f} ms")
    yield Result("first frame with real rows / trivial ncurses program", "<=2.2",
                 ratio(ours, floor), behind)
    yield Result(f"first frame of {ROWS} rows / of 10000 rows", "<=1.3", ratio(ours, small), behind)
    yield first_frame_of_sngrep()


def capture():
    """A capture of as many dialogs as a large screen shows, for a program that reads files."""
    def packet(number):
        sip = (f"OPTIONS sip:{number}@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.2;"
               f"branch=z9hG4bK{number}\r\nFrom: <sip:{number}@127.0.0.2>;tag=1\r\n"
               f"To: <sip:{number}@127.0.0.1>\r\nCall-ID: {number}\r\nCSeq: 1 OPTIONS\r\n"
               "Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n").encode()
        udp = struct.pack("!HHHH", 5060, 5060, 8 + len(sip), 0) + sip
        ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0,
                         bytes((127, 0, 0, 2)), bytes((127, 0, 0, 1))) + udp
        frame = bytes(12) + b"\x08\x00" + ip
        return struct.pack("<IIII", number % 1000, 0, len(frame), len(frame)) + frame

    path = os.path.join(PLACE, "calls.pcap")
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        f.writelines(packet(4930000000 - 4930000000 % 1000 + i) for i in range(200))
    return path


def first_frame_of_sngrep():
    name = "first frame / sngrep reading a file"
    try:
        have("sngrep")
    except Absent as why:
        return Result(name, "<=0.6", None, str(why))
    path, program_path = capture(), shutil.which("sngrep")
    ours, theirs = in_turn(lambda: first_frame_ms(regtop, ROWS),
                           lambda: first_frame_ms(lambda _: Terminal([program_path, "-I", path]),
                                                  200), turns=2 * TURNS)
    return Result(name, "<=0.6", ratio(ours, theirs),
                  f"{median(ours):.1f} ms, sngrep with 200 dialogs {median(theirs):.1f} ms")


def loaded(rows, **size):
    """The inspector with its whole table, quiet."""
    t = regtop(rows, **size)
    t.until(b"4930", 60)
    # It is loaded when its threads have little left to do.
    calm = 0
    while calm < 3:
        ran = threads_ran_s(t.pid)
        t.quiet(0.5, 0.5)
        calm = calm + 1 if threads_ran_s(t.pid) - ran < 0.05 else 0
    return t


def arrows_ms(t):
    got = []
    for _ in range(TURNS * 2):
        t.after_tick()
        for key in ("j", "j", "j", "k", "j", "j"):
            got.append(t.key_ms(key))
    return got


def key():
    ours, floor = loaded(ROWS), trivial(1000)
    floor.quiet(0.3, 1)
    a = arrows_ms(ours)
    b = arrows_ms(floor)
    a += arrows_ms(ours)
    b += arrows_ms(floor)
    ours.stop()
    floor.stop()
    yield Result("key press to last byte / trivial ncurses table of 1000 rows", "<=1.5",
                 median(a) / median(b), f"{median(a):.2f} ms, floor {median(b):.2f} ms")


def sort_and_filter_ms(rows):
    """Median milliseconds to painted: sort by expiry, and one more letter of a filter."""
    t = loaded(rows)
    sort, letter = [], []
    for _ in range(TURNS):
        t.key_ms(":sort aor\r", 0.15)
        t.keys(":sort expires")
        t.after_tick()
        sort.append(t.key_ms("\r", 0.15))
        t.key_ms("f", 0.1)
        for each in "c01":
            t.after_tick()
            letter.append(t.key_ms(each, 0.15))
        t.key_ms("\x1b", 0.3)
        t.key_ms(":filter \r", 0.15)
    t.stop()
    return median(sort), median(letter)


def sort_filter():
    path = table(ROWS)
    have("sqlite3")
    sort, letter = sort_and_filter_ms(ROWS)
    floors = [ask(program("sort_filter_floor"), ROWS) for _ in range(TURNS)]
    counting, quick, search, rows = (median(f.get(k, f["memmem_ms"]) for f in floors) for k in (
        "counting_ms", "qsort_ms", "avx2_ms", "strcasestr_ms"))
    like = median(spent("sqlite3", path, "SELECT count(*) FROM location WHERE contact LIKE "
                        "'%c01%' OR domain LIKE '%c01%'")[0] for _ in range(TURNS)) * 1e3
    yield Result("sort by expiry to painted", "<=16", sort,
                 f"counting sort {counting:.1f} ms, qsort {quick:.0f} ms", "ms")
    yield Result("sort by expiry to painted / qsort of indices", "<=0.1", sort / quick, "")
    yield Result("filter letter to painted", "<=16", letter,
                 f"vector search {search:.1f} ms, strcasestr a row {rows:.0f} ms, SQLite LIKE "
                 f"{like:.0f} ms", "ms")
    yield Result("filter letter to painted / SQLite LIKE", "<=0.125", letter / like, "")


def per_second(t, seconds):
    """Bytes and CPU milliseconds a second."""
    t.after_tick()
    ran, size, start = threads_ran_s(t.pid), len(t.raw), time.monotonic()
    while (left := start + seconds - time.monotonic()) > 0:
        t.read(left)
    took = time.monotonic() - start
    return (len(t.raw) - size) / took, (threads_ran_s(t.pid) - ran) * 1e3 / took


def seconds_of(argv, width, height, seconds=10):
    t = Terminal(argv, width=width, height=height)
    t.quiet(0.5, 3)
    got = per_second(t, seconds)
    t.stop()
    return got


def scrolling(t):
    """Bytes a key while a held key moves the cursor down."""
    t.keys("\x1b[6~" * 2)
    t.quiet(0.3)
    t.after_tick()
    size = len(t.raw)
    for _ in range(15):
        t.keys("j")
        t.quiet(0.03, 0.5)
    return (len(t.raw) - size) / 15


def terminal_bytes():
    for width, height in ((200, 50), (80, 24)):
        ours = loaded(10000, width=width, height=height)
        floor = trivial(1000, width=width, height=height)
        floor.quiet(0.3, 1)
        a, b = [], []
        for _ in range(3):
            a.append(per_second(ours, 6)[0])
            b.append(per_second(floor, 6)[0])
        moved = scrolling(ours)
        ours.stop()
        floor.stop()
        yield Result(f"bytes a second at {width}x{height}, all rows counting / ncurses' own diff",
                     "<=1.1", ratio(a, b),
                     f"{median(a):.0f} B/s, ncurses {median(b):.0f} B/s; scrolling "
                     f"{moved:.0f} B a key")
        if height == 50:
            try:
                have("top")
                top = seconds_of([shutil.which("top"), "-d", "1"], width, height)[0]
                yield Result("bytes a second at 200x50 / top -d 1", "<=0.05", median(a) / top,
                             f"top {top:.0f} B/s")
            except Absent as why:
                yield Result("bytes a second at 200x50 / top -d 1", "<=0.05", None, str(why))


def idle():
    ours = loaded(ROWS, width=200, height=50)
    cpu = median(per_second(ours, 8)[1] for _ in range(2))
    ours.stop()
    floor = trivial(1000, width=200, height=50)
    floor.quiet(0.3, 1)
    least = per_second(floor, 8)[1]
    floor.stop()
    behind = f"{cpu:.2f} ms/s, trivial ncurses table {least:.2f} ms/s"
    try:
        have("htop")
        htop = seconds_of([shutil.which("htop"), "-d", "10"], 200, 50)[1]
        yield Result("CPU of the idle screen / htop -d 10", "<=0.3", cpu / htop,
                     behind + f", htop {htop:.2f} ms/s")
    except Absent as why:
        yield Result("CPU of the idle screen / htop -d 10", "<=0.3", None, f"{behind}; {why}")


def screen_curve():
    from rows_table import curve
    return curve(lambda rows: (median(first_frame_ms(regtop, rows) for _ in range(3)),
                               *sort_and_filter_ms(rows)))
