"""The one graph that is exported: all fits of a run, on prepared windows or a long recording.

Everything is computed once, windows are lists of blocks and of images, and maps are made only of
the windows asked for.
"""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from itertools import product
from typing import Any

import torch
from torch import Tensor, nn

from nasion import contract
from nasion.calibration import CLIP, Calibration, Mixture
from nasion.models.activation import (
    explains_image,
    head_slopes,
    image_map,
    waveform_map,
)
from nasion.models.ensemble import Ensemble
from nasion.models.fusion import MultimodalNet
from nasion.models.spectrogram_net import SpectrogramBranch
from nasion.models.stages import Stages
from nasion.terms import MIRRORED_DERIVATIONS
from nasion.windowing import N_BLOCKS

ByView = Mapping[str, Tensor]


@dataclass(frozen=True)
class Blocked:
    """Windows as lists of the blocks of a waveform; shapes as `nasion.contract` lists them."""

    waveform: Tensor
    blocks: Tensor
    present: Tensor


@dataclass(frozen=True)
class Seen:
    """What one network made of windows; `active` and `statistics` of all blocks, in one row."""

    logits: Tensor
    features: dict[str, Tensor]
    active: Tensor | None
    statistics: Tensor | None


class Fit(nn.Module):
    """One network of a run, as part of the graph."""

    def __init__(self, net: MultimodalNet) -> None:
        super().__init__()
        self.net = deepcopy(net).eval()
        self.stages: Stages | None = None
        if self.net.waveform is not None:
            self.net.waveform.prepare_export()
        if self.net.spectrogram is not None:
            self.net.spectrogram.to(memory_format=torch.contiguous_format)
            self.stages = Stages.of(self.net.spectrogram)

    @property
    def images(self) -> SpectrogramBranch:
        """The spectrogram branch, where there is one."""
        assert self.net.spectrogram is not None
        return self.net.spectrogram

    def maps(self, image: Tensor, *, mirrored: bool) -> tuple[Tensor, Tensor]:
        """Feature maps of one view: of the layer that is explained, and the last ones."""
        given = image.flip(1) if mirrored else image
        if self.stages is not None:
            return self.stages.layers(given)
        last = self.images.maps(given)
        return last, last

    def vector(self, maps: Tensor) -> Tensor:
        """What the backbone says of one view, (m, width)."""
        return self.images.backbone.forward_head(maps, pre_logits=True)

    def forward(
        self, windows: Blocked, vectors: ByView, image_present: ByView, *, mirrored: bool
    ) -> Seen:
        """Logits of windows whose images are embedded."""
        features, active, statistics = {}, None, None
        branch = self.net.waveform
        if branch is not None:
            waveform = windows.waveform[:, MIRRORED_DERIVATIONS] if mirrored else windows.waveform
            if branch.blockwise:
                active = branch.active(waveform) if branch.explains else None
                statistics = branch.blocks(waveform) if active is None else branch.blocks_of(active)
                mixed = _in_one_row(branch.mix(statistics))[windows.blocks].transpose(1, 2)
                features["waveform"] = branch.join(mixed, windows.present)
            else:
                features["waveform"] = branch.between(waveform, windows.present, 0, N_BLOCKS)
        if self.net.spectrogram is not None:
            features["spectrogram"] = self.images.combine(vectors, image_present)
        return Seen(self.net.classify(features).logits, features, active, statistics)


class Graph(nn.Module):
    """Calibrated probabilities of windows, mean over fits, and raw class-activation maps."""

    def __init__(self, ensemble: Ensemble) -> None:
        super().__init__()
        self.fits: Any = nn.ModuleList(Fit(net) for net in ensemble.nets)
        self.mixture = ensemble.mixture
        self.flips = (False,) if ensemble.symmetric else (False, True)
        self.ways = list(product(range(len(self.fits)), self.flips))
        first = ensemble.nets[0]
        self.dense = first.waveform is None or first.waveform.dense
        self.least_blocks = N_BLOCKS
        if self.dense and first.waveform is not None:
            self.least_blocks = 2 * first.waveform.lost_blocks + 1
        self.explains_waveform = first.waveform is not None and first.waveform.explains
        self.views = first.spectrogram.views if first.spectrogram is not None else ()
        self.explained_views = self.views if explains_image(first.spectrogram) else ()

    def forward(
        self,
        waveform: Tensor,
        window_blocks: Tensor,
        present: Tensor,
        explain: Tensor,
        images: ByView,
        known: ByView,
        image_of: ByView,
        image_present: ByView,
    ) -> dict[str, Tensor]:
        """All outputs by name; shapes as `nasion.contract` lists them."""
        embedding, vectors_of, maps = {}, {}, {}
        for view, image in images.items():
            embedding[view], maps[view] = self.embedded(image)
            rows = torch.cat([embedding[view], known[view]])[image_of[view]]
            vectors_of[view] = dict(zip(self.ways, rows.chunk(len(self.ways), 1), strict=True))

        windows = Blocked(waveform, window_blocks, present)
        probabilities, map_sets = [], []
        for number, fit in enumerate(self.fits):
            raw = torch.zeros(())
            for mirrored in self.flips:
                vectors = {view: rows[number, mirrored] for view, rows in vectors_of.items()}
                output = fit(windows, vectors, image_present, mirrored=mirrored)
                raw = raw + torch.softmax(output.logits, 1) / len(self.flips)
                if not mirrored:
                    feature_maps = {view: maps[view][number] for view in self.explained_views}
                    map_sets.append(
                        self._explanation(
                            fit, output, windows, explain, feature_maps, image_of, image_present
                        )
                    )
            probabilities.append(raw)
        outputs = {contract.PROBABILITY: mixed(probabilities, self.mixture)}
        for name in map_sets[0]:
            outputs[name] = sum((row[name] for row in map_sets), torch.zeros(())) / len(map_sets)
        return outputs | {
            contract.EMBEDDING.format(view): value for view, value in embedding.items()
        }

    def embedded(self, image: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Vectors of one view by every way, side by side, and the explained layer of every fit."""
        maps_of = {way: self.fits[way[0]].maps(image, mirrored=way[1]) for way in self.ways}
        vectors = [self.fits[number].vector(last) for (number, _), (_, last) in maps_of.items()]
        layers = [maps_of[number, False][0] for number in range(len(self.fits))]
        return torch.cat(vectors, 1), layers

    def _explanation(
        self,
        fit: Fit,
        output: Seen,
        windows: Blocked,
        explain: Tensor,
        maps: ByView,
        image_of: ByView,
        image_present: ByView,
    ) -> dict[str, Tensor]:
        net, result = fit.net, {}
        slopes = head_slopes(net, {name: value[explain] for name, value in output.features.items()})
        if self.explains_waveform:
            branch, blocks = net.waveform, windows.blocks[explain]
            assert branch is not None
            assert output.active is not None
            assert output.statistics is not None
            # Blocks that convolutions cannot fill are not in `active`; another stands for them.
            n_blocks, n_lost = output.statistics.shape[2], branch.lost_blocks
            n_inner = n_blocks - 2 * n_lost
            inner = (torch.arange(n_blocks) - n_lost).clamp(0, n_inner - 1)
            places = torch.arange(output.active.shape[0])[:, None] * n_inner + inner
            active = output.active.permute(0, 3, 1, 2, 4).flatten(0, 1)[places.flatten()[blocks]]
            statistics = _in_one_row(output.statistics)[blocks].transpose(1, 2)
            present = windows.present[explain]
            result[contract.WAVEFORM_MAP] = waveform_map(
                branch, active, statistics, present, slopes["waveform"]
            )
        for view, view_maps in maps.items():
            view_present = image_present[view][explain][:, None, None]
            feature_maps = view_maps[image_of[view][explain].clamp(max=view_maps.shape[0] - 1)]
            slope = slopes["spectrogram"] * view_present
            result[contract.IMAGE_MAP.format(view)] = image_map(
                fit.images, fit.stages, view, feature_maps, slope
            )
        return result


def _in_one_row(blocks: Tensor) -> Tensor:
    """(batch, channels, n_blocks) -> (batch * n_blocks, channels)."""
    return blocks.transpose(1, 2).flatten(0, 1)


def mixed(probabilities: Sequence[Tensor], mixture: Mixture) -> Tensor:
    """`Mixture.apply` in the graph: (n, 6) by every fit -> (n, 6)."""
    total = torch.zeros(())
    for share, member, probability in zip(mixture.shares, mixture.each, probabilities, strict=True):
        total = total + share * _calibrated(probability, member)
    return _calibrated(total, mixture.mean)


def _calibrated(probability: Tensor, calibration: Calibration) -> Tensor:
    """`Calibration.apply` in the graph."""
    if calibration.identity:
        return probability
    logits = torch.log(probability.clamp(min=CLIP)) / calibration.temperature
    return torch.softmax(logits + torch.tensor(calibration.bias), 1)
