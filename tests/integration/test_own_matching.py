"""Requests and ads meet: what slimbid-table makes of an ad's targeting is what a front end makes of a request.

Each case is an ad that one thing is asked of, a request that has it (written in another way where there are several)
and one that has not. Ads are kept apart by a segment of their own.
"""
import copy
import time

import pytest
from conftest import Slimbid
from test_workers import ad, build, wait_ready

# Twelve hours from now in UTC, and three to either side: an hour may end while the tests run.
FAR_HOURS = [{"from": h, "to": h + 1} for h in ((time.gmtime().tm_hour + 12 + k) % 24 for k in range(-3, 4))]


def video(**more):
    return {"banner": None, "video": {"mimes": ["video/mp4"], **more}}


NATIVE = {"banner": None, "native": {"request": '{"assets":[{"id":1,"title":{"len":9}}]}'}}

# name -> (ad's fields, targeting, request that fits, request that does not); "imp" patches the first imp.
CASES = {
    "country": ({}, {"countries": ["DEU"]}, {"device": {"geo": {"country": "deu"}}}, {"device": {"geo": {"country": "FRA"}}}),
    "home_country": ({}, {"countries": ["DEU"]}, {"user": {"geo": {"country": "DEU"}}}, {}),
    "region": ({}, {"regions": ["USA-CA"]}, {"device": {"geo": {"country": "USA", "region": "US-CA"}}}, {"device": {"geo": {"region": "CA"}}}),
    "device_type": ({}, {"device_types": [4]}, {"device": {"devicetype": 4}}, {"device": {"devicetype": 2}}),
    "os": ({}, {"os": ["iOS"]}, {"device": {"os": "IOS"}}, {"device": {"os": "Android"}}),
    "connection": ({}, {"connection_types": [2]}, {"device": {"connectiontype": 2}}, {}),
    "language": ({}, {"languages": ["de"]}, {"device": {"language": "DE-ch"}}, {"device": {"language": "en"}}),
    "langb": ({}, {"languages": ["de"]}, {"device": {"langb": "de-CH"}}, {}),
    "category": ({}, {"categories": ["IAB1"]}, {"site": {"cat": ["IAB1-3"]}}, {"site": {"cat": ["IAB2"]}}),
    "page_category": ({}, {"categories": ["IAB1-3"]}, {"site": {"pagecat": ["IAB1-3"]}}, {"site": {"cat": ["IAB1"]}}),
    "content_category": ({}, {"categories": ["12"], "cattax": 6}, {"site": {"content": {"cat": ["12"], "cattax": 6}}},
                         {"site": {"cat": ["12"]}}),
    "not_category": ({}, {"not_categories": ["IAB1"]}, {"site": {"cat": ["IAB2-1"]}}, {"site": {"cat": ["IAB1-9"]}}),
    "domain": ({}, {"domains": ["Example.com"]}, {"site": {"domain": "News.EXAMPLE.com."}}, {"site": {"domain": "badexample.com"}}),
    "page_host": ({}, {"domains": ["example.com"]}, {"site": {"page": "https://m.example.com:8080/x"}}, {"site": {"page": "https://example.org/"}}),
    "bundle": ({}, {"bundles": ["com.example.App"]}, {"site": None, "app": {"bundle": "com.example.App"}},
               {"site": None, "app": {"bundle": "com.example.Other"}}),
    "not_domain": ({}, {"not_domains": ["example.com"]}, {"site": {"domain": "example.org"}}, {"site": {"domain": "a.example.com"}}),
    "keyword": ({}, {"keywords": ["Running Shoes"]}, {"site": {"keywords": "a, running shoes ,b"}}, {"site": {"keywords": "running"}}),
    "user_keyword": ({}, {"keywords": ["shoes"]}, {"user": {"kwarray": [" SHOES"]}}, {}),
    "not_segment": ({}, {"not_segments": ["x"]}, {}, {"user": {"data": [{"segment": [{"id": "x"}]}]}}),
    "position": ({}, {"positions": [1]}, {"imp": {"banner": {"w": 300, "h": 250, "pos": 1}}}, {}),
    "secure_only": ({}, {"secure_only": True}, {"imp": {"secure": 1}}, {"imp": {"secure": 0}}),
    "insecure": ({"adm": '<img src="http://x.example/1.png">'}, {}, {"imp": {"secure": 0}}, {"imp": {"secure": 1}}),
    "size": ({"sizes": ["728x90"]}, {}, {"imp": {"banner": {"format": [{"w": 1, "h": 1}, {"w": 728, "h": 90}]}}}, {}),
    "flexible": ({}, {}, {"imp": {"banner": {"format": [{"wratio": 6, "hratio": 5, "wmin": 100}]}}},
                 {"imp": {"banner": {"format": [{"wratio": 1, "hratio": 1, "wmin": 100}]}}}),
    "no_size": ({"sizes": ["320x480"]}, {}, {"imp": {"instl": 1, "banner": {"pos": 7}}}, {}),
    "video": ({"media": "video", "sizes": [], "adm": "<VAST/>"}, {}, {"imp": video()}, {}),
    "native": ({"media": "native", "sizes": [], "adm": '{"native":{"assets":[]}}'}, {}, {"imp": NATIVE}, {"imp": video()}),
    "deal": ({"deals": ["d1"]}, {}, {"imp": {"pmp": {"deals": [{"id": "d0"}, {"id": "d1", "bidfloor": 1}]}}},
             {"imp": {"pmp": {"deals": [{"id": "d1", "bidfloor": 6}]}}}),
    "not_a_deal": ({}, {}, {"imp": {"pmp": {"deals": [{"id": "d1"}]}}}, {"imp": {"pmp": {"private_auction": 1, "deals": [{"id": "d1"}]}}}),
    "floor": ({}, {}, {"imp": {"bidfloor": 5}}, {"imp": {"bidfloor": 5.01}}),
    "floor_in_no_known_currency": ({}, {}, {"imp": {"bidfloor": 0, "bidfloorcur": "XXX"}}, {"imp": {"bidfloor": 0.01, "bidfloorcur": "XXX"}}),
    "badv": ({"adomain": "shop.example"}, {}, {"badv": ["other.example"]}, {"badv": ["SHOP.example"]}),
    "badv_parent": ({"adomain": "a.shop.example"}, {}, {"badv": ["b.shop.example"]}, {"badv": ["shop.example"]}),
    "bcat": ({"cat": ["IAB1-3"]}, {}, {"bcat": ["IAB1-4"]}, {"bcat": ["IAB1"]}),
    "bcat_taxonomy": ({"cat": ["12"], "cattax": 6}, {}, {"bcat": ["13"], "cattax": 6}, {"bcat": ["IAB1"]}),
    "battr": ({"attr": [3]}, {}, {"imp": {"banner": {"w": 300, "h": 250, "battr": [4]}}}, {"imp": {"banner": {"w": 300, "h": 250, "battr": [3]}}}),
    "bcrid": ({"crid": "Cr-1"}, {}, {"ext": {"bcrid": ["cr-1"]}}, {"ext": {"bcrid": ["x", "Cr-1"]}}),
    "wlang": ({"language": "de"}, {}, {"wlang": ["en", "DE"]}, {"wlang": ["en"]}),
    "wseat": ({}, {}, {"wseat": ["slimbid"]}, {"wseat": ["x"]}),
    "named": ({}, {}, {"imp": {"ext": {"prebid": {"bidder": {"slimbid": {}}}}}}, {"imp": {"ext": {"prebid": {"bidder": {"x": {}}}}}}),
    "hours": ({}, {"hours": FAR_HOURS}, {"device": {"geo": {"utcoffset": 720}}}, {}),
}


def patched(request, patch):
    for key, value in patch.items():
        if value is None:
            request.pop(key, None)
        elif isinstance(value, dict) and isinstance(request.get(key), dict) and key not in ("banner",):
            patched(request[key], value)
        else:
            request[key] = copy.deepcopy(value)
    return request


def request_for(name, patch):
    patch = dict(patch)
    request = {"id": name, "at": 1, "tmax": 2000, "imp": [{"id": "1", "banner": {"w": 300, "h": 250}}], "site": {"id": "s"}}
    patched(request["imp"][0], patch.pop("imp", {}))
    patched(request, patch)
    request.setdefault("user", {}).setdefault("data", []).append({"segment": [{"id": f"case {name}"}]})
    return request


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    tmp_path = tmp_path_factory.mktemp("matching")
    ads = []
    for name, (fields, targeting, _, _) in CASES.items():
        one = ad(name, 5, **fields)
        one["targeting"] = {**targeting, "segments": [f"case {name}"]}
        ads.append({k: v for k, v in one.items() if v != []})
    build(tmp_path / "ads.tbl", ads)
    slimbid = Slimbid(tmp_path, {"campaigns": {"table": str(tmp_path / "ads.tbl"), "workers": 1}})
    try:
        wait_ready(slimbid, count=1)
        yield slimbid
        slimbid.wait_idle()
    finally:
        assert slimbid.stop() == 0


def bid_for(server, name, patch):
    status, answer, _ = server.auction(request_for(name, patch))
    assert status in (200, 204), answer
    return answer["seatbid"][0]["bid"][0] if answer else None


@pytest.mark.parametrize("name", CASES)
def test_ad_meets_request(server, name):
    _, _, fits, does_not = CASES[name]
    bid = bid_for(server, name, fits)
    assert bid and bid["adid"] == name and bid["price"] == 5
    assert bid_for(server, name, does_not) is None
