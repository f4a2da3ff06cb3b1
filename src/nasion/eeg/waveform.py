"""The waveform representation: what the WaveNet branch sees (paper 2.2).

Channel differences, zero-phase band-pass, decimation, clip, constant scale and, if wanted, mu-law
quantisation. Nothing is normalised per sample: amplitude is a clinical sign.

A band that reaches near the Nyquist frequency of the decimated signal wants `anti_alias`: of real
EEG, 0-20 Hz at 40 Hz folds 4.1 % of the rms without it; 0.5-20 Hz of order 4 at 50 Hz .9 %.
"""

import numpy as np
from numpy.typing import NDArray

from nasion.config import Waveform
from nasion.eeg.derivations import bipolar
from nasion.eeg.filters import anti_alias, band_pass, bridge
from nasion.eeg.margins import Margins
from nasion.eeg.recording import Signals
from nasion.terms import SFREQ

MU = 255  # of WaveNet's companding; 256 levels (van den Oord 2016, section 2.2)


def waveform(signals: Signals, settings: Waveform, margins: Margins | None = None) -> Signals:
    """Derivations ready for the network.

    Parameters
    ----------
    signals
        Shape (20, n_times), µV at 200 Hz, NaN where there is none.
    margins
        Of a piece: `signals` are what is read for it, and the answer is the piece alone.

    Returns
    -------
    Shape (18, ceil(n_times / decimation)) at `settings.sfreq`; sample i is that of time
    i / sfreq; NaN where there was none.
    """
    margins = margins or Margins.whole(signals.shape[1])
    bridged, gaps = bridge(bipolar(signals))
    filtered = band_pass(bridged, settings.band_hz, settings.order)
    if settings.anti_alias:
        filtered = anti_alias(filtered, settings.sfreq)
    filtered = margins.cut(filtered)
    step = round(SFREQ / settings.sfreq)
    scaled = np.clip(filtered[:, ::step], -settings.clip_uv, settings.clip_uv)
    if settings.quantise == "mu-law":
        scaled = mu_law(scaled / settings.clip_uv)
    else:
        scaled /= settings.scale_uv
    scaled[margins.cut(gaps, beyond=True)[:, ::step]] = np.nan
    return scaled.astype(np.float32)


def mu_law(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Compand values of -1..1 and round them to 256 levels of -1..1."""
    companded = np.sign(values) * np.log1p(MU * np.abs(values)) / np.log1p(MU)
    return np.round((companded + 1) / 2 * MU) / MU * 2 - 1
