"""What a track's beat, key, tuning and loudness are: learnt once, from the sound alone."""

from engine.analysis.grid import Grid
from engine.analysis.onsets import OnsetEnvelope
from engine.analysis.result import VERSION, Analysis, Key

__all__ = ["VERSION", "Analysis", "Grid", "Key", "OnsetEnvelope"]
