"""A whole evening of `Session`, faster than it passes: what goes wrong in eight hours.

    python -m evals.evening LIBRARY_DIR FOREIGN_DIR [--hours 8] [--seed 0] [--block 128]
        [--json OUT]

LIBRARY_DIR is a library of Antiphon, FOREIGN_DIR a folder of other music. An evening is played
to a session, scene after scene: a track of the library in the room, from a random second on, with
noise 5 to 20 dB below it; music that nobody knows; noise; silence; and our own decks playing the
queue, heard back by the microphone. All the time a hand plays chords on the synthesizer, likes and
skips. Sound goes through the native callback block by block, without a device's pace; listener and
decks run in their own threads, and the room waits for them.

Prints what was named wrongly or late, what was missed, whether our own music was taken for the
room's, how empty the queue was, what the callback cost, and how memory grew.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import time
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray
from scipy.signal import fftconvolve

from engine.io.device import HandStream
from engine.library import Library, Track
from engine.listener import Heard
from engine.room import impulse_response, pink_noise
from engine.rt.state import MIC_FRAMES
from engine.session import Session
from engine.synth import Synth
from evals.corpus import collect

Audio = NDArray[np.float32]

RATE = 48_000
KINDS = {"known": 0.5, "foreign": 0.15, "noise": 0.08, "silence": 0.07, "ours": 0.2}
LONGEST_S = {"known": 150.0, "foreign": 120.0, "noise": 40.0, "silence": 40.0, "ours": 240.0}
SHORTEST_S = 15.0
ROOM_S = 0.4  # reverberation
BACK_DB = -6.0  # of what our speakers play, in our microphone
KEYS_DB = -20.0  # of the synthesizer, while the room plays something
GRACE_S = 4.0  # a track may be named, or still be called playing, this long after its end
WARM_UP_H = 1.0
MEMORY_EVERY_S = 600.0
AHEAD = MIC_FRAMES // 8  # frames that the listener may lag behind
THREADS_EVERY = 32  # blocks between two looks at whether the threads keep up


@dataclass(frozen=True)
class Scene:
    """What the room plays for a while, and what is true of it."""

    kind: str
    name: str
    track_id: int | None
    first: int  # frame of the microphone
    last: int


@dataclass
class Result:
    """What happened, in the words of the table that is printed."""

    hours: float = 0.0
    scenes: int = 0
    known: int = 0
    missed: list[str] = field(default_factory=list)
    false: list[str] = field(default_factory=list)
    own: list[str] = field(default_factory=list)
    answered_s: list[float] = field(default_factory=list)
    played: int = 0
    queue_empty: int = 0
    memory_mb: list[float] = field(default_factory=list)
    callback_worst_share: float = 0.0
    callback_mean_share: float = 0.0
    callback_worst_cpu_share: float = 0.0  # of the period, in processor time
    late: int = 0
    times_real: float = 0.0


def part_of(path: Path, seconds: float, rng: np.random.Generator) -> Audio:
    """Return up to `seconds` of a file from a random place on, mono, at RATE, RMS 0.1."""
    with soundfile.SoundFile(path) as file:
        frames = min(file.frames, int(seconds * file.samplerate))
        file.seek(int(rng.integers(max(1, file.frames - frames))))
        audio = file.read(frames, dtype="float32", always_2d=True).mean(axis=1)
        audio = soxr.resample(audio, file.samplerate, RATE)
    return np.asarray(audio * np.float32(0.1 / max(float(np.sqrt(np.mean(audio**2))), 1e-4)))


def in_room(audio: Audio, snr_db: float, rng: np.random.Generator) -> Audio:
    """Return what a microphone in a reverberant, noisy room hears of `audio`."""
    wet = fftconvolve(audio, impulse_response(RATE, ROOM_S, rng))[: len(audio)]
    level = float(np.sqrt(np.mean(wet**2))) * 10.0 ** (-snr_db / 20.0)
    noise = np.resize(pink_noise(10 * RATE, rng), len(wet))
    return np.asarray(wet + level * noise, np.float32)


def scenes(
    tracks: list[Track], foreign: list[Path], rng: np.random.Generator
) -> Iterator[tuple[str, str, int | None, Audio]]:
    """Give, without end, kind and name of a scene, its track if it is one, and its sound.

    The sound is made by another process while the scene before it is played: what that takes is
    none of the session's memory.
    """
    kinds, odds = list(KINDS), np.array(list(KINDS.values()))

    def next_scene() -> tuple[str, str, int | None, Future[Audio]]:
        kind = kinds[int(rng.choice(len(kinds), p=odds))]
        seconds = float(rng.uniform(SHORTEST_S, LONGEST_S[kind]))
        name, track_id, path = kind, None, None
        if kind == "known":
            track = tracks[int(rng.integers(len(tracks)))]
            name, track_id, path = track.name, track.id, track.path
        elif kind == "foreign":
            path = foreign[int(rng.integers(len(foreign)))]
            name = path.stem
        return kind, name, track_id, maker.submit(sound_of, kind, path, seconds, rng.spawn(1)[0])

    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as maker:
        coming = next_scene()
        while True:
            kind, name, track_id, sound = coming
            coming = next_scene()
            yield kind, name, track_id, sound.result()


def sound_of(kind: str, path: Path | None, seconds: float, rng: np.random.Generator) -> Audio:
    """Return what the room sounds like in a scene, without our own music."""
    if path is not None:
        return in_room(part_of(path, seconds, rng), float(rng.uniform(5, 20)), rng)
    frames = round(seconds * RATE)
    level = {"noise": 0.05, "ours": 1e-3}.get(kind, 0.0)
    hiss = np.resize(pink_noise(10 * RATE, rng), frames)
    return np.asarray(level * hiss, dtype=np.float32)


class Evening:
    """A session, the room it stands in, and the notes taken of both."""

    def __init__(self, library: Library, block: int, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.result = Result()
        self.synth = Synth("arp-pulse", RATE)
        self.stream = HandStream(self.synth, block, self._answer)
        self._sound: Audio = np.zeros(0, np.float32)
        self._at = 0
        self._back = 0.0
        self.heard: list[Heard] = []
        self.session = Session(library, self.synth, self.stream, self._hear, play_queue=True)
        self.scenes: list[Scene] = []
        self.frames = 0
        self._notes: list[int] = []
        self._begun_ns = self._costliest_ns = 0

    def _hear(self, heard: Heard, _track: Track | None) -> None:
        self.heard.append(heard)

    def _answer(self, out: Audio) -> Audio:
        self._costliest_ns = max(self._costliest_ns, time.thread_time_ns() - self._begun_ns)
        part = np.zeros(len(out), np.float32)
        sound = self._sound[self._at : self._at + len(out)]
        part[: len(sound)] = sound
        self._at += len(out)
        return part + np.float32(self._back) * out.mean(axis=1)

    def play(self, kind: str, name: str, track_id: int | None, sound: Audio) -> None:
        """Let a scene pass."""
        self._sound, self._at = sound, 0
        self._back = 10.0 ** ((BACK_DB if kind == "ours" else KEYS_DB) / 20.0)
        if kind == "ours":
            self.session.play_next()
            self.session.decks.wait_until_ready(10.0)
        first, block = self.frames, self.stream.block
        for number in range(-(-len(sound) // block)):
            if number % (RATE // block) == 0:
                self._once_a_second()
            if number % THREADS_EVERY == 0:
                self._wait_for_threads()
            self._begun_ns = time.thread_time_ns()
            self.stream.step()
            self.frames += block
        if kind == "ours":
            self.session.decks.stop()
        self.scenes.append(Scene(kind, name, track_id, first, self.frames))

    def _once_a_second(self) -> None:
        for note in self._notes:
            self.synth.note_off(note)
        self._notes = []
        if self.rng.random() < 0.3:
            self._notes = [int(n) for n in 48 + self.rng.integers(0, 30, 3)]
            for note in self._notes:
                self.synth.note_on(note, int(self.rng.integers(40, 110)))
        entries = list(self.session.queue.entries)
        self.result.queue_empty += not entries
        if entries and self.rng.random() < 0.01:
            act = self.session.like if self.rng.random() < 0.5 else self.session.skip
            act(entries[int(self.rng.integers(len(entries)))].track.id)
        if self.frames % round(MEMORY_EVERY_S * RATE) < RATE:
            pages = int(Path("/proc/self/statm").read_text().split()[1])
            self.result.memory_mb.append(round(pages * os.sysconf("SC_PAGE_SIZE") / 1e6, 1))

    def _wait_for_threads(self) -> None:
        one = self.synth.state[0]
        while int(one["mic_head"][0]) - int(one["mic_tail"][0]) > AHEAD:
            if self.session.listener.error is not None:
                raise self.session.listener.error
            time.sleep(0.001)
        self.session.decks.catch_up()

    def judge(self) -> Result:
        """Compare what was said with what was played."""
        result, grace = self.result, round(GRACE_S * RATE)
        named = [heard for heard in self.heard if heard.track_id is not None]
        for before, scene in zip([None, *self.scenes], self.scenes, strict=False):
            inside = [h for h in named if scene.first <= h.frame < scene.last]
            for heard in inside:
                left_over = before is not None and heard.track_id == before.track_id
                if heard.track_id == scene.track_id:
                    continue
                if left_over and heard.frame < scene.first + grace:
                    continue
                since_s = (heard.frame - scene.first) / RATE
                after = "nothing" if before is None else before.name
                told = (
                    f"{heard.frame / RATE:.1f} s: track {heard.track_id}, {since_s:.1f} s into"
                    f" {scene.name} after {after}"
                )
                (result.own if scene.kind == "ours" else result.false).append(told)
            if scene.kind == "known":
                result.known += 1
                right = [h.frame for h in inside if h.track_id == scene.track_id]
                going_on = before is not None and before.track_id == scene.track_id
                if right:
                    result.answered_s.append((min(right) - scene.first) / RATE)
                elif not going_on:
                    result.missed.append(f"{scene.first / RATE:.1f} s: {scene.name}")
        report = self.stream.report()
        result.callback_worst_share = report.worst_us / report.period_us
        result.callback_mean_share = report.mean_us / report.period_us
        period_ns = 1e9 * self.stream.block / RATE
        result.callback_worst_cpu_share = self._costliest_ns / period_ns
        result.late = report.late
        result.scenes = len(self.scenes)
        result.hours = self.frames / RATE / 3600.0
        result.played = sum(entry.kind == "played" for entry in self.session.history.entries)
        return result


def show(result: Result) -> None:
    """Print what happened."""
    s = np.array(result.answered_s or [np.nan])
    warm = result.memory_mb[int(WARM_UP_H * 3600 / MEMORY_EVERY_S) :]
    print(f"{result.hours:.2f} h, {result.scenes} scenes, {result.times_real:.1f} times real time")
    print(
        f"tracks in the room {result.known}: named {len(result.answered_s)}, missed "
        f"{len(result.missed)}; after {np.median(s):.1f} s in the median, 95 % "
        f"{np.quantile(s, 0.95):.1f} s"
    )
    print(f"named wrongly {len(result.false)}; our own music reported {len(result.own)}")
    print(f"played by the decks {result.played}; seconds without a queue {result.queue_empty}")
    print(
        f"callback {100 * result.callback_mean_share:.1f} % of its period in the mean, worst "
        f"{100 * result.callback_worst_share:.0f} %, late {result.late}; in processor time at most "
        f"{100 * result.callback_worst_cpu_share:.0f} %"
    )
    if len(warm) > 1:
        print(f"memory after {WARM_UP_H:g} h {warm[0]:.0f} MB, at the end {warm[-1]:.0f} MB")
    for line in [*result.missed, *result.false, *result.own]:
        print(f"  {line}")


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description="Play an evening to a session.")
    parser.add_argument("library", type=Path)
    parser.add_argument("foreign", type=Path)
    parser.add_argument("--hours", type=float, default=8.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--block", type=int, default=128)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    rng = np.random.default_rng(arguments.seed)
    foreign = collect([arguments.foreign])
    begun = time.monotonic()
    with Library.open(arguments.library, create=False, writable=False) as library:
        evening = Evening(library, arguments.block, arguments.seed)
        tracks = [t for t in library.tracks() if t.duration_s >= 2 * SHORTEST_S]
        with evening.session:
            for scene in scenes(tracks, foreign, rng):
                evening.play(*scene)
                if evening.frames >= arguments.hours * 3600 * RATE:
                    break
            time.sleep(1.0)  # what was heard last is still being thought about
        result = evening.judge()
    result.times_real = result.hours * 3600 / (time.monotonic() - begun)
    show(result)
    if arguments.json:
        arguments.json.write_text(json.dumps(asdict(result), indent=1) + "\n")


if __name__ == "__main__":
    main()
