"""Budgets that are right to the cent, whoever is killed and when."""
import base64
import json
import os
import random
import signal
import subprocess
import time

import pytest
from conftest import BIN, SANITIZED, Partner, Slimbid, banner_request
from money import Clients, decode, token_of
from test_workers import ad, build, until, wait_ready, workers

KILLS = int(os.environ.get("SLIMBID_KILLS", "12" if SANITIZED else "25"))
KEYS = "1 " + "5a" * 32 + "\n"


class Restartable(Slimbid):
    """A server that can be started again on the same files and ports."""

    def again(self):
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(self.process.args, stderr=log, stdout=subprocess.DEVNULL)


def settings(folder, **ledger):
    keys = folder / "keys"
    keys.write_text(KEYS)
    keys.chmod(0o600)
    return {"front_ends": 2, "events": {"public_url": "http://127.0.0.1:1", "keys_file": str(keys)},
            "campaigns": {"table": str(folder / "ads.tbl"), "workers": 2, "pacing": "asap"},
            "ledger": {"file": str(folder / "ledger"), "campaigns": 64, "holds": 4096, "users": 1000, **ledger},
            "event_log": {"directory": str(folder / "events")}, "partners": []}


def campaigns(count=4, budget=1000):
    return [ad(f"a{i}", 1.5 + i * 0.111111, campaign=f"c{i}", daily_budget=budget) for i in range(count)]


def ledger(folder, *args):
    out = subprocess.run([BIN / "slimbid-ledger", "show", "--json", *args, folder / "ledger"], capture_output=True,
                         check=True, timeout=30)
    return json.loads(out.stdout)


def spent(folder):
    return {c["id"]: c["spent_nanos"] for c in ledger(folder)["campaigns"] if c["spent_nanos"]}


def descendants(pid):
    kids = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                stat = open(f"/proc/{name}/stat").read()
            except OSError:
                continue
            if int(stat.rsplit(")", 1)[1].split()[1]) == pid:
                kids.append(int(name))
    return kids


def kill_one(slimbid, prng):
    kids = descendants(slimbid.process.pid)
    if kids:
        try:
            os.kill(prng.choice(kids), signal.SIGKILL)
        except ProcessLookupError:
            pass


def kill_all(slimbid):
    kids = descendants(slimbid.process.pid)
    slimbid.process.kill()
    for pid in kids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    slimbid.process.wait()
    until(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in kids), "the children of a dead supervisor end")
    slimbid.again()


def lines(folder):
    found = []
    for path in sorted((folder / "events").glob("events-*.ndjson*")):
        found += [json.loads(line) for line in path.read_text().splitlines()]
    return found


def check_log(folder, clients):
    """Each view that the log has was acknowledged, or its client never came back for it; each once."""
    views = [(int(v["auction"], 16), int(v["hold"], 16)) for v in lines(folder) if v["kind"] == "view"]
    assert len(views) == len(set(views)), "a view was logged twice"
    assert set(views) <= set(clients.viewed()), "a view was logged that no client had acknowledged"
    return len(views)


def test_money_is_right_whoever_dies(start):
    folder = start.tmp_path
    build(folder / "ads.tbl", campaigns())
    slimbid = start(Restartable, settings(folder, holds=65536, hold_s=30))
    wait_ready(slimbid)
    prng = random.Random(5)
    with Clients(slimbid.port, 4) as clients:
        for kill in range(KILLS):
            time.sleep(prng.uniform(0.05, 0.4))
            if kill % 8 == 7:
                kill_all(slimbid)
            else:
                kill_one(slimbid, prng)
        time.sleep(1)
    assert slimbid.stop() == 0
    assert clients.failures() == []
    assert clients.sum("wins") > 50
    assert spent(folder) == clients.spent()
    logged = check_log(folder, clients)
    print(f"{KILLS} kills: {clients.sum('auctions')} auctions, {clients.sum('wins')} wins, "
          f"{len(clients.viewed())} views, {clients.sum('repeats')} repeated, {logged} logged, "
          f"{clients.sum('broken')} connections broken, {sum(clients.spent().values())} nanos, to the nano")


def test_a_budget_is_never_passed(start):
    """Four clients race for the last cent; what is held and spent stays below the budget at all times."""
    folder = start.tmp_path
    budget = 0.2  # 100 views of 2 CPM
    build(folder / "ads.tbl", [ad("a", 2, campaign="c", daily_budget=budget)])
    slimbid = start(Slimbid, settings(folder))
    wait_ready(slimbid)
    with Clients(slimbid.port, 4, view_share=1) as clients:
        until(lambda: clients.sum("wins") >= 100, "a hundred wins")
        time.sleep(0.5)
    assert clients.failures() == []
    assert clients.spent() == {"c": 200_000_000}
    refused = {k: v for k, v in slimbid.metrics().items() if 'reason="over_budget"' in k}
    assert sum(refused.values()) > 0
    slimbid.stop()
    assert spent(folder) == {"c": 200_000_000}


def test_what_is_not_viewed_is_released(start):
    folder = start.tmp_path
    build(folder / "ads.tbl", [ad("a", 2, campaign="c", daily_budget=0.002)])
    slimbid = start(Slimbid, settings(folder, hold_s=2))
    wait_ready(slimbid)

    def wins():
        return slimbid.auction(banner_request())[0] == 200
    assert wins()
    assert not wins()
    until(wins, "the hold expires")
    slimbid.stop()
    assert spent(folder) == {}


def test_a_user_is_shown_a_campaign_so_often(start):
    folder = start.tmp_path
    capped = ad("a", 3, campaign="capped", frequency_cap={"views": 2, "hours": 24})
    build(folder / "ads.tbl", [capped, ad("b", 1, campaign="free")])
    slimbid = start(Slimbid, settings(folder))
    wait_ready(slimbid)

    def shown(user):
        _, answer, _ = slimbid.auction(banner_request(user={"id": user}))
        bid = answer["seatbid"][0]["bid"][0]
        url = bid["burl"].split("/", 3)[3]
        assert slimbid.request("GET", "/" + url)[0].status in (200, 204)
        return bid["cid"]
    assert [shown("anna") for _ in range(4)] == ["capped", "capped", "free", "free"]
    assert [shown("bert") for _ in range(3)] == ["capped", "capped", "free"]
    # A restart forgets nothing.
    slimbid.stop()
    again = start(Slimbid, settings(folder))
    wait_ready(again)
    slimbid = again
    assert shown("anna") == "free"
    assert shown("carl") == "capped"


def test_what_a_user_looked_at_decides_what_is_shown(start):
    """A page view teaches an interest, by which ads are targeted; a deleted user is nobody again."""
    folder = start.tmp_path
    ads = [ad("a", 3, campaign="runners", targeting={"segments": ["interest:IAB17-2"]}), ad("b", 1, campaign="all")]
    build(folder / "ads.tbl", ads)
    basic = {"Authorization": "Basic " + base64.b64encode(b"run-key-1:").decode()}
    slimbid = start(Slimbid, {**settings(folder), "clickstream": {"write_keys": ["run-key-1"]}})
    wait_ready(slimbid)

    def shown():
        _, answer, _ = slimbid.auction(banner_request(user={"id": "dora"}))
        return answer["seatbid"][0]["bid"][0]["cid"]

    def post(path, body):
        response, _ = slimbid.request("POST", path, json.dumps(body), {**basic, "Content-Type": "application/json"})
        assert response.status == 200
    assert shown() == "all"
    post("/v1/page", {"userId": "dora", "messageId": "m1", "properties": {"url": "https://run.example/", "category": "IAB17-2"}})
    assert shown() == "runners"
    post("/v1/user/delete", {"userId": "dora"})
    assert shown() == "all"
