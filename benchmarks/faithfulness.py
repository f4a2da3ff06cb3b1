"""Are the maps faithful? Deletion and insertion on the open real segments, as docs/log.md states.

python benchmarks/faithfulness.py ../shared/real [--run RUN]
"""

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory

from nasion.contract import PACKAGED
from nasion.data.dataset import SegmentDataset
from nasion.data.store import open_store
from nasion.explanation.faithfulness import faithfulness, markdown
from nasion.hms.segments import load_segments
from nasion.training.run import Run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("real", type=Path)
    parser.add_argument("--run", type=Path, default=PACKAGED)
    arguments = parser.parse_args()
    ensemble = Run(arguments.run).ensemble()
    segments = load_segments(arguments.real / "iiic", "train")
    experiment = ensemble.experiment
    with TemporaryDirectory() as folder:
        store = open_store(segments, experiment.signal, Path(folder))
        dataset = SegmentDataset(segments, store, experiment)
        print(markdown(faithfulness(ensemble, dataset, range(len(dataset)))))


if __name__ == "__main__":
    main()
