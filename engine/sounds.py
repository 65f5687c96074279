"""The patches that a state has at hand: how they get there, and which programs they stand for.

A patch becomes a *sound* of the state: slots for its keys (a drum kit has many), its style of
playing, what controllers move, the settings of its effects. Those of General MIDI are there from
the start, so that a program change is played on its frame by the audio callback alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import PatchError
from engine.gm import patch_of
from engine.knobs import beats
from engine.parts import ARP_MODES, CONTROLS, PLAYING
from engine.patch import Patch, builtin_patches
from engine.rt import playing_state as ps
from engine.rt import state as st
from engine.rt.rack_settings import rack_numbers
from engine.rt.slots import slot_parameters

# What the sound of a single note does not depend on.
_NOT_OF_A_SLOT = {"name", "tags", "controls", "drums", "arpeggio", "follow"}
_ALL = tuple(part.name for part in fields(Patch))
_OF_A_SLOT = tuple(name for name in _ALL if name not in _NOT_OF_A_SLOT)
_NO_VALUES = np.zeros(0)
_PRELOADED = (
    "slots", "sound_slot", "sound_style", "sound_control", "rack_rows", "program_sound",
)  # fmt: skip

Emit = Callable[[int, int, int, int, NDArray[np.float64]], bool]


def style_numbers(patch: Patch) -> NDArray[np.float64]:
    """Return how a patch is played as numbers, shape (ps.STYLES,)."""
    style = np.zeros(ps.STYLES)
    style[ps.S_PLAYING] = PLAYING.index(patch.playing)
    style[ps.S_ARP_MODE] = ARP_MODES.index(patch.arpeggio.mode)
    style[ps.S_ARP_STEP] = beats(patch.arpeggio.rate)
    style[ps.S_ARP_OCTAVES] = patch.arpeggio.octaves
    style[ps.S_ARP_GATE] = patch.arpeggio.gate
    style[ps.S_ARP_SWING] = patch.arpeggio.swing
    style[ps.S_ARP_HOLD] = patch.arpeggio.hold
    return style


@dataclass(frozen=True)
class Bench:
    """A sound and a slot that a patch is worked on in: they change, their numbers do not."""

    sound: int
    slot: int


@dataclass
class Sounds:
    """Which patch is which sound, and which note recipe which slot."""

    sample_rate: float
    patches: list[Patch] = field(default_factory=list)  # by number
    _numbers: dict[str, int] = field(default_factory=dict)
    _slots: dict[str, int] = field(default_factory=dict)

    def copy(self) -> Sounds:
        """Return an equal one that grows on its own."""
        return Sounds(self.sample_rate, list(self.patches), dict(self._numbers), dict(self._slots))

    def _slot(self, patch: Patch, emit: Emit) -> int | None:
        key = _key(patch, _OF_A_SLOT)
        if key not in self._slots:
            if len(self._slots) >= st.SLOTS:
                raise PatchError(f"at most {st.SLOTS} sounds fit at once (every drum counts)")
            number = len(self._slots)
            if not emit(st.SLOT, number, 0, 0, slot_parameters(patch, self.sample_rate)):
                return None
            self._slots[key] = number
        return self._slots[key]

    def number(self, patch: Patch, emit: Emit) -> int | None:
        """Return the number of a patch's sound, sending it first if it is new.

        `emit` takes a command's kind, three numbers and values, and returns whether there was
        room for it; where there was not, the answer is None.
        """
        key = _key(patch, _ALL)
        if key in self._numbers:
            return self._numbers[key]
        sound = len(self.patches)
        if sound >= ps.SOUNDS:
            raise PatchError(f"at most {ps.SOUNDS} patches fit at once")
        slot = self._slot(patch, emit)
        if slot is None or not self._describe(sound, slot, patch, emit):
            return None
        self.patches.append(patch)
        self._numbers[key] = sound
        return sound

    def reserve(self) -> Bench | None:
        """Return a sound and a slot to be written anew again and again; None if all are taken."""
        if len(self.patches) >= ps.SOUNDS or len(self._slots) >= st.SLOTS:
            return None
        bench = Bench(len(self.patches), len(self._slots))
        self.patches.append(Patch())
        self._slots[f"bench {bench.slot}"] = bench.slot
        return bench

    def rewrite(self, bench: Bench, patch: Patch, emit: Emit) -> bool:
        """Make a reserved sound that of a patch; False where `emit` found no room."""
        learned = self.patches[bench.sound].controls
        forgotten = [number for number in learned if number not in patch.controls]
        values = slot_parameters(patch, self.sample_rate)
        sent = emit(st.SLOT, bench.slot, 0, 0, values) and all(
            emit(ps.SOUND_CONTROL, bench.sound, number, -1, _NO_VALUES) for number in forgotten
        )
        if not sent or not self._describe(bench.sound, bench.slot, patch, emit):
            return False
        self.patches[bench.sound] = patch
        return True

    def _describe(self, sound: int, slot: int, patch: Patch, emit: Emit) -> bool:
        """Send all of a sound but the slot of its keys."""
        commands = [
            (ps.STYLE, 0, 0, style_numbers(patch)),
            (ps.SOUND, 127 << 8, slot, _NO_VALUES),
        ]
        for key, drum in sorted(patch.drums.items()):
            own = self._slot(drum, emit)
            if own is None:
                return False
            commands.append((ps.SOUND, key << 8 | key, own, _NO_VALUES))
        for number, control in patch.controls.items():
            column = CONTROLS.index(control)
            commands.append((ps.SOUND_CONTROL, number, column, _NO_VALUES))
        rack = rack_numbers(patch.chorus, patch.delay, patch.reverb, self.sample_rate)
        commands.append((st.RACK_ROW, 0, 0, rack))
        return all(emit(kind, sound, b, c, values) for kind, b, c, values in commands)


def _key(patch: Patch, parts: Sequence[str]) -> str:
    """Return what is equal for patches whose parts of these names are equal."""
    return repr([getattr(patch, part) for part in parts])


def _writer(rows: dict[str, NDArray[Any]]) -> Emit:
    """Return what does to arrays what the callback does to its state (engine/rt/events.py)."""

    def emit(kind: int, a: int, b: int, c: int, values: NDArray[np.float64]) -> bool:
        if kind == st.SLOT:
            rows["slots"][a, : values.size] = values
        elif kind == st.RACK_ROW:
            rows["rack_rows"][a, : values.size] = values
        elif kind == ps.STYLE:
            rows["sound_style"][a, : values.size] = values
        elif kind == ps.SOUND:
            rows["sound_slot"][a, b & 0xFF : (b >> 8) + 1] = c
        elif kind == ps.SOUND_CONTROL:
            rows["sound_control"][a, b] = c
        return True

    return emit


@cache
def _general_midi(sample_rate: float) -> tuple[Sounds, dict[str, NDArray[Any]]]:
    rows = {name: np.zeros(st.STATE[name].shape, st.STATE[name].base) for name in _PRELOADED}
    rows["sound_control"][:] = -1
    sounds = Sounds(sample_rate)
    emit = _writer(rows)
    names = [
        [patch_of(channel, program) for program in range(128)] for channel in range(st.CHANNELS)
    ]
    known = {
        name: sounds.number(builtin_patches()[name], emit)
        for name in sorted({name for row in names for name in row})
    }
    rows["program_sound"][:] = [[known[name] for name in row] for row in names]
    rows["rack_rows"] = rows["rack_rows"][: len(known)]  # the rest is the rack's own
    return sounds, rows


def load_general_midi(state: NDArray[np.void], sample_rate: float) -> Sounds:
    """Put the patches of General MIDI's programs into a fresh state, shape (1,)."""
    sounds, rows = _general_midi(sample_rate)
    for name, values in rows.items():
        state[0][name][: len(values)] = values
    return sounds.copy()
