#!/usr/bin/env python3
"""Checks of the house rules; prints one line per offence and nothing when all is well.

usage: house.py matrix|banned|sizes|duties|unfinished     (in the top folder of the sources)
"""
import re
import sys
from pathlib import Path

# DESIGN: which folders a folder may include, besides itself.
MAY_USE = {
    "base": set(),
    "loop": {"base"},
    "model": {"base"},
    "history": {"base", "loop", "model"},
    "judge": {"base", "model"},
    "source": {"base", "loop", "model"},
    "sip": {"base", "loop"},
    "discover": {"base", "source"},
    "act": {"base", "loop", "model", "source", "sip"},
    "report": {"base", "model", "judge", "source"},
    "ui": {"base", "loop", "model", "judge", "act", "report", "source"},
    "cli": {"base", "loop", "model", "judge", "source", "sip", "act", "report", "ui", "history", "discover", "."},
    ".": {"base", "loop", "model", "judge", "source", "sip", "act", "report", "ui", "cli", "history", "discover"},
}
# Single doors through a wall, each with its reason in doc/HACKING.
DOORS = {
    ("src/source/listen.c", "sip"),
    ("src/source/listen.h", "sip"),
    ("src/source/snapshot_file.c", "report"),
    ("src/source/source.c", "report"),
    ("src/discover/discover.c", "act"),
    ("src/discover/discover.h", "."),
    ("src/discover/section.h", "."),
    ("src/act/flow_state.c", "judge"),
    ("src/act/ping.c", "judge"),
    ("src/act/ping_path.c", "judge"),
    ("src/act/workup.c", "judge"),
    ("src/act/workup.h", "judge"),
    ("src/act/workup_groups.c", "judge"),
    ("src/act/workup_told.h", "judge"),
    ("src/act/workup_ways.h", "judge"),
}
# Which files may include a library, as prefixes of their paths.
LIBRARIES = {
    "event2/": ("src/loop/",),
    "curses.h": ("src/ui/terminal",),
    "ncurses": ("src/ui/terminal",),
    "term.h": ("src/ui/terminal",),
    "osip": ("src/sip/",),
    "mysql": ("src/source/sql/sql_mysql",),
    "libpq": ("src/source/sql/sql_postgres",),
    "hiredis": ("src/source/sql/redis_client",),
    "sqlite3.h": ("src/source/sql/", "src/act/journal", "src/history/", "src/sip/registrar_store"),
}
BANNED = [
    (r"\b(sprintf|vsprintf|strcpy|strcat|strtok|atoi|atol|gets|strncpy|strncat)\s*\(",
     "unbounded or ambiguous"),
    (r"\b(time|gettimeofday|clock_gettime)\s*\(", "only base/clock asks for the time"),
    (r"\b(sleep|usleep|nanosleep|napms)\s*\(", "nothing sleeps"),
    (r"\b(getaddrinfo|gethostbyname)\s*\(", "names are never resolved in the loop"),
    (r"\bosip_(nict|ict|nist|ist)_execute|osip_transaction|sdp_message_parse", "osip only parses"),
    (r"\blrand48|\brand\s*\(|osip_build_random", "random_bytes() is there"),
]
TIME_OK = ("src/base/clock.c",)
# It does so in a thread that nobody waits for.
NAMES_OK = ("src/loop/resolve.c",)


def sources(*roots):
    for root in roots or ("src",):
        for path in sorted(Path(root).rglob("*")):
            if path.suffix in (".c", ".h"):
                yield path


def code(path):
    """The text without comments and string contents, line numbers kept."""
    text = path.read_text(errors="replace")
    blank = lambda m: re.sub(r"[^\n]", " ", m.group(0))
    text = re.sub(r"/\*.*?\*/", blank, text, flags=re.S)
    text = re.sub(r"//[^\n]*", blank, text)
    return re.sub(r'(?<!include )"(\\.|[^"\\\n])*"', '""', text)


def matrix():
    for path in sources():
        parts = path.parts
        here = parts[1] if len(parts) > 2 else "."
        for line, text in enumerate(path.read_text(errors="replace").splitlines(), 1):
            m = re.match(r'\s*#\s*include\s+(["<])([^">]+)[">]', text)
            if not m:
                continue
            quote, name = m.groups()
            for lib, places in LIBRARIES.items():
                if lib in name and not str(path).startswith(places):
                    print(f"{path}:{line}: <{name}> has no business here")
            if quote == "<":
                continue
            there = name.split("/")[0] if "/" in name else "."
            if there in (here,) or there in MAY_USE.get(here, set()):
                continue
            if (str(path), there) in DOORS:
                continue
            print(f"{path}:{line}: {here}/ may not include {name}")


def banned():
    for path in sources():
        for line, text in enumerate(code(path).splitlines(), 1):
            for pattern, why in BANNED:
                if str(path) in (TIME_OK if "clock" in why else NAMES_OK if "names" in why else ()):
                    continue
                if re.search(pattern, text):
                    print(f"{path}:{line}: {text.strip()[:60]} ({why})")


def sizes():
    for path in sources():
        lines = len(path.read_text(errors="replace").splitlines())
        if lines > 620:
            print(f"{path}: {lines} lines")


def first_sentence(path):
    text = path.read_text(errors="replace")
    m = re.match(r"/\*(.*?)\*/", text, flags=re.S)
    if not m:
        return None
    words = " ".join(w.strip(" *\t") for w in m.group(1).splitlines()).strip()
    m = re.match(r"(.*?[.!?])(\s|$)", words)
    return m.group(1) if m else words


def duties():
    hacking = " ".join(Path("doc/HACKING").read_text().split())
    for path in sources("src"):
        duty = first_sentence(path)
        if not duty:
            print(f"{path}: does not begin with its duty")
            continue
        if path.suffix == ".h" and path.with_suffix(".c").exists():
            # A module's header and its .c file share one entry.
            if first_sentence(path.with_suffix(".c")) != duty:
                print(f"{path}: its .c file says another duty")
            continue
        if f"{path.relative_to('src')} {duty}" not in hacking:
            print(f"doc/HACKING does not say: {path.relative_to('src')} {duty}")
    for name in re.findall(r"\b((?:base|loop|model|judge|source|sip|act|report|ui|cli)/[\w/]+\.[ch])\b",
                           hacking):
        if not Path("src", name).exists():
            print(f"doc/HACKING names {name}, which is not there")


def unfinished():
    for path in sources("src", "tests"):
        for line, text in enumerate(path.read_text(errors="replace").splitlines(), 1):
            if re.search(r"\b(TODO|FIXME|XXX)\b|not implemented|\bstub\b", text):
                print(f"{path}:{line}: {text.strip()[:70]}")


if __name__ == "__main__":
    checks = {f.__name__: f for f in (matrix, banned, sizes, duties, unfinished)}
    if len(sys.argv) != 2 or sys.argv[1] not in checks:
        sys.exit(__doc__)
    checks[sys.argv[1]]()
