"""Signal processing that knows nothing of networks: STFT, overlap-add, crossfades, gains."""
