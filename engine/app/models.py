"""`antiphon models` and `antiphon models add NAME`: networks whose weights are fetched."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from engine.app.terminal import JsonOption, command, say, say_error, waiting
from engine.app.train_tagger import train_tagger

app = typer.Typer(
    name="models",
    invoke_without_command=True,
    help="Networks that hear more in the music; their weights are fetched when asked for.",
)


@app.callback()
def models(context: typer.Context) -> None:
    """List the networks, unless a command follows."""
    if context.invoked_subcommand is None:
        list_models()


@app.command("list")
@command
def list_models(as_json: JsonOption = False) -> None:
    """List the networks that can be added, and those that are there.

    Example: antiphon models list --json
    """
    from engine.library import hearing

    path = hearing.weights_path()
    there = hearing.network_weights() is not None
    used = hearing.network() is not None
    if as_json:
        answer = {"name": "musicnn", "there": there, "in_use": used, "path": str(path)}
        say(json.dumps(answer))
        return
    state = "in use" if used else "there, without torch" if there else "not there"
    say(f"musicnn  {state}  tells how tracks sound; 3 MB, ISC licence, {path}")
    if (note := hearing.note()) is not None:
        say(note)


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
