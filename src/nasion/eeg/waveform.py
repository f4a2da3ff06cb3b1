"""The waveform representation: what the WaveNet branch sees (paper 2.2).

Channel differences, zero-phase band-pass, decimation, clip, constant scale and, if wanted, mu-law
quantisation. A band that reaches near the Nyquist frequency of the decimated signal is filtered
once more before. Nothing is normalised per sample: amplitude is a clinical sign.
"""

import numpy as np
from numpy.typing import NDArray

from nasion.config import Waveform
from nasion.eeg.filters import anti_alias, band_pass, bridge, left_at
from nasion.eeg.margins import Margins
from nasion.eeg.montage import bipolar
from nasion.eeg.recording import Signals
from nasion.terms import SFREQ

MU = 255  # of WaveNet's companding; 256 levels (van den Oord 2016, section 2.2)

# Of the amplitude at the Nyquist frequency: what a band-pass may leave before decimation. 0.5-20 Hz
# of order 4 leaves .12 at 25 Hz, which folds .9 % of the rms of real EEG; 0-20 Hz leaves .5 at 20
# Hz, which folded 4.1 %.
FOLDED = 0.2


def folds(settings: Waveform) -> bool:
    """Whether decimation needs a filter of its own, as the band-pass leaves much to fold."""
    nyquist_hz = settings.sfreq / 2
    return settings.sfreq < SFREQ and left_at(nyquist_hz, settings.band_hz, settings.order) > FOLDED


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
    if folds(settings):
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
