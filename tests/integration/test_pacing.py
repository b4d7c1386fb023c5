"""A running server spreads a daily budget over its day: the keeper paces, workers and front ends keep to it."""
import time

from conftest import Slimbid, banner_request
from test_money import ledger, settings
from test_workers import ad, build, until, wait_ready

VIEWS = 1000  # that the day's budget pays for


def started(start, **campaigns):
    folder = start.tmp_path
    build(folder / "ads.tbl", [ad("a", 2, campaign="c", daily_budget=VIEWS * 0.002)])
    config = settings(folder)
    config["campaigns"].update(campaigns)
    slimbid = start(Slimbid, config)
    wait_ready(slimbid)
    return folder, slimbid


def wins(slimbid, auctions):
    return sum(slimbid.auction(banner_request())[0] == 200 for _ in range(auctions))


def test_an_even_budget_is_held_back(start):
    folder, slimbid = started(start, pacing="even")
    begun = time.time()
    assert wins(slimbid, 1) == 1  # with it the campaign is known
    until(lambda: ledger(folder)["campaigns"][0]["rate"] < 1, "the keeper paces it")
    won = 1 + wins(slimbid, 400)
    if time.gmtime(begun).tm_yday != time.gmtime().tm_yday:
        return  # a new day, a new budget
    # One percent ahead of the plan, which moves at most four times as fast as over a whole day.
    most = VIEWS / 100 + 4 * VIEWS * (time.time() - begun) / 86400
    print(f"{won} views won of {VIEWS}, {most:.1f} allowed")
    assert 2 <= won <= most + 1


def test_as_fast_as_possible_is_not(start):
    folder, slimbid = started(start, pacing="asap")
    assert wins(slimbid, 1) == 1
    time.sleep(0.6)  # two rounds of pacing
    assert ledger(folder)["campaigns"][0]["rate"] == 1
    assert wins(slimbid, 100) == 100
