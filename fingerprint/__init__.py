"""What is playing, and where in it: arrays and integer track ids."""

from .errors import FormatError
from .index import FingerprintIndex
from .match import Evidence, Identification, Match
from .peaks import TrackPeaks, extract
from .settings import SAMPLE_RATE
from .stream import Stream
from .waves import Sound

__all__ = [
    "SAMPLE_RATE",
    "Evidence",
    "FingerprintIndex",
    "FormatError",
    "Identification",
    "Match",
    "Sound",
    "Stream",
    "TrackPeaks",
    "extract",
]
