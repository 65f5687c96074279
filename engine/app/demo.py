"""antiphon demo: the whole idea on real audio, without hardware and without one's own music."""

from __future__ import annotations

import json
import shutil
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray

from engine.app.demo_library import (
    LEFT_OUT,
    SAMPLE_RATE,
    fill_library,
    progress_bar,
    render_tunes,
)
from engine.app.notes import as_record, clock, in_words
from engine.app.terminal import command

if TYPE_CHECKING:
    from rich.console import Console

    from engine.library import Library, Track
    from engine.listener import Heard

FIRST_TUNE = "greensleeves"
_BLOCK = 512
_NOISE_DB = 10.0  # below the music, after the room
_LIVE_S = 8.0
_CLIP_S = 5.0
_UNKNOWN_LIVE_S = 10.0


@dataclass(frozen=True)
class Outcome:
    """What one tune played through the room led to."""

    wanted: int | None
    answers: list[tuple[Heard, Track | None]]
    audio: NDArray[np.float32]
    listener_cpu: float
    worst_us: float

    @property
    def latest(self) -> tuple[Heard | None, Track | None]:
        """The last answer that named a track; the first of all where none did.

        The place of the first answer may be another repeat of the same bars.
        """
        known = [answer for answer in self.answers if answer[1] is not None]
        return known[-1] if known else self.answers[0] if self.answers else (None, None)

    @property
    def right(self) -> bool:
        """Whether the tune that was played was named, and no other; 'unknown' where it is."""
        named = {heard.track_id for heard, _ in self.answers if heard.track_id is not None}
        if self.wanted is None:
            return not named and bool(self.answers)
        return named == {self.wanted}


@command
def demo(
    out: Annotated[Path, typer.Option(help="Folder for the results.")] = Path("demo-output"),
    music: Annotated[
        Path | None, typer.Option(help="Folder of your own music instead of our tunes.")
    ] = None,
) -> None:
    """Show the whole idea, without a sound device or music of yours.

    Renders a library of tunes, plays one into a noisy room, hears what it is, and queues what
    comes next.

    Example: antiphon demo --music ~/Music
    """
    from rich.console import Console

    from engine.library import Library

    console = Console(highlight=False, soft_wrap=True)
    out.mkdir(parents=True, exist_ok=True)
    tunes = render_tunes(console, out / "tunes")
    if music is None:
        shutil.rmtree(out / "library", ignore_errors=True)  # a demo starts from nothing
    with Library.open(out / ("library" if music is None else "library-of-your-music")) as library:
        fill_library(console, library, tunes, music)
        result = _Demo(console, library, tunes, out, own_music=music is not None).run()
    _report(console, out, result)


class _Demo:
    """The main job: play, hear, queue."""

    def __init__(
        self,
        console: Console,
        library: Library,
        tunes: dict[str, Path],
        out: Path,
        own_music: bool,
    ) -> None:
        self._console = console
        self._library = library
        self._tunes = tunes
        self._out = out
        self._own_music = own_music

    def run(self) -> dict[str, Any]:
        """Do it all; return what there is to report."""
        from engine.io import audiofile

        tracks = self._library.tracks()
        chosen = tracks[len(tracks) // 2]
        if not self._own_music:
            chosen = self._library.find(self._tunes[FIRST_TUNE]) or chosen
        every = self._clips(tracks)
        # an intro may be softer than the noise of the room: one's own music starts in its middle
        start = chosen.duration_s / 2 if self._own_music else 8.0
        live = self._live(chosen.id, chosen.path, chosen.name, start, _LIVE_S)
        queue = self._queue(live.latest[0])
        unknown_path = self._tunes[LEFT_OUT]
        name = "a tune that is not in the library"
        unknown = self._live(None, unknown_path, name, 4.0, _UNKNOWN_LIVE_S)
        picture = self._picture(live)
        audiofile.write(self._out / "heard.wav", live.audio, SAMPLE_RATE)
        return {
            "played": {"track_id": chosen.id, "name": chosen.name, "from_s": start},
            "heard": _record(live),
            "right": live.right,
            "position_error_s": _position_error(live, start),
            "left_out": {
                "heard": _record(unknown),
                "right": unknown.right,
            },
            "every_track": every,
            "queue": queue,
            "listener_cpu_share": round(live.listener_cpu, 4),
            "worst_callback_us": round(live.worst_us, 1),
            "files": {
                "heard": str(self._out / "heard.wav"),
                "picture": str(picture) if picture else None,
            },
        }

    def _clips(self, tracks: list[Track]) -> dict[str, Any]:
        """Ask for a few noisy seconds of every track: how many are named, and rightly."""
        from engine.io import audiofile

        rng = np.random.default_rng(5)
        some = tracks if len(tracks) <= 50 else [tracks[i] for i in rng.choice(len(tracks), 50)]
        index = self._library.index
        right = wrong = 0
        with progress_bar(self._console) as progress:
            job = progress.add_task("asking for noisy clips", total=len(some))
            for track in some:
                audio, rate = audiofile.read(track.path, mono=True)
                clip = _noisy_clip(audio.reshape(-1), rate, rng)
                matches = [m for m in index.identify(clip, rate) if m.known]
                named = matches[0].track_id if matches else None
                right += named == track.id
                wrong += named not in (None, track.id)
                progress.advance(job)
        self._console.print(
            f"clips of {_CLIP_S:.0f} s, in a room, noise {_NOISE_DB:.0f} dB below: "
            f"{right} of {len(some)} tracks named rightly, {wrong} wrongly"
        )
        return {"clips": len(some), "right": right, "wrong": wrong}

    def _live(
        self, track_id: int | None, path: Path, name: str, start_s: float, seconds: float
    ) -> Outcome:
        """Play a file through the native callback into a simulated room, and listen to it live."""
        from engine.decks import Cue, Decks
        from engine.io import audiofile
        from engine.io.device import NullStream
        from engine.listener import Listener
        from engine.room import SimulatedRoom
        from engine.synth import Synth

        audio, _ = audiofile.read(path, SAMPLE_RATE, mono=True)
        level = float(np.sqrt(np.mean(np.square(audio))))
        self._console.print(
            f"\nplaying [bold]{_plain(name)}[/bold] from {clock(start_s)} into a simulated room, "
            f"noise {_NOISE_DB:.0f} dB below"
        )
        synth = Synth(sample_rate=SAMPLE_RATE)
        room = SimulatedRoom(SAMPLE_RATE, _BLOCK, level * 10 ** (-_NOISE_DB / 20))
        answers: list[tuple[Heard, Track | None]] = []
        tracks = {track.id: track for track in self._library.tracks()}

        def tell(heard: Heard) -> None:
            track = tracks.get(heard.track_id) if heard.track_id is not None else None
            answers.append((heard, track))
            self._console.print(f"  heard: {in_words(heard, track)}", markup=False)

        speaker = self._speaker(path, start_s)
        decks = Decks(synth.state, SAMPLE_RATE)
        decks.play(Cue(track_id if track_id is not None else -1, path, start_s))
        decks.wait_until_ready()
        stream = NullStream(synth, _BLOCK, room)
        listener = Listener(synth.state, self._library.index, SAMPLE_RATE, tell)
        try:
            time.sleep(seconds)
        finally:
            listener.close()
            decks.close()
            worst = stream.report().worst_us
            stream.close()
            if speaker is not None:
                speaker()
        share = listener.cpu_s / seconds
        return Outcome(track_id, answers, listener.recent(), share, worst)

    def _queue(self, heard: Heard | None) -> list[dict[str, Any]]:
        """Print and return what to play after what was heard."""
        from engine.session import reason_in_words

        tracks = {track.id: track for track in self._library.tracks()}
        seeds = [heard.track_id] if heard is not None and heard.track_id is not None else []
        found = self._library.recommender().recommend(seeds, n=5)
        self._console.print("  next:")
        queue = []
        for place, one in enumerate(found, 1):
            why = reason_in_words(one, lambda track_id: tracks[track_id].name)
            name = tracks[one.track_id].name
            self._console.print(f"    {place}  {name}  ({why})", markup=False)
            queue.append(
                {
                    "track_id": one.track_id,
                    "name": name,
                    "score": round(one.score, 4),
                    "reason": why,
                }
            )
        return queue

    def _speaker(self, path: Path, start_s: float) -> Any:
        """Let the tune be heard as well where there is a sound device."""
        from engine.decks import Cue, Decks
        from engine.errors import DeviceError
        from engine.io.device import open_stream
        from engine.synth import Synth

        try:
            synth = Synth(sample_rate=SAMPLE_RATE)
            stream = open_stream(synth, block=1024, latency="high")
        except DeviceError as error:
            self._console.print(f"  (not heard: {error})", markup=False)
            return None
        decks = Decks(synth.state, SAMPLE_RATE)
        decks.play(Cue(0, path, start_s))

        def end() -> None:
            decks.close()
            stream.close()

        return end

    def _picture(self, outcome: Outcome) -> Path | None:
        from engine.app.picture import draw_evidence

        track = outcome.latest[1]
        if track is None:
            return None
        index = self._library.index
        clip = outcome.audio[-round(_CLIP_S * SAMPLE_RATE) :]
        matches = [m for m in index.identify(clip, SAMPLE_RATE) if m.track_id == outcome.wanted]
        if not matches:
            return None
        path = self._out / "matched-peaks.png"
        evidence = index.explain(clip, SAMPLE_RATE, matches[0])
        draw_evidence(evidence, f"{track.name}, heard in a noisy room", path)
        return path


def _noisy_clip(
    audio: NDArray[np.float32], sample_rate: int, rng: np.random.Generator
) -> NDArray[np.float32]:
    from engine.room import SimulatedRoom

    frames = round(_CLIP_S * sample_rate)
    start = int(rng.integers(0, max(1, len(audio) - 2 * frames)))
    part = audio[start : start + frames]
    level = float(np.sqrt(np.mean(np.square(part)))) * 10 ** (-_NOISE_DB / 20)
    room = SimulatedRoom(sample_rate, len(part), level, seed=int(rng.integers(1 << 30)))
    return room(np.column_stack([part, part]))


def _record(outcome: Outcome) -> dict[str, object] | None:
    heard, track = outcome.latest
    return None if heard is None else as_record(heard, track, SAMPLE_RATE)


def _position_error(outcome: Outcome, start_s: float) -> float | None:
    """Return how far the announced position is from where the deck was; None if not named.

    The sound reaches the listener one block and two metres after it was made.
    """
    heard, _ = outcome.latest
    if heard is None or heard.position_s is None:
        return None
    return round(heard.position_s - (start_s + heard.frame / SAMPLE_RATE), 3)


def _plain(text: str) -> str:
    return text.replace("[", r"\[")


def _report(console: Console, out: Path, result: dict[str, Any]) -> None:
    path = out / "demo.json"
    result["files"]["result"] = str(path)
    path.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    console.print("\nleft behind:")
    for what, name in result["files"].items():
        if name:
            console.print(f"  {name}  ({what})", markup=False)
    whole = result["right"] and result["left_out"]["right"]
    if not whole:
        print("antiphon: the demo did not name what it played", file=sys.stderr)
        raise typer.Exit(1)
