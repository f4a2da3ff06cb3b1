"""The paper's section 3.1: WaveNet, spectrogram net, and their fusion."""
