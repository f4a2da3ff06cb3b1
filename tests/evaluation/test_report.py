"""One command from csv files to numbers, figures and a page that needs no network."""

import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from nasion.errors import NasionError
from nasion.evaluation.report import compare, evaluate
from nasion.terms import PATTERNS, VOTE_COLUMNS

VOTES = list(VOTE_COLUMNS)
NOTICE = "Decision support for research, not a diagnosis."
SHARPNESS = {"waveform": 0.2, "spectrogram": 0.3, "both": 0.8}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Labels, and three systems of which `both` is the best; the systems are oof tables."""
    folder, rng, n = tmp_path_factory.mktemp("files"), np.random.default_rng(0), 150
    truth = rng.dirichlet(np.full(6, 0.3), n)
    votes = np.stack(
        [rng.multinomial(k, row) for k, row in zip(rng.integers(1, 15, n), truth, strict=True)]
    )
    ids = pd.DataFrame({"eeg_id": np.arange(n) // 2, "eeg_sub_id": np.arange(n) % 2})
    ids["patient_id"] = np.arange(n) // 5 * 2
    labels = ids.assign(**dict(zip(VOTES, votes.T, strict=True)))
    paths = {"labels": folder / "labels.csv"}
    labels.to_csv(paths["labels"], index=False)
    for name, sharpness in SHARPNESS.items():
        values = sharpness * truth + (1 - sharpness) * rng.dirichlet(np.ones(6), n)
        oof = ids.assign(fold=np.arange(n) // 10 % 3, **dict(zip(VOTES, values.T, strict=True)))
        oof[[f"label_{c}" for c in VOTES]] = votes
        paths[name] = folder / f"{name}.csv"
        oof.to_csv(paths[name], index=False)
    return paths


@pytest.fixture(scope="module")
def compared(files: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> tuple[dict, Path]:
    out = tmp_path_factory.mktemp("compared") / "deep" / "er"
    named = {name: files[name] for name in SHARPNESS}
    return compare(named, files["labels"], out, title="Waveform & <both>"), out


class Page(HTMLParser):
    """Collects text, links and image sources; checks that tags close."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.open: list[str] = []
        self.tags: list[str] = []
        self.outside: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in ("meta", "img", "link"):
            self.open.append(tag)
        links = [value or "" for key, value in attrs if key in ("src", "href")]
        self.outside += [link for link in links if not link.startswith("data:")]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data.strip())


def read_page(out: Path) -> Page:
    return Page((out / "report.html").read_text(encoding="utf-8"))


def test_metrics_json_is_what_is_returned_and_strict(compared: tuple[dict, Path]) -> None:
    content, out = compared

    def refuse(token: str) -> None:
        raise AssertionError(f"{token} is not JSON")

    text = (out / "metrics.json").read_text()
    assert json.loads(text, parse_constant=refuse) == content
    assert content["schema"] == 1


def test_page_is_whole_and_loads_nothing(compared: tuple[dict, Path]) -> None:
    _, out = compared
    page = read_page(out)
    assert page.open == []
    assert page.outside == []
    assert "script" not in page.tags
    text = (out / "report.html").read_text(encoding="utf-8")
    assert not re.search(r"@import|url\(", text)
    assert NOTICE in page.texts
    assert page.tags.count("img") == 2 + len(SHARPNESS)
    assert page.tags.index("table") < page.tags.index("img")


def test_page_escapes_what_users_name(compared: tuple[dict, Path]) -> None:
    _, out = compared
    assert "<h1>Waveform &amp; &lt;both&gt;</h1>" in (out / "report.html").read_text()


def test_page_shows_the_numbers_of_the_metrics(compared: tuple[dict, Path]) -> None:
    content, out = compared
    texts = set(read_page(out).texts)
    for system in content["systems"].values():
        overall = system["overall"]
        shown = [overall[k] for k in ("kld", "accuracy", "kappa", "f1_macro", "auroc_macro")]
        shown += [overall["per_class"][p]["recall"] for p in PATTERNS]
        shown += [block["kld"] for block in system["by_votes"].values()]
        shown += [fold["kld"] for fold in system["folds"]]
        assert {f"{value:.3f}" for value in shown} <= texts


def test_the_better_system_wins_beyond_doubt(compared: tuple[dict, Path]) -> None:
    content, _ = compared
    pairs = {(p["a"], p["b"]): p for p in content["pairs"]}
    assert len(pairs) == 3
    assert pairs["waveform", "both"]["ci95"][0] > 0
    prior = content["systems"]["both"]["versus_prior"]
    assert prior["prior"] == "other folds"
    assert prior["ci95"][1] < 0


def test_figures_are_there_as_svg_and_png(compared: tuple[dict, Path]) -> None:
    _, out = compared
    names = {"recall", "kld_by_votes", *(f"confusion_{name}" for name in SHARPNESS)}
    written = {path.name for path in out.iterdir()}
    figures = {f"{name}.{kind}" for name in names for kind in ("svg", "png")}
    assert written == figures | {"metrics.json", "report.html"}
    for name in names:
        assert (out / f"{name}.png").read_bytes().startswith(b"\x89PNG")
        assert "</svg>" in (out / f"{name}.svg").read_text(encoding="utf-8")


def test_evaluation_is_comparison_of_one(
    compared: tuple[dict, Path], files: dict[str, Path], tmp_path: Path
) -> None:
    content, _ = compared
    alone = evaluate(files["both"], files["labels"], tmp_path / "out")
    expected = content["systems"]["both"]
    assert {key: alone[key] for key in expected} == expected
    assert (tmp_path / "out" / "confusion.svg").exists()
    assert "systems" not in alone


def test_an_oof_table_needs_no_labels(files: dict[str, Path], tmp_path: Path) -> None:
    carried = evaluate(files["both"], None, tmp_path / "a")
    given = evaluate(files["both"], files["labels"], tmp_path / "b")
    drop = "files"
    assert {k: v for k, v in carried.items() if k != drop} == {
        k: v for k, v in given.items() if k != drop
    }


def test_the_same_files_give_the_same_bytes(files: dict[str, Path], tmp_path: Path) -> None:
    for name in "ab":
        evaluate(files["both"], None, tmp_path / name)
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()


def test_what_was_left_out_is_said(files: dict[str, Path], tmp_path: Path) -> None:
    labels = pd.read_csv(files["labels"])
    labels.loc[labels["eeg_id"] < 10, VOTES] = [3, 0, 0, 0, 0, 0]  # ten periods of two rows
    labels[:100].to_csv(tmp_path / "labels.csv", index=False)
    content = evaluate(files["both"], tmp_path / "labels.csv", tmp_path / "out")
    texts = " ".join(read_page(tmp_path / "out").texts)
    same = content["rows"]["same_period"]
    assert same >= 10
    assert f"Of 100 labelled rows, {100 - same} were judged. {same} repeat the votes" in texts
    assert "50 predictions have no labelled row and were ignored." in texts
    every = evaluate(
        files["both"], tmp_path / "labels.csv", tmp_path / "all", one_row_per_period=False
    )
    assert every["overall"]["n"] == 100
    assert "overlapping rows count several times" in " ".join(read_page(tmp_path / "all").texts)


@pytest.mark.parametrize("pattern", [0, 5])
def test_a_single_row_makes_a_report(pattern: int, tmp_path: Path) -> None:
    row = pd.DataFrame([[1, *np.eye(6)[pattern]]], columns=["eeg_id", *VOTES])
    row.to_csv(tmp_path / "p.csv", index=False)
    content = evaluate(tmp_path / "p.csv", tmp_path / "p.csv", tmp_path / "out")
    assert content["overall"]["accuracy"] == 1
    assert content["overall"]["auroc_macro"] is None
    assert content["versus_prior"]["ci95"] is None
    texts = " ".join(read_page(tmp_path / "out").texts)
    assert f"No row has the consensus {PATTERNS[1].label}" in texts


def test_names_of_systems_may_hold_anything(files: dict[str, Path], tmp_path: Path) -> None:
    named = {"labels": files["both"], "_a/b <i>$x$": files["waveform"]}
    content = compare(named, None, tmp_path / "out")
    assert list(content["systems"]) == list(named)
    assert "_a/b &lt;i&gt;$x$" in (tmp_path / "out" / "report.html").read_text()
    assert (tmp_path / "out" / "confusion__a-b-i-x-.png").exists()


def test_what_cannot_be_compared_is_refused(files: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(NasionError, match="at least one"):
        compare({}, files["labels"], tmp_path / "out")
    with pytest.raises(NasionError, match="too much alike: a b, A-B"):
        compare({"a b": files["both"], "A-B": files["both"]}, None, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    with pytest.raises(NasionError, match="not a folder"):
        evaluate(files["both"], None, files["labels"])
    with pytest.raises(NasionError, match="csv of labels"):
        evaluate(files["labels"], None, tmp_path / "out")


def test_evaluation_needs_no_torch_and_no_signals() -> None:
    code = "import sys, nasion.evaluation.report; print(*sys.modules)"
    modules = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"torch", "mne", "matplotlib", "sklearn", "nasion.eeg", "nasion.models"} & {*modules}
