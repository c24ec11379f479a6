#!/usr/bin/env python3
"""compare_lookup.py SOCKET < listing.json: whether regtop's list says what Kamailio's memory says."""
import calendar, json, sys, time
from phone import rpc

NAMES = {"contact": "Address", "received": "Received", "path": "Path", "socket": "Socket",
         "user_agent": "User-Agent", "call_id": "Call-ID", "instance": "Instance", "cseq": "CSeq",
         "ruid": "Ruid"}
ALL_METHODS = 4294967295
# Kamailio's bits, from the lowest (src/core/parser/msg_parser.h).
METHODS = ["INVITE", "CANCEL", "ACK", "BYE", "INFO", "REGISTER", "SUBSCRIBE", "NOTIFY", "MESSAGE", "OPTIONS",
           "PRACK", "UPDATE", "REFER", "PUBLISH"]


def unix(text):
    return calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ"))


def allowed(bits):
    """The names of the methods in these bits; None when all are allowed."""
    if bits == ALL_METHODS:
        return None
    return {name for i, name in enumerate(METHODS) if bits >> i & 1}


def differences(row, c, asked, told):
    """What differs between our row and Kamailio's contact c, asked for and told of at these Unix times."""
    for ours, theirs in NAMES.items():
        want = None if c[theirs] == "[not set]" else c[theirs]
        if row[ours] != want:
            yield "%s is %r, Kamailio says %r" % (ours, row[ours], want)
    q = None if c["Q"] < 0 else c["Q"]
    if (row["q"] is None) != (q is None) or q is not None and abs(row["q"] - q) > 0.0006:
        yield "q is %r, Kamailio says %r" % (row["q"], c["Q"])
    if str(row["node"]) != str(c["Server-Id"]):
        yield "node is %r, Kamailio says %r" % (row["node"], c["Server-Id"])
    if (row["reg_id"] or 0) != c["Reg-Id"]:
        yield "reg_id is %r, Kamailio says %r" % (row["reg_id"], c["Reg-Id"])
    methods = None if row["methods"] is None else set(row["methods"].split(","))
    if methods != allowed(c["Methods"] & ALL_METHODS):
        yield "methods are %r, Kamailio says %r" % (row["methods"], c["Methods"])
    if c["Expires"] == "permanent":
        if row["expires"] is not None or row["left"] is not None:
            yield "expires is %r, left %r, Kamailio says permanent" % (row["expires"], row["left"])
    elif not asked - 1 <= unix(row["expires"]) - c["Expires"] <= told + 1:
        yield "expires is %r, Kamailio says %r between %r and %r" % (row["expires"], c["Expires"], asked, told)
    # In db_mode 3 Kamailio reads its own half seconds back from SQLite, and at times a second less.
    if c["Last-Modified"] and not 0 <= unix(row["refreshed"]) - c["Last-Modified"] <= 1:
        yield "refreshed is %r, Kamailio says %r" % (row["refreshed"], c["Last-Modified"])


def main():
    rows = json.load(sys.stdin)["bindings"]
    bad, seen = 0, 0
    for aor in sorted({r["aor"] for r in rows}):
        asked = int(time.time())
        contacts = [c["Contact"] for c in rpc(sys.argv[1], "ul.lookup", "location", aor)["result"]["Contacts"]]
        told = int(time.time())
        ours = {r["ruid"]: r for r in rows if r["aor"] == aor}
        if set(ours) != {c["Ruid"] for c in contacts}:
            print("# %s: other bindings than in memory" % aor)
            bad += 1
            continue
        for c in contacts:
            seen += 1
            for words in differences(ours[c["Ruid"]], c, asked, told):
                print("# %s: %s" % (aor, words))
                bad += 1
    print(seen)
    sys.exit(1 if bad else 0)


main()
