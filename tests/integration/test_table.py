"""slimbid-table: what it builds from lines of ads, what it says of bad ones, and that it shows them again."""
import json
import os
import random
import resource
import signal
import subprocess
import time

import pytest

from conftest import BIN, ROOT

AD = {"id": "a1", "campaign": "c1", "media": "banner", "sizes": ["300x250"], "adm": "<p>x</p>", "price": 1.25}
FULL = {
    "id": "full", "campaign": "c-full", "adomain": "shop.example", "crid": "cr1", "cat": ["IAB1-3", "IAB2"], "cattax": 1,
    "media": "banner", "sizes": ["300x250", "300x600"], "adm": "<a href=\"https://x/${CLICK}\">\n\u00e9\u4e2d\U0001f600</a>",
    "secure": False, "attr": [1, 2], "language": "en", "bid": "cpc", "price": 0.1, "currency": "USD",
    "daily_budget": 100.5, "frequency_cap": {"views": 3, "hours": 24}, "start": "2026-01-01T00:00:00Z",
    "end": "2027-01-01T12:34:56Z", "deals": ["d2", "d1"],
    "targeting": {
        "countries": ["DEU", "USA"], "regions": ["USA-CA"], "device_types": [1, 2], "os": ["ios"], "languages": ["en"],
        "cattax": 1, "categories": ["IAB1"], "not_categories": ["IAB25"], "domains": ["example.com"],
        "not_domains": ["bad.example"], "bundles": ["com.x"], "not_bundles": ["com.y"], "keywords": ["shoes"],
        "segments": ["s1"], "not_segments": ["s2"],
        "hours": [{"days": ["sun"], "from": 0, "to": 24}, {"days": ["mon", "tue"], "from": 8, "to": 18}],
        "time_zone": "Europe/Berlin", "secure_only": True, "positions": [1, 3], "connection_types": [2]},
}


def table(*args, **more):
    more = {"capture_output": True, "timeout": 120, **more}
    return subprocess.run([BIN / "slimbid-table", *map(str, args)], **more)


def write_lines(path, ads):
    path.write_text("".join((a if isinstance(a, str) else json.dumps(a)) + "\n" for a in ads))
    return path


def build(tmp_path, ads, *options, name="ads", **more):
    """(what it did, the table's path)"""
    path = tmp_path / f"{name}.tbl"
    return table("build", write_lines(tmp_path / f"{name}.ndjson", ads), "-o", path, *options, **more), path


def built(tmp_path, ads, *options, **more):
    done, path = build(tmp_path, ads, *options, **more)
    assert done.returncode == 0, done.stderr
    return path


def shown(path, command="dump", *ids):
    done = table(command, path, *ids)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.decode().splitlines()]


def random_ad(r, i):
    ad = {**AD, "id": f"ad-{i}", "campaign": f"c{i % 17}", "price": round(r.lognormvariate(0, 1) + 0.01, 2),
          "bid": r.choice(["cpm", "cpc"]), "adm": f"<p>{i % 40}</p>", "crid": f"cr{i % 40}", "secure": True,
          "adomain": f"a{i % 9}.example", "currency": "USD", "cat": [f"IAB{i % 5 + 1}"], "cattax": 1}
    targeting = {}
    for key, values in (("countries", ["DEU", "USA", "FRA"]), ("os", ["ios", "android"]), ("segments", list("stuvwxyz")),
                        ("keywords", [f"k{n}" for n in range(200)]), ("not_domains", ["x.example", "y.example"])):
        if r.random() < 0.5:
            targeting[key] = sorted(r.sample(values, r.randint(1, 2)))
    if targeting:
        ad["targeting"] = targeting
    return ad


def test_an_ad_comes_back_as_it_was(tmp_path):
    path = built(tmp_path, [AD, FULL])
    assert shown(path, "get", "full") == [FULL]
    assert shown(path, "get", "a1", "full")[0] == {**AD, "secure": True, "bid": "cpm", "currency": "USD"}
    missing = table("get", path, "a1", "a2")
    assert missing.returncode == 1 and b"a2: no such ad" in missing.stderr
    assert json.loads(missing.stdout)["id"] == "a1"


def test_a_dump_builds_the_same_table(tmp_path):
    r = random.Random(1)
    ads = [random_ad(r, i) for i in range(3000)] + [FULL]
    first = built(tmp_path, ads)
    assert sorted(map(str, shown(first))) == sorted(map(str, sorted(shown(first, "get", *[a["id"] for a in ads]), key=str)))
    assert {a["id"]: a for a in shown(first)} == {a["id"]: a for a in ads}
    dump = table("dump", first).stdout.decode()
    again = built(tmp_path, dump.splitlines(), name="again")
    assert table("dump", again).stdout.decode() == dump
    assert table("verify", again).stdout.decode() == f"{again}: good, {len(ads)} ads\n"


def test_the_best_ads_come_first(tmp_path):
    path = built(tmp_path, [{**AD, "id": f"a{p}", "price": p} for p in (1, 3, 2)])
    assert [a["id"] for a in shown(path)] == ["a3", "a2", "a1"]


def test_info_counts(tmp_path):
    text = table("info", built(tmp_path, [AD, FULL])).stdout.decode()
    assert "ads 2, campaigns 2, prices in USD" in text and "created 0" in text
    for section in ("records", "lists", "bitmaps", "markup"):
        assert f"  {section} " in text


def test_same_input_same_bytes(tmp_path):
    r = random.Random(2)
    ads = [random_ad(r, i) for i in range(2000)]
    one = built(tmp_path, ads, name="one").read_bytes()
    assert built(tmp_path, ads, name="two").read_bytes() == one
    environment = {**os.environ, "SOURCE_DATE_EPOCH": "1700000000"}
    dated = built(tmp_path, ads, name="dated", env=environment)
    assert "created 1700000000" in table("info", dated).stdout.decode()
    stamped = built(tmp_path, ads, "--stamp", name="stamped").read_bytes()
    assert len(stamped) == len(one) and stamped != one


def test_input_may_be_xz_or_standard_input(tmp_path):
    path = write_lines(tmp_path / "ads.ndjson", [AD, FULL])
    plain = tmp_path / "plain.tbl"
    assert table("build", path, "-o", plain).returncode == 0
    assert table("build", "-", "-o", tmp_path / "stdin.tbl", input=path.read_bytes()).returncode == 0
    subprocess.run(["xz", "-k", path], check=True)
    assert table("build", f"{path}.xz", "-o", tmp_path / "xz.tbl").returncode == 0
    assert plain.read_bytes() == (tmp_path / "stdin.tbl").read_bytes() == (tmp_path / "xz.tbl").read_bytes()
    cut = tmp_path / "cut.ndjson.xz"
    cut.write_bytes((tmp_path / "ads.ndjson.xz").read_bytes()[:-20])
    done = table("build", cut, "-o", tmp_path / "cut.tbl")
    assert done.returncode == 1 and b"xz failed" in done.stderr and not (tmp_path / "cut.tbl").exists()


def test_bad_lines_are_told_and_left_out(tmp_path):
    ads = [AD, {**AD, "id": "b", "targeting": {"countries": ["DEU", "usa"]}}, "", "{", {**AD, "id": "c"}, AD,
           {**AD, "id": "d", "daily_budget": 5}, {**AD, "id": "e", "currency": "EUR"},
           {**AD, "id": "f", "targeting": {"time_zone": "Mars/Olympus"}}]
    done, path = build(tmp_path, ads)
    assert done.returncode == 0
    prefix = f"slimbid-table: {tmp_path}/ads.ndjson:"
    assert done.stderr.decode().splitlines() == [
        prefix + "2: targeting.countries[1]: must be three capital letters",
        prefix + "4: column 1: string or '}' expected near end of file",
        prefix + "6: id: was there before",
        prefix + "7: campaign: daily_budget and frequency_cap differ from line 1's",
        prefix + "8: currency: no rate from EUR to USD",
        prefix + "9: targeting.time_zone: not in the time zone database",
        f"slimbid-table: {path}: 2 ads, 6 bad lines, {path.stat().st_size} bytes"]
    assert sorted(a["id"] for a in shown(path)) == ["a1", "c"]


def test_a_bad_line_leaves_nothing_of_itself(tmp_path):
    """A campaign is defined by its first good line, an id is taken by it."""
    path = built(tmp_path, [AD, {**AD, "campaign": "c2", "daily_budget": 9}, {**AD, "id": "a2", "currency": "EUR"},
                            {**AD, "id": "a2", "campaign": "c2", "daily_budget": 7}])
    assert [a.get("daily_budget") for a in shown(path, "get", "a1", "a2")] == [None, 7]


def test_strict_and_the_cap_end_it(tmp_path):
    ads = [AD] + ["{}"] * 5
    done, path = build(tmp_path, ads, "--strict")
    assert done.returncode == 1 and not path.exists()
    assert done.stderr.decode().count("id: required") == 1
    done, path = build(tmp_path, ads, "--max-bad", "4")
    assert done.returncode == 1 and b"more than 4 bad lines" in done.stderr and not path.exists()
    assert build(tmp_path, ads, "--max-bad", "5")[0].returncode == 0
    assert sorted(os.listdir(tmp_path)) == ["ads.ndjson", "ads.tbl"]


def test_no_ads_and_no_good_ads(tmp_path):
    path = built(tmp_path, [])
    assert table("verify", path).returncode == 0 and shown(path) == []
    before = path.read_bytes()
    done, _ = build(tmp_path, ["{}"])
    assert done.returncode == 1 and b"no good line" in done.stderr
    assert path.read_bytes() == before


def test_hostile_lines_are_bad_lines(tmp_path):
    r = random.Random(3)
    hostile = ["[" * 100000, '{"id":' * 5000, '{"a":1' + ',"a":1' * 1000 + "}", '"' + "x" * 1000000, "\x00\x01\x02", "null",
               json.dumps({**AD, "id": "x" * 300}), json.dumps({**AD, "adm": "y" * 65536}),
               json.dumps({**AD, "id": "n\u0000ul"}), json.dumps({**AD, "sizes": ["1x1"] * 10001}),
               json.dumps({**AD, "price": 1}).replace("1}", "1e400}"), '{"id":"\xed\xa0\x80"}',
               json.dumps({**AD, "targeting": {"time_zone": "../../etc/passwd"}}), "z" * (9 << 20)]
    for _ in range(300):
        text = list(json.dumps(FULL))
        for _ in range(r.randint(1, 6)):
            text[r.randrange(len(text))] = r.choice('{}[]",:0aZ\\ \x7f')
        hostile.append("".join(text))
    done, path = build(tmp_path, [AD] + hostile)
    assert done.returncode == 0, done.stderr[-2000:]
    assert b"Sanitizer" not in done.stderr and b"a line is longer than" in done.stderr
    assert b"\x7f" not in done.stderr and b"\x00" not in done.stderr
    assert table("verify", path).returncode == 0


def test_prices_are_converted(tmp_path):
    rates = tmp_path / "rates.json"
    rates.write_text(json.dumps({"conversions": {"USD": {"EUR": 0.5}}}))
    ads = [{**AD, "id": "eur", "currency": "EUR", "price": 1.5}, {**AD, "id": "usd", "price": 2, "currency": "USD"},
           {**AD, "id": "table", "price": 1}]
    path = built(tmp_path, ads, "--rates", rates)
    assert [a["id"] for a in shown(path)] == ["eur", "usd", "table"]
    assert shown(path, "get", "eur")[0]["currency"] == "EUR"
    path = built(tmp_path, ads, "--rates", rates, "--currency", "EUR")
    assert [(a["id"], a["currency"]) for a in shown(path)] == [("eur", "EUR"), ("usd", "USD"), ("table", "EUR")]
    rates.write_text("{}")
    done, _ = build(tmp_path, ads, "--rates", rates)
    assert done.returncode == 1 and b"rates.json: conversions" in done.stderr


def test_weights_order_ads(tmp_path):
    weights = tmp_path / "weights.tsv"
    weights.write_text("bias\t-3\ncampaign=good\t2\ncountry=DEU\t0.5\ncampaign=good&hour=13\t0.25\n")
    ads = [{**AD, "id": "a", "bid": "cpc"}, {**AD, "id": "b", "bid": "cpc", "campaign": "good", "price": 1}]
    assert [a["id"] for a in shown(built(tmp_path, ads))] == ["a", "b"]
    path = built(tmp_path, ads, "--weights", weights)
    assert [a["id"] for a in shown(path)] == ["b", "a"]
    assert "weights 2^18 of requests, 2^16 of each cross, at most 0, 0 and 0.25" in table("info", path).stdout.decode()
    weights.write_text("bias\t-3\nplanet=earth\t1\n")
    done, _ = build(tmp_path, ads, "--weights", weights)
    assert done.returncode == 1 and b"weights.tsv:2: unknown feature" in done.stderr


def test_damaged_tables_are_refused(tmp_path):
    r = random.Random(4)
    path = built(tmp_path, [random_ad(r, i) for i in range(300)])
    good = path.read_bytes()
    bad = tmp_path / "bad.tbl"
    for i in range(60):
        data = bytearray(good)
        if i % 3 == 0:
            data = data[:r.randrange(len(data))]
        else:
            data[r.randrange(len(data)) if i % 3 == 1 else r.randrange(520)] ^= 1 << r.randrange(8)
        bad.write_bytes(data)
        for command in (("verify", bad), ("dump", bad), ("get", bad, "ad-1"), ("info", bad)):
            done = table(*command)
            assert done.returncode == 1 and done.stdout == b"" and b"bad.tbl: " in done.stderr, (i, command)
    for not_a_table in ("/dev/null", tmp_path, tmp_path / "nowhere"):
        assert table("verify", not_a_table).returncode == 1


def test_usage_mistakes_end_with_2(tmp_path):
    ads = write_lines(tmp_path / "ads.ndjson", [AD])
    out = tmp_path / "o.tbl"
    for args in ((), ("what",), ("build",), ("build", ads), ("build", ads, ads, "-o", out), ("build", ads, "-o", out, "--what"),
                 ("build", ads, "-o", out, "--currency", "usd"), ("build", ads, "-o", out, "--weight-bits", "0"),
                 ("build", ads, "-o", out, "--cross-bits", "29"), ("build", ads, "-o", out, "--max-bad", "-1"), ("info",),
                 ("verify", "a", "b"), ("get", "a"), ("dump",), ("dump", "--what")):
        done = table(*args)
        assert done.returncode == 2 and done.stderr and not done.stdout, args
    assert not out.exists()
    for args in (("--help",), ("build", "--help"), ("info", "--help"), ("get", "-h")):
        done = table(*args)
        assert done.returncode == 0 and done.stdout and not done.stderr, args


def test_outputs_that_can_not_be_are_told(tmp_path):
    ads = write_lines(tmp_path / "ads.ndjson", [AD])
    for output in (tmp_path, "/nowhere/ads.tbl", "/dev/null"):
        done = table("build", ads, "-o", output)
        assert done.returncode == 1 and str(output).encode() in done.stderr, done.stderr
    done = table("build", tmp_path / "nowhere", "-o", tmp_path / "o.tbl")
    assert done.returncode == 1 and b"nowhere: No such file" in done.stderr
    assert os.listdir(tmp_path) == ["ads.ndjson"]


def test_a_full_disk_is_told_and_leaves_nothing(tmp_path):
    """A limit on the size of files fails writes as a full disk does."""
    r = random.Random(5)
    ads = write_lines(tmp_path / "ads.ndjson", [{**random_ad(r, i), "adm": "x" * 3000 + str(i)} for i in range(1500)])

    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (2 << 20, 2 << 20))

    done = table("build", ads, "-o", tmp_path / "ads.tbl", preexec_fn=limit)
    assert done.returncode == 1 and b"File too large" in done.stderr, done.stderr
    assert os.listdir(tmp_path) == ["ads.ndjson"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_a_signal_leaves_nothing(tmp_path, number):
    r = random.Random(6)
    old = built(tmp_path, [AD]).read_bytes()
    process = subprocess.Popen([BIN / "slimbid-table", "build", "-", "-o", tmp_path / "ads.tbl"], stdin=subprocess.PIPE,
                               stderr=subprocess.DEVNULL)
    for i in range(2000):
        process.stdin.write((json.dumps(random_ad(r, i)) + "\n").encode())
    process.stdin.flush()
    time.sleep(0.05)
    process.send_signal(number)
    assert process.wait(20) == -number
    process.stdin.close()
    assert sorted(os.listdir(tmp_path)) == ["ads.ndjson", "ads.tbl"]
    assert (tmp_path / "ads.tbl").read_bytes() == old


def test_the_schema_agrees_with_the_reader(tmp_path):
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads((ROOT / "docs" / "ad.schema.json").read_text())
    jsonschema.Draft7Validator.check_schema(schema)
    validator = jsonschema.Draft7Validator(schema)
    r = random.Random(7)
    junk = [None, "", 0, -1, 1.5, 256, 1e13, [], [""], ["x y"], {}, {"views": 1}, "DEU", ["DEU"], ["deu"], True, "IAB1", ["IAB1"],
            ["300x250"], ["0x0"], "a.example", [0], [16], [32], "2026-01-01T00:00:00Z", "x" * 300, [[]], "cpc", "native"]
    ads = []
    for i in range(600):
        ad = json.loads(json.dumps({**FULL, "id": f"s{i}", "campaign": f"c{i}"}))
        for _ in range(r.choice([0, 1, 1, 2])):
            place = r.choice([ad, ad["targeting"]]) if isinstance(ad.get("targeting"), dict) else ad
            key = r.choice([*place, "unknown"])
            if r.random() < 0.3 and key in place:
                del place[key]
            else:
                place[key] = r.choice(junk)
        ads.append(ad)
    done, _ = build(tmp_path, ads, "--max-bad", "600")
    bad = {int(line.split("ndjson:")[1].split(":")[0]): line for line in done.stderr.decode().splitlines() if "ndjson:" in line}
    # what no schema can say: ids that are unique, times in order, categories of the taxonomy
    beyond = ("was there before", "later than start", "category of taxonomy", "no rate", "time zone database", "from 1970")
    for i, ad in enumerate(ads, 1):
        good = validator.is_valid(ad)
        if i in bad and any(text in bad[i] for text in beyond):
            continue
        assert good == (i not in bad), (ad, bad.get(i), [e.message for e in validator.iter_errors(ad)])
