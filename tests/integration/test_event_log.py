"""The event log: every auction a line, once, whoever dies; files that rotate; disks that are full or away."""
import json
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import time

import pytest
from conftest import ROOT, Partner, Slimbid, banner_request
from event_lines import Clients, check_auctions, check_numbers, files, read, wait_until
from test_events import BANNER, fetch, only_bid, own
from test_workers import ad

KILLS = 50
BUFFER = 65536


def start_logging(start, directory, event_log=None, **more):
    return start(Slimbid, {"event_log": {"directory": str(directory), "sync_ms": 50, **(event_log or {})},
                           "partners": [], **more})


def keeper_pid(slimbid):
    return wait_until(lambda: slimbid.status()["keeper"]["pid"])


def descendants(slimbid):
    """The server's processes, the supervisor first."""
    pid = slimbid.process.pid
    children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid] + [int(child) for child in children]


def kill_all(slimbid):
    """All at once, stopped first so that nobody sees another one's death."""
    pids = descendants(slimbid)
    for signum in (signal.SIGSTOP, signal.SIGKILL):
        for pid in pids:
            try:
                os.kill(pid, signum)
            except ProcessLookupError:
                pass
    slimbid.process.wait()
    wait_until(lambda: not any(pathlib.Path(f"/proc/{pid}").exists() for pid in pids))


def ready(slimbid):
    response, body = slimbid.request("GET", "/readyz", port=slimbid.admin_port)
    page = json.loads(body)
    return response.status, page["ready"], {c["name"]: c for c in page["conditions"]}


def total(metrics, name):
    return sum(value for key, value in metrics.items() if key.split("{")[0] == name)


def lost(slimbid):
    """Numbers that were counted as lost."""
    m = slimbid.metrics()
    return sum(total(m, f"slimbid_event_log_{name}_total") for name in ("dropped", "too_long", "discarded"))


def test_each_auction_is_a_line_of_the_schema(start, tmp_path):
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads((ROOT / "docs" / "event.schema.json").read_text())
    jsonschema.Draft7Validator.check_schema(schema)
    partner = start(Partner, "bids=price=uniform:1,2")
    slimbid = start_logging(start, tmp_path / "log", partners=[{"name": "acme", "url": partner.url("bids")}])
    for i in range(20):
        assert slimbid.auction(banner_request(id=f"r-{i}", user={"id": "somebody"}, device={"ip": "192.0.2.77"}))[0] == 200
    assert slimbid.auction({"id": "app", "app": {"id": "a", "bundle": "com.example"}, "imp": [
        {"id": "v", "video": {"mimes": ["video/mp4"]}}, {"id": "b", "bidfloor": 9.5, "banner": {"w": 1, "h": 1}}]})[0] in (200, 204)
    lines = wait_until(lambda: (found := read(tmp_path / "log")) and len(found) == 21 and found)
    for line in lines:
        jsonschema.validate(line, schema)
    assert check_numbers(lines) == 0
    for i, line in enumerate(lines[:20]):
        assert line["request"] == f"r-{i}" and line["domain"] == "news.example" and line["end"] == "complete"
        (win,) = line["wins"]
        assert win["partner"] == "acme" and win["impid"] == "1" and 1 <= win["price"] <= 2 and win["cur"] == "USD"
    assert lines[20]["domain"] == "com.example" and lines[20]["channel"] == "app" and lines[20]["imps"] == 2
    text = "".join(path.read_text() for path in files(tmp_path / "log"))
    assert "somebody" not in text and "192.0.2.77" not in text
    broken = [{**lines[0], "seq": 0}, {**lines[0], "kind": "other"}, {k: v for k, v in lines[0].items() if k != "auction"},
              {**lines[0], "device": {"ip": "192.0.2.77"}}]
    for line in broken:
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(line, schema)


def test_what_comes_back_is_a_line_once(start, tmp_path):
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads((ROOT / "docs" / "event.schema.json").read_text())
    slimbid = own(start, tmp_path, [ad("a1", 2.5, campaign="summer", adm=BANNER)],
                  event_log={"directory": str(tmp_path / "log"), "sync_ms": 50})
    bid = only_bid(slimbid, user={"id": "somebody"})
    (click,) = re.findall(r'<a href="(http://127[^"]*)">', bid["adm"])
    for url in (bid["nurl"], bid["burl"], bid["burl"], click, click):
        assert fetch(slimbid, url)[0].status in (200, 204, 302)
    event = {"type": "page", "messageId": "m-1", "anonymousId": "somebody", "context": {"page": {"url": "https://news.example/"}}}
    assert slimbid.request("POST", "/v1/clickstream", json.dumps(event), {"Content-Type": "application/json"})[0].status == 200
    lines = wait_until(lambda: (found := read(tmp_path / "log")) and len(found) >= 5 and found)
    assert [line["kind"] for line in lines] == ["auction", "win", "view", "click", "clickstream"]
    for line in lines:
        jsonschema.validate(line, schema)
    (win,) = lines[0]["wins"]
    for line in lines[1:4]:
        assert (line["auction"], line["hold"], line["user"]) == (lines[0]["auction"], win["hold"], lines[0]["user"])
        assert line["nanos"] == win["nanos"] == 2_500_000 and line["campaign"] == win["cid"] == "summer" and line["imp"] == 0
    assert lines[4]["message_id"] == "m-1" and lines[4]["user"] == lines[0]["user"]
    assert check_numbers(lines) == 0


def test_without_a_directory_there_is_no_log_and_no_keeper(start):
    slimbid = start(Slimbid, {"partners": []})
    assert slimbid.auction(banner_request())[0] == 204
    assert "keeper" not in slimbid.status() and "event_log" not in slimbid.status()
    assert not any("event_log" in name for name in slimbid.metrics())
    assert ready(slimbid)[1:] == (True, {"serving": {"name": "serving", "ok": True, "required": True}})


def test_a_keeper_that_is_killed_again_and_again(start, tmp_path):
    slimbid = start_logging(start, tmp_path / "log", {"rotate_bytes": 200000, "keep_files": 1000})
    chance = random.Random(7)
    with Clients(slimbid.port) as clients:
        killed = set()
        while len(killed) < KILLS:
            pid = keeper_pid(slimbid)
            if pid not in killed:
                time.sleep(chance.random() * 0.08)
                os.kill(pid, signal.SIGKILL)
                killed.add(pid)
    assert slimbid.stop() == 0
    lines = read(tmp_path / "log")
    assert check_numbers(lines) == 0
    check_auctions(lines, clients)
    assert len(lines) > 500


def test_front_ends_that_are_killed_lose_no_answered_line(start, tmp_path):
    slimbid = start_logging(start, tmp_path / "log", front_ends=2)
    chance = random.Random(8)
    with Clients(slimbid.port) as clients:
        for _ in range(15):
            time.sleep(chance.random() * 0.2)
            os.kill(chance.choice(slimbid_front_ends(slimbid)), signal.SIGKILL)
    assert slimbid.stop() == 0
    lines = read(tmp_path / "log")
    assert {line["front_end"] for line in lines} == {0, 1}
    assert check_numbers(lines) == 0
    check_auctions(lines, clients)


def slimbid_front_ends(slimbid):
    """Asked of the system: the admin listener is one of them, and may be dead right now."""
    def running():
        return [pid for pid in descendants(slimbid)[1:] if pathlib.Path(f"/proc/{pid}/comm").read_text() == "slimbid\n"]
    return wait_until(running)


def test_everything_killed_at_once(start, tmp_path):
    chance = random.Random(9)
    all_lines = 0
    asked = []
    for round_ in range(8):
        slimbid = start_logging(start, tmp_path / "log", {"rotate_bytes": 100000, "keep_files": 1000}, front_ends=2)
        with Clients(slimbid.port, prefix=f"round{round_}") as clients:
            time.sleep(0.2 + chance.random() * 0.4)
            kill_all(slimbid)
        slimbid.stop = lambda: 0  # it was not to end well
        asked.append(clients)
    slimbid = start_logging(start, tmp_path / "log", front_ends=2)
    assert slimbid.stop() == 0
    lines = read(tmp_path / "log")
    assert check_numbers(lines) == 0
    for round_, clients in enumerate(asked):
        of_round = [line for line in lines if line.get("request", "").startswith(f"round{round_}-")]
        check_auctions(of_round, clients)
        all_lines += len(of_round)
    assert all_lines == len(lines) > 100


def test_the_supervisor_killed_alone(start, tmp_path):
    slimbid = start_logging(start, tmp_path / "log")
    with Clients(slimbid.port) as clients:
        time.sleep(0.5)
        pids = descendants(slimbid)
        os.kill(slimbid.process.pid, signal.SIGKILL)
        slimbid.process.wait()
        wait_until(lambda: not any(pathlib.Path(f"/proc/{pid}").exists() for pid in pids[1:]))
    slimbid.stop = lambda: 0
    lines = read(tmp_path / "log")
    assert check_numbers(lines) == 0
    check_auctions(lines, clients)


def test_the_end_leaves_nothing_behind(start, tmp_path):
    slimbid = start_logging(start, tmp_path / "log")
    with Clients(slimbid.port, threads=8) as clients:
        time.sleep(0.7)
        for pid in descendants(slimbid):  # as a terminal and systemd do it: to all of them
            os.kill(pid, signal.SIGTERM)
        assert slimbid.stop() == 0
        lines = read(tmp_path / "log")
        check_numbers(lines)
    check_auctions(lines, clients)
    assert len(files(tmp_path / "log")) == 1


def test_files_rotate_by_size_and_the_oldest_go(start, tmp_path):
    slimbid = start_logging(start, tmp_path / "log", {"rotate_bytes": 20000, "keep_files": 4})
    with Clients(slimbid.port) as clients:
        wait_until(lambda: slimbid.metrics()["slimbid_event_log_files_removed_total"] >= 3, 60)
    assert slimbid.stop() == 0
    there = files(tmp_path / "log")
    assert len(there) <= 5 and [p.suffix for p in there[:-1]] == [".ndjson"] * (len(there) - 1)
    assert there[-1].suffix == ".open"
    assert all(15000 < p.stat().st_size <= 20000 for p in there[:-1])
    lines = read(tmp_path / "log")
    for before, after in zip(lines, lines[1:]):
        assert after["seq"] == before["seq"] + 1
    assert lines[-1]["seq"] >= len(clients.answered)


def test_files_rotate_by_time_though_nothing_happens(start, tmp_path):
    slimbid = start_logging(start, tmp_path / "log", {"rotate_s": 1})
    slimbid.auction(banner_request(id="first"))
    wait_until(lambda: [p.suffix for p in files(tmp_path / "log")] == [".ndjson"])
    slimbid.auction(banner_request(id="second"))
    wait_until(lambda: [p.suffix for p in files(tmp_path / "log")] == [".ndjson"] * 2)
    assert [line["request"] for line in read(tmp_path / "log")] == ["first", "second"]


def test_numbers_go_on_when_the_rings_are_lost(start, tmp_path):
    for i in range(3):
        slimbid = start_logging(start, tmp_path / "log")
        slimbid.auction(banner_request(id=str(i)))
        assert slimbid.stop() == 0
        (tmp_path / "log" / "rings").unlink()
    assert check_numbers(read(tmp_path / "log")) == 0


def test_two_servers_do_not_share_a_directory(start, tmp_path):
    slimbid = start_logging(start, tmp_path / "log")
    slimbid.auction(banner_request())
    with pytest.raises(AssertionError, match="ended with 1"):
        start_logging(start, tmp_path / "log")
    assert any("another server logs there" in p.read_text() for p in tmp_path.glob("slimbid-*.log"))


def serve_through(slimbid, seconds=1.0):
    """Clients for a while, all of whose auctions are answered in time."""
    with Clients(slimbid.port) as clients:
        time.sleep(seconds)
    assert set(clients.answered) == set(clients.asked)
    return clients


def wait_for_condition(slimbid, ok, reason=None):
    def holds():
        status, is_ready, conditions = ready(slimbid)
        found = conditions["event_log"]
        return found["ok"] == ok and (ok or reason in (None, found["reason"])) and (status, is_ready, found)
    return wait_until(holds)


def test_a_directory_that_vanishes(start, tmp_path):
    (tmp_path / "deep").mkdir()
    slimbid = start_logging(start, tmp_path / "deep" / "log")
    serve_through(slimbid, 0.3)
    shutil.rmtree(tmp_path / "deep")
    wait_until(lambda: serve_through(slimbid, 0.1) and not ready(slimbid)[2]["event_log"]["ok"])
    assert wait_for_condition(slimbid, False, "gone")[:2] == (200, True)
    (tmp_path / "deep").mkdir()
    wait_for_condition(slimbid, True)
    clients = serve_through(slimbid, 0.3)
    counted = lost(slimbid)
    assert slimbid.stop() == 0
    lines = read(tmp_path / "deep" / "log")
    check_auctions([line for line in lines if line.get("request") in set(clients.answered)], clients)
    assert counted == 0  # all of it fitted the ring meanwhile


def test_a_file_that_is_removed_or_renamed(start, tmp_path):
    slimbid = start_logging(start, tmp_path / "log")
    for i, take_away in enumerate((lambda p: p.unlink(), lambda p: p.rename(tmp_path / "elsewhere"))):
        slimbid.auction(banner_request(id=f"before-{i}"))
        wait_until(lambda: [line["request"] for line in read(tmp_path / "log")][-1:] == [f"before-{i}"])
        take_away(files(tmp_path / "log")[-1])
        wait_until(lambda: slimbid.log().count("took the log's file away") == i + 1)
        slimbid.auction(banner_request(id=f"after-{i}"))
        wait_until(lambda: [line["request"] for line in read(tmp_path / "log")][-1:] == [f"after-{i}"])
        assert ready(slimbid)[2]["event_log"]["ok"]
    assert [line["request"] for line in map(json.loads, (tmp_path / "elsewhere").read_text().splitlines())] == ["after-0", "before-1"]


def test_a_directory_that_can_not_be_made(start, tmp_path):
    (tmp_path / "file").write_text("in the way")
    slimbid = start_logging(start, tmp_path / "file" / "log", {"required": True})
    serve_through(slimbid, 0.3)
    status, is_ready, condition = wait_for_condition(slimbid, False, "gone")
    assert (status, is_ready, condition["required"]) == (503, False, True)
    (tmp_path / "file").unlink()
    (tmp_path / "file").mkdir()
    wait_until(lambda: slimbid.metrics()["slimbid_event_log_waiting_bytes"] == 0)
    status, is_ready, condition = wait_for_condition(slimbid, False, "in_memory")
    assert check_numbers(read(tmp_path / "file" / "log")) == 0


class Unprivileged(Slimbid):
    """For root: without its right to write everywhere."""
    prefix = ("setpriv", "--bounding-set", "-all", "--inh-caps", "-all") if os.geteuid() == 0 else ()


def test_a_directory_without_permission(start, tmp_path):
    slimbid = start(Unprivileged, {"event_log": {"directory": str(tmp_path / "log"), "rotate_bytes": 20000, "keep_files": 1000, "sync_ms": 50}, "partners": []})
    before = serve_through(slimbid, 0.2)
    (tmp_path / "log").chmod(0o500)
    meanwhile = serve_through(slimbid, 0.3)
    wait_for_condition(slimbid, False, "no_access")
    (tmp_path / "log").chmod(0o700)
    wait_for_condition(slimbid, True)
    counted = lost(slimbid)
    assert slimbid.stop() == 0
    lines = read(tmp_path / "log")
    assert check_numbers(lines) == counted
    logged = {line["request"] for line in lines if line["kind"] == "auction"}
    assert len(logged) + counted == len(before.answered) + len(meanwhile.answered)


@pytest.fixture
def small_disk(tmp_path):
    """A file system of a megabyte."""
    path = tmp_path / "disk"
    path.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m,mode=0777", "slimbid-test", path], capture_output=True).returncode:
        pytest.skip("may not mount a small file system")
    yield path
    subprocess.run(["umount", "-l", path], check=True)


def fill(path):
    """The rest of the disk."""
    with open(path, "wb", buffering=0) as filler, pytest.raises(OSError):
        while True:
            filler.write(b"x" * 512)


def test_a_full_disk(start, small_disk):
    slimbid = start_logging(start, small_disk / "log", {"buffer_bytes": BUFFER})
    serve_through(slimbid, 0.2)
    fill(small_disk / "filler")
    while slimbid.metrics()['slimbid_event_log_discarded_total{cause="no_space"}'] < 200:
        serve_through(slimbid, 0.3)
    status, is_ready, condition = wait_for_condition(slimbid, False, "no_space")
    assert (status, is_ready, condition["required"]) == (200, True, False)
    assert slimbid.metrics()['slimbid_event_log_trouble{cause="no_space"}'] == 1
    (small_disk / "filler").unlink()
    wait_for_condition(slimbid, True)
    clients = serve_through(slimbid, 0.2)
    counted = lost(slimbid)
    assert slimbid.stop() == 0
    lines = read(small_disk / "log")
    assert check_numbers(lines) == counted
    check_auctions([line for line in lines if line.get("request") in set(clients.answered)], clients)


def test_a_full_disk_and_a_killed_keeper(start, small_disk):
    """What was discarded is in a gap whoever tells of it, and no half line stays."""
    slimbid = start_logging(start, small_disk / "log", {"buffer_bytes": BUFFER})
    for _ in range(3):
        serve_through(slimbid, 0.2)
        fill(small_disk / "filler")
        serve_through(slimbid, 0.4)
        pid = keeper_pid(slimbid)
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: slimbid.status()["keeper"]["pid"] not in (0, pid))
        serve_through(slimbid, 0.4)
        (small_disk / "filler").unlink()
        wait_for_condition(slimbid, True)
    wait_until(lambda: slimbid.metrics()["slimbid_event_log_waiting_bytes"] == 0)
    counted = lost(slimbid)
    assert slimbid.stop() == 0
    assert check_numbers(read(small_disk / "log")) == counted


def test_the_largest_file_that_a_process_may_write(start, tmp_path):
    slimbid = start_logging(start, tmp_path / "log")
    subprocess.run(["prlimit", "--pid", str(keeper_pid(slimbid)), "--fsize=100000"], check=True)
    with Clients(slimbid.port) as clients:
        wait_until(lambda: len(files(tmp_path / "log")) >= 3, 60)
    assert slimbid.stop() == 0
    assert all(90000 < path.stat().st_size <= 100000 for path in files(tmp_path / "log")[:-1])
    lines = read(tmp_path / "log")
    assert check_numbers(lines) == 0
    check_auctions(lines, clients)


def test_a_keeper_that_stands_still(start, tmp_path):
    """As a disk that hangs: serving goes on, what finds no room is counted, and the gaps are what was counted."""
    slimbid = start_logging(start, tmp_path / "log", {"buffer_bytes": BUFFER})
    serve_through(slimbid, 0.2)
    pid = keeper_pid(slimbid)
    os.kill(pid, signal.SIGSTOP)
    while lost(slimbid) < 100:
        serve_through(slimbid, 0.3)
    os.kill(pid, signal.SIGCONT)
    serve_through(slimbid, 0.2)
    counted = lost(slimbid)
    assert slimbid.stop() == 0
    assert check_numbers(read(tmp_path / "log")) == counted


def test_memory_names_the_keeper(start, tmp_path):
    slimbid = start_logging(start, tmp_path / "log")
    pid = keeper_pid(slimbid)
    wait_until(lambda: slimbid.metrics()['slimbid_process_memory_bytes{process="keeper",index="0",kind="rss"}'] > 0)
    report = subprocess.run([slimbid.process.args[0], "memory", "--pid", str(slimbid.process.pid)], capture_output=True, text=True, check=True).stdout
    assert [line.split()[:2] for line in report.splitlines() if line.startswith("keeper")] == [["keeper", str(pid)]]
