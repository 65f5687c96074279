"""The real-time core: what the audio callback runs and touches, from state to callback."""
