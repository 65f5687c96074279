"""antiphon patches: which sounds there are, and how they sound."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.app.terminal import JsonOption, bar, command, spare_music

if TYPE_CHECKING:
    from engine.patch import Patch

_RATE = 48_000


def describe(patch: Patch) -> str:
    """Return in a line what a patch is made of.

    Examples
    --------
    >>> from engine.parts import Follow
    >>> from engine.patch import Patch
    >>> describe(Patch())
    'saw, low-pass 12 dB'
    >>> describe(Patch(follow=Follow(beat=False)))
    'saw, low-pass 12 dB, own beat'
    """
    if patch.drums:
        return f"{len({drum.name for drum in patch.drums.values()})} drums"
    waves = [one.wave for one in patch.oscillators if one.level > 0]
    parts = [" + ".join(waves + ["noise"] * (patch.noise > 0)) or "silence"]
    if patch.unison.voices > 1:
        parts.append(f"{patch.unison.voices} x unison")
    parts.append(f"{patch.filter.mode}-pass {patch.filter.slope} dB".replace("notch-pass", "notch"))
    if patch.filter.drive:
        parts.append("drive")
    if patch.playing != "poly":
        parts.append(patch.playing)
    if patch.glide:
        parts.append("glide")
    if patch.matrix:
        parts.append(f"{len(patch.matrix)} routes")
    if patch.arpeggio.mode != "off":
        parts.append(f"arpeggio {patch.arpeggio.mode} {patch.arpeggio.rate}")
    sends = {
        "chorus": patch.chorus.send,
        "delay": patch.delay.send,
        "reverb": patch.reverb.send,
    }
    parts += [name for name, send in sends.items() if send > 0]
    parts += [f"own {name}" for name, room in vars(patch.follow).items() if not room]
    return ", ".join(parts)


def _chosen(name: str | None, tag: str | None) -> dict[str, Patch]:
    from engine.errors import PatchError
    from engine.patch import builtin_patches, find_patch, user_patches

    if name is not None:
        return {name: find_patch(name)}
    patches = {**builtin_patches(), **user_patches()}
    found = {key: one for key, one in sorted(patches.items()) if tag is None or tag in one.tags}
    if not found:
        tags = sorted({word for one in patches.values() for word in one.tags})
        raise PatchError(f"no patch is tagged {tag!r}; there are {', '.join(tags)}")
    return found


def _list(patches: dict[str, Patch], as_json: bool) -> None:
    from rich.console import Console
    from rich.table import Table

    if as_json:
        for patch in patches.values():
            line = {"name": patch.name, "tags": patch.tags, "parts": describe(patch)}
            typer.echo(json.dumps(line, ensure_ascii=False))
        return
    table = Table("patch", "tags", "made of", box=None)
    for patch in patches.values():
        table.add_row(patch.name, " ".join(patch.tags), describe(patch))
    Console().print(table, markup=False)


def _render(patch: Patch, sound: Path | None, picture: Path | None) -> None:
    from engine.app.spectrum_picture import draw_sound
    from engine.audition import audition
    from engine.io import audiofile

    audio = audition(patch, _RATE)
    if sound is not None:
        audiofile.write(sound, audio, _RATE, title=patch.name)
    if picture is not None:
        draw_sound(audio, _RATE, f"{patch.name}: {describe(patch)}", picture)


@command
def patches(
    name: Annotated[str | None, typer.Argument(help="One patch; a name or a .json file.")] = None,
    tag: Annotated[str | None, typer.Option(help="Only patches with this tag.")] = None,
    audition: Annotated[
        Path | None, typer.Option(metavar="WAV", help="Render a phrase with NAME to this file.")
    ] = None,
    picture: Annotated[
        Path | None, typer.Option(metavar="PNG", help="Draw the spectrum of that phrase.")
    ] = None,
    audition_all: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Both, for every patch, into this folder.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List the sounds there are, or render a phrase with them to hear and to see.

    Example: antiphon patches --tag bass

    Example: antiphon patches warm-pad --audition warm-pad.wav --picture warm-pad.png
    """
    if name is None and (audition or picture):
        raise typer.BadParameter("name the patch to audition, or use --audition-all DIR")
    spare_music(picture, "--picture")
    chosen = _chosen(name, tag)
    if audition_all is not None:
        audition_all.mkdir(parents=True, exist_ok=True)
        with bar() as progress:
            job = progress.add_task("rendering", total=len(chosen), now="")
            for key, patch in chosen.items():
                progress.update(job, now=key)
                stem = Path(key).stem
                _render(patch, audition_all / f"{stem}.wav", audition_all / f"{stem}.png")
                progress.advance(job)
        typer.echo(f"{audition_all}: {len(chosen)} sounds and their pictures")
    elif audition is not None or picture is not None:
        (patch,) = chosen.values()
        _render(patch, audition, picture)
        typer.echo(", ".join(str(path) for path in (audition, picture) if path is not None))
    else:
        _list(chosen, as_json)
