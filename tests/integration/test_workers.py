"""Own campaigns from end to end: workers that die, tables that change, files that are not what they should be."""
import contextlib
import http.client
import json
import os
import pathlib
import signal
import struct
import subprocess
import threading
import time

import pytest
from conftest import BIN, SANITIZED, Slimbid, banner_request

MARKUP = '<a href="https://c.example/"><img src="https://cdn.example/1.jpg"></a>'


def ad(ad_id, price, **more):
    return {"id": ad_id, "campaign": "c1", "adomain": "shop.example", "crid": f"cr-{ad_id}", "media": "banner",
            "sizes": ["300x250"], "adm": MARKUP, "bid": "cpm", "price": price, **more}


def build(path, ads):
    """The table appears at path by a rename."""
    lines = "".join(json.dumps(a) + "\n" for a in ads)
    subprocess.run([BIN / "slimbid-table", "build", "-", "-o", path, "--quiet"], input=lines.encode(), check=True, timeout=60)


@contextlib.contextmanager
def serving(start, path, **config):
    """A server with two workers, at rest and in order at its end."""
    slimbid = start(Slimbid, {"campaigns": {"table": str(path), "workers": 2, **config.pop("campaigns", {})}, **config})
    yield slimbid
    slimbid.wait_idle()


def until(condition, what, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"never: {what}"
        time.sleep(0.02)


def table(slimbid):
    return slimbid.status()["table"]


def workers(slimbid):
    return [p["pid"] for p in slimbid.status()["workers"]]


def wait_ready(slimbid, generation=1, count=2):
    """Until that table is in use, that many workers have it, and the front end knows them."""
    def ready():
        status = slimbid.status()
        scoring = status["scoring"]
        return status["table"]["generation"] >= generation and status["workers_ready"] == count \
            and scoring["workers_live"] == count and scoring["generation"] >= generation
    until(ready, f"generation {generation} with {count} workers:\n" + slimbid.log()[-2000:])


def own_bid(slimbid, **more):
    """The winning bid of one auction, or None."""
    status, answer, _ = slimbid.auction(banner_request(**more))
    assert status in (200, 204)
    return answer["seatbid"][0]["bid"][0] if answer else None


class Load:
    """Clients that ask without a pause over kept connections, and count what they get."""

    def __init__(self, slimbid, clients=4):
        self.slimbid, self.stopping = slimbid, threading.Event()
        self.answers, self.failures, self.prices = 0, [], set()
        self.threads = [threading.Thread(target=self.run) for _ in range(clients)]

    def run(self):
        body = json.dumps(banner_request())
        conn = http.client.HTTPConnection("127.0.0.1", self.slimbid.port, timeout=10)
        while not self.stopping.is_set():
            try:
                conn.request("POST", "/openrtb2/auction", body)
                response = conn.getresponse()
                data = response.read()
            except OSError as e:
                self.failures.append(repr(e))
                return
            self.answers += 1
            if response.status not in (200, 204):
                self.failures.append(response.status)
            elif data:
                self.prices.add(json.loads(data)["seatbid"][0]["bid"][0]["price"])
            if response.will_close:
                conn.close()
        conn.close()

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join()


# ---- bids ------------------------------------------------------------------------------------------------------

def test_own_ads_bid(start):
    path = start.tmp_path / "ads.tbl"
    build(path, [ad("low", 1), ad("high", 2.5), ad("elsewhere", 9, sizes=["728x90"])])
    with serving(start, path) as slimbid:
        wait_ready(slimbid)
        bid = own_bid(slimbid)
        assert (bid["price"], bid["adid"], bid["crid"], bid["cid"]) == (2.5, "high", "cr-high", "c1")
        assert bid["adm"] == MARKUP and (bid["w"], bid["h"]) == (300, 250)
        m = slimbid.metrics()
        assert m['slimbid_worker_jobs_total{worker="0"}'] + m['slimbid_worker_jobs_total{worker="1"}'] == 1
        assert m["slimbid_table_ads"] == 3


def test_many_bids_are_cut_lowest_first(start):
    """More creatives than an answer holds: the best ones come."""
    path = start.tmp_path / "ads.tbl"
    build(path, [ad(f"a{i}", 1 + i / 100, adm="x" * 5000) for i in range(60)])
    with serving(start, path, campaigns={"bids_per_imp": 64}) as slimbid:
        wait_ready(slimbid)
        assert own_bid(slimbid)["adid"] == "a59"
        m = slimbid.metrics()
        bids = sum(m[f'slimbid_worker_bids_total{{worker="{w}"}}'] for w in (0, 1))
        cut = sum(m[f'slimbid_worker_bids_cut_total{{worker="{w}"}}'] for w in (0, 1))
        assert bids + cut == 60 and 0 < bids < 14


# ---- deaths ----------------------------------------------------------------------------------------------------

def test_killed_workers_cost_no_request(start):
    path = start.tmp_path / "ads.tbl"
    build(path, [ad("a", 2)])
    with serving(start, path) as slimbid:
        wait_ready(slimbid)
        with Load(slimbid) as load:
            for i in range(20):
                pids = [pid for pid in workers(slimbid) if pid]
                if pids:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pids[i % len(pids)], signal.SIGKILL)
                time.sleep(0.1)
        assert not load.failures and load.answers > 20
        wait_ready(slimbid)
        assert own_bid(slimbid)["price"] == 2
        assert slimbid.status()["worker_restarts"] >= 10


def test_a_front_end_that_dies_gets_its_workers_back(start):
    path = start.tmp_path / "ads.tbl"
    build(path, [ad("a", 2)])
    with serving(start, path, front_ends=2) as slimbid:
        wait_ready(slimbid)
        before = workers(slimbid)
        for front_end in [f["pid"] for f in slimbid.status()["front_ends"]]:
            os.kill(front_end, signal.SIGKILL)
            until(lambda: not os.path.exists(f"/proc/{front_end}"), "the front end is gone")
            wait_ready(slimbid)
            assert own_bid(slimbid)["price"] == 2
        assert workers(slimbid) == before


def test_everybody_goes_with_the_supervisor(start):
    path = start.tmp_path / "ads.tbl"
    build(path, [ad("a", 2)])
    slimbid = Slimbid(start.tmp_path, {"front_ends": 2, "campaigns": {"table": str(path), "workers": 2}})
    wait_ready(slimbid)
    pids = [p["pid"] for p in slimbid.status()["memory"]]
    assert len(pids) == 6
    slimbid.process.kill()
    slimbid.process.wait()
    until(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in pids), "all are gone")


def test_a_whole_group_is_told_to_end(start):
    """Workers ignore what a terminal or systemd sends them, and end when nobody needs them any more."""
    path = start.tmp_path / "ads.tbl"
    build(path, [ad("a", 2)])
    slimbid = start(Slimbid, {"campaigns": {"table": str(path), "workers": 2}})
    wait_ready(slimbid)
    pids = workers(slimbid)
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        for pid in pids:
            os.kill(pid, signum)
    assert own_bid(slimbid)["price"] == 2
    assert workers(slimbid) == pids
    assert slimbid.stop() == 0
    assert not any(os.path.exists(f"/proc/{pid}") for pid in pids)


def test_a_worker_that_stands_still_delays_nothing(start):
    path = start.tmp_path / "ads.tbl"
    build(path, [ad("a", 2)])
    with serving(start, path, campaigns={"workers": 1}) as slimbid:
        wait_ready(slimbid, count=1)
        pid = workers(slimbid)[0]
        os.kill(pid, signal.SIGSTOP)
        try:
            status, _, _ = slimbid.auction(banner_request(tmax=100))
            assert status == 204
        finally:
            os.kill(pid, signal.SIGCONT)
        until(lambda: own_bid(slimbid) is not None, "it serves again")


# ---- tables ----------------------------------------------------------------------------------------------------

def test_a_new_table_takes_over_under_load(start):
    path = start.tmp_path / "ads.tbl"
    build(path, [ad("a", 1)])
    with serving(start, path) as slimbid:
        wait_ready(slimbid)
        with Load(slimbid) as load:
            for i in range(2, 12):
                build(path, [ad("a", i)])
                slimbid.process.send_signal(signal.SIGHUP)
                wait_ready(slimbid, i)
                assert own_bid(slimbid)["price"] == i
        assert not load.failures and load.answers > 20
        assert load.prices <= set(range(1, 12))
        until(lambda: all(w["tables"] == 1 for w in slimbid.status()["workers"]), "old tables are gone")
        assert table(slimbid)["reloads"] == 11


def test_admin_asks_for_a_reload(start):
    path = start.tmp_path / "ads.tbl"
    build(path, [ad("a", 1)])
    with serving(start, path) as slimbid:
        wait_ready(slimbid)
        build(path, [ad("a", 2)])
        response, _ = slimbid.request("GET", "/reload", port=slimbid.admin_port)
        assert response.status == 405 and response.getheader("Allow") == "POST"
        response, _ = slimbid.request("POST", "/reload", port=slimbid.admin_port)
        assert response.status == 202
        wait_ready(slimbid, 2)
        assert own_bid(slimbid)["price"] == 2
    without = start(Slimbid, {})
    assert without.request("POST", "/reload", port=without.admin_port)[0].status == 409


def test_reloads_in_a_row_become_one(start):
    path = start.tmp_path / "ads.tbl"
    build(path, [ad("a", 1)])
    with serving(start, path) as slimbid:
        wait_ready(slimbid)
        for _ in range(50):
            slimbid.process.send_signal(signal.SIGHUP)
            slimbid.request("POST", "/reload", port=slimbid.admin_port)
        wait_ready(slimbid, 2)
        until(lambda: len({(table(slimbid)["reloads"], time.sleep(0.3)) for _ in range(3)}) == 1, "it is quiet")
        assert 2 <= table(slimbid)["reloads"] <= 101


def broken_tables(good):
    yield "empty", b""
    yield "garbage", os.urandom(65536)
    yield "text", b'{"id": "a"}\n' * 1000
    yield "cut", good[:len(good) // 2]
    yield "longer", good + b"\0"
    version = struct.unpack_from("<I", good, 8)[0]
    yield "newer version", good[:8] + struct.pack("<I", version + 1) + good[12:]
    for at in (16, 100, len(good) // 2, len(good) - 1):
        yield f"byte {at}", good[:at] + bytes([good[at] ^ 0x40]) + good[at + 1:]


def test_bad_tables_are_refused_and_the_old_one_goes_on(start):
    path = start.tmp_path / "ads.tbl"
    build(path, [ad(f"a{i}", 1 + i) for i in range(20)])
    good = path.read_bytes()
    with serving(start, path) as slimbid:
        wait_ready(slimbid)
        for n, (what, data) in enumerate(broken_tables(good), 1):
            (start.tmp_path / "new").write_bytes(data)
            os.rename(start.tmp_path / "new", path)
            slimbid.process.send_signal(signal.SIGHUP)
            until(lambda: table(slimbid)["refused"] == n, f"{what} is refused")
            assert table(slimbid)["generation"] == 1
            assert own_bid(slimbid)["price"] == 20
        path.unlink()
        slimbid.process.send_signal(signal.SIGHUP)
        until(lambda: table(slimbid)["refused"] == n + 1, "no file is refused")
        path.mkdir()
        slimbid.process.send_signal(signal.SIGHUP)
        until(lambda: table(slimbid)["refused"] == n + 2, "a folder is refused")
        path.rmdir()
        os.mkfifo(path)
        slimbid.process.send_signal(signal.SIGHUP)
        until(lambda: table(slimbid)["refused"] == n + 3, "a pipe is refused")
        assert own_bid(slimbid)["price"] == 20
        path.unlink()
        build(path, [ad("a", 50)])
        slimbid.process.send_signal(signal.SIGHUP)
        wait_ready(slimbid, 2)
        assert own_bid(slimbid)["price"] == 50
        log = slimbid.log()
        for reason in ("No such file", "not a file", "version", "not an ad table", "cut or grown"):
            assert reason in log, reason
        assert log.count(f'table refused file="{path}"') == n + 3


def test_without_a_table_at_the_start(start):
    """Auctions go without own campaigns until there is a file."""
    path = start.tmp_path / "later.tbl"
    slimbid = start(Slimbid, {"campaigns": {"table": str(path), "workers": 1}})
    assert own_bid(slimbid) is None
    until(lambda: table(slimbid)["refused"] == 1, "the file is missed")
    assert "auctions go without own campaigns" in slimbid.log()
    path.write_bytes(b"nonsense")
    until(lambda: table(slimbid)["refused"] == 2, "the new file is tried")
    build(path, [ad("a", 3)])
    wait_ready(slimbid, count=1)  # nobody had to ask
    assert own_bid(slimbid)["price"] == 3


@pytest.mark.parametrize("keep", [0, 4096, 12288])
def test_a_table_cut_short_while_it_is_mapped(start, keep):
    path = start.tmp_path / "ads.tbl"
    build(path, [ad(f"a{i}", 1 + i / 1000, crid=f"c{i}", adm="x" * 300) for i in range(2000)])
    with serving(start, path) as slimbid:
        wait_ready(slimbid)
        assert own_bid(slimbid)
        before = workers(slimbid)
        os.truncate(path, keep)
        for _ in range(5):
            own_bid(slimbid)  # 200 or 204, and in time
        until(lambda: table(slimbid)["damaged"] == 1, "the damage is found")
        assert workers(slimbid) == before  # nobody died of it
        assert own_bid(slimbid) is None
        assert "cut short" in slimbid.log()
        assert sum(slimbid.metrics()[f'slimbid_worker_faults_total{{worker="{w}"}}'] for w in (0, 1)) >= 1
        build(path, [ad("b", 7)])  # by rename: a file of its own
        wait_ready(slimbid, 2)
        assert own_bid(slimbid)["price"] == 7
        assert workers(slimbid) == before


# ---- what they are made of --------------------------------------------------------------------------------------

def test_the_worker_links_no_network(start):
    text = subprocess.run(["readelf", "-d", BIN / "slimbid-worker"], capture_output=True, text=True, check=True).stdout
    for library in ("libevent", "libcurl", "libssl", "libcrypto", "libjansson", "libyajl", "libz."):
        assert library not in text


def test_workers_hold_nothing_that_they_were_not_given(start):
    path = start.tmp_path / "ads.tbl"
    build(path, [ad("a", 2)])
    with serving(start, path) as slimbid:
        wait_ready(slimbid)
        for pid in workers(slimbid):
            links = [os.readlink(f) for f in pathlib.Path(f"/proc/{pid}/fd").iterdir()
                     if f.name not in ("0", "1", "2")]
            kinds = sorted(link.split(":")[0] if not link.startswith("/memfd") else link.split()[0] for link in links)
            assert kinds == ["/memfd:slimbid-ledger", "/memfd:slimbid-queue", *["anon_inode"] * 3, "socket"]
            sockets = [link for link in links if link.startswith("socket")]
            unix = pathlib.Path("/proc/net/unix").read_text()
            assert all(s[len("socket:["):-1] in unix for s in sockets)


def test_memory_is_shown(start):
    path = start.tmp_path / "ads.tbl"
    build(path, [ad(f"a{i}", 1 + i / 1000, crid=f"c{i}", adm=f"{i}" * 100) for i in range(2000)])
    with serving(start, path) as slimbid:
        wait_ready(slimbid)
        own_bid(slimbid)
        key = 'slimbid_process_memory_bytes{process="%s",index="%d",kind="%s"}'
        until(lambda: slimbid.metrics()[key % ("worker", 1, "rss")] > 0, "the supervisor has looked", seconds=15)
        m = slimbid.metrics()
        for process, index in (("supervisor", 0), ("front_end", 0), ("worker", 0), ("worker", 1)):
            assert 0 < m[key % (process, index, "pss")] <= m[key % (process, index, "rss")]
        if not SANITIZED:
            assert m[key % ("worker", 0, "private")] <= 3 << 20
        report = subprocess.run([BIN / "slimbid", "memory", "--pid", str(slimbid.process.pid)], capture_output=True,
                                text=True, timeout=20)
        assert report.returncode == 0
        names = [line.split("  ")[0] for line in report.stdout.splitlines()[1:6]]
        assert names == ["supervisor", "front end", "keeper", "worker", "worker"]
    assert subprocess.run([BIN / "slimbid", "memory", "--pid", "0"], capture_output=True).returncode == 1


def test_a_missing_worker_is_a_clear_error(start):
    alone = start.tmp_path / "alone"
    alone.mkdir()
    (alone / "slimbid").write_bytes((BIN / "slimbid").read_bytes())
    (alone / "slimbid").chmod(0o755)
    config = alone / "c.json"
    config.write_text(json.dumps({"listen": ["127.0.0.1:0"], "campaigns": {"table": str(alone / "ads.tbl")}}))
    done = subprocess.run([alone / "slimbid", "--config", config], capture_output=True, text=True, timeout=20)
    assert done.returncode == 1
    assert "campaigns.table needs" in done.stderr and "slimbid-worker" in done.stderr


def alone_with(start, script):
    """A copy of slimbid beside a worker that is that shell script; $REAL is the real one."""
    alone = start.tmp_path / "alone"
    alone.mkdir()
    for name, data in (("slimbid", (BIN / "slimbid").read_bytes()),
                       ("slimbid-worker", f"#!/bin/sh\nREAL={BIN / 'slimbid-worker'}\n{script}\n".encode())):
        (alone / name).write_bytes(data)
        (alone / name).chmod(0o755)
    return alone


def start_beside(start, monkeypatch, script):
    monkeypatch.setattr("conftest.BIN", alone_with(start, script))
    path = start.tmp_path / "ads.tbl"
    build(path, [ad("a", 2)])
    return start(Slimbid, {"campaigns": {"table": str(path), "workers": 2}})


def test_workers_that_can_t_live_are_started_ever_less_often(start, monkeypatch):
    slimbid = start_beside(start, monkeypatch, '[ "$1" = --verify ] && exec "$REAL" "$@"; exit 3')
    until(lambda: slimbid.log().count("pause_ms=400") == 2, "the pauses grow")
    assert own_bid(slimbid) is None
    assert slimbid.log().count("worker started") <= 12
    assert slimbid.status()["workers_ready"] == 0


def test_a_verifier_that_dies_refuses_the_table(start, monkeypatch):
    slimbid = start_beside(start, monkeypatch, '[ "$1" = --verify ] && kill -SEGV $$; exec "$REAL" "$@"')
    until(lambda: table(slimbid)["refused"] == 1, "the table is refused")
    assert "the verifier died by signal 11" in slimbid.log()
    assert own_bid(slimbid) is None


def test_a_verifier_that_hangs_holds_nothing_up(start, monkeypatch):
    slimbid = start_beside(start, monkeypatch, '[ "$1" = --verify ] && exec sleep 1000; exec "$REAL" "$@"')
    for _ in range(5):
        slimbid.process.send_signal(signal.SIGHUP)
    assert own_bid(slimbid) is None
    assert slimbid.stop() == 0


@pytest.mark.parametrize("arguments", [[], ["--verify", "x"], ["--index", "-1"], ["--index", "1"], ["--nonsense"]])
def test_a_worker_is_not_for_people(arguments):
    done = subprocess.run([BIN / "slimbid-worker", *arguments], capture_output=True, text=True, timeout=20)
    assert done.returncode == 2 and "usage" in done.stderr
