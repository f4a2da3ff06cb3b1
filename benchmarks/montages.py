"""What fewer electrodes and bipolar montages cost: scores of the same segments, seen less of.

python benchmarks/montages.py ../shared/real [--simulated FOLDER] [--run RUN]

Every segment of REAL/iiic, and of a folder of simulated ones, is written anew in each montage and
predicted from that file alone, without a ready-made spectrogram. Which electrodes are missing at
random is drawn anew for each segment and draw; rows of all draws count, patients are resampled.
"""

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from nasion.contract import PACKAGED
from nasion.evaluation.intervals import interval
from nasion.evaluation.metrics import divergence
from nasion.evaluation.resampling import resamples
from nasion.hms import layout
from nasion.hms.segments import Segments, consensus, load_segments, targets
from nasion.prediction import predict
from nasion.terms import (
    CHAIN_DERIVATIONS,
    DERIVATIONS,
    ELECTRODES,
    LEFT,
    RIGHT,
    VOTE_COLUMNS,
    Chain,
)
from nasion.training.run import Run

Frame = pd.DataFrame
Montage = Callable[[Frame, np.random.Generator], Frame]

SEED = 1
DRAWS = 3  # of electrodes missing at random
LATERAL = CHAIN_DERIVATIONS[Chain.LL] + CHAIN_DERIVATIONS[Chain.RL]
HEADBAND = tuple(dict.fromkeys(name for pair in LATERAL for name in pair))


def referential(*names: str) -> Montage:
    return lambda frame, rng: frame[list(names)]


def bipolar(*pairs: tuple[str, str]) -> Montage:
    return lambda frame, rng: Frame({f"{a}-{b}": frame[a] - frame[b] for a, b in pairs})


def without(n: int) -> Montage:
    return lambda frame, rng: frame[list(rng.permutation(ELECTRODES)[n:])]


def within(side: tuple[str, ...]) -> list[tuple[str, str]]:
    return [pair for pair in DERIVATIONS if pair[0] in side]


MONTAGES: dict[str, tuple[Montage, ...]] = {
    "all 19, referential": (referential(*ELECTRODES),),
    "double banana, bipolar": (bipolar(*DERIVATIONS),),
    **{f"{n} missing at random": (without(n),) * DRAWS for n in (4, 5, 7, 9)},
    "headband's ten, referential": (referential(*HEADBAND),),
    "headband's ten, bipolar": (bipolar(*LATERAL),),
    "one side, referential": (referential(*LEFT), referential(*RIGHT)),
    "one side, bipolar": (bipolar(*within(LEFT)), bipolar(*within(RIGHT))),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("real", type=Path)
    parser.add_argument("--simulated", type=Path, help="a data set of `nasion simulate`")
    parser.add_argument("--run", type=Path, default=PACKAGED)
    arguments = parser.parse_args()
    ensemble = Run(arguments.run).ensemble()
    for folder in filter(None, (arguments.real / "iiic", arguments.simulated)):
        segments = load_segments(folder, "train")
        segments = segments.subset(~segments.table["eeg_id"].duplicated().to_numpy())
        print(f"\n{len(segments)} segments of {folder.name}\n")
        print("| montage | n | accuracy | KLD | KLD - KLD of all 19 | largest difference |")
        print("|---|---|---|---|---|---|")
        for line in lines(segments, ensemble):
            print(line, flush=True)


def lines(segments: Segments, ensemble: object) -> Iterator[str]:
    """One line a montage."""
    table = segments.table
    unit = table["patient_id"].to_numpy()
    target, truth = targets(table), consensus(table)
    weights = np.concatenate(list(resamples(unit)))
    full: dict[str, np.ndarray] = {}
    for name, draws in MONTAGES.items():
        predictions = np.stack([predicted(segments, m, ensemble, k) for k, m in enumerate(draws)])
        kld = np.mean([divergence(target, prediction) for prediction in predictions], axis=0)
        hits = (predictions.argmax(2) == truth).mean(axis=0)
        full = full or {"kld": kld, "prediction": predictions[0]}
        bounds = [interval(weights @ rows / weights.sum(1)) for rows in (kld, kld - full["kld"])]
        of_kld, of_difference = (f"({each.low:.3f} to {each.high:.3f})" for each in bounds if each)
        yield (
            f"| {name} | {predictions[..., 0].size} | {hits.mean():.3f} | {kld.mean():.3f} {of_kld}"
            f" | {(kld - full['kld']).mean():+.3f} {of_difference}"
            f" | {np.abs(predictions - full['prediction']).max():.1e} |"
        )


def predicted(segments: Segments, montage: Montage, ensemble: object, draw: int) -> np.ndarray:
    """Probabilities of the segments in a montage, shape (n, 6)."""
    rng = np.random.default_rng((SEED, draw))
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "train_eegs").mkdir()
        for eeg_id in segments.table["eeg_id"]:
            frame = pd.read_parquet(segments.eeg_path(eeg_id))
            path = layout.eeg_path(folder, "train", eeg_id)
            montage(frame, rng).to_parquet(path)
        alone = segments.table.assign(spectrogram_id=layout.NO_SPECTROGRAM)
        table = predict(Segments(folder, "train", alone), ensemble)  # type: ignore[arg-type]
    return table[list(VOTE_COLUMNS)].to_numpy()


if __name__ == "__main__":
    main()
