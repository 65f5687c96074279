"""The tunes that come with the program: scores that a musician can read, played as MIDI."""

from engine.tunes.player import TICKS, encode, load, names, perform, playlists, score, write

__all__ = ["TICKS", "encode", "load", "names", "perform", "playlists", "score", "write"]
