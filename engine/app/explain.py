"""`antiphon explain CLIP TRACK`: why a clip is, or is not, taken for a track."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.app import identify
from engine.app.terminal import (
    JsonOption,
    LibraryOption,
    clock,
    command,
    counted,
    quiet_decoders,
    say,
    spare_music,
    sure,
    tell_stale,
    waiting,
)

if TYPE_CHECKING:
    from engine.library import Library, Track
    from fingerprint.explain import Explanation


@command
def explain(
    clip: Annotated[Path, typer.Argument(metavar="CLIP", help="An audio file.")],
    track: Annotated[str, typer.Argument(metavar="TRACK", help="Title, path or number.")],
    library: LibraryOption = None,
    as_json: JsonOption = False,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="PNG", show_default=False, help="The picture; by default CLIP-TRACK.png here."
        ),
    ] = None,
) -> None:
    """Show why a clip is taken for a track, or why not: a picture, and the reasons in words.

    The picture lays the track's peaks over the clip's spectrogram and shows for which place in
    the track the landmarks speak. Of a long clip, those ten seconds of the first minute are
    taken that speak most for the track.

    Example: antiphon explain clip.wav "Morning Mood"
    """
    from engine.app.picture import draw_explanation
    from engine.errors import LibraryError
    from engine.library import Library

    spare_music(out, "--out", clip)
    with waiting("opening the library"):
        opened = Library.open(library, create=False, writable=False)
    with opened:
        tell_stale(opened)
        meant = opened.resolve(track)
        if meant.id not in opened.index:
            raise LibraryError(f"{meant.name} is not in the index; run `antiphon add` again")
        with waiting("comparing"):
            found = best(opened, clip, meant.id)
        answer = describe(opened, clip, meant, found)
        if found is not None:
            path = out or Path(f"{clip.stem}-{meant.id}.png")
            draw_explanation(found[1], f"{clip.name}  ·  {meant.name}", path)
            answer["picture"] = str(path)
    say(json.dumps(answer) if as_json else "\n".join(in_words(answer)))


def best(library: Library, clip: Path, track_id: int) -> tuple[float, Explanation] | None:
    """Return which second of the clip speaks most for the track, and its explanation.

    Raises
    ------
    AudioFileError
    """
    from engine.library.piece import sound_of
    from fingerprint import explain as why

    sound = sound_of(library)
    found: tuple[float, Explanation] | None = None
    for number, (audio, sample_rate) in enumerate(identify.pieces(clip)):
        with quiet_decoders():
            told = why.explain(library.index, audio, sample_rate, track_id, sound)
        if told is not None and (found is None or told.score > found[1].score):
            found = number * identify.PIECE_S, told
    return found


def describe(
    library: Library, clip: Path, track: Track, found: tuple[float, Explanation] | None
) -> dict[str, Any]:
    """Return the explanation as JSON has it; all numbers are null where nothing is in common."""
    numbers = (
        "shared", "by_chance", "explained", "votes", "next_votes", "score", "strength", "needed",
    )  # fmt: skip
    about = (
        "clip_s", "offset_s", "speed", "pitch_cents", "confidence", "standing", "rival",
        "rival_score",
    )  # fmt: skip
    answer: dict[str, Any] = {"clip": str(clip), "track_id": track.id, "track": track.name}
    answer |= {"known": False, "picture": None} | dict.fromkeys((*about, *numbers))
    if found is None:
        return answer
    at, told = found
    match = told.match
    answer |= {"known": match.known, "clip_s": at}
    for key in ("offset_s", "speed", "pitch_cents", "confidence"):
        answer[key] = round(float(getattr(match, key)), 4)
    answer |= {key: round(getattr(told, key), 4) for key in numbers}
    answer["standing"] = None if told.standing is None else round(told.standing, 4)
    if told.rival is not None:
        answer |= {"rival": library.track(told.rival).name}
        answer |= {"rival_score": round(told.rival_score, 4)}
    return answer


def in_words(answer: dict[str, Any]) -> list[str]:
    """Return what `describe` gives as lines for people: the verdict, then the reasons."""
    name = answer["track"]
    if answer["score"] is None:
        return [
            f"{answer['clip']}: not {name}",
            "  not one alignment was found: too short, silent, or nothing in common",
        ]
    place = clock(answer["offset_s"])
    speak = "speaks" if answer["votes"] == 1 else "speak"
    if answer["known"]:
        verdict = f"{answer['clip']}: {name}, from {place}, {sure(answer['confidence'])}"
    else:
        verdict = f"{answer['clip']}: not {name}, or not surely"
    lines = [
        verdict,
        f"  {counted(answer['votes'], 'pair')} of peaks {speak} for {place}"
        f" of the track, {answer['next_votes']} for the next best place",
        f"  of the track's peaks there, {answer['shared']:.0%} are peaks of the clip;"
        f" {answer['by_chance']:.0%} would be by chance",
        f"  of the clip's own peaks, the track has {answer['explained']:.0%}",
    ]
    changed = abs(answer["speed"] - 1.0) >= 0.005 or abs(answer["pitch_cents"]) >= 25
    if answer["standing"] and not changed:  # places are compared as recorded alone
        lines.append(
            f"  the place agrees with the clip by {answer['standing']:.1f} standard deviations more"
            " than others of the track; up to 5 is chance"
        )
    if changed:
        lines.append(
            f"  taken to play at {100 * answer['speed']:.1f} % of its tempo,"
            f" {answer['pitch_cents']:+.0f} cents"
        )
    if answer["rival"] is not None:
        lines.append(
            f"  evidence {answer['score']:.1f}; the best other track, {answer['rival']},"
            f" has {answer['rival_score']:.1f}"
        )
    lines.append(
        f"  with its lead that makes {answer['strength']:.1f};"
        f" a track is named from {answer['needed']:.1f} on"
    )
    if not answer["known"]:
        lines.append(f"  so: {_why_not(answer)}")
    if answer["picture"] is not None:
        lines.append(f"  picture: {answer['picture']}")
    return lines


def _why_not(answer: dict[str, Any]) -> str:
    if answer["rival"] is not None and answer["rival_score"] > answer["score"]:
        if answer["rival_score"] >= answer["needed"]:
            return f"{answer['rival']} explains the clip better"
        return "too little evidence, for any track"
    if answer["shared"] < 1.5 * answer["by_chance"]:
        return "the clip has hardly more of the track's peaks than chance would have it"
    return "too little evidence: a longer or less noisy clip would tell"
