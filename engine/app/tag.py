"""`antiphon models tag TAGGER FILE...`: what a tagger of one's own says of music."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from engine.app.terminal import PARTLY, JsonOption, command, quiet_decoders, say, say_error

_LIKELY = 0.5  # as the scores after a training count it


@command
def tag(
    tagger: Annotated[
        Path, typer.Argument(metavar="TAGGER", help="What train-tagger has written.")
    ],
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Sound files.")],
    as_json: JsonOption = False,
) -> None:
    """Tell the tags of sound files by a tagger that was trained on your own.

    Those that are likelier than not, likeliest first; with --json all of them.

    Example: antiphon models tag tagger.model ~/Music/new.flac
    """
    from engine.errors import ModelError
    from engine.library import tagged
    from recommend import FormatError, MissingExtraError

    try:
        from recommend.neural.tagger import Tagger

        network = Tagger.load(tagger)
    except (FormatError, MissingExtraError) as error:
        raise ModelError(str(error)) from None
    except OSError as error:
        raise ModelError(f"{tagger} cannot be read ({error.strerror})") from None
    failed: list[str] = []
    songs = tagged.hear(
        [tagged.Tagged(path, frozenset()) for path in files],
        [],
        lambda path, why: failed.append(f"{path}: {why}"),
    )
    for path in files:
        with quiet_decoders():
            song = next(songs)
        if song is None:
            say_error(failed[-1])
            continue
        told = zip(network.tags, network.predict(song.fragments).tolist(), strict=True)
        likely = dict(sorted(told, key=lambda pair: -pair[1]))
        if as_json:
            rounded = {name: round(value, 4) for name, value in likely.items()}
            say(json.dumps({"path": str(path), "tags": rounded}))
        else:
            named = [f"{name} {v:.0%}" for name, v in likely.items() if v >= _LIKELY]
            say(f"{path.name}  {', '.join(named) or 'none of its tags'}")
    if failed:
        raise typer.Exit(PARTLY if len(failed) < len(files) else 1)
