"""Errors of stored analyses."""

from __future__ import annotations


class FormatError(Exception):
    """A stored analysis is damaged or of another version; it can be made again from the music."""
