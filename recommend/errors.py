"""States of the world that a caller may want to catch."""

from __future__ import annotations


class NotFittedError(RuntimeError):
    """A model was asked before it was fitted or loaded."""


class FormatError(ValueError):
    """A file is damaged, foreign, or of another version or embedding."""


class MissingExtraError(ImportError):
    """A package is missing that only some of the program needs; the message says which."""
