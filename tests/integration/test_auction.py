"""Whole auctions over sockets: slimbid and stub partners."""
import gzip
import json
import os
import signal
import socket
import threading
import time

from conftest import Partner, Slimbid, banner_request


def partners(partner, *names, **more):
    return [{"name": n, "url": partner.url(n), **more} for n in names]


def test_highest_of_four_wins(start):
    partner = start(Partner, "a=price=fixed:1", "b=price=fixed:3", "c=price=fixed:2", "d=mode=no-bid")
    slimbid = start(Slimbid, {"partners": partners(partner, "a", "b", "c", "d")})
    status, answer, _ = slimbid.auction(banner_request())
    assert status == 200
    assert answer["id"] == "r-1" and answer["cur"] == "USD"
    assert [s["seat"] for s in answer["seatbid"]] == ["b"]
    bid = answer["seatbid"][0]["bid"][0]
    assert bid["price"] == 3 and bid["impid"] == "1"
    assert "${AUCTION_PRICE}" not in bid["adm"]
    m = slimbid.wait_idle()
    assert m['slimbid_requests_total{outcome="bids"}'] == 1
    assert m['slimbid_partner_wins_total{partner="b"}'] == 1
    assert m['slimbid_partner_calls_total{partner="d",outcome="no_bid"}'] == 1


def test_second_price(start):
    partner = start(Partner, "a=price=fixed:1", "b=price=fixed:3")
    slimbid = start(Slimbid, {"partners": partners(partner, "a", "b")})
    _, answer, _ = slimbid.auction(banner_request(at=2))
    assert answer["seatbid"][0]["bid"][0]["price"] == 1.01


def test_bad_partners_hurt_nobody(start):
    modes = ["never", "drip", "garbage", "not-json", "cut", "wrong-imp", "wrong-id", "gzip-bomb", "bad-gzip", "reset",
             "error", "redirect", "negative", "wrong-currency", "huge", "wrong-size", "empty", "nbr"]
    faces = [f"{m}=mode={m}&bytes=20000000&price=fixed:9" for m in modes]
    good, bad = start(Partner, "good=price=fixed:1"), start(Partner, *faces)
    slimbid = start(Slimbid, {"partners": partners(good, "good") + partners(bad, *modes)})
    before = slimbid.resident()
    for i in range(5):
        status, answer, took = slimbid.auction(banner_request(id=f"r-{i}"))
        assert status == 200 and answer["seatbid"][0]["seat"] == "good", answer
        assert took < 0.45
    time.sleep(1.5)  # late calls end
    m = slimbid.wait_idle()
    assert m['slimbid_auctions_late_total'] == 0
    for name, outcome in {"never": "timeout", "garbage": "bad_answer", "not-json": "bad_answer", "cut": "broken",
                          "wrong-id": "bad_answer", "gzip-bomb": "too_large", "reset": "broken",
                          "error": "bad_status", "redirect": "bad_status", "huge": "too_large"}.items():
        assert m[f'slimbid_partner_calls_total{{partner="{name}",outcome="{outcome}"}}'] >= 1, name
    for name, reason in {"wrong-imp": "unknown_imp", "negative": "bad_price", "wrong-currency": "currency",
                         "wrong-size": "size"}.items():
        assert m[f'slimbid_partner_bids_refused_total{{partner="{name}",reason="{reason}"}}'] >= 1, name
    assert slimbid.resident() - before < 24 << 20


def test_late_answer_keeps_the_connection(start):
    partner = start(Partner, "slow=delay=fixed:150")
    slimbid = start(Slimbid, {"breaker": {"enabled": False}, "partners": partners(partner, "slow")})
    for i in range(5):
        status, _, took = slimbid.auction(banner_request(id=f"r-{i}", tmax=100))
        assert status == 204 and took < 0.1 + 0.05
        time.sleep(0.2)
    m = slimbid.wait_idle()
    assert m['slimbid_partner_calls_total{partner="slow",outcome="timeout"}'] == 5
    assert m['slimbid_partner_connections_opened_total{partner="slow"}'] == 1
    assert m['slimbid_partner_late_answered_total{partner="slow"}'] == 5


def test_client_gone_cancels(start):
    partner = start(Partner, "never=mode=never")
    slimbid = start(Slimbid, {"partners": partners(partner, "never")})
    body = json.dumps(banner_request(tmax=1500)).encode()
    s = socket.create_connection(("127.0.0.1", slimbid.port))
    s.sendall(b"POST /openrtb2/auction HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    time.sleep(0.1)
    assert slimbid.metrics()['slimbid_auctions_running{state="gathering"}'] == 1
    s.close()
    time.sleep(0.1)
    m = slimbid.metrics()
    assert m['slimbid_auctions_running{state="gathering"}'] == 0
    assert m['slimbid_requests_total{outcome="cancelled"}'] == 1
    assert m['slimbid_http_clients_gone_total{listener="public"}'] == 1


def test_gzip_both_ways(start):
    partner = start(Partner, "a=price=fixed:1&gzip=1&adm=4000")
    slimbid = start(Slimbid, {"partners": [{"name": "a", "url": partner.url("a"), "gzip_request": True}]})
    body = gzip.compress(json.dumps(banner_request()).encode())
    response, data = slimbid.request("POST", "/openrtb2/auction", body,
                                     {"Content-Encoding": "gzip", "Accept-Encoding": "gzip"})
    assert response.status == 200 and response.headers["Content-Encoding"] == "gzip"
    assert json.loads(gzip.decompress(data))["seatbid"]
    bomb = gzip.compress(b"[" * (64 << 20))
    response, _ = slimbid.request("POST", "/openrtb2/auction", bomb, {"Content-Encoding": "gzip"})
    assert response.status == 413


def test_invalid_says_where(start):
    slimbid = start(Slimbid, {})
    status, answer, _ = slimbid.auction(banner_request(imp=[{"id": "1", "banner": {"w": -1, "h": 2}}]))
    assert status == 400 and "imp[0].banner.w" in json.dumps(answer) and "must be >= 0" in json.dumps(answer)
    slimbid = start(Slimbid, {"auction": {"debug": False}})
    status, answer, _ = slimbid.auction(banner_request(imp=[]))
    assert status == 400 and answer["nbr"] == 2 and "imp" not in json.dumps(answer)


def test_device_is_filled_and_proxies_are_believed_only_when_trusted(start):
    for trusted, ip in (([], "127.0.0.1"), (["127.0.0.0/8"], "198.51.100.7")):
        got = {}

        def serve(listener):
            conn, _ = listener.accept()
            data = b""
            while b"\r\n\r\n" not in data:
                data += conn.recv(65536)
            head, _, body = data.partition(b"\r\n\r\n")
            length = int([l for l in head.split(b"\r\n") if l.lower().startswith(b"content-length")][0].split(b":")[1])
            while len(body) < length:
                body += conn.recv(65536)
            got.update(json.loads(body))
            conn.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
            conn.close()

        listener = socket.create_server(("127.0.0.1", 0))
        slimbid = start(Slimbid, {"http": {"trusted_proxies": trusted}, "partners": [
            {"name": "p", "url": f"http://127.0.0.1:{listener.getsockname()[1]}/"}]})
        thread = threading.Thread(target=serve, args=(listener,), daemon=True)
        thread.start()
        status, _, _ = slimbid.auction(banner_request(), {"User-Agent": "test/1", "Accept-Language": "fr-CH",
                                                          "DNT": "1", "X-Forwarded-For": "198.51.100.7"})
        thread.join(5)
        listener.close()
        assert status == 204
        assert got["device"] == {"ip": ip, "ua": "test/1", "language": "fr", "dnt": 1}


def test_cors(start):
    slimbid = start(Slimbid, {"http": {"cors_origins": ["https://pub.example"]}})
    response, _ = slimbid.request("OPTIONS", "/openrtb2/auction", headers={
        "Origin": "https://pub.example", "Access-Control-Request-Method": "POST"})
    assert response.status == 204
    assert response.headers["Access-Control-Allow-Origin"] == "https://pub.example"
    assert "POST" in response.headers["Access-Control-Allow-Methods"]
    response, _ = slimbid.request("OPTIONS", "/openrtb2/auction", headers={"Origin": "https://evil.example"})
    assert response.headers["Access-Control-Allow-Origin"] is None


def test_front_end_dies_and_comes_back(start):
    partner = start(Partner, "a=price=fixed:1")
    slimbid = start(Slimbid, {"partners": partners(partner, "a")})
    assert slimbid.auction(banner_request())[0] == 200
    pid = slimbid.front_end_pid()
    os.kill(pid, signal.SIGKILL)
    assert slimbid.auction(banner_request())[0] == 200  # waits in the backlog of the supervisor's socket
    assert slimbid.front_end_pid() != pid
    m = slimbid.metrics()
    assert m["slimbid_front_end_restarts_total"] == 1
    assert m['slimbid_requests_total{outcome="bids"}'] == 2  # counters live on


def test_several_front_ends(start):
    partner = start(Partner, "a=price=fixed:1")
    slimbid = start(Slimbid, {"front_ends": 2, "partners": partners(partner, "a")})
    for i in range(20):
        assert slimbid.auction(banner_request(id=f"r{i}"))[0] == 200
    assert slimbid.metrics()['slimbid_requests_total{outcome="bids"}'] == 20
    assert len({f["pid"] for f in slimbid.status()["front_ends"]}) == 2


def test_unix_socket(start, tmp_path):
    slimbid = start(Slimbid, {}, [f"unix:{tmp_path}/slimbid.sock"])
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(f"{tmp_path}/slimbid.sock")
        s.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert s.recv(65536).startswith(b"HTTP/1.1 404")
    assert slimbid.auction(banner_request())[0] == 204


def test_stops_cleanly_while_auctions_run(start):
    partner = start(Partner, "slow=delay=fixed:200")
    slimbid = start(Slimbid, {"partners": partners(partner, "slow")})
    body = json.dumps(banner_request(tmax=1000)).encode()
    with socket.create_connection(("127.0.0.1", slimbid.port)) as s:
        s.sendall(b"POST /openrtb2/auction HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        time.sleep(0.05)
        slimbid.process.send_signal(signal.SIGTERM)
        s.settimeout(3)
        assert s.recv(65536).startswith(b"HTTP/1.1 200")
    assert slimbid.process.wait(5) == 0
