"""Click events over sockets: batches, lines, the tracking API, odd clients."""
import gzip
import http.client
import json
import random
import socket
import subprocess
import threading
import time
from collections import Counter

import pytest

from conftest import BIN, SANITIZED, SHARED, Partner, Slimbid, needs_shared

KEY = "write-key-1"
IMP = {"id": "1", "bidfloor": 0.1, "banner": {"format": [{"w": 300, "h": 250}]}}
PLACEMENT = {"name": "front", "site": "news.example", "path": "/a/*", "cat": ["IAB12"], "imps": [IMP], "request": {"at": 1}}


def config(partner, **clickstream):
    return {"partners": [{"name": "p", "url": partner.url("p"), "max_in_flight": 4096, "timeout_ms": 2000}],
            "auction": {"tmax_default_ms": 1900}, "breaker": {"enabled": False},
            "clickstream": {"write_keys": [KEY], **clickstream}, "placements": [PLACEMENT]}


def view(message_id, path="/a/1", **more):
    return {"type": "page", "messageId": message_id, "anonymousId": "visitor",
            "context": {"page": {"url": f"https://www.news.example{path}"}}, **more}


def track(message_id, **more):
    return {"type": "track", "event": "Product Viewed", "messageId": message_id, "userId": "u-1", **more}


def post(slimbid, body, path="/v1/clickstream", headers=None):
    data = body if isinstance(body, bytes) else json.dumps(body)
    response, answer = slimbid.request("POST", path, data, headers)
    if response.headers.get("Content-Encoding") == "gzip":
        answer = gzip.decompress(answer)
    return response, answer


def results(slimbid, body):
    response, answer = post(slimbid, body)
    assert response.status == 200, answer
    return json.loads(answer)["results"]


def lines(slimbid, body, headers=None):
    response, answer = post(slimbid, body, headers={"Content-Type": "application/x-ndjson", **(headers or {})})
    assert response.status == 200, answer
    return [json.loads(line) for line in answer.splitlines()]


def said(result):
    return [(r["messageId"], r["status"]) for r in result]


def basic(key):
    import base64
    return {"Authorization": "Basic " + base64.b64encode(f"{key}:".encode()).decode()}


@pytest.fixture
def partner(start):
    return start(Partner, "p=bid=1&price=fixed:1&delay=uniform:0,30")


@pytest.fixture
def slimbid(start, partner):
    return start(Slimbid, config(partner))


def test_one_event_of_each_kind(slimbid):
    [result] = results(slimbid, view("m-1", properties={"category": "Sport"}))
    assert said([result]) == [("m-1", "bids")] and result["placement"] == "front"
    bid = result["response"]["seatbid"][0]["bid"][0]
    assert result["response"]["id"] == "m-1" and bid["impid"] == "1" and bid["price"] == 1
    assert said(results(slimbid, view("m-1"))) == [("m-1", "duplicate")]
    assert said(results(slimbid, view("m-2", path="/elsewhere"))) == [("m-2", "accepted")]
    assert said(results(slimbid, track("m-3"))) == [("m-3", "accepted")]
    [bad] = results(slimbid, {"type": "track", "userId": "u", "messageId": "m-4"})
    assert bad == {"messageId": "m-4", "status": "invalid", "error": {"path": "event", "reason": "must be given"}}
    m = slimbid.wait_idle()
    assert m['slimbid_click_events_total{outcome="bids"}'] == 1
    assert m['slimbid_click_events_total{outcome="invalid"}'] == 1
    assert m['slimbid_click_interests_total'] >= 2


def test_a_batch_of_10000_is_answered_in_order(slimbid):
    kinds = random.Random(7)
    batch, expected = [], []
    for i in range(10000):
        message = f"b-{i}"
        kind = kinds.choice(["view", "track", "track", "bad", "again"])
        if kind == "view":
            batch.append(view(message))
            expected.append((message, "bids"))
        elif kind == "track":
            batch.append(track(message))
            expected.append((message, "accepted"))
        elif kind == "bad":
            batch.append({"type": "page", "messageId": message})
            expected.append((message, "invalid"))
        else:
            batch.append(track("b-0"))
            expected.append(("b-0", "duplicate"))
    batch[0], expected[0] = track("b-0"), ("b-0", "accepted")
    got = results(slimbid, {"batch": batch, "sentAt": "2100-01-01T00:00:00Z"})
    # A partner that is too late on a slow machine is no bid.
    assert [(i, "bids" if s == "no_bid" else s) for i, s in said(got)] == expected
    expected = said(got)
    m = slimbid.wait_idle()
    outcomes = {status: sum(1 for _, s in expected if s == status) for status in ("bids", "no_bid", "accepted", "invalid", "duplicate")}
    for status, count in outcomes.items():
        assert m[f'slimbid_click_events_total{{outcome="{status}"}}'] == count
    response, _ = post(slimbid, {"batch": [7] * 10001})
    assert response.status == 413


def test_a_duplicate_storm_is_auctioned_once(slimbid):
    got, lock = [], threading.Lock()

    def storm():
        mine = results(slimbid, {"batch": [view(f"s-{i % 10}") for i in range(500)]})
        with lock:
            got.extend(said(mine))

    threads = [threading.Thread(target=storm) for _ in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert sorted(r for r in got if r[1] != "duplicate") == [(f"s-{i}", "bids") for i in range(10)]
    assert len(got) == 4000
    assert slimbid.wait_idle()['slimbid_requests_total{outcome="bids"}'] == 10


def test_several_front_ends_share_what_they_have_seen(start, partner):
    slimbid = start(Slimbid, {**config(partner), "front_ends": 3})
    statuses = [said(results(slimbid, view("f-1")))[0][1] for _ in range(30)]
    assert statuses.count("bids") == 1 and statuses.count("duplicate") == 29


def test_hostile_events_harm_no_other(slimbid):
    deep = '{"type":"page","userId":"u","messageId":"deep","properties":{"a":' + "[" * 5000 + "]" * 5000 + "}}"
    large = json.dumps(track("large", properties={"x": "y" * 500_000}))
    body = ",".join([json.dumps(track("h-1")), deep, large, '{"a" 1}', "null", '"text"', json.dumps(view("h-2"))])
    got = results(slimbid, f'{{"batch":[{body}]}}'.encode())
    assert said(got) == [("h-1", "accepted"), ("deep", "invalid"), ("large", "invalid"), (None, "invalid"), (None, "invalid"),
                         (None, "invalid"), ("h-2", "bids")]
    assert got[1]["error"]["path"].startswith("properties.a[0][0]") and "nested" in got[1]["error"]["reason"]
    assert got[2]["error"]["reason"] == "is longer than 32768 bytes"
    assert said(lines(slimbid, "\n".join([large, json.dumps(track("h-3")), deep, ""]).encode())) == [
        (None, "invalid"), ("h-3", "accepted"), ("deep", "invalid")]


def test_events_of_500_kb_where_they_are_allowed(start, partner):
    slimbid = start(Slimbid, config(partner, event_bytes=600_000))
    event = track("big", properties={"x": ["y" * 60_000] * 8})
    assert said(results(slimbid, {"batch": [event, track("next")]})) == [("big", "accepted"), ("next", "accepted")]
    event["messageId"] = "big-2"
    assert said(lines(slimbid, (json.dumps(event) + "\n" + json.dumps(track("next-2"))).encode())) == [
        ("big-2", "accepted"), ("next-2", "accepted")]


@pytest.mark.parametrize("when, sent, status", [
    ("1970-01-01T00:00:00Z", None, "accepted"),                       # long ago
    ("2100-01-01T00:00:00Z", None, "bids"),                           # nothing comes from the future
    ("1970-01-01T00:00:00Z", "1970-01-01T00:00:10Z", "bids"),         # a wrong clock, ten seconds ago
    ("2100-01-01T00:00:00Z", "2100-01-01T01:00:00Z", "accepted"),     # a wrong clock, an hour ago
    ("2100-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "bids"),         # sent before it happened
])
def test_clocks(slimbid, when, sent, status):
    body = {"batch": [view("t-1", timestamp=when)], **({"sentAt": sent} if sent else {})}
    assert said(results(slimbid, body)) == [("t-1", status)]


def test_bad_bodies_are_refused_with_a_reason(slimbid):
    for body in (b"", b"[]", b"{", b'{"batch":{}}', b'{"batch":[{]}', b'{"batch":[]}x', b"\xff"):
        response, answer = post(slimbid, body)
        assert response.status == 400, body
        assert json.loads(answer)["error"]["reason"], body
    response, answer = post(slimbid, {"batch": [], "context": {"page": {"url": 7}}})
    assert response.status == 400 and json.loads(answer)["error"]["path"] == "context.page.url"
    assert results(slimbid, {"batch": []}) == []
    assert slimbid.request("GET", "/v1/clickstream")[0].status == 405
    assert slimbid.request("OPTIONS", "/v1/clickstream", headers={"Origin": "https://a.example"})[0].status == 204


# ---- lines --------------------------------------------------------------------------------------------------------

def test_lines_cut_anywhere(slimbid):
    for gzipped in (False, True):
        body = "\r\n".join([json.dumps(track("c-1")), "", json.dumps(track("c-2")), "x", json.dumps(track("c-3"))]).encode()
        head = (b"POST /v1/clickstream HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-ndjson\r\nConnection: close\r\n" +
                (b"Content-Encoding: gzip\r\n" if gzipped else b""))
        for cut in range(0, len(body), 1 if not gzipped else 7):
            text = body.replace(b'"c-', b'"%d-%d-' % (gzipped, cut))
            at = cut
            if gzipped:
                text = gzip.compress(text)
                at = min(cut, len(text))
            chunks = b"".join(b"%x\r\n%s\r\n" % (len(c), c) for c in (text[:at], text[at:]) if c) + b"0\r\n\r\n"
            with socket.create_connection(("127.0.0.1", slimbid.port), timeout=5) as s:
                raw = head + b"Transfer-Encoding: chunked\r\n\r\n" + chunks
                s.sendall(raw[:len(head) + 28 + at])
                time.sleep(0.0005)
                s.sendall(raw[len(head) + 28 + at:])
                answer = b""
                while data := s.recv(65536):
                    answer += data
            assert answer.startswith(b"HTTP/1.1 200"), answer
            assert answer.count(b'"accepted"') == 3 and answer.count(b'"invalid"') == 1, (cut, answer)


def test_lines_are_answered_as_they_come(slimbid):
    with socket.create_connection(("127.0.0.1", slimbid.port), timeout=5) as s:
        s.sendall(b"POST /v1/clickstream HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-ndjson\r\n"
                  b"Transfer-Encoding: chunked\r\n\r\n")
        reader = s.makefile("rb")
        for i in range(5):
            line = json.dumps(view(f"l-{i}")).encode() + b"\n"
            s.sendall(b"%x\r\n%s\r\n" % (len(line), line))
            if i == 0:
                while reader.readline() != b"\r\n":
                    pass
            size = int(reader.readline(), 16)
            assert json.loads(reader.read(size))["messageId"] == f"l-{i}"
            reader.readline()
        s.sendall(b"0\r\n\r\n")
        assert reader.readline() == b"0\r\n"


def test_a_slow_reader_holds_its_own_lines_back(start, partner):
    """100,000 events from a client that does not read: memory does not grow, and nothing is lost."""
    slimbid = start(Slimbid, config(partner, dedup_ids=1024))
    count = 100_000
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        s.connect(("127.0.0.1", slimbid.port))
        s.settimeout(20)
        s.sendall(b"POST /v1/clickstream HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-ndjson\r\n"
                  b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n")
        before = slimbid.resident()

        def send():
            for at in range(0, count, 500):
                data = "".join(json.dumps(track(f"slow-{i}")) + "\n" for i in range(at, at + 500)).encode()
                s.sendall(b"%x\r\n%s\r\n" % (len(data), data))
            s.sendall(b"0\r\n\r\n")

        sender = threading.Thread(target=send)
        sender.start()
        time.sleep(1)
        # Kernel buffers take some; far from all of them.
        taken = slimbid.metrics()['slimbid_click_events_total{outcome="accepted"}']
        assert 0 < taken < count
        assert slimbid.resident() - before < 8 << 20
        answer = s.makefile("rb")
        found = sum(line.count(b'"accepted"') for line in answer)
        sender.join()
    assert found == count


@pytest.mark.parametrize("how", ["close", "reset"])
def test_a_client_that_leaves_in_mid_stream(slimbid, how):
    for at in range(5):
        s = socket.create_connection(("127.0.0.1", slimbid.port), timeout=5)
        s.sendall(b"POST /v1/clickstream HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-ndjson\r\n"
                  b"Transfer-Encoding: chunked\r\n\r\n")
        data = "".join(json.dumps(view(f"g-{at}-{i}")) + "\n" for i in range(300)).encode()
        s.sendall(b"%x\r\n%s\r\n" % (len(data), data))
        if how == "reset":
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        s.close()
    end = time.monotonic() + 5
    while slimbid.status()["clickstream"]["requests_running"] and time.monotonic() < end:
        time.sleep(0.05)
    m = slimbid.wait_idle()
    assert m["slimbid_click_requests_running"] == 0
    # Each that was read is accounted for, once.
    assert sum(v for k, v in m.items() if k.startswith("slimbid_click_events_total")) == \
        sum(v for k, v in m.items() if k.startswith("slimbid_click_events_by_type_total"))
    assert said(results(slimbid, view("after")))[0][1] == "bids"


def test_a_line_that_stops_is_timed_out(start, partner):
    slimbid = start(Slimbid, config(partner, stream_idle_ms=200))
    answer = slimbid.raw(b"POST /v1/clickstream HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-ndjson\r\n"
                         b"Content-Length: 100\r\n\r\n{")
    assert answer.startswith(b"HTTP/1.1 408 ")


# ---- the tracking API ----------------------------------------------------------------------------------------------

def test_write_keys(start, partner, slimbid):
    assert post(slimbid, {"batch": [track("k-1")]}, "/v1/batch")[0].status == 401
    assert post(slimbid, {"batch": [track("k-1")]}, "/v1/batch", basic("write-key-2"))[0].status == 401
    response, answer = post(slimbid, {"batch": [track("k-1")]}, "/v1/batch", basic(KEY))
    assert response.status == 200 and json.loads(answer) == {"success": True}
    assert post(slimbid, {"batch": [track("k-2")], "writeKey": KEY}, "/v1/batch")[0].status == 200
    assert post(slimbid, {**track("k-3"), "writeKey": KEY}, "/v1/track")[0].status == 200
    # Nobody has to show one at /v1/clickstream, but a wrong one is refused.
    assert post(slimbid, track("k-4"), headers=basic("write-key-2"))[0].status == 401
    closed = start(Slimbid, config(partner, require_write_key=True))
    assert post(closed, track("k-1"))[0].status == 401
    assert post(closed, json.dumps(track("k-1")).encode(), headers={"Content-Type": "application/x-ndjson"})[0].status == 401
    assert post(closed, track("k-1"), headers=basic(KEY))[0].status == 200
    nobody = start(Slimbid, config(partner, write_keys=[]))
    assert post(nobody, track("k-1"), "/v1/track", basic(KEY))[0].status == 401
    m = slimbid.wait_idle()
    assert m['slimbid_click_requests_refused_total{reason="write_key"}'] == 3


@pytest.mark.parametrize("path, event", [
    ("page", {"name": "Home"}), ("p", {}), ("screen", {"name": "Main"}), ("s", {}), ("track", {"event": "e"}),
    ("t", {"event": "e"}), ("identify", {"traits": {"a": 1}}), ("i", {}), ("group", {"groupId": "g"}),
    ("g", {"groupId": "g"}), ("alias", {"previousId": "p"}), ("a", {"previousId": "p"}),
])
def test_single_calls_need_no_type(slimbid, path, event):
    response, answer = post(slimbid, {"userId": "u", **event}, f"/v1/{path}", basic(KEY))
    assert response.status == 200 and json.loads(answer) == {"success": True}
    assert slimbid.wait_idle()['slimbid_click_events_total{outcome="accepted"}'] == 1


def test_tracking_bodies_have_their_limit(slimbid):
    batch = {"batch": [track(f"x-{i}", properties={"x": "y" * 1000}) for i in range(600)]}
    assert post(slimbid, batch, "/v1/batch", basic(KEY))[0].status == 413
    packed = gzip.compress(json.dumps(batch).encode())
    assert len(packed) < 100_000
    assert post(slimbid, packed, "/v1/batch", {**basic(KEY), "Content-Encoding": "gzip"})[0].status == 413
    batch["batch"] = batch["batch"][:400]
    packed = gzip.compress(json.dumps(batch).encode())
    assert post(slimbid, packed, "/v1/batch", {**basic(KEY), "Content-Encoding": "gzip"})[0].status == 200
    assert slimbid.wait_idle()['slimbid_click_events_total{outcome="accepted"}'] == 400


def test_too_fast_is_told_when_to_come_again(start, partner):
    slimbid = start(Slimbid, config(partner, events_per_second=50))
    statuses = []
    for i in range(5):
        response, _ = post(slimbid, {"batch": [track(f"r-{i}-{k}") for k in range(40)]}, "/v1/batch", basic(KEY))
        statuses.append(response.status)
        if response.status == 429:
            assert response.headers["Retry-After"] == "1"
    assert statuses[:2] == [200, 200] and 429 in statuses


def test_tracking_auctions_only_where_it_is_asked_to(start, partner):
    always = {**PLACEMENT, "auction": "always", "path": "/always/*"}
    slimbid = start(Slimbid, {**config(partner), "placements": [PLACEMENT, always]})
    assert post(slimbid, {"batch": [view("a-1"), view("a-2", path="/always/1")]}, "/v1/batch", basic(KEY))[0].status == 200
    assert post(slimbid, {"batch": [view("a-3", path="/always/1")]}, "/v1/import", basic(KEY))[0].status == 200
    end = time.monotonic() + 5
    while slimbid.status()["clickstream"]["requests_running"] and time.monotonic() < end:
        time.sleep(0.02)
    m = slimbid.wait_idle()
    assert m['slimbid_click_events_total{outcome="bids"}'] == 1
    assert m['slimbid_click_events_total{outcome="accepted"}'] == 2


def test_the_senders_address_is_the_users_when_it_is_the_browser(start):
    partner = start(Partner, "p=bid=1")
    slimbid = start(Slimbid, {**config(partner), "http": {"trusted_proxies": ["127.0.0.1"]}})
    browser = {"User-Agent": "Browser/1", "X-Forwarded-For": "198.51.100.9"}
    event = view("w-1")
    event["context"]["userAgent"] = "Browser/1"
    response, answer = post(slimbid, event, headers=browser)
    assert response.status == 200 and b'"bids"' in answer


def test_a_user_is_deleted(slimbid):
    assert post(slimbid, track("u-1", properties={"category": "Games"}), "/v1/track", basic(KEY))[0].status == 200
    assert post(slimbid, {"userId": "u-1"}, "/v1/user/delete")[0].status == 401
    for body, status in (({"userId": "u-1"}, 200), ({"anonymousId": "nobody"}, 200), ({}, 400), ({"userId": 7}, 400)):
        response, answer = post(slimbid, body, "/v1/user/delete", basic(KEY))
        assert response.status == status, answer
        assert json.loads(answer)["success"] == (status == 200)
    m = slimbid.wait_idle()
    assert m["slimbid_click_users_deleted_total"] == 1


def test_stopping_ends_what_runs(start):
    """Auctions behind answers that have left end with the server, in time."""
    partner = start(Partner, "p=mode=never")
    always = {**PLACEMENT, "auction": "always"}
    slimbid = start(Slimbid, {**config(partner), "placements": [always]})
    assert post(slimbid, {"batch": [view(f"z-{i}") for i in range(50)]}, "/v1/batch", basic(KEY))[0].status == 200
    started = time.monotonic()
    assert slimbid.stop() == 0
    assert time.monotonic() - started < 8


# ---- recorded traffic ----------------------------------------------------------------------------------------------

STATUSES = ("bids", "no_bid", "accepted", "duplicate", "refused")
IPINYOU = SHARED / "data" / "ipinyou" / "imp.20130606.part.txt.xz"


def replay(*args):
    done = subprocess.run([str(a) for a in (BIN / "slimbid-replay", "--ipinyou", IPINYOU, "--as-events", *args)],
                          capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout


@needs_shared
def test_ipinyou_as_click_events(start):
    """The log says some views twice. Each is auctioned once; every event is answered, counted, and one line of the event
    log."""
    events = [json.loads(line) for line in replay("--print").splitlines()]
    size_of = {e["messageId"]: e["context"]["page"]["url"].split("/")[3] for e in events}
    count, unique = len(events), len(size_of)
    assert count > unique > 5000
    sizes = sorted(set(size_of.values()))
    placements = [{"name": f"s{s}", "site": "ipinyou.example", "path": f"/{s}/*",
                   "imps": [{"id": "1", "banner": {"w": int(s.split("x")[0]), "h": int(s.split("x")[1])}}]}
                  for s in sizes[1:]]  # one size has no placement
    placed = sum(1 for s in size_of.values() if s != sizes[0])
    partner = start(Partner, "p=bid=0.7&delay=5")
    logs = start.tmp_path / "events"
    logs.mkdir()
    slimbid = start(Slimbid, {"partners": [{"name": "p", "url": partner.url("p"), "max_in_flight": 4096}],
                              "placements": placements, "front_ends": 2, "clickstream": {"max_requests": 4096},
                              "event_log": {"directory": str(logs)}})
    play = ("--target", f"http://127.0.0.1:{slimbid.port}/v1/clickstream", "--rate", 200 if SANITIZED else 1500, "--tmax", 1000,
            "--wait", 20000, "--json", "--quiet")
    total = Counter()
    while total["rounds"] < 10:  # again, until all are duplicates: what a busy server refused comes again
        outcomes = json.loads(replay(*play))["outcomes"]
        assert sum(outcomes.values()) == count == sum(v for k, v in outcomes.items() if k in STATUSES), json.dumps(outcomes)
        total.update(outcomes)
        total["rounds"] += 1
        if outcomes["duplicate"] == count:
            break
    else:
        raise AssertionError(f"still not all are duplicates: {outcomes}")
    assert total["bids"] + total["no_bid"] == placed and total["bids"] > placed // 2
    assert total["accepted"] == unique - placed
    m = slimbid.wait_idle()
    for outcome in ("bids", "no_bid", "accepted", "duplicate"):
        assert m[f'slimbid_click_events_total{{outcome="{outcome}"}}'] == total[outcome]
    assert m['slimbid_click_events_total{outcome="overload"}'] == total["refused"]
    assert m["slimbid_click_ids_forgotten_early_total"] == 0
    assert slimbid.stop() == 0
    lines = [json.loads(line) for path in logs.iterdir() if "ndjson" in path.name
             for line in path.read_text().splitlines()]
    lines = [line for line in lines if line["kind"] == "clickstream"]
    assert Counter(line["message_id"] for line in lines) == Counter({i: total["rounds"] * n for i, n in Counter(
        e["messageId"] for e in events).items()})
    once = Counter(line["message_id"] for line in lines if line["status"] in ("bids", "no_bid", "accepted"))
    assert set(once) == set(size_of) and set(once.values()) == {1}
