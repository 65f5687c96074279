"""Variants of a recording, made by ffmpeg: what a collection holds twice without looking it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

RATE = 44_100
_SEMITONE = 2 ** (1 / 12)


@dataclass(frozen=True)
class Variant:
    """How ffmpeg makes it, and the relation to the original that is the right answer."""

    relation: str
    filters: str
    arguments: tuple[str, ...] = ("-c:a", "flac")
    suffix: str = ".flac"


VARIANTS = {
    "mp3_128": Variant("copy", "", ("-c:a", "libmp3lame", "-b:a", "128k"), ".mp3"),
    "mp3_48": Variant("same", "", ("-c:a", "libmp3lame", "-b:a", "48k"), ".mp3"),
    "opus_32": Variant("same", "", ("-c:a", "libopus", "-b:a", "32k"), ".opus"),
    "level": Variant("copy", "volume=-12dB"),
    "remaster": Variant(
        "same",
        "bass=g=4:f=120,treble=g=3:f=6000,acompressor=threshold=-18dB:ratio=4:makeup=4,alimiter",
    ),
    "excerpt": Variant("excerpt", "atrim=start=31.7:end=71.7,asetpts=N/SR/TB"),
    "edit": Variant("edit", "aselect='not(between(t,30,55))',asetpts=N/SR/TB"),
    "speed2": Variant("speed", f"asetrate={round(1.02 * RATE)},aresample={RATE}"),
    "speed-4": Variant("speed", f"asetrate={round(RATE / 1.0427)},aresample={RATE}"),
    "pitch1": Variant("speed", f"rubberband=pitch={_SEMITONE:.6f}"),
    "tempo3": Variant("speed", "rubberband=tempo=1.03"),
}


def make(source: Path, variant: Variant, target: Path) -> None:
    """Write a variant of a file, mono at 44.1 kHz like all the others."""
    filters = ",".join(part for part in (f"aresample={RATE}", variant.filters) if part)
    command = ["ffmpeg", "-v", "error", "-y", "-i", str(source), "-ac", "1", "-af", filters]
    subprocess.run([*command, *variant.arguments, str(target)], check=True)


def need_ffmpeg() -> None:
    """End the program in one line where there is no ffmpeg."""
    if shutil.which("ffmpeg") is None:
        sys.exit("there is no ffmpeg here; Debian: `apt-get install ffmpeg`")
