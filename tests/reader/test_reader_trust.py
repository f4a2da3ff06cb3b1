"""A recording of few electrodes: what is told of it, and what is left open, through the verb."""

import pandas as pd
import pytest
from typer.testing import CliRunner

import nasion
from nasion.cli import app
from nasion.eeg.montage import HEADBAND
from nasion.terms import LEFT


def read(path, out):
    done = CliRunner().invoke(app, ["read", str(path), "-o", str(out), "--no-display"])
    assert done.exit_code == 0, done.output
    (folder,) = {manifest.parent for manifest in out.glob("*/reading.json")}
    return done.stdout, nasion.open_reading(folder), (folder / "report.html").read_text()


@pytest.fixture
def gpd(real):
    """A segment that 20 of 20 readers call GPD."""
    table = pd.read_csv(real / "iiic" / "train.csv")
    row = table[table["gpd_vote"] == 20].iloc[0]
    return pd.read_parquet(real / "iiic" / "train_eegs" / f"{row['eeg_id']}.parquet")


def test_a_headband_of_a_gpd_is_never_called_free_of_it(tmp_path, gpd):
    gpd[list(HEADBAND)].to_parquet(tmp_path / "night.parquet")
    said, reading, page = read(tmp_path / "night.parquet", tmp_path / "out")
    found = any(event.pattern == "gpd" for event in reading.events)
    assert found or "GPD not judged" in said
    assert "none of the other four patterns" not in said
    assert reading.trust.measured.electrodes <= len(HEADBAND)
    for text in (said, page):
        assert "Montage: headband (10 electrodes); accuracy" in text


def test_one_side_leaves_open_what_takes_two(tmp_path, gpd):
    gpd[list(LEFT)].to_parquet(tmp_path / "night.parquet")
    said, reading, page = read(tmp_path / "night.parquet", tmp_path / "out")
    assert {"lpd", "gpd", "lrda", "grda"} <= set(reading.trust.untold)
    assert not {"lpd", "gpd", "lrda", "grda"} & {str(event.pattern) for event in reading.events}
    assert "none of the other four patterns" not in said
    for text in (said, page):
        assert "the right side of the head is not seen" in text
