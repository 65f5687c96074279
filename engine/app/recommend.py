"""`antiphon recommend`: what to play next, and why."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.app.terminal import JsonOption, LibraryOption, clock, command, say, say_error, waiting

if TYPE_CHECKING:
    from engine.library import Library
    from recommend import Suggestion


@command
def recommend(
    tracks: Annotated[
        list[str] | None,
        typer.Argument(metavar="[TITLE_OR_ID]...", help="Tracks to go on from."),
    ] = None,
    like: Annotated[
        list[str] | None,
        typer.Option("--like", metavar="TITLE_OR_ID", help="Another one; may be given again."),
    ] = None,
    skip: Annotated[
        list[str] | None,
        typer.Option("--skip", metavar="TITLE_OR_ID", help="A track to stay away from."),
    ] = None,
    count: Annotated[int, typer.Option("--count", "-n", min=1, help="How many tracks.")] = 10,
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            metavar="NAME",
            show_default=False,
            help="What ranks; `antiphon models list` has them. By default the best there is.",
        ),
    ] = None,
    name: Annotated[
        str,
        typer.Option(
            "--name",
            metavar="TEXT",
            show_default=False,
            help="What a playlist of such tracks would be called; needs the model two-tower.",
        ),
    ] = "",
    library: LibraryOption = None,
    as_json: JsonOption = False,
) -> None:
    """Recommend tracks of the library, each with its reasons.

    What stands together in playlists counts, and what sounds alike. Without a track to go on
    from, those that most playlists hold come first.

    Example: antiphon recommend "Morning Mood" 12 -n 5

    Example: antiphon recommend --name "rainy sunday"
    """
    from engine.errors import LibraryError
    from engine.library import Library

    with waiting("opening the library"), Library.open(library, writable=False) as opened:
        likes = [opened.resolve(text).id for text in (*(tracks or ()), *(like or ()))]
        skips = [opened.resolve(text).id for text in skip or ()]
        if not likes and not name and not opened.playlists():
            raise LibraryError(
                "nothing to go on from: name a track, as in `antiphon recommend TITLE`, or add a"
                " playlist with `antiphon playlist add FILE`"
            )
        recommender = opened.taste.recommender(model, name)
        found = recommender.recommend(likes, n=count, skips=skips)
        answers = [describe(opened, suggestion, set(skips)) for suggestion in found]
        due = model is None and not name and opened.taste.is_due()
    for number, answer in enumerate(answers, 1):
        if as_json:
            say(json.dumps(answer))
        else:
            name = (
                f"{answer['artist']} - {answer['title']}" if answer["artist"] else answer["title"]
            )
            say(f"{number:2d}. {name}\n    {answer['words']}")
            if answer["moment"] is not None:
                say(f"    {answer['moment']['words']}")
    if not answers and not as_json:
        say("the library has no other tracks")
    if due:
        say_error("the playlists can teach a better model: `antiphon models train`, once")


def describe(library: Library, suggestion: Suggestion, skips: set[int]) -> dict[str, Any]:
    """Return a suggestion as JSON has it, with its reasons in words."""
    from engine.session import reason_in_words, words_of

    def title(track_id: int) -> str:
        return library.track(track_id).name

    track = library.track(suggestion.track_id)
    return {
        "track_id": track.id,
        "title": track.title,
        "artist": track.artist,
        "album": track.album,
        "path": str(track.path),
        "score": round(suggestion.score, 6),
        "words": reason_in_words(suggestion, title, skips),
        "reasons": [
            {
                "kind": reason.kind,
                "track_id": reason.track_id,
                "share": round(reason.share, 6),
                "words": words_of(reason, title, skips),
            }
            for reason in suggestion.reasons
        ],
        "moment": moment(library, suggestion, title),
    }


def moment(
    library: Library, suggestion: Suggestion, title: Callable[[int], str]
) -> dict[str, Any] | None:
    """Return where a suggestion sounds most like the track it owes most to by its sound.

    None where the sound is no reason, or no fragments were taken of the two.
    """
    from engine.library import hearing
    from recommend import fragments

    alike = [r for r in suggestion.reasons if r.kind in {"sound", "cold"} and r.share > 0]
    if not alike:
        return None
    liked = max(alike, key=lambda reason: reason.share).track_id
    own = library.heard.fragments(suggestion.track_id)
    found = fragments.alike(library.heard.fragments(liked), own)
    if found is None:
        return None
    network = hearing.network_weights()
    row = own[int(found.start_s / fragments.STEP_S)]
    tags = network.tags_of(row) if network is not None else []
    at, there = (clock(s).partition(".")[0] for s in (found.start_s, found.liked_start_s))
    return {
        "track_id": liked,
        "start_s": found.start_s,
        "liked_start_s": found.liked_start_s,
        "distance": round(found.distance, 4),
        "tags": tags,
        "words": f"at {at} it sounds like {title(liked)} at {there}"
        f" ({', '.join([*tags, f'distance {found.distance:.2f}'])})",
    }
