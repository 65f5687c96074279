"""The library: tracks, their files and playlists, and what was learnt from the sound."""

from engine.library.library import Found, Library, Playlist, Track, Traits, default_directory

__all__ = ["Found", "Library", "Playlist", "Track", "Traits", "default_directory"]
