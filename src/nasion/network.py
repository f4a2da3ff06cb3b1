"""An exported model (`nasion.contract`) in onnxruntime: no PyTorch is needed to read."""

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasion import catalogue, contract
from nasion.config import Signal
from nasion.contract import About
from nasion.errors import NasionError
from nasion.loading import loading, reason_of
from nasion.provenance import Provenance
from nasion.tensors import refuse_other_shapes, refuse_unsound
from nasion.terms import DERIVATION_NAMES, PATTERNS, SPECTROGRAM_CHAINS
from nasion.windowing import Windows, own_blocks

Array = NDArray[np.float32]
Indices = NDArray[np.int64]

AT_ONCE = 16  # images: what they become stays in the cache


@dataclass(frozen=True)
class Answer:
    """What the network says of windows.

    Parameters
    ----------
    probability
        (n, 6) calibrated; rows sum to 1.
    waveform_map
        (k, 6, 25 * block_length): raw class-activation of each pattern over each window explained,
        0 where the network does not look; None where the model has no such map.
    image_maps
        By view, (k, 6, height, width): the same on the coarse grid of the feature maps, 0 where a
        window lacks the view.
    """

    probability: Array
    waveform_map: Array | None = None
    image_maps: Mapping[str, Array] = field(default_factory=dict)


@dataclass(frozen=True)
class Network:
    """An open model; safe to run from several threads at once.

    Patterns, derivations and chains are in the order of `nasion.terms` on this side, whatever
    their order in the file.
    """

    path: Path
    about: About
    session: Any = field(repr=False)
    threads: int = 1

    @classmethod
    def open(cls, source: Path | str | None = None, *, threads: int = 0) -> "Network":
        """Open a model.

        Parameters
        ----------
        source
            Name of an installed one, a model.onnx or a RUN that holds one; without it the default
            (`catalogue.named`).
        threads
            That images of a run are shared among; 0 takes as many as there are cores. Who runs
            several chunks at once takes 1.

        Raises
        ------
        NasionError
            Where the file is not there, is not ONNX, is not a model of this nasion, or holds
            weights that are no numbers.
        """
        path = catalogue.model_file(source)
        absent = "make one with nasion export"
        with loading(path, "not an ONNX model", "export it anew", absent=absent):
            refuse_unsound(path)
            session = _session(path)
        content = session.get_modelmeta().custom_metadata_map.get(contract.KEY)
        if content is None:
            raise NasionError(f"{path}: not exported by nasion; make one with nasion export")
        about = About.from_json(content, str(path))
        outputs = {output.name for output in session.get_outputs()}
        if missing := [name for name in about.outputs if name not in outputs]:
            raise NasionError(f"{path}: lacks its output {missing[0]}; export it anew")
        refuse_other_shapes(path, about.shapes, {v.name: v.shape for v in session.get_inputs()})
        return cls(path, about, session, threads or _n_cores())

    @property
    def signal(self) -> Signal:
        """How EEG is prepared for it."""
        return self.about.signal

    @property
    def views(self) -> tuple[str, ...]:
        """Images that it takes."""
        return self.about.views

    @property
    def dense(self) -> bool:
        """Whether windows may share blocks of a longer waveform."""
        return self.about.dense

    @property
    def block_length(self) -> int:
        """Samples of a block of 2 s."""
        return self.about.block_length

    @property
    def maps(self) -> tuple[str, ...]:
        """What it can explain: `waveform` and views."""
        return self.about.maps

    @property
    def provenance(self) -> Provenance:
        """What it learned from; of an older one what its RUN says, or the table alone."""
        provenance = self.about.learned_from.provenance or Provenance.of(self.path.parent)
        return provenance or Provenance(tables=(self.about.labels,))

    def run(
        self,
        waveform: Array,
        window_blocks: Indices,
        present: Array,
        images: Mapping[str, Array],
        image_of: Mapping[str, Indices],
        image_present: Mapping[str, Array],
        explain: Sequence[int] = (),
    ) -> Answer:
        """Judge n windows.

        Parameters
        ----------
        waveform
            (batch, 18, time), time whole blocks of 2 s, 0 where missing.
        window_blocks
            (n, 25): places of the blocks of each window among all batch * blocks; anywhere where
            a block is absent.
        present
            (n, 25): share of signal in each of them.
        images
            By view, (m, 4, n_freqs, n_columns); only images of windows that have the view count.
        image_of
            By view, (n,): the image of each window.
        image_present
            By view, (n,): 1 where the window has the view.
        explain
            Windows to make maps of.

        Raises
        ------
        NasionError
            Where what it says is no probability.
        ValueError
            Where windows share blocks and the model is not dense.
        """
        n = len(window_blocks)
        separate = len(waveform) == n and np.array_equal(window_blocks, own_blocks(n))
        if not (self.dense or separate):
            raise ValueError(f"{self.path}: takes whole windows only, in their order")
        explained = np.asarray(explain, np.int64)
        feeds: dict[str, NDArray[Any]] = {
            contract.WAVEFORM: _floats(waveform),
            contract.WINDOW_BLOCKS: np.asarray(window_blocks, np.int64),
            contract.PRESENT: _floats(present),
            contract.EXPLAIN: explained,
        }
        embeddings = self._embeddings(images, image_of, image_present)
        for view in self.views:
            feeds |= self._of_view(
                view, images[view], image_of[view], image_present[view], explained
            )
            feeds[contract.KNOWN.format(view)] = embeddings[view]
        parts = self.maps if len(explained) else ()
        outputs = [contract.PROBABILITY, *map(contract.map_of, parts)]
        probability, *maps = self._answer(outputs, feeds)
        if not np.isfinite(probability).all():
            raise NasionError(f"{self.path}: gives what is no probability; export the model anew")
        by_part = dict(zip(parts, maps, strict=True))
        return Answer(probability, by_part.pop(contract.WAVEFORM, None), by_part)

    def predict(self, windows: Windows, *, mirror: bool = True) -> NDArray[np.float64]:
        """Probabilities of prepared windows, (n, 6); rows sum to 1.

        Raises
        ------
        NasionError
            Where the mirrored EEG is to be left out, which the exported model averages with.
        """
        if not (mirror or self.about.symmetric):
            raise NasionError(f"{self.path}: is mirrored as exported; predict with the RUN instead")
        n = len(windows.waveform)
        rows = np.arange(n)
        output = self.run(
            windows.waveform,
            own_blocks(n),
            windows.present,
            windows.images,
            dict.fromkeys(self.views, rows),
            windows.image_present,
        )
        values = output.probability.astype(float)
        return values / values.sum(1, keepdims=True)

    def _embeddings(
        self,
        images: Mapping[str, Array],
        image_of: Mapping[str, Indices],
        image_present: Mapping[str, Array],
    ) -> dict[str, Array]:
        """Vectors of the images that count, in their order; a few images at a time, all views."""
        if not self.views:
            return {}
        indices = {view: _image_rows(image_of[view], image_present[view]) for view in self.views}
        n_pieces = -(-max(map(len, indices.values())) // AT_ONCE)
        if not n_pieces:
            widths = {view: self._widths[contract.KNOWN.format(view)] for view in indices}
            return {view: np.zeros((1, width), np.float32) for view, width in widths.items()}
        pieces = {view: np.array_split(rows, n_pieces) for view, rows in indices.items()}

        def embedded(number: int) -> list[Array]:
            piece = {view: images[view][rows[number]] for view, rows in pieces.items()}
            feeds = {
                contract.IMAGE.format(view): _floats(part)
                for view, part in piece.items()
                if len(part)
            }
            vectors = self._answer([contract.EMBEDDING.format(view) for view in indices], feeds)
            return [rows[: len(piece[view])] for view, rows in zip(indices, vectors, strict=True)]

        with ThreadPoolExecutor(self.threads) as pool:
            by_view = zip(*pool.map(embedded, range(n_pieces)), strict=True)
        vectors = {view: np.concatenate(rows) for view, rows in zip(indices, by_view, strict=True)}
        return {
            view: rows if len(rows) else np.zeros((1, rows.shape[1]), np.float32)
            for view, rows in vectors.items()
        }

    def _of_view(
        self, view: str, images: Array, image_of: Indices, present: Array, explained: Indices
    ) -> dict[str, NDArray[Any]]:
        """Inputs of one view: images to explain as they are, all others as known vectors."""
        has_image = np.asarray(present) > 0
        with_image = explained[has_image[explained]]
        # A window to explain that lacks the view needs an image to point at all the same.
        n_empty = 1 if len(with_image) < max(1, len(explained)) else 0
        empty = np.zeros((n_empty, *images.shape[1:]), np.float32)
        pictures = np.concatenate([_floats(images[image_of[with_image]]), empty])
        row = np.zeros(len(has_image), np.int64)
        row[has_image] = len(pictures) + np.searchsorted(
            _image_rows(image_of, present), image_of[has_image]
        )
        row[explained] = len(with_image)
        row[with_image] = np.arange(len(with_image))
        return {
            contract.IMAGE.format(view): pictures,
            contract.IMAGE_OF.format(view): row,
            contract.IMAGE_PRESENT.format(view): _floats(present),
        }

    @cached_property
    def _widths(self) -> dict[str, int]:
        initializers = self.session.get_overridable_initializers()
        return {value.name: value.shape[1] for value in initializers}

    @cached_property
    def _least_feeds(self) -> dict[str, NDArray[Any]]:
        """The least that it takes: what is not given costs little (convolutions of 0 fail)."""
        kinds = {"tensor(float)": np.float32, "tensor(int64)": np.int64}
        feeds = {}
        for value in self.session.get_inputs():
            shape = [size if isinstance(size, int) else 1 for size in value.shape]
            if value.name == contract.WAVEFORM:
                shape[-1] = self.about.least_blocks * self.block_length
            if value.name == contract.EXPLAIN:
                shape = [0]
            feeds[value.name] = np.zeros(shape, kinds[value.type])
        return feeds

    def _answer(self, outputs: Sequence[str], feeds: Mapping[str, NDArray[Any]]) -> list[Array]:
        names = {*self._least_feeds, *self._widths}
        accepted = {
            name: self._in_order(name, array) for name, array in feeds.items() if name in names
        }
        try:
            answers = self.session.run(list(outputs), {**self._least_feeds, **accepted})
        except Exception as error:  # its errors have no other class in common
            raise NasionError(
                f"{self.path}: can't be run ({reason_of(error)}); export the model anew"
            ) from error
        return [self._in_order(name, array) for name, array in zip(outputs, answers, strict=True)]

    def _in_order(self, name: str, array: NDArray[Any]) -> NDArray[Any]:
        """An input in the order of the file, or an output in that of `nasion.terms`."""
        return array[:, self._places[name]] if name in self._places else array

    @cached_property
    def _places(self) -> dict[str, list[int]]:
        """By input and output, where it takes each row from, if not from the same place."""
        about = self.about
        rows = _places_of(about.derivations, DERIVATION_NAMES)
        chains = _places_of(about.spectrogram_chains, SPECTROGRAM_CHAINS)
        patterns = _places_of(PATTERNS, about.patterns)
        places = {contract.WAVEFORM: rows, contract.PROBABILITY: patterns}
        places |= {contract.IMAGE.format(view): chains for view in about.views}
        places |= {contract.map_of(part): patterns for part in about.maps}
        return {name: order for name, order in places.items() if order != sorted(order)}


def _places_of(names: Sequence[str], order: Sequence[str]) -> list[int]:
    """Where each name that is wanted stands among those given."""
    return [order.index(name) for name in names]


def _image_rows(image_of: Indices, present: Array) -> Indices:
    """Images of any window that has the view, sorted."""
    return np.unique(image_of[np.asarray(present) > 0])


def _floats(array: NDArray[Any]) -> Array:
    return np.ascontiguousarray(array, np.float32)


def _n_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _session(path: Path) -> Any:
    try:
        import onnxruntime
    except ImportError:
        raise NasionError(
            f"{path}: needs onnxruntime to run; install it with pip install onnxruntime"
        ) from None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # several runs at once waste less than several threads a run
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # Plans are kept for every shape that was seen, and every reading brings new ones.
    options.enable_mem_pattern = False
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
