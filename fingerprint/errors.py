"""States of the world that a caller of this package may want to catch."""

from __future__ import annotations


class FormatError(Exception):
    """An index that cannot be read: another version, other settings, or damaged."""


class OtherVersionError(FormatError):
    """An index of another version or other settings, in which nothing need be damaged."""
