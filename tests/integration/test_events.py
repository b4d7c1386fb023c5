"""What an auction sends out comes back: views, clicks and wins by signed URLs, and notices to partners."""
import http.client
import re
import threading
import time
import urllib.parse

import pytest
from conftest import Partner, Slimbid, banner_request
from test_workers import ad, build, until, wait_ready

LANDING = "https://shop.example/item?a=1&b=${AUCTION_IMP_ID}"
BANNER = f'<a href="${{CLICK:{LANDING.replace("&", "&amp;")}}}"><img src="https://cdn.example/1.jpg"></a>'
GIF = b"GIF89a\1\0\1\0"


def serve(start, partners=(), **config):
    """A server whose URLs lead back to it."""
    events = config.pop("events", {})
    return start(Slimbid, lambda s: {"events": {"public_url": f"http://127.0.0.1:{s.port}", **events}, "partners": list(partners), **config})


def partner(stub, name, **more):
    return {"name": name, "url": stub.url(name), "timeout_ms": 2000, **more}


def path_of(url):
    parts = urllib.parse.urlsplit(url)
    assert parts.scheme == "http" and parts.hostname == "127.0.0.1"
    return f"{parts.path}?{parts.query}"


def fetch(slimbid, url, method="GET", headers=None):
    return slimbid.request(method, path_of(url), headers=headers)


def counted(slimbid, kind, verdict="counted"):
    return slimbid.metrics()[f'slimbid_events_total{{kind="{kind}",verdict="{verdict}"}}']


def only_bid(slimbid, **more):
    status, answer, _ = slimbid.auction(banner_request(**more))
    assert status == 200, status
    (seat,) = answer["seatbid"]
    (bid,) = seat["bid"]
    return bid


def kinds(stub):
    return sorted((n["kind"], n["face"]) for n in stub.notices())


def test_partners_hear_what_became_of_their_bids(start):
    stub = start(Partner, "acme=notices=1&price=fixed:2&under-floor=0", "beta=notices=1&price=fixed:1&under-floor=0")
    slimbid = serve(start, [partner(stub, "acme"), partner(stub, "beta")])
    bid = only_bid(slimbid, id="r&1")
    assert bid["price"] == 2 and "/e/win?" in bid["nurl"] and "/e/imp?" in bid["burl"]
    until(lambda: len(stub.notices()) == 2, "the notices of the auction")
    won, lost = sorted(stub.notices(), key=lambda n: n["face"])
    assert (won["kind"], won["face"], won["price"], won["loss"], won["request"], won["imp"]) == ("win", "acme", "2", "0", "r&1", "1")
    assert (lost["kind"], lost["face"], lost["price"], lost["loss"]) == ("loss", "beta", "", "102")

    response, body = fetch(slimbid, bid["burl"])
    assert response.status == 200 and response.headers["Content-Type"] == "image/gif" and body.startswith(GIF)
    until(lambda: len(stub.notices()) == 3, "the billing notice")
    (billed,) = [n for n in stub.notices() if n["kind"] == "billing"]
    assert (billed["face"], billed["price"], billed["request"], billed["id"]) == ("acme", "2", "r&1", won["id"])
    for _ in range(50):
        assert fetch(slimbid, bid["burl"])[0].status == 200
    assert fetch(slimbid, bid["nurl"])[0].status == 204
    time.sleep(0.2)
    assert kinds(stub) == [("billing", "acme"), ("loss", "beta"), ("win", "acme")]
    metrics = slimbid.metrics()
    assert metrics['slimbid_notices_total{partner="acme",kind="billing",outcome="sent"}'] == 1
    assert metrics['slimbid_notices_total{partner="beta",kind="loss",outcome="sent"}'] == 1
    assert metrics['slimbid_notices_waiting{partner="acme"}'] == 0
    assert (counted(slimbid, "view"), counted(slimbid, "view", "repeated"), counted(slimbid, "win")) == (1, 50, 1)


def test_a_refused_bid_hears_why(start):
    stub = start(Partner, "acme=notices=1&price=fixed:1&under-floor=1")
    slimbid = serve(start, [partner(stub, "acme")])
    request = banner_request()
    request["imp"][0]["bidfloor"] = 5
    assert slimbid.auction(request)[0] == 204
    until(lambda: len(stub.notices()) == 1, "the loss notice")
    assert stub.notices()[0]["kind"] == "loss" and stub.notices()[0]["loss"] == "100"


def test_a_win_notice_can_wait_for_the_client(start):
    stub = start(Partner, "acme=notices=1&price=fixed:2")
    slimbid = serve(start, [partner(stub, "acme")], notices={"nurl": "win"})
    bid = only_bid(slimbid)
    time.sleep(0.3)
    assert stub.notices() == []
    for _ in range(3):
        assert fetch(slimbid, bid["nurl"])[0].status == 204
    until(lambda: len(stub.notices()) == 1, "the win notice")
    time.sleep(0.2)
    assert kinds(stub) == [("win", "acme")] and stub.notices()[0]["price"] == "2"


def test_a_partner_can_not_send_us_elsewhere(start):
    stub = start(Partner, "acme=price=fixed:2")  # its nurl is at win.acme.example, its url at 127.0.0.1
    slimbid = serve(start, [partner(stub, "acme")])
    only_bid(slimbid)
    assert slimbid.metrics()['slimbid_notice_urls_refused_total{partner="acme"}'] == 1


def test_without_a_public_url_answers_are_as_they_were(start):
    stub = start(Partner, "acme=notices=1&price=fixed:2")
    slimbid = start(Slimbid, {"partners": [partner(stub, "acme")]})
    bid = only_bid(slimbid)
    for name, kind in (("nurl", "win"), ("burl", "billing")):
        assert bid[name].startswith(stub.url("notice?kind=" + kind)) and "price=2" in bid[name]
    time.sleep(0.2)
    assert stub.notices() == []  # the client's to call
    assert slimbid.request("GET", "/e/imp?t=x")[0].status == 400


def own(start, tmp_path, ads, **config):
    build(tmp_path / "ads.tbl", ads)
    slimbid = serve(start, campaigns={"table": str(tmp_path / "ads.tbl"), "workers": 1}, **config)
    wait_ready(slimbid, count=1)
    return slimbid


def test_an_own_banner_is_viewed_and_clicked(start, tmp_path):
    slimbid = own(start, tmp_path, [ad("a1", 2, adm=BANNER)])
    bid = only_bid(slimbid)
    (view,) = re.findall(r'<img src="(http://127[^"]*)" width="1" height="1"', bid["adm"])
    (click,) = re.findall(r'<a href="(http://127[^"]*)">', bid["adm"])
    assert "${" not in bid["adm"]
    response, body = fetch(slimbid, view, headers={"Origin": "https://news.example", "Accept": "image/*"})
    assert response.status == 200 and body.startswith(GIF)
    assert response.headers["Cache-Control"] == "no-store" and response.headers["Access-Control-Allow-Origin"] == "*"
    assert response.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    response, body = fetch(slimbid, click)
    assert response.status == 302 and body == b""
    assert response.headers["Location"] == LANDING.replace("${AUCTION_IMP_ID}", "1")
    assert fetch(slimbid, bid["burl"])[0].status == 200  # the same view
    assert fetch(slimbid, bid["nurl"])[0].status == 204
    assert [counted(slimbid, kind) for kind in ("view", "click", "win")] == [1, 1, 1]
    assert counted(slimbid, "view", "repeated") == 1
    slimbid.wait_idle()


def test_looking_at_a_link_counts_nothing(start, tmp_path):
    slimbid = own(start, tmp_path, [ad("a1", 2, adm=BANNER)])
    bid = only_bid(slimbid)
    (click,) = re.findall(r'<a href="(http://127[^"]*)">', bid["adm"])
    for url, status in ((click, 302), (bid["burl"], 200), (bid["nurl"], 204)):
        response, body = fetch(slimbid, url, "HEAD")
        assert response.status == status and body == b""
        for method in ("POST", "PUT", "DELETE"):
            response, _ = fetch(slimbid, url, method)
            assert response.status == 405 and response.headers["Allow"] == "GET, HEAD, OPTIONS"
        response, _ = fetch(slimbid, url, "OPTIONS", {"Origin": "https://a.example"})
        assert response.status == 204 and "GET" in response.headers["Access-Control-Allow-Methods"]
    assert [counted(slimbid, kind) for kind in ("view", "click", "win")] == [0, 0, 0]


def test_a_storm_counts_once(start, tmp_path):
    slimbid = own(start, tmp_path, [ad("a1", 2, adm=BANNER)], front_ends=2)
    urls = []
    for _ in range(5):
        bid = only_bid(slimbid)
        (click,) = re.findall(r'<a href="(http://127[^"]*)">', bid["adm"])
        urls += [(bid["burl"], 200), (click, 302), (bid["nurl"], 204)]
    wrong, clients, rounds = [], 8, 40

    def run():
        conn = http.client.HTTPConnection("127.0.0.1", slimbid.port, timeout=10)
        for _ in range(rounds):
            for url, status in urls:
                conn.request("GET", path_of(url))
                response = conn.getresponse()
                response.read()
                if response.status != status:
                    wrong.append((url, response.status))
        conn.close()

    threads = [threading.Thread(target=run) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong, wrong[:3]
    for kind in ("view", "click", "win"):
        assert counted(slimbid, kind) == 5
        assert counted(slimbid, kind, "repeated") == 5 * (clients * rounds - 1)


def test_bent_tokens_count_nothing(start, tmp_path):
    slimbid = own(start, tmp_path, [ad("a1", 2, adm=BANNER)])
    bid = only_bid(slimbid)
    (click,) = re.findall(r'<a href="(http://127[^"]*)">', bid["adm"])
    conn = http.client.HTTPConnection("127.0.0.1", slimbid.port, timeout=10)

    def status(path):
        conn.request("GET", path)
        response = conn.getresponse()
        response.read()
        return response.status

    tried = 0
    for url in (bid["burl"], bid["nurl"], click):
        path = path_of(url)
        start_of = path.index("t=") + 2
        for i in range(start_of, start_of + 75):
            for other in "AzQ_-9":
                if path[i] != other:
                    assert status(path[:i] + other + path[i + 1:]) == 400
                    tried += 1
        assert status(path[:start_of] + path[start_of + 1:]) == 400
        tried += 1
    for path in (path_of(click).replace("shop.example", "evil.example"), path_of(click) + "&u=https%3A%2F%2Fevil.example",
                 path_of(click).partition("&")[0], path_of(bid["burl"]).replace("/e/imp", "/e/win"),
                 path_of(bid["nurl"]).replace("/e/win", "/e/imp"), "/e/imp", "/e/click", "/e/win", "/e/imp?t=", "/e/imp?" + "t" * 5000):
        assert status(path) == 400, path
        tried += 1
    conn.close()
    bad = sum(counted(slimbid, kind, "bad") for kind in ("view", "click", "win"))
    assert bad == tried
    assert [counted(slimbid, kind) for kind in ("view", "click", "win")] == [0, 0, 0]
    assert fetch(slimbid, click)[0].status == 302  # it is good still


def test_what_is_too_late_counts_nothing(start, tmp_path):
    slimbid = own(start, tmp_path, [ad("a1", 2, adm=BANNER)], ledger={"hold_s": 1})
    bid = only_bid(slimbid)
    late = only_bid(slimbid)
    assert fetch(slimbid, bid["burl"])[0].status == 200
    time.sleep(2.1)
    for url in (late["burl"], late["nurl"], bid["burl"]):
        response, body = fetch(slimbid, url)
        assert response.status == 410 and body
    assert counted(slimbid, "view") == 1
    assert counted(slimbid, "view", "expired") + counted(slimbid, "view", "gone") == 2


def test_keys_rotate(start, tmp_path):
    keys, table = tmp_path / "keys", tmp_path / "ads.tbl"
    build(table, [ad("a1", 2, adm=BANNER)])

    def run(text):
        keys.write_text(text)
        keys.chmod(0o600)
        slimbid = serve(start, campaigns={"table": str(table), "workers": 1}, events={"keys_file": str(keys)},
                        ledger={"file": str(tmp_path / "ledger")})
        wait_ready(slimbid, count=1)
        return slimbid

    old, new = "1 " + "0a" * 32 + "\n", "2 " + "0b" * 32 + "\n"
    first = run(old)
    one, two = only_bid(first), only_bid(first)
    assert first.stop() == 0
    second = run("# the new one signs\n" + new + old)
    assert fetch(second, one["burl"])[0].status == 200  # the old key is still good, and so is the hold
    assert fetch(second, one["burl"])[0].status == 200
    assert (counted(second, "view"), counted(second, "view", "repeated")) == (1, 1)
    three = only_bid(second)
    assert second.stop() == 0
    third = run(new)
    assert fetch(third, two["burl"])[0].status == 400
    assert fetch(third, three["burl"])[0].status == 200
    assert counted(third, "view") == 1


def test_notices_that_wait_are_sent_before_the_end(start):
    stub = start(Partner, "acme=notices=1&price=fixed:2")
    slimbid = serve(start, [partner(stub, "acme")])
    bids = [only_bid(slimbid) for _ in range(40)]
    for bid in bids:
        assert fetch(slimbid, bid["burl"])[0].status == 200
    assert slimbid.stop() == 0
    said = kinds(stub)
    assert said.count(("billing", "acme")) == 40 and said.count(("win", "acme")) == 40


def test_a_partner_that_is_gone_keeps_nobody(start):
    stub = start(Partner, "acme=notices=1&price=fixed:2")
    slimbid = serve(start, [partner(stub, "acme")], notices={"retry_ms": 50, "drain_ms": 500, "tries": 2})
    bid = only_bid(slimbid)
    until(lambda: len(stub.notices()) == 1, "the win notice")
    assert stub.stop() == 0
    assert fetch(slimbid, bid["burl"])[0].status == 200  # the client is answered as ever
    name = 'slimbid_notices_total{partner="acme",kind="billing",outcome="failed"}'
    until(lambda: slimbid.metrics()[name] == 1, "the notice fails")
    assert slimbid.metrics()['slimbid_notice_retries_total{partner="acme"}'] == 1


@pytest.mark.parametrize("media", ("video", "native"))
def test_other_media_count_their_views(start, tmp_path, media):
    markup = {"video": "<VAST><Ad><InLine><AdTitle>x</AdTitle><Creatives/></InLine></Ad></VAST>",
              "native": '{"native":{"link":{"url":"${CLICK:https:\\/\\/shop.example\\/}"},"assets":[]}}'}[media]
    line = ad("a1", 2, media=media, adm=markup)
    del line["sizes"]
    slimbid = own(start, tmp_path, [line])
    imp = {"id": "1", "video": {"mimes": ["video/mp4"]}} if media == "video" \
        else {"id": "1", "native": {"request": '{"assets":[{"id":1,"title":{"len":9}}]}'}}
    bid = only_bid(slimbid, imp=[imp])
    pattern = {"video": r"<Impression><!\[CDATA\[(http:[^\]]*)\]\]></Impression><Creatives/>",
               "native": r'"imptrackers":\["(http:[^"]*)"\]'}[media]
    (view,) = re.findall(pattern, bid["adm"])
    assert fetch(slimbid, view)[0].status == 200
    assert counted(slimbid, "view") == 1
    if media == "native":
        (click,) = re.findall(r'"url":"(http:[^"]*)"', bid["adm"])
        assert fetch(slimbid, click)[0].headers["Location"] == "https://shop.example/"
