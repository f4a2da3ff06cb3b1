"""Class-activation maps of the final logit, over time and over each spectrogram.

Over time it is Grad-CAM (Selvaraju 2017): a channel's weight is the mean over its map of the
gradient of the logit (the weighted sum of the heads, before softmax); the map is the weighted sum
of the channels. Over spectrograms it is HiResCAM (Draelos 2020), where each place has a gradient of
its own, of the layer that `models.stages` names; of last feature maps, which are averaged, the two
are the same. The logit counts, not the probability, so other patterns do not speak in it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from captum.attr import LayerAttribution, LayerGradCam, LayerGradientXActivation
from numpy.typing import NDArray
from torch import Tensor

from nasion.explanation.route import WAVEFORM, Route, routes
from nasion.models.extractor import Extractor, signal_span
from nasion.models.fusion import Inputs, MultimodalNet, evaluating
from nasion.terms import PATTERNS, Pattern

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Maps:
    """Raw class-activation maps of one window; `positive` gives what of one speaks for it.

    Parameters
    ----------
    time
        (n_times,), one value a sample of the waveform: that of the receptive field whose centre it
        is, or whose end it is where convolutions are causal. NaN where the network does not look.
        None where there is no such map.
    sides
        (2, n_times), left and right, where one WaveNet reads each side by itself; they add up to
        `time`. They tell how each side's activity counts, not which side is affected: features
        that compare the sides count for one and against the other.
    images
        By view: (1, n_freqs, n_columns), or (4, n_freqs, n_columns) where the chains are tiled to
        one picture and have a place in it. Chains stacked as channels share one map. Views that
        the window lacks, or whose backbone has no feature maps, are left out.
    """

    time: Array | None
    sides: Array | None
    images: dict[str, Array]


def positive(values: Array) -> Array:
    """What speaks for the pattern: negative values become 0, NaN stays."""
    return np.maximum(values, 0)


def gradcam(net: MultimodalNet, inputs: Inputs, pattern: Pattern) -> Maps:
    """Maps of one window (a batch of one), whatever the modality of the network.

    Weights, gradients and mode of the network are left as they were.
    """
    with evaluating(net), torch.enable_grad():
        by_part = {name: route for name, route in routes(net, inputs).items() if route.layer}
        raw = {
            name: _activation(route, pattern, by_place=name != WAVEFORM)
            for name, route in by_part.items()
        }
    sides = None
    if net.waveform is not None and WAVEFORM in raw:
        sides = _over_time(net.waveform, raw.pop(WAVEFORM), inputs)
    stack = net.spectrogram.stack if net.spectrogram is not None else ""
    return Maps(
        time=None if sides is None else sides.sum(0),
        sides=sides if sides is not None and len(sides) == 2 else None,
        images={
            name: _over_image(activation, by_part[name].given, tiled=stack == "repeated")
            for name, activation in raw.items()
        },
    )


def mean_maps(maps: Sequence[Maps]) -> Maps:
    """The mean over several networks of the same signals and kind."""
    first = maps[0]
    time = [single.time for single in maps if single.time is not None]
    sides = [single.sides for single in maps if single.sides is not None]
    return Maps(
        time=np.mean(time, 0) if time else None,
        sides=np.mean(sides, 0) if sides else None,
        images={
            name: np.mean([single.images[name] for single in maps], 0) for name in first.images
        },
    )


def _activation(route: Route, pattern: Pattern, *, by_place: bool) -> Tensor:
    """Weighted channels of the layer, summed, (rows, 1, ...); each place by itself or by means."""
    inputs = route.given.detach().clone().requires_grad_()
    kind = LayerGradientXActivation if by_place else LayerGradCam
    activation = kind(route.logits, route.layer).attribute(
        inputs, PATTERNS.index(pattern), attribute_to_layer_input=route.before
    )
    return activation.detach().sum(1, keepdim=True)


def _over_time(branch: Extractor, activation: Tensor, inputs: Inputs) -> Array:
    """(1 or 2, 1, places of the map) -> (1 or 2, n_times), NaN where nothing counts."""
    n_blocks, n_times = inputs.present.shape[1], inputs.waveform.shape[2]
    values = activation[:, 0].numpy()
    counted = branch.counted(inputs.present, torch.bool)[0].numpy()
    block_length = n_times // n_blocks
    start, stop = (0, n_blocks) if branch.blockwise else signal_span(inputs.present)
    first = start * block_length + branch.lost_before
    # One place of the map stands for several samples where convolutions have a stride.
    n_filled = (stop - start) * block_length - 2 * branch.lost_before
    values = values.repeat(n_filled // values.shape[1], axis=1)
    result = np.full((len(values), n_times), np.nan, np.float32)
    result[:, first : first + values.shape[1]] = values
    result[:, ~np.repeat(counted, block_length)] = np.nan
    return result


def _over_image(activation: Tensor, image: Tensor, *, tiled: bool) -> Array:
    """(1, 1, height, width) -> (1 or 4, n_freqs, n_columns), bilinear between the cells."""
    n_chains, n_freqs, n_columns = image.shape[1:]
    rows = n_chains * n_freqs if tiled else n_freqs
    upsampled = LayerAttribution.interpolate(activation, (rows, n_columns), "bilinear")
    return upsampled[0, 0].reshape(-1, n_freqs, n_columns).numpy()
