"""States of the world that a caller may want to catch."""

from __future__ import annotations


class NotFittedError(RuntimeError):
    """A model was asked before it was fitted or loaded."""


class FormatError(ValueError):
    """A file is damaged, foreign, or of another version or embedding."""


class MissingExtraError(RuntimeError):
    """A model needs a package that is installed only when asked for."""
