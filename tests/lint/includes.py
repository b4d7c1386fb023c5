#!/usr/bin/env python3
"""Checks the layers: includes go down only, and each third-party library has its owners.

server/, worker/ and loadtest/ include from shared/ and from themselves; inside shared/ the order of
SHARED holds; tests include anything. Exits 1 with a line for each include that breaks a rule.
An argument names another tree than this one; test_includes.py plants each kind of fault in one.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parents[2]

# Each part of shared/ may include itself and what stands before it in its row.
SHARED = {
    "base": [],
    "currency": ["base"],
    "json": ["base"],
    "http": ["base"],
    "openrtb": ["base", "json"],
    "outbound": ["base", "http"],
    "queue": ["base"],
    "ledger": ["base"],
    "table": ["base"],
    "match": ["base", "table"],
    "scoring": ["base", "table", "match"],
    "control": ["base"],
}
# The same inside server/. What stands in server/ itself (the auction, the exchange, the processes) may
# include all of these but web/, which hands requests to it; these never include auction.h.
SERVER = {
    "budget": [],
    "config": [],
    "token": [],
    "bid": ["config", "token"],
    "campaign": ["config", "bid"],
    "event_log": ["config", "bid"],
    "notice": ["config", "bid"],
    "event": ["config", "bid", "token", "event_log", "notice"],
    "admission": [],
    "stats": ["admission", "budget", "config", "bid", "campaign", "event_log", "event", "notice"],
    "keeper": ["config", "bid", "event_log", "stats"],
    "partner": ["admission", "config", "bid", "stats"],
    "admin": ["admission", "budget", "config", "bid", "campaign", "event_log", "stats", "partner"],
}
SERVER_TOP = ["clickstream", "web", "supervisor", "front_end.c", "front_end.h", "memory_report.c", "memory_report.h", "main.c"]  # above the auction

# header prefix -> files that may include it
OWNERS = {
    "event.h": [],  # libevent 1's names
    "evdns.h": [],
    "evhttp.h": [],
    "evutil.h": [],
    "event2/": ["shared/base/loop.c", "shared/outbound/resolver.c", "loadtest/bench/curl_floor.c"],
    "curl/": ["shared/outbound/", "loadtest/bench/curl_floor.c"],
    "yajl/": ["loadtest/bench/parse_bench.c"],
    "jansson.h": ["server/config/", "shared/currency/", "worker/table/", "loadtest/replay/replay_rtbkit.c", "loadtest/bench/ads_dictionary.c"],
    "zlib.h": ["shared/http/gzip.c"],
    "libpsl.h": ["server/notice/notice_domain.c"],
    "openssl/": ["server/token/"],
    "jemalloc/": ["server/stats/allocator.c"],
}

INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.M)


def part_of(path):
    return path.parts[0] if path.parts[0] != "shared" else "/".join(path.parts[:2])


def owner_of(header, local_root):
    """The file that a quoted include names, relative to the project's root."""
    for base in (ROOT / "shared", ROOT / local_root):
        if (base / header).exists():
            return (base / header).relative_to(ROOT)
    return None


def check_own(path, header):
    if header == "version.h":
        return None
    target = (owner_of(header, path.parts[0]) or owner_of(header, str(path.parent)) or
              owner_of(header, str(path.parent.parent)))
    if target is None:
        return f"includes {header}, which is nowhere below shared/ or {path.parts[0]}/"
    mine, theirs = part_of(path), part_of(target)
    if mine == theirs:
        pass
    elif not theirs.startswith("shared/"):
        return f"includes {target}: sideways or up"
    elif mine.startswith("shared/") and theirs.split("/")[1] not in SHARED[mine.split("/")[1]]:
        return f"includes {target}: {theirs} is not below {mine}"
    if mine == "server" and theirs == "server":
        return check_server(path, target)
    return None


def check_server(path, target):
    mine, theirs = path.parts[1], target.parts[1]
    if mine in SERVER and theirs != mine and theirs not in SERVER[mine]:
        return f"includes {target}: it is not below server/{mine}"
    if mine not in SERVER and mine not in SERVER_TOP and theirs in SERVER_TOP:
        return f"includes {target}: up"
    return None


def check_system(path, header):
    for prefix, owners in OWNERS.items():
        if header.startswith(prefix) and not any(str(path).startswith(owner) for owner in owners):
            return f"includes <{header}>, which belongs to {', '.join(owners) or 'nobody yet'}"
    return None


def check(path, kind, header):
    if ".." in pathlib.PurePath(header).parts:
        return f"includes {header}: a path goes down from shared/ or {path.parts[0]}/"
    if kind == '"' or owner_of(header, path.parts[0]):
        return check_own(path, header)
    return check_system(path, header)


def main():
    wrong = seen = 0
    for folder in ("shared", "server", "worker", "loadtest"):
        for file in sorted((ROOT / folder).rglob("*.[ch]")):
            path = file.relative_to(ROOT)
            for kind, header in INCLUDE.findall(file.read_text(encoding="utf-8")):
                seen += 1
                fault = check(path, kind, header)
                if fault:
                    wrong += 1
                    print(f"{path}: {fault}")
    print(f"{seen} includes, {wrong} wrong")
    return 1 if wrong or not seen else 0


if __name__ == "__main__":
    sys.exit(main())
