"""`antiphon session` in the studio: it plays, is played over, listens, and queues."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.conftest import Demo, Studio
from tests.programs import (
    ANTIPHON,
    Antiphon,
    Desk,
    into_the_mic,
    note_hz,
    plugged,
    record,
    strength,
    until,
    wiring,
)

pytestmark = pytest.mark.audio

HIGH_NOTE = 103  # above what the tunes play


def options(studio: Studio, demo: Demo) -> list[str]:
    devices = ["--output", studio.output, "--input", studio.input]
    return ["session", "--library", str(demo.library), *devices]


def alike(a: np.ndarray, b: np.ndarray) -> float:
    """Return the best correlation, 0..1, of a short recording with any place of a longer one."""
    frames = 1 << int(np.ceil(np.log2(len(a) + len(b))))
    cross = np.fft.irfft(np.fft.rfft(b, frames) * np.conj(np.fft.rfft(a, frames)), frames)
    energy = np.concatenate([[0.0], np.cumsum(np.square(b, dtype=np.float64))])
    places = len(b) - len(a)
    local = energy[len(a) : len(a) + places] - energy[:places]
    return float((cross[:places] / np.sqrt(local * np.sum(np.square(a)) + 1e-9)).max())


def test_the_deck_plays_the_queue_and_does_not_report_itself(
    studio: Studio, demo: Demo, tmp_path: Path
) -> None:
    with Antiphon(studio, tmp_path, *options(studio, demo), "--play", keys=True) as program:
        program.says("  5  ")
        until(
            lambda: any(
                port.startswith("PortAudio") and connected
                for port, connected in wiring(studio).items()
            ),
            "sound flows",
        )
        first = program.out.splitlines()[0]
        # The microphone hears the loudspeakers, as in a room.
        outs = [p for p in wiring(studio) if p.startswith("PortAudio") and ":out_" in p]
        for number, port in enumerate(sorted(outs), 1):
            joined = studio.popen(["jack_connect", port, f"mic:input_{number}"])
            assert joined.wait(timeout=60) == 0
        audio, rate = record(studio, tmp_path / "deck.wav", 8)
        program.press("q")
        assert program.process.wait(timeout=60) == 0
    queue = [line for line in program.out.splitlines() if line.startswith("  ")]
    assert len(queue) >= 5
    assert all("(" in line and line.rstrip().endswith(")") for line in queue)
    assert "heard" not in program.out
    assert "Traceback" not in program.err

    title = first.split("  (")[0].split(" - ")[-1]
    (path,) = [
        p for p in (demo.folder / "tunes").glob("*.flac") if soundfile.SoundFile(p).title == title
    ]
    tune, tune_rate = soundfile.read(path, dtype="float32", always_2d=True)
    assert tune_rate == rate
    # It could have been heard: what went into the microphone names the track.
    asked = ["identify", str(tmp_path / "deck.wav"), "--library", str(demo.library)]
    assert title in subprocess.run([*ANTIPHON, *asked], capture_output=True, text=True).stdout
    # A busy machine may lose a period somewhere: one second without a flaw is proof.
    seconds = [audio[s * rate : (s + 1) * rate, 0] for s in range(1, 7)]
    assert max(alike(second, tune[:, 0]) for second in seconds) > 0.98


def test_what_the_room_plays_leads_the_queue_and_keys_are_heard_over_it(
    studio: Studio, demo: Demo, tmp_path: Path
) -> None:
    midi = "--midi", "keys", "--patch", "soft-lead"
    with (
        plugged(studio, "keys", 48_000, 0, HIGH_NOTE, 36_000),
        Antiphon(studio, tmp_path, *options(studio, demo), *midi, keys=True) as program,
    ):
        program.says("  5  ")
        until(lambda: wiring(studio)["keys:out"], "the MIDI port is connected")
        with into_the_mic(studio, demo.tune("korobeiniki")):
            audio, rate = record(studio, tmp_path / "keys.wav", 2)
            program.says("heard   ")
            program.says("in time 152 BPM, A minor")
            program.press("l")
            program.says("liked   ")
        program.press("n")
        program.says("playing ")
        assert program.interrupt() == 130
    assert strength(audio, rate, note_hz(HIGH_NOTE)) > 0.005
    heard = next(line for line in program.out.splitlines() if line.startswith("heard"))
    assert "Korobeiniki" in heard
    after = program.out.split(heard, 1)[1]
    assert "Korobeiniki)" in after or "Korobeiniki;" in after  # a reason names it
    assert "Traceback" not in program.err


def test_panic_is_silence_while_the_keys_are_down(
    studio: Studio, demo: Demo, tmp_path: Path
) -> None:
    midi = "--midi", "desk", "--patch", "church-organ"
    with (
        Desk(studio) as desk,
        Antiphon(studio, tmp_path, *options(studio, demo), *midi, keys=True) as program,
    ):
        until(lambda: wiring(studio).get("desk:out"), "the MIDI port is connected")
        desk.send("90 45 64")
        before, rate = record(studio, tmp_path / "before.wav", 1)
        program.press("p")
        after, _ = record(studio, tmp_path / "after.wav", 1)
        program.press("q")
        assert program.process.wait(timeout=60) == 0
    assert strength(before, rate, 440.0) > 0.01
    assert not after[rate // 2 :].any()


def test_a_file_that_has_gone_is_named_and_the_next_one_plays(
    studio: Studio, tmp_path: Path
) -> None:
    t = np.arange(4 * 22_050) / 22_050
    for hz in (500, 900):
        tone = 0.2 * np.sin(2 * np.pi * (hz + 20 * t) * t)
        soundfile.write(tmp_path / f"{hz}.flac", tone, 22_050)
    library = "--library", str(tmp_path / "library")
    files = [str(path) for path in tmp_path.glob("*.flac")]
    assert subprocess.run([*ANTIPHON, "add", *files, *library], capture_output=True).returncode == 0
    (tmp_path / "500.flac").unlink()
    devices = "--output", studio.output, "--input", studio.input
    with Antiphon(studio, tmp_path, "session", *library, *devices, "--play", keys=True) as program:
        program.says("500.flac: does not exist")
        program.says("playing 900")
        program.press("q")
        assert program.process.wait(timeout=60) == 0
