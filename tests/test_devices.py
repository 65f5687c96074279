"""`antiphon devices --latency` in the studio: a cable of JACK's, as long as one period."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.conftest import Studio
from tests.programs import Antiphon, until, wiring

pytestmark = pytest.mark.audio


def loop(studio: Studio, folder: Path, *options: str, cables: Sequence[str]) -> Antiphon:
    """Measure the device's own output at its input, with these of JACK's cables plugged in."""
    device = "--output", studio.output, "--input", studio.output
    program = Antiphon(studio, folder, "devices", "--latency", *device, *options)
    until(
        lambda: "PortAudio:in_0" in wiring(studio) or program.process.poll() is not None,
        "the stream is open",
    )
    for number in cables:
        subprocess.run(
            ["jack_connect", f"PortAudio:out_{number}", f"PortAudio:in_{number}"],
            env=studio.environment, stdin=subprocess.DEVNULL, timeout=60, check=True,
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
    return program


def test_a_cable_between_two_ports_is_measured_to_the_sample(
    studio: Studio, tmp_path: Path
) -> None:
    period = studio.block_size
    options = "--json", "--block", str(period), "--seconds", "60"
    with loop(studio, tmp_path, *options, cables="01") as program:
        assert program.process.wait(timeout=90) == 0
    trip = json.loads(program.out)
    frames = trip["round_trip_ms"] / 1000 * studio.sample_rate
    # JACK gives what goes out back in the next period, and PortAudio adds whole periods
    assert frames == pytest.approx(period * round(frames / period), abs=0.05)
    assert 1 <= round(frames / period) <= 4
    assert trip["spread_ms"] / 1000 * studio.sample_rate < 0.05
    assert trip["level_db"] == pytest.approx(0.0, abs=0.2)
    assert trip["block_ms"] == pytest.approx(1000 * period / studio.sample_rate, abs=1e-3)
    parts = trip["output_ms"] + trip["input_ms"] + trip["rest_ms"]
    assert parts == pytest.approx(trip["round_trip_ms"], abs=1e-3)


def test_without_a_cable_it_says_what_is_missing_in_one_line(
    studio: Studio, tmp_path: Path
) -> None:
    with loop(studio, tmp_path, "--seconds", "1", cables="") as program:
        assert program.process.wait(timeout=60) == 1
    (line,) = program.err.strip().splitlines()
    assert line.startswith("antiphon: no burst came back: join the output to the input by a cable")
