"""Faithfulness: whether what a map shows is what the prediction hangs on.

Deletion takes pieces of an input away in the order of its map, insertion gives them back to an
empty input in that order (Petsiuk 2018), and the probability of the explained pattern is followed
over the share of pieces. A map is better than another order by the area between their curves:
lower for deletion, higher for insertion. Pieces are 0.25 s of all derivations, or patches of all
chains of an image (of one chain where the map has a place for it); what is taken away becomes 0,
which is what a network is given for what is missing.

Other orders: `random`, the mean over several, and `uniform`, evenly spread over the input (in the
order of the van der Corput sequence), which empties it as quickly everywhere.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from nasion.data.dataset import SegmentDataset
from nasion.explanation.explanation import Explanation, explain
from nasion.explanation.route import WAVEFORM, routes
from nasion.models.ensemble import Ensemble
from nasion.models.fusion import Inputs, MultimodalNet, evaluating
from nasion.progress import Progress
from nasion.terms import PATTERNS, SEGMENT_S, Pattern
from nasion.windowing import Windows

Array = NDArray[np.float64]
Labels = NDArray[np.int_]

BIN_S = 0.25
PATCHES = 5, 10  # of an image, along frequency and time
N_STEPS = 10  # of a curve
N_RANDOM = 5
N_RESAMPLES = 2000
TESTS = ("deletion", "insertion")
OTHERS = ("random", "uniform")


@dataclass(frozen=True)
class Faithfulness:
    """By how much the map's curve beats another order's, over segments.

    Parameters
    ----------
    part
        The input: `waveform` or a view.
    test, against
        One of `TESTS` and of `OTHERS`.
    gain
        Mean area between the curves, in probability; above 0 the map is better.
    ci95
        From a bootstrap over segments.
    n
        Segments.
    """

    part: str
    test: str
    against: str
    gain: float
    ci95: tuple[float, float]
    n: int


def faithfulness(
    ensemble: Ensemble,
    dataset: SegmentDataset,
    rows: Sequence[int],
    *,
    pattern: Pattern | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> list[Faithfulness]:
    """Test the maps of these rows; without a pattern, of the one predicted of each."""
    by_test: dict[tuple[str, str, str], list[float]] = {}
    for done, row in enumerate(rows, start=1):
        explanation = explain(ensemble, dataset, row, pattern)
        rng = np.random.default_rng([seed, done])
        for key, gain in gains(ensemble, explanation, rng).items():
            by_test.setdefault(key, []).append(gain)
        if progress:
            progress(done, len(rows))
    return summary(by_test, seed=seed)


def summary(
    by_test: Mapping[tuple[str, str, str], Sequence[float]], *, seed: int = 0
) -> list[Faithfulness]:
    """Means and intervals of what `gains` gave of several segments, by (part, test, against)."""
    rng = np.random.default_rng(seed)
    return [
        Faithfulness(*key, float(np.mean(values)), _interval(np.array(values), rng), len(values))
        for key, values in sorted(by_test.items())
    ]


def gains(
    ensemble: Ensemble, explanation: Explanation, rng: np.random.Generator
) -> dict[tuple[str, str, str], float]:
    """Areas by which the maps of one window beat other orders, by (part, test, against)."""
    inputs = Inputs.of(Windows.of([explanation.window], ensemble.signal))
    maps = dict(explanation.maps.images)
    if explanation.maps.time is not None:
        maps[WAVEFORM] = explanation.maps.time
    result = {}
    for part, values in maps.items():
        labels, n = _bins(values) if part == WAVEFORM else _patches(values)
        if not n:
            continue  # a waveform of nothing but gaps
        curves = _Curves(ensemble.nets, inputs, part, labels, PATTERNS.index(explanation.pattern))
        labelled = labels >= 0
        sizes = np.bincount(labels[labelled], minlength=n)
        means = np.bincount(labels[labelled], values[labelled], n) / sizes
        order, uniform = np.argsort(-means, kind="stable"), evenly_spread(n)
        # A random order backwards is as random: one mean serves both tests.
        random = np.mean([curves.area(rng.permutation(n), "deletion") for _ in range(N_RANDOM)])
        for test in TESTS:
            sign = 1 if test == "insertion" else -1
            area = curves.area(order, test)
            result[part, test, "random"] = sign * (area - float(random))
            result[part, test, "uniform"] = sign * (area - curves.area(uniform, test))
    return result


def evenly_spread(n: int) -> Labels:
    """0 .. n - 1 in the order of the van der Corput sequence: its beginnings are spread evenly."""
    width = max(n - 1, 1).bit_length()
    return np.argsort([int(f"{i:0{width}b}"[::-1], 2) for i in range(n)], kind="stable")


class _Curves:
    """Curves of one input of one window; `labels` number its pieces, -1 is never taken away."""

    def __init__(
        self, nets: Sequence[MultimodalNet], inputs: Inputs, part: str, labels: Labels, target: int
    ) -> None:
        self.nets, self.labels, self.target = nets, labels, target
        self.routes = []
        for net in nets:
            with evaluating(net):
                self.routes.append(routes(net, inputs)[part])

    def area(self, order: Labels, test: str) -> float:
        """Area below the probability of the pattern over the share of pieces."""
        n = len(order)
        place = np.empty(n, np.int64)
        place[order] = np.arange(n)
        places = np.where(self.labels < 0, -1, place[self.labels])
        n_removed = np.rint(np.linspace(0, n, N_STEPS + 1)).reshape(-1, *[1] * places.ndim)
        removed = places < n_removed if test == "deletion" else places >= n_removed
        removed &= places >= 0
        inputs = self.routes[0].given
        mask = torch.from_numpy(removed if removed.ndim == inputs.ndim else removed[:, None])
        curve = self._probability(torch.where(mask, torch.zeros(()), inputs))
        return float((curve[1:] + curve[:-1]).mean() / 2)

    def _probability(self, inputs: torch.Tensor) -> Array:
        total = np.zeros(len(inputs))
        for net, route in zip(self.nets, self.routes, strict=True):
            with evaluating(net), torch.no_grad():
                total += torch.softmax(route.logits(inputs).double(), 1)[:, self.target].numpy()
        return total / len(self.nets)


def _bins(values: NDArray[np.floating]) -> tuple[Labels, int]:
    """The bin of each sample of a map over time, -1 where the network does not look."""
    length_s = SEGMENT_S / len(values)
    labels = np.floor((np.arange(len(values)) + 0.5) * length_s / BIN_S).astype(np.int64)
    finite = np.isfinite(values)
    bins, dense = np.unique(labels[finite], return_inverse=True)
    labels[:] = -1
    labels[finite] = dense
    return labels, len(bins)


def _patches(values: NDArray[np.floating]) -> tuple[Labels, int]:
    """The patch of each point of a map (1 or 4, n_freqs, n_columns)."""
    chain, row, column = (
        np.arange(size) * count // size
        for size, count in zip(values.shape, (len(values), *PATCHES), strict=True)
    )
    rows = chain[:, None, None] * PATCHES[0] + row[:, None]
    return rows * PATCHES[1] + column, len(values) * PATCHES[0] * PATCHES[1]


def _interval(values: Array, rng: np.random.Generator) -> tuple[float, float]:
    means = values[rng.integers(len(values), size=(N_RESAMPLES, len(values)))].mean(1)
    low, high = np.percentile(means, (2.5, 97.5))
    return float(low), float(high)


def markdown(results: Sequence[Faithfulness]) -> str:
    """A table for a report, one row a part and test."""
    lines = ["| map | test | n | gain over random | gain over uniform |", "|---|---|---|---|---|"]
    cells = {(result.part, result.test, result.against): result for result in results}
    for part, test in dict.fromkeys((result.part, result.test) for result in results):
        pair = [cells[part, test, against] for against in OTHERS]
        texts = [
            f"{result.gain:.3f} ({result.ci95[0]:.3f} to {result.ci95[1]:.3f})" for result in pair
        ]
        lines.append(f"| {part} | {test} | {pair[0].n} | {' | '.join(texts)} |")
    return "\n".join(lines)


def rows(results: Sequence[Faithfulness]) -> list[dict[str, object]]:
    """The same for a csv or JSON."""
    return [asdict(result) for result in results]
