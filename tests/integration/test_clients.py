"""Clients that are slow, many, or hostile; each must be bounded, counted, and felt by nobody else."""
import json
import socket
import time

from conftest import SANITIZED, Slimbid, banner_request

FAST = {"http": {"header_timeout_ms": 300, "body_timeout_ms": 300, "idle_timeout_ms": 400}}


def connect(slimbid):
    return socket.create_connection(("127.0.0.1", slimbid.port), timeout=5)


def read_all(s, seconds=3):
    s.settimeout(seconds)
    out = b""
    try:
        while chunk := s.recv(65536):
            out += chunk
    except (socket.timeout, ConnectionResetError):
        pass
    return out


def test_slow_head_and_slow_body_get_408(start):
    slimbid = start(Slimbid, FAST)
    for data in (b"POST /openrtb2/auction HTTP/1.1\r\nHo", b"POST /openrtb2/auction HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{"):
        with connect(slimbid) as s:
            s.sendall(data)
            t0 = time.monotonic()
            assert read_all(s).startswith(b"HTTP/1.1 408")
            assert 0.2 < time.monotonic() - t0 < 1.5
    with connect(slimbid) as s:  # drips do not buy time
        t0 = time.monotonic()
        try:
            for byte in b"POST /openrtb2/auction HTTP/1.1\r\nHost: x\r\nX-Slow: aaaaaaaaaaaaaaaaaaaaaaaaa":
                s.sendall(bytes([byte]))
                time.sleep(0.03)
        except OSError:
            pass
        assert time.monotonic() - t0 < 3
    m = slimbid.metrics()
    assert m['slimbid_http_timeouts_total{listener="public",phase="header"}'] >= 2
    assert m['slimbid_http_timeouts_total{listener="public",phase="body"}'] == 1


def test_idle_connection_is_closed(start):
    slimbid = start(Slimbid, FAST)
    with connect(slimbid) as s:
        t0 = time.monotonic()
        assert read_all(s) == b""
        assert 0.3 < time.monotonic() - t0 < 2


def test_limits(start):
    slimbid = start(Slimbid, {})
    for data, status in (
            (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", b"414"),
            (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 20000 + b"\r\n\r\n", b"431"),
            (b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: a\r\n" * 100 + b"\r\n", b"431"),
            (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n", b"413"),
            (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\nExpect: 100-continue\r\n\r\n", b"413"),
            (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + b"10000\r\n" + b"x" * 65536 + b"\r\n" +
             (b"10000\r\n" + b"x" * 65536 + b"\r\n") * 8, b"413")):
        with connect(slimbid) as s:
            try:
                s.sendall(data)
            except OSError:
                pass
            assert read_all(s).startswith(b"HTTP/1.1 " + status), data[:60]


def test_pipelining_in_order(start):
    slimbid = start(Slimbid, {})
    bodies = [json.dumps(banner_request(id=f"p{i}", test=1)).encode() for i in range(50)]
    data = b"".join(b"POST /openrtb2/auction HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(b) + b for b in bodies)
    with connect(slimbid) as s:
        s.sendall(data + b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        out = read_all(s)
    ids = [json.loads(part.split(b"\r\n\r\n", 1)[1].split(b"HTTP/1.1")[0])["id"] for part in out.split(b"HTTP/1.1 200")[1:]]
    assert ids == [f"p{i}" for i in range(50)]


def test_expect_continue_and_head(start):
    slimbid = start(Slimbid, {})
    body = json.dumps(banner_request()).encode()
    with connect(slimbid) as s:
        s.sendall(b"POST /openrtb2/auction HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(body))
        assert s.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        s.sendall(body)
        assert s.recv(1000).startswith(b"HTTP/1.1 204")
        s.sendall(b"HEAD /nowhere HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        head = read_all(s)
        assert head.startswith(b"HTTP/1.1 404") and head.endswith(b"\r\n\r\n")


def test_methods_that_are_not_served(start):
    slimbid = start(Slimbid, {})
    for port, path, allowed in ((slimbid.port, "/openrtb2/auction", "POST, OPTIONS"), (slimbid.admin_port, "/status", "GET, HEAD")):
        for method in ("PUT", "DELETE", "TRACE", "get", "BREW"):
            response, _ = slimbid.request(method, path, port=port)
            assert response.status == 405 and response.headers["Allow"] == allowed, (method, path)
            response, _ = slimbid.request(method, "/nowhere", port=port)
            assert response.status == 501, (method, port)
        assert slimbid.request("GET", "/nowhere", port=port)[0].status == 404


def test_a_thousand_idle_clients_are_cheap(start):
    slimbid = start(Slimbid, {})
    body = json.dumps(banner_request()).encode()
    request = b"POST /openrtb2/auction HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    with connect(slimbid) as warm:
        warm.sendall(request)
        warm.recv(1000)
    before = slimbid.resident()
    clients = [connect(slimbid) for _ in range(1000)]
    for client in clients:
        client.sendall(request)
    for client in clients:
        assert client.recv(1000).startswith(b"HTTP/1.1 204")
    grown = slimbid.resident() - before
    assert slimbid.metrics()['slimbid_http_connections_idle{listener="public"}'] == 1000
    for client in clients:
        client.close()
    if not SANITIZED:
        assert grown < 3 << 20


def test_connection_cap_pauses_and_resumes(start):
    slimbid = start(Slimbid, {"http": {"max_connections": 5}})
    crowd = [connect(slimbid) for _ in range(5)]
    time.sleep(0.1)
    with connect(slimbid) as waiting:  # in the backlog: connected, not served
        waiting.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        waiting.settimeout(0.3)
        try:
            assert waiting.recv(100) == b"", "served beyond the cap"
        except socket.timeout:
            pass
        crowd.pop().close()
        assert read_all(waiting).startswith(b"HTTP/1.1 404")
    for client in crowd:
        client.close()


def test_slow_readers_do_not_hold_others(start):
    slimbid = start(Slimbid, {"http": {"write_timeout_ms": 500}})
    body = json.dumps(banner_request(test=1)).encode()
    request = b"POST /openrtb2/auction HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    slow = connect(slimbid)
    slow.setblocking(False)
    try:
        for _ in range(20000):  # asks and never reads
            slow.send(request)
    except BlockingIOError:
        pass
    t0 = time.monotonic()
    assert slimbid.auction(banner_request())[0] == 204
    assert time.monotonic() - t0 < 0.2
    slow.close()
    slimbid.wait_idle()
