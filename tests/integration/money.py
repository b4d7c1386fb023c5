"""An independent account of what campaigns owe, kept by the clients of a server that is killed again and again.

A client asks for auctions, reports the views of what it won, each until it is acknowledged, and now and then once
more. So every hold whose view was ever acknowledged is paid exactly once, and a hold without a view never.
"""
import base64
import http.client
import json
import random
import socket
import struct
import threading
import time
import urllib.parse

GIVE_UP_S = 60


def decode(token):
    """What a token of ours says (server/token/token.h), without its signature."""
    body = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))[:40]
    version, key, kind, _, auction, hold, nanos, campaign, expires, imp, partner = struct.unpack("<BBBBQQqIIHH", body)
    assert version == 1
    return {"kind": kind, "auction": auction, "hold": hold, "nanos": nanos, "campaign": campaign, "expires": expires}


def token_of(url):
    return urllib.parse.parse_qs(urllib.parse.urlsplit(url).query)["t"][0]


class Client:
    """One thread's worth of auctions and views."""

    def __init__(self, port, seed, view_share=0.7, user=None):
        self.port, self.prng, self.view_share, self.user = port, random.Random(seed), view_share, user
        self.stopping = threading.Event()
        self.viewed = {}    # (auction, hold) -> (campaign id, nanos): acknowledged
        self.unviewed = {}  # the same, never reported
        self.auctions = self.wins = self.repeats = self.broken = self.refused = 0
        self.failures = []
        self.thread = threading.Thread(target=self.run)

    def exchange(self, method, path, body=None):
        """(status, body), or None when the connection broke: the server may have done it or not."""
        try:
            conn = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
            conn.request(method, path, body)
            response = conn.getresponse()
            data = response.read()
            conn.close()
            return response.status, data
        except (OSError, http.client.HTTPException):
            self.broken += 1
            return None

    def report(self, path):
        """Until somebody answers."""
        end = time.monotonic() + GIVE_UP_S
        while time.monotonic() < end:
            got = self.exchange("GET", path)
            if got:
                return got[0]
            time.sleep(0.02)
        self.failures.append(f"nobody answered for {GIVE_UP_S} s: {path}")
        return None

    def take(self, bid):
        url = urllib.parse.urlsplit(bid["burl"])
        said = decode(token_of(bid["burl"]))
        win = (said["auction"], said["hold"])
        what = (bid["cid"], said["nanos"])
        if win in self.viewed or win in self.unviewed:
            self.failures.append(f"a hold was given twice: {win}")
        self.wins += 1
        if self.prng.random() >= self.view_share:
            self.unviewed[win] = what
            return
        path = f"{url.path}?{url.query}"
        status = self.report(path)
        if status == 410:  # the server was away for longer than the hold lives
            self.unviewed[win] = what
            self.refused += 1
        elif status in (200, 204):
            self.viewed[win] = what
            while self.prng.random() < 0.3:
                self.repeats += 1
                if self.report(path) != status:
                    self.failures.append("a repeated view was answered otherwise")
        else:
            self.failures.append(f"a view was answered {status}")

    def run(self):
        request = {"id": "r", "at": 1, "tmax": 300, "site": {"id": "s", "page": "https://news.example/a"},
                   "imp": [{"id": "1", "banner": {"w": 300, "h": 250}}]}
        while not self.stopping.is_set():
            request["id"] = f"r{self.prng.getrandbits(48):x}"
            if self.user:
                request["user"] = {"id": self.user}
            got = self.exchange("POST", "/openrtb2/auction", json.dumps(request))
            if not got:
                time.sleep(0.02)
                continue
            self.auctions += 1
            if got[0] == 200:
                for seat in json.loads(got[1])["seatbid"]:
                    for bid in seat["bid"]:
                        if "cid" in bid and "burl" in bid:
                            self.take(bid)


class Clients:
    def __init__(self, port, count, **more):
        self.all = [Client(port, seed, **more) for seed in range(count)]

    def __enter__(self):
        for client in self.all:
            client.thread.start()
        return self

    def __exit__(self, *_):
        for client in self.all:
            client.stopping.set()
        for client in self.all:
            client.thread.join()

    def sum(self, name):
        return sum(getattr(c, name) for c in self.all)

    def failures(self):
        return [f for c in self.all for f in c.failures]

    def viewed(self):
        return {win: what for c in self.all for win, what in c.viewed.items()}

    def spent(self):
        """campaign id -> nanos that the model says were paid."""
        spent = {}
        for campaign, nanos in self.viewed().values():
            spent[campaign] = spent.get(campaign, 0) + nanos
        return spent


def port_is_free(port):
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind(("127.0.0.1", port))
            return True
        except OSError:
            return False
