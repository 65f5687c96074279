"""What a track's beat, key, tuning and loudness are: learnt once, from the sound alone."""

from engine.analysis.analyser import Analyser, analyse, analyse_with_onsets
from engine.analysis.errors import FormatError
from engine.analysis.grid import Grid
from engine.analysis.onsets import OnsetEnvelope
from engine.analysis.result import OLDEST, VERSION, Analysis, Key

__all__ = [
    "OLDEST",
    "VERSION",
    "Analyser",
    "Analysis",
    "FormatError",
    "Grid",
    "Key",
    "OnsetEnvelope",
    "analyse",
    "analyse_with_onsets",
]
