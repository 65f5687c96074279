"""Which MIDI port the live commands ask for, and how they say that it is missing."""

from __future__ import annotations

import pytest

from engine.app.live import require_midi_port
from engine.errors import DeviceError
from engine.io import midi

PORTS = ["Midi Through:Midi Through Port-0 14:0", "Keystation 49:Keystation 49 MIDI 1 20:0"]


@pytest.mark.parametrize(
    "wanted",
    [None, PORTS[1], "Keystation 49:Keystation 49 MIDI 1 32:0", "keystation", "midi through"],
)
def test_a_port_is_known_by_its_name_its_old_numbers_or_a_part(
    monkeypatch: pytest.MonkeyPatch, wanted: str | None
) -> None:
    monkeypatch.setattr(midi, "_survey", lambda: (PORTS, [], None))
    require_midi_port(wanted)


@pytest.mark.parametrize(
    ("ports", "wanted", "words"),
    [
        (PORTS, "drums", "no MIDI input 'drums'; there are: Midi Through:.*; Keystation"),
        (PORTS[:1], None, r"no MIDI keyboard is connected \(--wait waits for one\)"),
        ([], "drums", r"no MIDI keyboard is connected \(--wait waits for one\)"),
    ],
)
def test_a_missing_port_is_told_with_those_there_are_or_what_to_do(
    monkeypatch: pytest.MonkeyPatch, ports: list[str], wanted: str | None, words: str
) -> None:
    monkeypatch.setattr(midi, "_survey", lambda: (ports, [], None))
    with pytest.raises(DeviceError, match=words):
        require_midi_port(wanted)
