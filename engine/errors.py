"""States of the world that a user can do something about, each told in one line.

AntiphonError
├── AudioFileError         a file that is not audio, or of which nothing can be decoded
├── PlaylistError          a playlist file that cannot be read
├── MidiFileError          a MIDI file that cannot be read
├── PatchError             a patch with a setting out of range, or an unknown one
├── TuningError            a Scala file that cannot be read
├── RecordingError         a recording that cannot be written on
├── ModelError             a network's weights that cannot be had or read
├── DeviceError            a sound or MIDI device that is missing or fails
├── DeckError              a deck cannot do what it is told now
└── LibraryError           the library as a whole
    ├── NoLibraryError         there is none in this directory
    ├── LibraryVersionError    written by a newer Antiphon
    ├── LibraryDamagedError    the database or the index fails its checks
    ├── LibraryLockedError     another process is changing it
    ├── DiskFullError          no room left; what was reported as added is safe
    └── NoSuchTrackError       no track of that name or number

The command line prints the message on standard error and ends with `exit_code`. Wrong arguments
from Python raise `ValueError` or `TypeError` instead.
"""

from __future__ import annotations


class AntiphonError(Exception):
    """Base of all errors that are reported to the user as one line.

    Attributes
    ----------
    exit_code : int
        What the process ends with: 1 failed, 3 partly done, 130 interrupted (2 is wrong usage).
    """

    exit_code: int = 1


class AudioFileError(AntiphonError):
    """A file is not audio, or nothing of it can be decoded."""


class PlaylistError(AntiphonError):
    """A playlist file cannot be read."""


class MidiFileError(AntiphonError):
    """A MIDI file cannot be read."""


class PatchError(AntiphonError, ValueError):
    """A patch has a setting out of range, or there is none of that name."""


class TuningError(AntiphonError):
    """A Scala file, of a scale or a keyboard mapping, cannot be read."""


class RecordingError(AntiphonError):
    """What is played cannot be recorded any further; what was written is kept."""


class ModelError(AntiphonError):
    """The weights of a network cannot be had or read."""


class DeviceError(AntiphonError):
    """A sound or MIDI device is missing or fails."""


class DeckError(AntiphonError):
    """A deck cannot do what it is told as things are now."""


class LibraryError(AntiphonError):
    """The library as a whole cannot do what was asked."""


class NoLibraryError(LibraryError):
    """There is no library in this directory."""


class LibraryVersionError(LibraryError):
    """The library was written by a newer version of Antiphon."""


class LibraryDamagedError(LibraryError):
    """The database or a file beside it fails its checks."""


class LibraryLockedError(LibraryError):
    """Another process is changing the library."""


class DiskFullError(LibraryError):
    """The disk has no room left; everything reported as added is safe."""


class NoSuchTrackError(LibraryError):
    """No track of the library has that title or number."""
