"""Why a track is suggested, in words."""

from __future__ import annotations

from collections.abc import Callable, Collection

from recommend import Reason, Suggestion

_LEAST_SHARE = 0.01  # of all that speaks for a track: what weighs less is not worth a word
_VERBS = {
    "playlists": "shares playlists with",
    "sound": "sounds like",
    "cold": "goes by its sound and artist with",
    "artist": "is by the artist of",
    "artists": "is by an artist who shares playlists with that of",
}


def reason_in_words(
    suggestion: Suggestion, title: Callable[[int], str], skips: Collection[int] = ()
) -> str:
    """Say why a track is suggested, what weighs most first.

    Parameters
    ----------
    suggestion : Suggestion
    title : callable
        Names a track.
    skips : collection of int
        Tracks that were skipped: to be unlike them speaks for another.
    """
    words = list(
        dict.fromkeys(words_of(reason, title, skips) for reason, _ in shares_of(suggestion))
    )
    if len(words) < 2:
        return words[0] if words else "is left to hear"
    return f"above all {words[0]}; also {'; '.join(words[1:])}"


def shares_of(suggestion: Suggestion) -> list[tuple[Reason, float]]:
    """Return what speaks for a track, strongest first, each with its share (0..1) of the whole."""
    in_favour = sum(max(reason.share, 0.0) for reason in suggestion.reasons)
    return [
        (reason, reason.share / in_favour)
        for reason in sorted(suggestion.reasons, key=lambda reason: -reason.share)
        if reason.share > 0 and reason.share >= _LEAST_SHARE * in_favour
    ]


def words_of(reason: Reason, title: Callable[[int], str], skips: Collection[int] = ()) -> str:
    """Return one reason in words; parameters as of `reason_in_words`."""
    if reason.kind == "popular":
        return "stands in many playlists" if reason.share > 0 else "is left to hear"
    if reason.kind == "name":
        return "goes with the name" if reason.share > 0 else "although it hardly goes with the name"
    name = title(reason.track_id)
    if reason.track_id in skips and reason.share > 0:
        return f"is unlike {name}"
    words = f"{_VERBS.get(reason.kind, reason.kind)} {name}"
    if reason.share > 0:
        return words
    return f"although it {words}" if reason.track_id in skips else f"although it hardly {words}"
