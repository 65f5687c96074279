"""Measure how many clips the identification service names, and how it refuses the rest.

    python -m bench.service LIBRARY_DIR [--crowd 1000] [--seconds 8] [--no-audio] [--json OUT]

Starts a session of the library (one that `antiphon demo` or `antiphon add` has made) with its
server at loopback, inside a JACK server without a sound card (block 128) whose audio callback plays
thirty voices; `--no-audio` leaves that out. Another process sends clips of five seconds of the
library's own files as Ogg: first a crowd, all at once on connections of their own, then
four at a time one after the other for some seconds. Prints how many were answered by each status,
the time to the answer of those admitted, the throughput, and what the audio callback met.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bench.studio import machine, studio

_CLIP_S = 5.0
_CLIPS = 8
_BLOCK = 128
_TOKEN = "a-token-for-the-bench-0123"
_STEADY = 4


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("library", type=Path)
    parser.add_argument("--crowd", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--no-audio", action="store_true")
    parser.add_argument("--client", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    if given.client:
        port, folder = int(given.client[0]), Path(given.client[1])
        print(json.dumps(asyncio.run(visit(port, folder, given.crowd, given.seconds))))
        return
    with ExitStack() as stack:
        if not given.no_audio:
            stack.enter_context(studio(_BLOCK))
        report = {"machine": machine(), **serve(given, stack)}
    print(json.dumps(report, indent=1))
    if given.json:
        given.json.write_text(json.dumps(report, indent=1))


def serve(given: argparse.Namespace, stack: ExitStack) -> dict[str, Any]:
    """Run the server here and the clients in another process."""
    from engine.io.device import HandStream, Stream, open_stream
    from engine.library import Library
    from engine.session import Session
    from engine.synth import Synth
    from engine.web.app import create_app
    from engine.web.server import Server, listen
    from engine.web.settings import WebSettings

    library = stack.enter_context(Library.open(given.library, create=False, writable=False))
    clips = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    write_clips(library, clips)
    synth = Synth("soft-lead")
    stream: Stream = (
        HandStream(synth) if given.no_audio else open_stream(synth, listen=True, block=_BLOCK)
    )
    stack.enter_context(stream)
    session = stack.enter_context(Session(library, synth, stream))
    listening = listen("127.0.0.1", 0)
    settings = WebSettings(listening.getsockname()[1], _TOKEN)
    app = create_app(session, settings)
    server = stack.enter_context(Server(app, listening))
    library.index.identify(*first_clip(clips))  # kernels are ready
    for voice in range(0 if given.no_audio else 30):
        synth.note_on(40 + voice)
    time.sleep(1.0)
    before, cpu = stream.report(), time.process_time()
    began = time.monotonic()
    command = [sys.executable, "-m", "bench.service", str(given.library), "--crowd",
               str(given.crowd), "--seconds", str(given.seconds), "--client", str(server.port),
               str(clips)]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    after = stream.report()
    wall = time.monotonic() - began
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    found["server_cores"] = round((time.process_time() - cpu) / wall, 2)
    found["workers"] = app.state.identifier.admission.limits.workers
    found["tracks"] = len(library)
    if not given.no_audio:
        found["audio"] = {
            "callbacks": after.calls - before.calls,
            "late": after.late - before.late,
            "xruns": after.xruns - before.xruns,
            "worst_us": round(after.worst_us),
            "period_us": round(after.period_us),
        }
    return found


def write_clips(library: Any, folder: Path) -> None:
    """Write excerpts of the library's files."""
    import soundfile

    from engine.io import audiofile

    for number, track in enumerate(library.tracks()[:_CLIPS]):
        audio, rate = audiofile.read(track.path, mono=True)
        middle = len(audio) // 2
        part = audio[middle : middle + round(_CLIP_S * rate)]
        out = io.BytesIO()
        soundfile.write(out, part, rate, format="OGG", subtype="VORBIS")
        (folder / f"{number}.ogg").write_bytes(out.getvalue())


def first_clip(folder: Path) -> tuple[Any, int]:
    from engine.io import audiofile

    return audiofile.read(folder / "0.ogg", mono=True)


async def visit(port: int, folder: Path, crowd: int, seconds: float) -> dict[str, Any]:
    """Ask as a crowd, then steadily; runs in the other process."""
    clips = [path.read_bytes() for path in sorted(folder.glob("*.ogg"))]
    began = time.monotonic()
    answers = await asyncio.gather(*(ask(port, clips[n % len(clips)]) for n in range(crowd)))
    crowd_s = time.monotonic() - began
    steady: list[tuple[int, float, bool]] = []
    end = time.monotonic() + seconds

    async def go_on(first: int) -> None:
        number = first
        while time.monotonic() < end:
            steady.append(await ask(port, clips[number % len(clips)]))
            number += 1

    began = time.monotonic()
    await asyncio.gather(*(go_on(n) for n in range(_STEADY)))
    steady_s = time.monotonic() - began
    return {
        "crowd": {"seconds": round(crowd_s, 2), **summary(answers)},
        "steady": {
            "at_once": _STEADY,
            "per_s": round(sum(code == 200 for code, *_ in steady) / steady_s, 1),
            **summary(steady),
        },
    }


def summary(answers: list[tuple[int, float, bool]]) -> dict[str, Any]:
    """Return how many there were of each status, and the times of those admitted."""
    times = sorted(ms for code, ms, _ in answers if code == 200)
    refused = sorted(ms for code, ms, _ in answers if code in (429, 503))
    found: dict[str, Any] = {"answers": dict(Counter(str(code) for code, *_ in answers))}
    found["retry_after"] = all(polite for code, _, polite in answers if code in (429, 503))
    for name, ones in (("admitted", times), ("refused", refused)):
        if len(ones) > 1:
            p99 = ones[min(len(ones) - 1, round(0.99 * len(ones)))]
            median = statistics.median(ones)
            found[name] = {"n": len(ones), "p50_ms": round(median, 1), "p99_ms": round(p99, 1)}
    return found


async def ask(port: int, clip: bytes) -> tuple[int, float, bool]:
    """Post a clip by hand: status (0: no answer), milliseconds, whether it says when to retry."""
    began = time.monotonic()
    head = (
        f"POST /api/identify HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
        f"Authorization: Bearer {_TOKEN}\r\nContent-Type: audio/ogg\r\n"
        f"Content-Length: {len(clip)}\r\nConnection: close\r\n\r\n"
    )
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(head.encode() + clip)
        answer = await asyncio.wait_for(reader.read(), 60.0)
        writer.close()
        code = int(answer.split(b" ", 2)[1])
    except (OSError, TimeoutError, IndexError, ValueError):
        return 0, 1000.0 * (time.monotonic() - began), False
    return code, 1000.0 * (time.monotonic() - began), b"retry-after:" in answer.lower()


if __name__ == "__main__":
    main()
