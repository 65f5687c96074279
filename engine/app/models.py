"""`antiphon models`: what is learnt from playlists, and networks whose weights are fetched."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.app.tag import tag
from engine.app.terminal import JsonOption, LibraryOption, command, say, say_error, waiting
from engine.app.train_tagger import train_tagger

if TYPE_CHECKING:
    from engine.library.taste import State

app = typer.Typer(
    name="models",
    invoke_without_command=True,
    help="What is learnt from playlists, and networks that hear more in the music.",
)


@app.callback()
def models(context: typer.Context) -> None:
    """List the models, unless a command follows."""
    if context.invoked_subcommand is None:
        list_models()


@app.command("list")
@command
def list_models(library: LibraryOption = None, as_json: JsonOption = False) -> None:
    """List the networks that can be added, and the models of the library.

    Example: antiphon models list --json
    """
    from engine.errors import NoLibraryError
    from engine.library import Library, hearing

    path = hearing.weights_path()
    there = hearing.network_weights() is not None
    used = hearing.network() is not None
    try:
        with Library.open(library, create=False, writable=False) as opened:
            states = opened.taste.states()
    except NoLibraryError:
        states = []
    if as_json:
        answer = {"name": "musicnn", "there": there, "in_use": used, "path": str(path)}
        say(json.dumps(answer))
        for one in states:
            answer = {"name": one.name, "there": one.trained, "in_use": one.serving}
            say(json.dumps({**answer, "stale": one.stale}))
        return
    state = "in use" if used else "there, without torch" if there else "not there"
    say(f"musicnn  {state}  tells how tracks sound; 3 MB, ISC licence, {path}")
    for one in states:
        say(f"{one.name}  {_in_words(one)}  {one.about}")
    if (note := hearing.note()) is not None:
        say(note)


def _in_words(state: State) -> str:
    if not state.trained:
        return "no playlists" if state.name == "wrmf" else "not trained"
    words = "in use" if state.serving else "there"
    return f"{words}, older than the playlists" if state.stale else words


@app.command()
@command
def train(
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="`models list` has them.")] = (
        "default"
    ),
    library: LibraryOption = None,
) -> None:
    """Train a model on the playlists of the library.

    What is there serves until the new model is whole. An interrupted training goes on where it was
    when the same command is given again.

    Example: antiphon models train two-tower
    """
    from engine.library import Library

    with Library.open(library, create=False, writable=False) as opened:
        learnt = opened.taste.train(name)
    if learnt is None:
        say(f"{name} is up to date")
    else:
        lists, tracks = (
            f"{count} {what}{'' if count == 1 else 's'}"
            for count, what in zip(learnt, ("playlist", "track"), strict=True)
        )
        say(f"{name} learnt from {lists} of {tracks}")


@app.command()
@command
def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="musicnn")],
    file: Annotated[
        Path | None,
        typer.Option(
            "--file",
            metavar="WHEEL",
            show_default=False,
            help="The published wheel, for a machine without a network.",
        ),
    ] = None,
) -> None:
    """Fetch the weights of a network: musicnn, 29 MB, of which 3 are kept.

    They lie in a published package that cannot be installed any more; pip brings it, its checksum
    is verified, and nothing of it is run. The weights are under the ISC licence; the music they
    were trained on (the Million Song Dataset, with tags of Last.fm) is not free.

    Example: antiphon models add musicnn
    """
    from engine.errors import ModelError
    from engine.library import hearing

    if name != "musicnn":
        raise ModelError(f"NAME must be musicnn, got {name!r}")
    with waiting("fetching MusiCNN"):
        path = hearing.add_musicnn(file)
    say(f"MusiCNN is in {path}")
    if (note := hearing.note()) is not None:
        say_error(note)
    else:
        say("next: `antiphon library refresh` lets it hear the tracks of the library")


app.command("train-tagger")(train_tagger)
app.command("tag")(tag)
