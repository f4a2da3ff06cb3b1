"""What fewer electrodes and bipolar montages cost: scores of the same segments, seen less of.

python benchmarks/montages.py ../shared/real [--simulated FOLDER] [--run RUN] [--json TABLE]

Every segment of REAL/iiic, and the first of each simulated patient, is written anew in each montage
and predicted from that file alone, without a ready-made spectrogram. Which electrodes are missing
at random is drawn anew for each segment and draw; rows of all draws count, patients are resampled.
`--json` keeps what was measured on REAL/iiic; `nasion state MODEL --accuracy TABLE` writes it into
a model, whose readings then say it.
"""

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from nasion.accuracy import Measured
from nasion.contract import PACKAGED
from nasion.eeg import montage as montages
from nasion.eeg.formats import open_recording
from nasion.evaluation.montages import measured
from nasion.files import write_json
from nasion.hms import layout
from nasion.hms.segments import Segments, load_segments, targets
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


def one_off(names: tuple[str, ...]) -> Montage:
    return lambda frame, rng: frame[list(rng.permutation(names)[1:])]


def within(side: tuple[str, ...]) -> list[tuple[str, str]]:
    return [pair for pair in DERIVATIONS if pair[0] in side]


MONTAGES: dict[str, tuple[Montage, ...]] = {
    "all 19, referential": (referential(*ELECTRODES),),
    "double banana, bipolar": (bipolar(*DERIVATIONS),),
    **{f"{n} missing at random": (without(n),) * DRAWS for n in (4, 5, 7, 9)},
    "headband's ten, referential": (referential(*HEADBAND),),
    "headband without one, referential": (one_off(HEADBAND),) * DRAWS,
    "headband's ten, bipolar": (bipolar(*LATERAL),),
    "one side, referential": (referential(*LEFT), referential(*RIGHT)),
    "one side, bipolar": (bipolar(*within(LEFT)), bipolar(*within(RIGHT))),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("real", type=Path)
    parser.add_argument("--simulated", type=Path, help="a data set of `nasion simulate`")
    parser.add_argument("--run", type=Path, default=PACKAGED)
    parser.add_argument("--json", type=Path, help="keep here what was measured on REAL/iiic")
    arguments = parser.parse_args()
    ensemble = Run(arguments.run).ensemble()
    of_all = {arguments.real / "iiic": "eeg_id"}
    for folder, key in (of_all | {arguments.simulated: "patient_id"}).items():
        if folder is None:
            continue
        segments = load_segments(folder, "train")
        segments = segments.subset(~segments.table[key].duplicated().to_numpy())
        print(f"\n{len(segments)} segments of {folder.name}\n")
        print("| montage | n | accuracy | KLD | KLD - KLD of all 19 | largest difference |")
        print("|---|---|---|---|---|---|")
        rows = {}
        for name, row, line in measurements(segments, ensemble):
            print(line, flush=True)
            rows[name] = row.model_dump(mode="json")
        if arguments.json and folder == arguments.real / "iiic":
            write_json(arguments.json, rows)


def measurements(segments: Segments, ensemble: object) -> Iterator[tuple[str, Measured, str]]:
    """Name of each montage, what was measured on it, and that in a line."""
    unit, target = segments.table["patient_id"].to_numpy(), targets(segments.table)
    full: np.ndarray | None = None
    for name, draws in MONTAGES.items():
        predictions = np.stack([predicted(segments, m, ensemble, k) for k, m in enumerate(draws)])
        full = predictions[0] if full is None else full
        row = measured(looks(segments, draws[0]), target, unit, predictions, full)
        line = (
            f"| {name} | {predictions[..., 0].size} | {row.accuracy:.3f}"
            f" | {row.kld:.3f} ({row.kld_ci95[0]:.3f} to {row.kld_ci95[1]:.3f})"
            f" | {row.above:+.3f} ({row.above_ci95[0]:.3f} to {row.above_ci95[1]:.3f})"
            f" | {np.abs(predictions - full).max():.1e} |"
        )
        yield name, row, line


def looks(segments: Segments, montage: Montage) -> montages.Montage:
    """What a montage is to who opens a file of it."""
    with TemporaryDirectory() as temporary:
        path = Path(temporary) / "one.parquet"
        frame = pd.read_parquet(segments.eeg_path(segments.table["eeg_id"].iloc[0]))
        montage(frame, np.random.default_rng((SEED, 0))).to_parquet(path)
        return open_recording(path).montage


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
