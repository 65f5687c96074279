"""How well tags are told: by tag, and by how many of a song's tags are wrong."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import rankdata

Floats = NDArray[np.float64]

_EDGE = 1e-7  # no answer is surer than this


@dataclass(frozen=True)
class TagScores:
    """Measures over songs that a tagger was not trained on.

    Attributes
    ----------
    roc_auc, pr_auc : ndarray of float64, shape (tags,)
        Area under the ROC curve, and average precision, of each tag; NaN for a tag that none or
        all of the songs have.
    bce : float
        Mean binary cross-entropy, natural logarithm.
    hamming : float
        Part of all (song, tag) pairs that is right at 0.5.
    exact : float
        Part of the songs with every tag right.
    wrong : ndarray of int64, shape (tags + 1,)
        How many songs have 0, 1, ... wrong tags.
    """

    roc_auc: Floats
    pr_auc: Floats
    bce: float
    hamming: float
    exact: float
    wrong: NDArray[np.int64]


def score(truth: ArrayLike, told: ArrayLike) -> TagScores:
    """Return the measures of answers.

    Parameters
    ----------
    truth : array_like of bool, shape (songs, tags)
    told : array_like of float, shape (songs, tags)
        How likely, 0..1.

    Examples
    --------
    >>> score([[1, 0], [0, 1]], [[0.9, 0.2], [0.3, 0.4]]).hamming
    0.75
    """
    true, likely = np.asarray(truth, dtype=bool), np.asarray(told, dtype=np.float64)
    if true.ndim != 2 or true.shape != likely.shape or not true.size:
        raise ValueError(f"truth and told must have one shape (songs, tags), got {true.shape}")
    if not ((likely >= 0) & (likely <= 1)).all():
        raise ValueError("told must be probabilities, 0 to 1")
    kept = np.clip(likely, _EDGE, 1 - _EDGE)
    wrong = ((likely >= 0.5) != true).sum(axis=1)
    return TagScores(
        np.array([_roc_auc(t, p) for t, p in zip(true.T, likely.T, strict=True)]),
        np.array([_pr_auc(t, p) for t, p in zip(true.T, likely.T, strict=True)]),
        float(-np.where(true, np.log(kept), np.log1p(-kept)).mean()),
        float(1 - wrong.sum() / true.size),
        float((wrong == 0).mean()),
        np.bincount(wrong, minlength=true.shape[1] + 1),
    )


def _roc_auc(true: NDArray[np.bool_], told: Floats) -> float:
    """Return the chance that a song with the tag is told likelier than one without it."""
    have = int(true.sum())
    lack = len(true) - have
    if not have or not lack:
        return float("nan")
    ranks = rankdata(told)  # ties share their rank
    return float((ranks[true].sum() - have * (have + 1) / 2) / (have * lack))


def _pr_auc(true: NDArray[np.bool_], told: Floats) -> float:
    """Return the average precision; songs told equally likely come in one step."""
    if not true.any() or true.all():
        return float("nan")
    order = np.argsort(-told, kind="stable")
    ends = np.flatnonzero(np.diff(told[order], append=np.nan) != 0)  # last of each step
    hits = np.cumsum(true[order])[ends]
    return float((np.diff(hits, prepend=0) * hits / (ends + 1)).sum() / true.sum())
