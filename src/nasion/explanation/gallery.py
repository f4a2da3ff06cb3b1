"""A gallery: of each pattern the segment a run got most right, and the one most confidently wrong.

Each is explained by the network of the fold that held it out, so none had seen it. By the same
networks the maps of these segments are put to the test (`nasion.explanation.faithfulness`).
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nasion.data.dataset import SegmentDataset
from nasion.drawing.template import template
from nasion.errors import NasionError
from nasion.explanation import picture
from nasion.explanation.explanation import explain
from nasion.explanation.faithfulness import OTHERS, TESTS, Faithfulness, gains, summary
from nasion.files import write_json, write_text
from nasion.hms.segments import KEYS, Segments
from nasion.models.ensemble import Ensemble
from nasion.out_of_fold import OutOfFold
from nasion.progress import Progress
from nasion.terms import PATTERNS, Pattern

TEMPLATE = Path(__file__).with_name("gallery.html.j2")
CLEAR = 0.5  # share of the votes above which a label is clear: the paper's confident rows
MANY_VOTES = 10


@dataclass(frozen=True)
class Exhibit:
    """A row of an out-of-fold table that is worth a look; `probability` is raw, as in the table."""

    row: int
    fold: int
    truth: Pattern
    predicted: Pattern
    probability: float

    @property
    def right(self) -> bool:
        """Whether the prediction is what most voted."""
        return self.truth is self.predicted

    @property
    def file_name(self) -> str:
        """Such as right-lpd, or wrong-lpd-as-gpd."""
        if self.right:
            return f"right-{self.truth}"
        return f"wrong-{self.truth}-as-{self.predicted}"


def choose(oof: OutOfFold) -> list[Exhibit]:
    """The best and the most confidently wrong row of each pattern, where there are any.

    Only labels with over half of the votes; of these, only rows with 10 votes or more where the
    pattern has such rows of that kind.
    """
    probability, votes = oof.probability, oof.votes
    counts = votes.sum(1)
    truth, predicted = votes.argmax(1), probability.argmax(1)
    clear = votes.max(1) > CLEAR * counts
    exhibits = []
    for right in (True, False):
        for k, pattern in enumerate(PATTERNS):
            pool = clear & (truth == k) & ((predicted == k) == right)
            row = _surest(pool, counts, probability.max(1))
            if row is not None:
                prediction = PATTERNS[int(predicted[row])]
                confidence = float(probability[row].max())
                exhibits.append(
                    Exhibit(row, int(oof.names["fold"].iloc[row]), pattern, prediction, confidence)
                )
    return exhibits


def _surest(pool: NDArray[np.bool_], counts: Any, confidence: Any) -> int | None:
    if (pool & (counts >= MANY_VOTES)).any():
        pool = pool & (counts >= MANY_VOTES)
    return int(np.where(pool, confidence, -1.0).argmax()) if pool.any() else None


def gallery(
    ensemble: Ensemble,
    dataset: SegmentDataset,
    oof: OutOfFold,
    out: Path,
    *,
    progress: Progress | None = None,
) -> Path:
    """Explain the chosen examples and write pictures, arrays and one page that holds them all.

    Parameters
    ----------
    ensemble
        The fits of the run; each example takes the one that held it out.
    dataset
        The segments that `oof` was predicted from, or those `needed`.
    oof
        What the run says of its own rows.
    out
        Folder for `gallery.html`, `faithfulness.json`, and a `.svg`, `.png` and `.npz` an example.

    Returns
    -------
    Path of `gallery.html`.
    """
    examples = choose(oof)
    rows = rows_of(dataset.segments, oof.names.iloc[[example.row for example in examples]])
    exhibits = []
    by_test: dict[tuple[str, str, str], list[float]] = {}
    for done, (example, row) in enumerate(zip(examples, rows, strict=True), start=1):
        unseen = ensemble.holding_out(example.fold)
        explanation = explain(unseen, dataset, int(row), example.predicted)
        for key, gain in gains(unseen, explanation, np.random.default_rng(done)).items():
            by_test.setdefault(key, []).append(gain)
        probability = float(explanation.probability[PATTERNS.index(example.predicted)])
        svg = picture.write(explanation, out, example.file_name)
        exhibits.append({"example": example, "probability": probability, "svg": svg})
        if progress:
            progress(done, len(examples))
    results = summary(by_test)
    write_json(out / "faithfulness.json", [asdict(result) for result in results])
    path = out / "gallery.html"
    write_text(path, template(TEMPLATE).render(shown=exhibits, tested=_by_map(results)))
    return path


def _by_map(results: Sequence[Faithfulness]) -> list[dict[str, Any]]:
    """A row a map: which part, how many segments, and its gains by test and other order."""
    cells = {(result.part, result.test, result.against): result for result in results}
    return [
        {
            "part": part,
            "n": cells[part, TESTS[0], OTHERS[0]].n,
            "gains": [cells[part, test, reference] for test in TESTS for reference in OTHERS],
        }
        for part in dict.fromkeys(result.part for result in results)
    ]


def needed(segments: Segments, oof: OutOfFold) -> Segments:
    """The segments that `gallery` explains, so that no others need to be decoded."""
    examples = choose(oof)
    return segments.subset(rows_of(segments, oof.names.iloc[[example.row for example in examples]]))


def rows_of(segments: Segments, names: pd.DataFrame) -> NDArray[np.int_]:
    """Where each row of `names` stands in the table of segments.

    Raises
    ------
    NasionError
        Where one is not in it.
    """
    index = pd.MultiIndex.from_frame(segments.table[list(KEYS)])
    keys = pd.MultiIndex.from_frame(names[list(KEYS)])
    rows = index.get_indexer(keys)
    if (rows < 0).any():
        eeg_id, sub_id = keys[int(np.argmin(rows))]
        raise NasionError(
            f"{segments.folder}: has no EEG {eeg_id}, segment {sub_id}, which this run "
            "predicted; give the data that it was cross-validated on"
        )
    return rows
