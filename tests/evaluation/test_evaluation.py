"""One command from csv files to numbers, figures and a page that needs no network."""

import json
import re
import shutil
import subprocess
import sys
from collections import defaultdict
from html.parser import HTMLParser
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

from nasion.errors import NasionError
from nasion.evaluation.evaluation import compare, evaluate, summary
from nasion.evaluation.plates import check_names
from nasion.evaluation.system import named
from nasion.out_of_fold import OutOfFold
from nasion.terms import DISCLAIMER, PATTERNS, VOTE_COLUMNS

VOTES = list(VOTE_COLUMNS)
SHARED = ("recall", "kld_by_votes", "cant_tell", "roc", "pr")
OWN = ("confusion", "reliability")
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
        paths[name] = folder / f"{name}.csv"
        OutOfFold(ids.assign(fold=np.arange(n) // 10 % 3), values, votes).write(paths[name])
    return paths


@pytest.fixture(scope="module")
def compared(files: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> tuple[dict, Path]:
    out = tmp_path_factory.mktemp("compared") / "deep" / "er"
    named = {name: files[name] for name in SHARPNESS}
    return compare(named, files["labels"], out, title="Waveform & <both>"), out


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the figures, which take most of the time."""
    drawn = dict.fromkeys((*SHARED, "kld"), "<svg/>") | {"learning": {}, "similarity": None}
    own = {kind: defaultdict(lambda: "<svg/>") for kind in OWN}
    monkeypatch.setattr("nasion.evaluation.plates.draw", lambda *_: drawn | own)


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
    assert content["schema"] == 2


def test_page_is_whole_and_loads_nothing(compared: tuple[dict, Path]) -> None:
    _, out = compared
    page = read_page(out)
    assert page.open == []
    assert page.outside == []
    assert "script" not in page.tags
    text = (out / "report.html").read_text(encoding="utf-8")
    assert not re.search(r"@import|url\(", text)
    assert DISCLAIMER in page.texts
    assert page.tags.count("img") == len(SHARED) + len(OWN) * len(SHARPNESS)
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
        shown += [system[of][k] for of in ("folds_mean", "folds_sd") for k in ("kld", "f1_macro")]
        shown += [overall[k] for k in ("brier", "ece", "precision_weighted")]
        shown += [system["calibration"]["vector"]["kld"], system["cant_tell"][-1]["error"]]
        shown += [system["people"]["random_expert"]["expert"]["kappa"]]
        shown += overall["per_class"]["lpd"]["ci95"]["auprc"]
        words = {word for text in texts for word in text.split()}
        assert {f"{value:.3f}" for value in shown} <= words
    for pair in content["pairs"]:
        assert f"{abs(pair['differences']['auroc_macro']['difference']):.3f}" in " ".join(texts)


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
    names = {*SHARED, *(f"{kind}_{name}" for kind in OWN for name in SHARPNESS)}
    written = {path.name for path in out.iterdir()}
    figures = {f"{name}.{kind}" for name in names for kind in ("svg", "png")}
    assert written == figures | {"metrics.json", "report.html"}
    for name in names:
        assert (out / f"{name}.png").read_bytes().startswith(b"\x89PNG")
        assert "</svg>" in (out / f"{name}.svg").read_text(encoding="utf-8")


@pytest.mark.usefixtures("undrawn")
def test_evaluation_is_comparison_of_one(
    compared: tuple[dict, Path], files: dict[str, Path], tmp_path: Path
) -> None:
    content, _ = compared
    alone = evaluate(files["both"], files["labels"], tmp_path / "out")
    expected = content["systems"]["both"]
    assert {key: alone[key] for key in expected} == expected
    assert "systems" not in alone


@pytest.mark.usefixtures("undrawn")
def test_an_oof_table_needs_no_labels(files: dict[str, Path], tmp_path: Path) -> None:
    carried = evaluate(files["both"], None, tmp_path / "a")
    given = evaluate(files["both"], files["labels"], tmp_path / "b")
    assert {**carried, "files": None} == {**given, "files": None}


@pytest.mark.usefixtures("undrawn")
def test_strings_name_files_as_paths_do(files: dict[str, Path], tmp_path: Path) -> None:
    texts = {name: str(path) for name, path in files.items()}
    by_path = evaluate(files["both"], files["labels"], tmp_path / "a")
    by_text = evaluate(texts["both"], texts["labels"], str(tmp_path / "b"))
    assert by_text == by_path
    alone = compare({"x": texts["both"]}, None, str(tmp_path / "c"))
    several = compare({"x": [texts["both"]]}, None, tmp_path / "d")
    assert alone == several


@pytest.mark.more
def test_the_same_files_give_the_same_bytes(files: dict[str, Path], tmp_path: Path) -> None:
    for name in "ab":
        evaluate(files["both"], None, tmp_path / name)
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()


@pytest.mark.usefixtures("undrawn")
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


def test_a_single_row_makes_a_report(tmp_path: Path) -> None:
    row = pd.DataFrame([[1, *np.eye(6)[5]]], columns=["eeg_id", *VOTES])
    row.to_csv(tmp_path / "p.csv", index=False)
    content = evaluate(tmp_path / "p.csv", tmp_path / "p.csv", tmp_path / "out")
    assert content["overall"]["accuracy"] == 1
    assert content["overall"]["auroc_macro"] is None
    assert content["versus_prior"]["ci95"] is None
    texts = " ".join(read_page(tmp_path / "out").texts)
    assert f"No row has the consensus {PATTERNS[1].label}" in texts
    assert "Intervals: they need two EEGs, and there is one." in texts
    assert "Calibration: no other EEG is left to fit on." in texts


@pytest.mark.usefixtures("undrawn")
def test_names_of_systems_may_hold_anything(files: dict[str, Path], tmp_path: Path) -> None:
    named = {"labels": files["both"], "_a/b <i>$x$": files["waveform"]}
    content = compare(named, None, tmp_path / "out")
    assert list(content["systems"]) == list(named)
    assert "_a/b &lt;i&gt;$x$" in (tmp_path / "out" / "report.html").read_text()
    assert check_names(list(named)) == {"labels": "_labels", "_a/b <i>$x$": "__a-b-i-x-"}


def test_what_cannot_be_compared_is_refused(files: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(NasionError, match="at least one"):
        compare({}, files["labels"], tmp_path / "out")
    with pytest.raises(NasionError, match="too much alike: a b, A-B"):
        compare({"a b": files["both"], "A-B": files["both"]}, None, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    with pytest.raises(NasionError, match="a file is in the way"):
        evaluate(files["both"], None, files["labels"])
    with pytest.raises(NasionError, match="csv of labels"):
        evaluate(files["labels"], None, tmp_path / "out")


@pytest.fixture
def run(files: dict[str, Path], tmp_path: Path) -> Path:
    """A RUN folder as cross-validation leaves it, of two branches and three folds."""
    folder = tmp_path / "my-run"
    folder.mkdir()
    shutil.copy(files["both"], folder / "oof.csv")
    rng, rows = np.random.default_rng(0), []
    for fold in range(3):
        for epoch in range(4 + fold):
            scores = {name: rng.random() for name in ("lr", "loss", "kld", "accuracy")}
            heads = {f"kld_{head}": rng.random() for head in ("waveform", "spectrogram", "fused")}
            alike = {name: rng.random() for name in ("cosine", "absolute_cosine", "debiased_cka")}
            rows.append({"fold": fold, "epoch": epoch, **scores, **heads, **alike})
    pd.DataFrame(rows).to_csv(folder / "history.csv", index=False)
    about = {"schema": 1, "nasion": "0.1.0", "experiment": "0123abcd", "labels": "fedcba987654"}
    (folder / "run.json").write_text(json.dumps(about))
    settings = {"name": "x", "data": {"path": "/home/me/secret/hms"}, "training": {"lr": 0.007}}
    (folder / "config.json").write_text(json.dumps(settings))
    return folder


def test_a_run_needs_no_arguments_beyond_itself(run: Path, tmp_path: Path) -> None:
    content = evaluate(run, None, tmp_path / "out")
    assert content["files"][0]["role"] == "my-run"
    assert content["run"] == {
        "nasion": "0.1.0",
        "experiment": "0123abcd",
        "labels": "fedcba987654",
    }
    for name in ("learning_accuracy", "learning_kld", "similarity", *SHARED, *OWN):
        assert (tmp_path / "out" / f"{name}.svg").exists()
    texts = " ".join(read_page(tmp_path / "out").texts)
    for words in ("training.lr", "0.007", "data.path", "hms", "labels learned from fedcba987654"):
        assert words in texts
    assert "secret" not in texts
    assert "Learning curves:" not in texts


@pytest.mark.usefixtures("undrawn")
def test_what_a_run_does_not_tell_is_said(run: Path, tmp_path: Path) -> None:
    whole = evaluate(run, None, tmp_path / "out")
    assert evaluate(run / "oof.csv", None, tmp_path / "out") == whole
    history = pd.read_csv(run / "history.csv")
    one_branch = history[["fold", "epoch", "lr", "loss", "kld", "accuracy"]]
    one_branch.to_csv(run / "history.csv", index=False)
    assert "has one branch" in evaluate(run, None, tmp_path / "out")["left_out"][-1]
    (run / "history.csv").unlink()
    (run / "config.json").unlink()
    assert "no scores of held-out folds" in evaluate(run, None, tmp_path / "out")["left_out"][-1]
    assert "Settings" not in read_page(tmp_path / "out").texts


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("history.csv", "fold,epoch\n0,0\n", "no column kld, accuracy"),
        ("history.csv", "fold,epoch,kld,accuracy\n0,0,good,1\n", "can't be read"),
        ("config.json", "{", "not valid JSON"),
        ("run.json", "[]", "no table of names"),
    ],
)
def test_a_broken_run_is_refused(
    name: str, content: str, says: str, run: Path, tmp_path: Path
) -> None:
    (run / name).write_text(content)
    with pytest.raises(NasionError) as caught:
        evaluate(run, None, tmp_path / "new")
    assert str(caught.value).startswith(f"{run / name}: ")
    assert says in str(caught.value)
    assert not (tmp_path / "new").exists()


def test_a_run_without_predictions_is_refused(run: Path, tmp_path: Path) -> None:
    (run / "oof.csv").unlink()
    with pytest.raises(NasionError, match=r"holds no oof\.csv; run nasion crossval"):
        evaluate(run, None, tmp_path / "new")


@pytest.mark.usefixtures("undrawn")
def test_runs_and_files_are_compared_side_by_side(
    run: Path, files: dict[str, Path], tmp_path: Path
) -> None:
    content = compare(named([run, files["waveform"]]), None, tmp_path / "out")
    assert list(content["systems"]) == ["my-run", "waveform"]
    assert content["systems"]["waveform"]["run"] is None
    assert content["pairs"][0]["p_value"]["kld"] < 0.01
    lines = summary(content).splitlines()
    assert lines[0] == "my-run"
    assert lines[2].split()[:2] == ["kld", f"{content['systems']['my-run']['overall']['kld']:.3f}"]
    over_folds = [content["systems"]["my-run"][of]["kld"] for of in ("folds_mean", "folds_sd")]
    assert lines[2].endswith("mean of folds {:.3f} ± {:.3f}".format(*over_folds))


def test_names_are_as_short_as_can_be() -> None:
    assert list(named([Path("a/oof.csv"), Path("b/x.csv")])) == ["a", "x"]
    assert list(named([Path("a/x.csv"), Path("b/x.csv")])) == ["a/x.csv", "b/x.csv"]


@pytest.mark.usefixtures("undrawn")
def test_patients_known_of_one_system_are_known_of_all(
    files: dict[str, Path], tmp_path: Path
) -> None:
    unknown = tmp_path / "unknown.csv"
    pd.read_csv(files["both"]).drop(columns="patient_id").to_csv(unknown, index=False)
    content = compare({"a": unknown, "b": files["waveform"]}, None, tmp_path / "out")
    units = {system["bootstrap"]["unit"] for system in content["systems"].values()}
    assert units == {"patient"}


@pytest.fixture
def experts(files: dict[str, Path], tmp_path: Path) -> Path:
    """Votes, probabilities and four raters in one parquet file."""
    oof = OutOfFold.read(files["both"])
    table = pd.DataFrame(oof.votes, columns=VOTES)
    table[[f"p_{p}" for p in PATTERNS]] = oof.probability
    names = np.array([*PATTERNS, None], dtype=object)
    for rater in range(4):
        chosen = np.random.default_rng(rater).integers(7, size=len(table))
        table[f"rater_{rater:02}"] = names[chosen]
    table.insert(0, "segment", np.arange(len(table)))
    table.to_parquet(tmp_path / "both.parquet")
    return tmp_path / "both.parquet"


@pytest.mark.usefixtures("undrawn")
def test_single_experts_are_told_of(experts: Path, tmp_path: Path) -> None:
    content = evaluate(experts, None, tmp_path / "out")
    texts = " ".join(read_page(tmp_path / "out").texts)
    raters = content["people"]["raters"]
    assert len(raters["each"]) == 4
    assert f"{raters['each'][3]['expert']['kappa']:.3f}".replace("-", "−") in texts
    assert "Each circle is one expert" in texts
    assert "Patients: the files name none" in texts


@pytest.mark.more
def test_no_label_of_a_figure_is_clipped_or_covered(
    run: Path,
    experts: Path,
    files: dict[str, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drawn: list[Text] = []
    seen: list[str] = []
    draw = Text.draw

    def record(text: Text, renderer) -> None:
        drawn.append(text)
        draw(text, renderer)

    def look(figure, folder: Path, name: str) -> str:
        drawn.clear()
        figure.draw_without_rendering()
        texts = {text for text in drawn if text.get_visible() and text.get_text().strip("● ")}
        boxes = {text: text.get_window_extent().extents for text in texts}
        for text, box in boxes.items():
            inside = (box[:2] >= -1).all() and (box[2:] <= figure.bbox.extents[2:] + 1).all()
            assert inside, f"{name}: {text.get_text()} is clipped"
        straight = [text for text in texts if text.get_rotation() % 90 == 0]
        for a, b in combinations(straight, 2):
            one, other = boxes[a], boxes[b]
            apart = (one[2:] <= other[:2] + 1).any() or (other[2:] <= one[:2] + 1).any()
            assert apart, f"{name}: {a.get_text()} covers {b.get_text()}"
        seen.append(name)
        return "<svg/>"

    monkeypatch.setattr("nasion.evaluation.figures.save", look)
    monkeypatch.setattr(Text, "draw", record)
    evaluate(run, None, tmp_path / "alone")
    evaluate(experts, None, tmp_path / "experts")
    several = {"my run": run, "a rather long name": files["waveform"], "b": files["spectrogram"]}
    compare(several, None, tmp_path / "several")
    assert len(seen) == (5 + 2 + 3) + (5 + 2) + (5 + 6 + 3)


def test_evaluation_needs_no_torch_and_no_signals() -> None:
    code = "import sys, nasion.evaluation.evaluation; print(*sys.modules)"
    modules = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"torch", "mne", "matplotlib", "sklearn", "nasion.eeg", "nasion.models"} & {*modules}
