"""slimbid-ledger: what it shows, checks, exports and resets of a file that a server made."""
import datetime
import json
import subprocess
import time

import pytest
from conftest import BIN, Slimbid, banner_request
from money import token_of
from test_money import campaigns, settings
from test_workers import build, wait_ready


def tool(*args):
    return subprocess.run([BIN / "slimbid-ledger", *map(str, args)], capture_output=True, text=True, timeout=60)


def shown(path, *args):
    done = tool("show", path, "--json", *args)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def exported(path):
    done = tool("export", path)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def win(slimbid):
    status, answer, _ = slimbid.auction(banner_request())
    assert status == 200
    return answer["seatbid"][0]["bid"][0]


def view(slimbid, bid):
    response, _ = slimbid.request("GET", "/e/imp?t=" + token_of(bid["burl"]))
    assert response.status in (200, 204)


def served(start, **config):
    """A server with a ledger, of whose first campaign two views are paid and one win is held."""
    folder = start.tmp_path
    build(folder / "ads.tbl", campaigns(count=1, budget=50))
    slimbid = start(Slimbid, {**settings(folder), **config})
    wait_ready(slimbid)
    bids = [win(slimbid) for _ in range(3)]
    for bid in bids[:2]:
        view(slimbid, bid)
    return slimbid, folder / "ledger", bids


def test_it_shows_a_ledger_in_use(start):
    slimbid, path, bids = served(start)
    nanos = round(1.5e6)
    seen = shown(path)
    assert seen["served"] and not seen["from_copy"] and seen["campaign_places"] == 64
    campaign, = seen["campaigns"]
    assert campaign["id"] == "c0" and campaign["daily_budget"] == 50 and campaign["rate"] == 1
    assert campaign["spent_nanos"] == 2 * nanos and campaign["held_nanos"] == nanos
    today = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d")
    assert campaign["spent"][today] == pytest.approx(0.003) and campaign["held"] == pytest.approx(0.0015)
    assert seen["counters"]["reserved"] == 3 and seen["counters"]["viewed"] == 2 and seen["counters"]["holds_live"] == 1
    assert shown(path, "--campaign", "c0")["campaigns"] == [campaign]
    text = tool("show", path).stdout
    assert "a server has it open" in text and "c0" in text and "0.003" in text
    checked = tool("check", path)
    assert checked.returncode == 0 and "a server has it open" in checked.stdout


def test_it_refuses_to_reset_what_is_in_use(start):
    slimbid, path, _ = served(start)
    for what in (("--all",), ("--campaign", "c0")):
        done = tool("reset", path, *what, "--yes")
        assert done.returncode == 1 and "another server has it open" in done.stderr
    assert shown(path)["campaigns"][0]["spent_nanos"] == 3000000
    slimbid.wait_idle()


def test_what_a_server_left_is_exported_and_checked(start):
    slimbid, path, bids = served(start)
    assert slimbid.stop() == 0
    lines = exported(path)
    assert [line["type"] for line in lines] == ["ledger", "campaign", "hold", "hold", "hold"]
    assert not lines[0]["served"] and any(copy["whole"] for copy in lines[0]["copies"])
    holds = lines[2:]
    assert sorted(h["viewed"] for h in holds) == [False, True, True]
    for hold in holds:
        assert hold["campaign"] == "c0" and hold["price"] == 0.0015 and not hold["clicked"]
        assert datetime.datetime.fromisoformat(hold["expires"].replace("Z", "+00:00")).timestamp() > time.time()
    checked = tool("check", path)
    assert checked.returncode == 0 and "sums: good, 1 campaigns" in checked.stdout


def test_a_campaign_begins_anew(start):
    slimbid, path, _ = served(start)
    assert slimbid.stop() == 0
    before = path.read_bytes()
    for args in ((path,), (path, "--campaign", "c0"), (path, "--all"), (path, "--all", "--campaign", "c0", "--yes"), ()):
        done = tool("reset", *args)
        assert done.returncode == 2 and done.stderr
    assert path.read_bytes() == before
    assert tool("reset", path, "--campaign", "c9", "--yes").returncode == 1
    done = tool("reset", path, "--campaign", "c0", "--yes")
    assert done.returncode == 0, done.stderr
    campaign, = shown(path)["campaigns"]
    assert campaign["spent_nanos"] == 0 and campaign["held_nanos"] == 0 and campaign["daily_budget"] == 50
    assert [line["type"] for line in exported(path)] == ["ledger", "campaign"]
    assert tool("check", path).returncode == 0


def test_everything_goes_even_when_it_is_damaged(start):
    slimbid, path, _ = served(start)
    assert slimbid.stop() == 0
    good = path.read_bytes()
    path.write_bytes(good[:20] + b"\xff" + good[21:])
    for command in ("show", "check", "export"):
        done = tool(command, path)
        assert done.returncode == 1 and "damaged" in done.stderr and not done.stdout
    assert tool("reset", path, "--campaign", "c0", "--yes").returncode == 1
    assert tool("reset", path, "--all", "--yes").returncode == 0
    assert not path.exists()
    path.write_text("a diary")
    done = tool("reset", path, "--all", "--yes")
    assert done.returncode == 1 and "not a ledger" in done.stderr and path.read_text() == "a diary"


def test_bent_money_is_found(start):
    slimbid, path, _ = served(start, front_ends=1)  # one cell has both views
    assert slimbid.stop() == 0
    data = bytearray(path.read_bytes())
    live_end = len(data) // 3
    at = data.find((3000000).to_bytes(8, "little"), 0, live_end)
    assert at > 0
    data[at:at + 8] = (2000000).to_bytes(8, "little")
    path.write_bytes(data)
    done = tool("check", path)
    assert done.returncode == 1 and "its views say 3000000" in done.stderr, done.stdout + done.stderr


def test_its_command_line():
    assert tool().returncode == 2 and tool("dance").returncode == 2
    for args in (("--help",), ("show", "--help"), ("check", "--help"), ("export", "--help"), ("reset", "--help")):
        done = tool(*args)
        assert done.returncode == 0 and "slimbid-ledger" in done.stdout
    for command in ("show", "check", "export"):
        assert tool(command).returncode == 2
        done = tool(command, "/nowhere")
        assert done.returncode == 1 and "No such file" in done.stderr
