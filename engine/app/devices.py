"""antiphon devices: what sound and MIDI there is, and how late sound comes back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from engine.app.live import COMPILING, DEFAULT_BLOCK, device_sample_rate
from engine.app.terminal import JsonOption, command, waiting

if TYPE_CHECKING:
    from engine.io.latency import RoundTrip


@command
def devices(
    latency: Annotated[
        bool, typer.Option("--latency", help="Measure how late sound comes back; plays noise.")
    ] = False,
    output: Annotated[
        str | None, typer.Option(help="Sound output to measure: name, part of it, or number.")
    ] = None,
    input: Annotated[
        str | None, typer.Option(help="Sound input to measure: name, part of it, or number.")
    ] = None,
    block: Annotated[int, typer.Option(help="Frames per callback.", min=16, max=8192)] = (
        DEFAULT_BLOCK
    ),
    seconds: Annotated[float, typer.Option(help="How long to try.", min=1.0, max=600.0)] = 15.0,
    as_json: JsonOption = False,
) -> None:
    """List sound and MIDI devices, and say why something is missing.

    With --latency: join an output to an input by a cable (or put the microphone before the
    speaker), and the round trip is measured and taken apart.

    Example: antiphon devices

    Example: antiphon devices --latency --output Scarlett --input Scarlett
    """
    if latency:
        _latency(output, input, block, seconds, as_json)
    else:
        _list()


def _latency(
    output: str | None, input: str | None, block: int, seconds: float, as_json: bool
) -> None:
    import json

    from engine.io.device import find_device, open_stream
    from engine.io.latency import burst_synth, measure

    speaker, microphone = find_device(output, "output"), find_device(input, "input")
    with waiting(COMPILING):
        synth = burst_synth(device_sample_rate(output))
        stream = open_stream(synth, speaker.number, microphone.number, block=block)
    with stream, waiting(f"playing bursts of noise on {speaker.name}"):
        trip = measure(stream, seconds)
    if as_json:
        numbers = {name: round(1000.0 * value, 4) for name, value in _parts(trip).items()}
        typer.echo(json.dumps({**numbers, "level_db": round(trip.level, 1)}))
        return
    rate = synth.sample_rate
    typer.echo(
        f"round trip {1000 * trip.seconds:.2f} ms ({trip.seconds * rate:.2f} frames at "
        f"{rate:.0f} Hz), from {trip.bursts} bursts, {1e6 * trip.spread:.0f} us apart at most, "
        f"{trip.level:+.1f} dB"
    )
    typer.echo(f"  {1000 * trip.output:7.2f} ms  the output's own latency, as it reports")
    typer.echo(f"  {1000 * trip.input:7.2f} ms  the input's own latency, as it reports")
    rest = "what neither reports: converters, buffers, cable, air"
    if trip.rest < 0.0:
        rest = "less than they report: they count some buffer that is not in this path"
    typer.echo(f"  {1000 * trip.rest:7.2f} ms  {rest}")
    typer.echo(f"one block is {1000 * trip.block:.2f} ms; a smaller --block shortens the way")


def _parts(trip: RoundTrip) -> dict[str, float]:
    return {
        "round_trip_ms": trip.seconds,
        "spread_ms": trip.spread,
        "output_ms": trip.output,
        "input_ms": trip.input,
        "rest_ms": trip.rest,
        "block_ms": trip.block,
    }


def _list() -> None:
    from rich.console import Console
    from rich.table import Table

    from engine.errors import DeviceError
    from engine.io.device import list_devices
    from engine.io.midi import input_ports, output_ports, why_no_midi

    console = Console()
    try:
        found = list_devices()
    except DeviceError as error:
        found = []
        console.print(f"Sound: {error}", markup=False)
    else:
        if not found:
            console.print("Sound: PortAudio finds no device; is a sound card or server there?")
    if found:
        table = Table("", "sound device", "in", "out", "Hz", "default", box=None)
        for device in found:
            sides = [
                side
                for side, is_default in (
                    ("input", device.default_input),
                    ("output", device.default_output),
                )
                if is_default
            ]
            table.add_row(
                str(device.number),
                device.name,
                str(device.inputs),
                str(device.outputs),
                f"{device.sample_rate:.0f}",
                ", ".join(sides),
            )
        console.print(table)
    why = why_no_midi()
    if why:
        console.print(f"MIDI: {why}", markup=False)
        return
    for side, ports in (("input", input_ports()), ("output", output_ports())):
        for number, port in enumerate(ports):
            mark = "  (default)" if number == 0 and side == "input" else ""
            console.print(f"MIDI {side}  {port}{mark}", markup=False)
        if not ports:
            console.print(f"MIDI {side}: no port; connect a keyboard")
