"""A hostile world: clients and partners that do their worst. Each is bounded and counted, and others are served."""
import contextlib
import gzip
import http.client
import json
import resource
import socket
import struct
import threading
import time

import pytest

from conftest import SANITIZED, Partner, Slimbid, banner_request

MIB = 1 << 20
FAST = {"header_timeout_ms": 1000, "body_timeout_ms": 1000, "idle_timeout_ms": 2000, "write_timeout_ms": 1000}
BODY = json.dumps(banner_request(tmax=2000)).encode()  # no test of speed: the machine may be busy
POST = b"POST /openrtb2/auction HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY


class Others:
    """Clients that behave, while the block runs: each of their requests has to get the good partner's bid."""

    def __init__(self, slimbid, threads=2, pause=0.01, may_be_shed=False):
        self.slimbid, self.pause, self.may_be_shed = slimbid, pause, may_be_shed
        self.served, self.shed, self.wrong, self.largest = 0, 0, [], 0
        self.over = threading.Event()
        self.threads = [threading.Thread(target=self.ask) for _ in range(threads)]

    def ask(self):
        conn = http.client.HTTPConnection("127.0.0.1", self.slimbid.port, timeout=10)
        while not self.over.is_set():
            try:
                conn.request("POST", "/openrtb2/auction", BODY)
                response = conn.getresponse()
                data = response.read()
                if response.status == 503 and self.may_be_shed:
                    self.shed += 1
                elif response.status == 200 and any(seat["seat"] == "good" for seat in json.loads(data)["seatbid"]):
                    self.served += 1
                else:
                    self.wrong.append((response.status, data[:100]))
            except (OSError, http.client.HTTPException) as error:
                self.wrong.append(repr(error))
                conn.close()
            time.sleep(self.pause)
        conn.close()

    def __enter__(self):
        self.before = self.largest = self.slimbid.resident()
        for thread in self.threads:
            thread.start()
        return self

    def look(self):
        self.largest = max(self.largest, self.slimbid.resident())

    def __exit__(self, *failure):
        end = time.monotonic() + 10
        while self.served < 10 and not failure[0] and time.monotonic() < end:
            time.sleep(0.01)
        self.look()
        self.over.set()
        for thread in self.threads:
            thread.join()
        if failure[0]:
            return
        assert not self.wrong, self.wrong[:3]
        assert self.served >= 10 and self.shed <= self.served

    def grown(self):
        return self.largest - self.before


def bounded(others, mib):
    """Sanitizers keep what was freed for a while, so only their findings count there."""
    assert SANITIZED or others.grown() < mib * MIB, f"{others.grown() / MIB:.1f} MiB more"


def connect(slimbid):
    return socket.create_connection(("127.0.0.1", slimbid.port), timeout=10)


def read_all(s):
    out = b""
    with contextlib.suppress(OSError):
        while chunk := s.recv(65536):
            out += chunk
    return out


@pytest.fixture
def world(start):
    """world(http=..., **config): a server with the partner `good`, and other partners if there are."""
    def make(*faces, partners=(), **config):
        partner, worse = start(Partner, "good=delay=fixed:5&price=fixed:2"), start(Partner, *faces)
        more = [{"name": name, "url": url or worse.url(name), "timeout_ms": 150} for name, url in partners]
        good = {"name": "good", "url": partner.url("good"), "max_in_flight": 4096, "max_connections": 4096}
        return start(Slimbid, {**config, "http": {**FAST, **config.get("http", {})}, "partners": [good, *more]})
    return make


# ---- clients ----

def test_hundreds_that_never_finish_a_request(world):
    slimbid = world()
    heads = (b"POST /openrtb2/auction HTTP/1.1\r\nHo", b"POST /openrtb2/auction HTTP/1.1\r\nHost: x\r\nContent-Length: 9000\r\n\r\n{")
    with contextlib.ExitStack() as stack, Others(slimbid) as others:
        slow = [stack.enter_context(connect(slimbid)) for _ in range(400)]
        for i, s in enumerate(slow):
            s.sendall(heads[i % 2])
        for _ in range(8):  # a byte now and then buys no time
            time.sleep(0.2)
            for s in slow:
                with contextlib.suppress(OSError):
                    s.send(b"a")
            others.look()
        end = time.monotonic() + 10
        while slimbid.metrics()['slimbid_http_connections_open{listener="public"}'] > 10 and time.monotonic() < end:
            time.sleep(0.1)
    m = slimbid.wait_idle()
    assert m['slimbid_http_timeouts_total{listener="public",phase="header"}'] == 200
    assert m['slimbid_http_timeouts_total{listener="public",phase="body"}'] == 200
    bounded(others, 16)


def test_clients_that_do_not_read_large_answers(world):
    slimbid = world("large=delay=fixed:1&adm=10000", partners=[("large", None)], auction={"return_all_bids": True},
                    admission={"enabled": False})  # their answers are to be large, not refusals
    body = json.dumps(banner_request(imp=[{"id": str(i), "banner": {"w": 300, "h": 250}} for i in range(20)])).encode()
    request = b"POST /openrtb2/auction HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    with contextlib.ExitStack() as stack, Others(slimbid) as others:
        for _ in range(20):
            s = stack.enter_context(socket.socket())
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            s.connect(("127.0.0.1", slimbid.port))
            s.sendall(request * 30)  # 6 MB of answers: more than the kernel takes
        for _ in range(20):
            time.sleep(0.2)
            others.look()
    m = slimbid.wait_idle()
    assert m['slimbid_http_timeouts_total{listener="public",phase="write"}'] == 20
    bounded(others, 64)


def test_thousands_of_idle_connections(world):
    count = min(2000, resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 200)
    slimbid = world(http={"idle_timeout_ms": 60000})
    with contextlib.ExitStack() as stack, Others(slimbid, may_be_shed=True) as others:
        idle = [stack.enter_context(connect(slimbid)) for _ in range(count)]
        for s in idle[::2]:
            s.sendall(POST)
        for s in idle[::2]:
            assert s.recv(4096)[:12] in (b"HTTP/1.1 200", b"HTTP/1.1 503")  # a thousand at once are a storm
        time.sleep(0.5)
        assert slimbid.metrics()['slimbid_http_connections_open{listener="public"}'] >= count
        for s in idle[:count // 2]:  # half of them vanish without a word
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            s.close()
    slimbid.wait_idle()
    bounded(others, 32)


def test_bombs_and_huge_heads(world):
    slimbid = world()
    bomb = gzip.compress(b" " * (64 * MIB))
    packed = b"POST /openrtb2/auction HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb) + bomb
    endless = b"POST / HTTP/1.1\r\nHost: x\r\n" + b"X-A: " + b"a" * (4 * MIB)
    with Others(slimbid) as others:
        for data, status in [(packed, b"413"), (endless, b"431")] * 20:
            with connect(slimbid) as s:
                with contextlib.suppress(OSError):
                    s.sendall(data)
                assert read_all(s).startswith(b"HTTP/1.1 " + status)
            others.look()
    m = slimbid.wait_idle()
    assert m['slimbid_http_refused_total{listener="public",status="413"}'] == 20
    assert m['slimbid_http_refused_total{listener="public",status="431"}'] == 20
    bounded(others, 16)


def test_clients_that_leave_cancel_everything(world):
    slimbid = world("never=mode=never", partners=[("never", None)])
    with Others(slimbid, pause=0.05) as others:
        for _ in range(200):
            with connect(slimbid) as s:
                s.sendall(POST)
                s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        others.look()
    m = slimbid.wait_idle()
    started = sum(v for k, v in m.items() if k.startswith("slimbid_requests_total"))
    # On a machine that stands still for a moment the partner's time may be over before the client is seen to be gone.
    late = started - others.served - m['slimbid_requests_total{outcome="cancelled"}']
    assert 0 <= late <= (10 if SANITIZED else 2), m
    bounded(others, 16)


# ---- partners ----

HOSTILE = {  # face -> how its calls end
    "mode=huge&bytes=1000000000": {"too_large"},
    "mode=gzip-bomb&bytes=64000000": {"too_large", "timeout"},
    "mode=drip&drip=4,50": {"timeout"},
    "mode=never": {"timeout"},
    "mode=reset": {"broken"},
    "mode=cut": {"broken"},
    "mode=bad-gzip": {"bad_answer"},
    "mode=garbage": {"bad_answer", "broken"},
    "mode=redirect": {"bad_status"},
    "mode=error": {"bad_status"},
    "mode=not-json": {"bad_answer"},
}


@pytest.mark.parametrize("face", HOSTILE)
def test_partners_that_misbehave(world, face):
    slimbid = world(f"bad={face}", partners=[("bad", None)])
    with Others(slimbid, threads=4) as others:
        for _ in range(10):
            time.sleep(0.1)
            others.look()
    m = slimbid.wait_idle()
    ends = {k.split('outcome="')[1][:-2]: v for k, v in m.items() if k.startswith('slimbid_partner_calls_total{partner="bad"') and v}
    assert ends and set(ends) - {"abandoned"} <= HOSTILE[face], ends
    bounded(others, 32)


class RawPartner:
    """A partner of raw bytes: handle(socket) has each connection."""

    def __init__(self, handle):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.handle = handle
        threading.Thread(target=self.accept, daemon=True).start()

    def url(self):
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}/raw"

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                s = self.listener.accept()[0]
                threading.Thread(target=self.serve, args=(s,), daemon=True).start()

    def serve(self, s):
        with contextlib.suppress(OSError), s:
            s.settimeout(5)
            self.handle(s)


def promises_less(s):
    s.recv(65536)
    s.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}" + b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 65536)
    s.recv(65536)


def answers_before_the_request_ends(s):
    s.recv(1)
    s.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
    time.sleep(0.1)


def answers_unasked(s):
    s.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
    while s.recv(65536):
        s.sendall(b"HTTP/1.1 204 No Content\r\n\r\n" * 2)


def sends_headers_without_end(s):
    s.recv(65536)
    s.sendall(b"HTTP/1.1 200 OK\r\n")
    while True:
        s.sendall(b"X-More: " + b"y" * 8000 + b"\r\n")


def sends_two_lengths(s):
    s.recv(65536)
    s.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 500000\r\n\r\nhello")
    s.recv(65536)


def sends_chunks_of_nonsense(s):
    s.recv(65536)
    s.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n" + b"z" * 100000)
    s.recv(65536)


@pytest.mark.parametrize("handle", [promises_less, answers_before_the_request_ends, answers_unasked, sends_headers_without_end,
                                    sends_two_lengths, sends_chunks_of_nonsense])
def test_partners_that_do_not_speak_http(world, handle):
    raw = RawPartner(handle)
    slimbid = world(partners=[("raw", raw.url())], breaker={"min_calls": 1000000})
    with Others(slimbid, threads=2) as others:
        for _ in range(10):
            time.sleep(0.1)
            others.look()
    raw.listener.close()
    m = slimbid.wait_idle()
    calls = sum(v for k, v in m.items() if k.startswith('slimbid_partner_calls_total{partner="raw"'))
    assert calls >= 10 and m.get('slimbid_partner_bids_total{partner="raw"}') == 0
    bounded(others, 32)


# ---- what we run out of ourselves ----

class FewDescriptors(Slimbid):
    prefix = ("prlimit", "--nofile=200:200")


def test_no_descriptor_is_left(start):
    partner = start(Partner, "good=delay=fixed:5&price=fixed:2")
    slimbid = start(FewDescriptors, {"http": FAST, "partners": [{"name": "good", "url": partner.url("good"), "max_connections": 20}]})
    with contextlib.ExitStack() as stack:
        crowd = [stack.enter_context(connect(slimbid)) for _ in range(300)]
        answered = 0
        for s in crowd:
            with contextlib.suppress(OSError):
                s.sendall(POST)
        for s in crowd:  # those in the backlog get their turn when idle ones are closed
            with contextlib.suppress(OSError):
                answered += s.recv(4096).startswith(b"HTTP/1.1 20")
            s.close()
    assert answered == 300
    m = slimbid.wait_idle()
    assert m['slimbid_http_accept_paused_total{listener="public"}'] >= 1
    assert slimbid.auction(banner_request())[0] == 200


def test_a_small_load_is_never_refused_and_a_storm_is_answered(world):
    slimbid = world(admission={"target_ms": 20, "interval_ms": 100})
    with Others(slimbid, threads=1):
        time.sleep(1)
    m = slimbid.metrics()
    assert m['slimbid_requests_shed_total{reason="delay"}'] == 0 and m["slimbid_admission_storms_total"] == 0
    statuses, lock = {}, threading.Lock()

    def storm():
        with connect(slimbid) as s:
            s.sendall(POST * 2000)
            got = b""
            while got.count(b"HTTP/1.1 ") < 2000:
                chunk = s.recv(1 << 20)
                assert chunk, "closed without an answer"
                got += chunk
        with lock:
            for status in (b"200", b"204", b"503"):
                statuses[status] = statuses.get(status, 0) + got.count(b"HTTP/1.1 " + status)
        assert got.count(b"Retry-After: 1\r\n") == got.count(b"HTTP/1.1 503")

    threads = [threading.Thread(target=storm) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(statuses.values()) == 16000, statuses
    m = slimbid.wait_idle()
    shed = sum(v for k, v in m.items() if k.startswith("slimbid_requests_shed_total"))
    assert shed == statuses[b"503"] == m['slimbid_requests_total{outcome="overload"}']
    assert slimbid.status()["admission"]["shed"]["delay"] == m['slimbid_requests_shed_total{reason="delay"}']
    with Others(slimbid, threads=1):  # over at once
        time.sleep(0.5)
    assert slimbid.wait_idle()["slimbid_admission_shedding"] == 0
