"""From any recording to the two representations of the paper: waveform and spectrogram."""
