"""slimbid-table train on a recorded campaign of iPinYou's (skipped where the data is not there), and on what generate makes."""
import re
import subprocess

import pytest

from conftest import BIN, SHARED

DATA = SHARED / "data" / "ipinyou-2997"
LOG = ["--format", "svm", "--log", DATA / "train.fm.txt.xz", "--features", DATA / "featindex.fm.txt.xz"]
# What docs/train.md recommends for this log.
CHOSEN = ["--drop", "IP", "--drop", "city", "--cross", "slotprice*region", "--cross", "domain*slotprice"]

needs_ipinyou = pytest.mark.skipif(not DATA.is_dir(), reason="../shared/data/ipinyou-2997 (a recorded click log) is not here")


def table(*args, status=0):
    done = subprocess.run([BIN / "slimbid-table", *map(str, args)], capture_output=True, text=True, timeout=300)
    assert done.returncode == status, done.stderr
    return done


def mean_of(report):
    """auc, log loss, the base rate's, calibrated"""
    row = re.search(r"^mean\s+\d+\s+\d+\s+([\d.]+)\s+([\d.]+)\s+([\d.]+)\s+\S+\s+([\d.]+)", report, re.M)
    assert row, report
    return [float(x) for x in row.groups()]


@needs_ipinyou
@pytest.mark.parametrize("options, least_auc", (([], 0.615), (CHOSEN, 0.635)))
def test_better_than_the_base_rate(options, least_auc):
    auc, loss, base, calibrated = mean_of(table("train", *LOG, *options, "--folds", 10, "--repeats", 2).stdout)
    assert auc > least_auc
    assert loss < 0.99 * base and calibrated < 0.99 * base


@needs_ipinyou
def test_later_views_are_predicted_too():
    report = table("train", *LOG, *CHOSEN, "--holdout", 0.3).stdout
    auc, loss, base = map(float, re.search(r"auc ([\d.]+), log loss ([\d.]+), base rate's ([\d.]+)", report).groups())
    assert auc > 0.59 and loss < base


@needs_ipinyou
def test_weights_build_a_table(tmp_path):
    weights, ads = tmp_path / "weights.tsv", tmp_path / "ads.ndjson"
    table("train", *LOG, *CHOSEN, "--map", "domain=inventory=domain:", "--map", "slotid=slot", "--folds", 10, "--output", weights)
    lines = weights.read_text().splitlines()
    assert lines[0].startswith("bias\t-4.")
    assert lines[1].startswith("calibration.a\t") and lines[2].startswith("calibration.b\t")
    assert any(line.startswith("inventory=domain:") for line in lines)
    assert any(line.startswith("# slotprice=") for line in lines)
    ads.write_text(table("generate", "--ads", 100).stdout)
    table("build", ads, "--weights", weights, "-o", tmp_path / "ads.tbl", "--strict")


@needs_ipinyou
def test_a_log_is_tested_that_was_not_learned_from(tmp_path):
    lines = subprocess.run(["xz", "-dc", LOG[3]], capture_output=True, text=True, check=True).stdout.splitlines(True)
    first, rest = tmp_path / "first", tmp_path / "rest"
    first.write_text("".join(lines[:20000]))
    rest.write_text("".join(lines[20000:]))
    report = table("train", "--format", "svm", "--log", first, "--features", LOG[5], *CHOSEN, "--folds", 5, "--test", rest).stdout
    assert f"{len(lines) - 20000} views not learned from" in report and "; calibrated 0.0" in report


def test_generated_ads_requests_and_weights_build(tmp_path):
    ads, weights, requests = (tmp_path / name for name in ("ads.ndjson", "weights.tsv", "requests.ndjson"))
    first = table("generate", "--ads", 3000, "--weights", weights, "--requests", 50, "--requests-out", requests).stdout
    again = table("generate", "--ads", 3000).stdout
    assert first == again != table("generate", "--ads", 3000, "--seed", 2).stdout
    assert first.count("\n") == 3000 and requests.read_text().count("\n") == 50
    ads.write_text(first)
    table("build", ads, "--weights", weights, "-o", tmp_path / "ads.tbl", "--strict")
    assert "ads 3000" in table("info", tmp_path / "ads.tbl").stdout


def test_mistakes_are_told(tmp_path):
    log = tmp_path / "log.ndjson"
    log.write_text('{"click":1,"features":["a=1"]}\nnonsense\n{"click":0,"features":["a=2"]}\n')
    done = table("train", "--log", log, "--output", tmp_path / "w")
    assert done.stderr == f"{log}:2: not JSON\n" and "1 bad lines" in done.stdout
    done = table("train", "--log", log, "--output", tmp_path / "w2", "--strict", status=1)
    assert f"{log}:2: not JSON" in done.stderr and not (tmp_path / "w2").exists()
    log.write_text('{"click":0,"features":["a=1"]}\n')
    assert "nothing to learn" in table("train", "--log", log, "--folds", 2, status=1).stderr
    assert "wants --log" in table("train", status=2).stderr
    assert "go together" in table("generate", "--requests", 5, status=2).stderr
    assert "not an option" in table("generate", "x", status=2).stderr
