"""render_block against a float64 twin, against itself in other block sizes, and against silence."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as hs
from numpy.typing import NDArray

from engine.parts import ADSR, LFO, Arpeggio, Chorus, Delay, Filter, Oscillator, Reverb
from engine.patch import Patch, builtin_patches
from engine.rt import state as st
from engine.rt.ring import push_command, write_deck
from engine.synth import Synth
from tests.measure import above_5khz_db, cents, db, error_db, frequency, lines
from tests.oracles import first_phases, fourier, hz, voice_twin

_RATE = 48_000
_OFF = Oscillator(level=0.0)
_OPEN = Filter("notch", 10.0, 0.5)  # passes everything a note has
_GATE = ADSR(0.0, 0.0, 1.0, 0.01)
_CHANNEL_GAIN = (100 / 127) ** 2 * math.sqrt(0.5)


def _bare(wave: str, width: float = 0.5, **more: object) -> Patch:
    """Return a patch that is one oscillator and nothing else, at 0.25 before the channel."""
    return Patch(
        oscillators=(Oscillator(wave, 1.0, width=width), _OFF),
        filter=_OPEN,
        amplitude=_GATE,
        velocity=0.0,
        gain=20 * math.log10(0.25),
        **more,  # type: ignore[arg-type]
    )


_RICH = Patch(
    oscillators=(
        Oscillator("saw", 0.6),
        Oscillator("pulse", 0.4, octave=1, detune=7.0, width=0.3),
    ),
    filter=Filter("low", 600.0, 4.0, envelope=30.0, key_track=0.5, velocity=12.0),
    amplitude=ADSR(0.01, 0.2, 0.6, 0.1, 0.8),
    modulation=ADSR(0.02, 0.15, 0.3, 0.1, 0.5),
    lfos=(LFO("sine", 6.0, cutoff=10.0, amplitude=0.4, phase=0.25), LFO()),
    gain=-9.0,
    pan=0.3,
    velocity=0.7,
)
_VIOLENT = Patch(
    oscillators=(Oscillator("sine", 0.2), _OFF),
    filter=Filter("band", 1000.0, 30.0),
    amplitude=ADSR(0.002, 0.0, 1.0, 0.05),
    lfos=(LFO("triangle", 150.0, cutoff=50.0), LFO()),
    gain=-20.0,
)
_TRIANGLES = Patch(
    oscillators=(Oscillator("triangle", 0.5, octave=-1), Oscillator("sine", 0.5, detune=-1200.0)),
    filter=Filter("high", 300.0, 0.7071, key_track=1.0),
    amplitude=ADSR(0.1, 0.1, 0.5, 0.2, 0.0),
    lfos=(LFO("square", 11.0, amplitude=1.0), LFO()),
)


# A narrow band swept over eight octaves leaves little of its input; what float32 leaves of the
# difference that its zeros are made of is -90 dB of that input.
@pytest.mark.parametrize(
    ("patch", "most_db"),
    [(_RICH, -80), (_VIOLENT, -68), (_TRIANGLES, -80)],
    ids=["rich", "violent", "soft"],
)
@pytest.mark.parametrize("held_s", [0.3, 0.005])
def test_a_voice_equals_its_float64_twin(patch: Patch, held_s: float, most_db: float) -> None:
    got = Synth(patch).render([(0.0, 57, 90, held_s)], 0.5)
    want = voice_twin(patch, 57, 90, held_s, 0.5, _RATE, first_phases())
    assert error_db(got, want) < most_db


@pytest.mark.parametrize("note", [84, 96, 108])  # 1047, 2093, 4186 Hz
@pytest.mark.parametrize(
    ("wave", "width"), [("saw", 0.5), ("triangle", 0.5), ("pulse", 0.5), ("pulse", 0.13)]
)
def test_a_wave_aliases_below_90_db_and_is_flat_within_a_tenth_of_one_to_15_khz(
    wave: str, width: float, note: int
) -> None:
    audio = Synth(_bare(wave, width)).render([(0.0, note, 127, 3.0)], 1.8)
    found = lines(audio[20_000 : 20_000 + (1 << 16), 0], hz(note), _RATE)
    assert found.alias_db < -90
    count = int(15_000 / hz(note))
    want = np.abs(fourier(wave, count, width)) * 0.25 * _CHANNEL_GAIN
    there = want > 1e-6
    error = 20 * np.log10(found.level[:count][there] / want[there])
    assert np.abs(error).max() < 0.1


def test_a_pulse_whose_width_swings_20_times_a_second_aliases_below_90_db() -> None:
    swing = 19.88  # of which neither a control point nor the sample rate is a multiple
    patch = _bare("pulse", 0.4, lfos=(LFO(rate=swing, width=0.2), LFO()))
    pitch = 50 * swing
    oscillator = replace(patch.oscillators[0], detune=1200 * math.log2(pitch / hz(84)))
    synth = Synth(replace(patch, oscillators=(oscillator, _OFF)))
    audio = synth.render([(0.0, 84, 127, 7.0)], 6.0)[20_000 : 20_000 + (1 << 18), 0]
    found = lines(audio, swing, _RATE)  # a sideband of any harmonic is a multiple of the swing
    assert db(found.level[49]) > -30  # the tone itself is one as well
    assert found.alias_db < -90


@pytest.mark.parametrize("note", [28, 69, 100])
def test_a_long_note_stays_in_tune_within_a_hundredth_of_a_cent(note: int) -> None:
    audio = Synth(_bare("saw")).render([(0.0, note, 127, 11.0)], 10.5)[9_600:, 0]
    assert cents(frequency(audio, hz(note), _RATE), hz(note)) == pytest.approx(0.0, abs=0.01)


@pytest.mark.parametrize("sample_rate", [8_000, 44_100, 96_000, 192_000])
def test_every_sample_rate_is_in_tune_and_free_of_alias(sample_rate: int) -> None:
    synth = Synth(_bare("saw"), sample_rate=sample_rate)
    audio = synth.render([(0.0, 69, 127, 9.0)], 1.0 + (1 << 15) / sample_rate)[-(1 << 15) :, 0]
    assert cents(frequency(audio, 440.0, sample_rate), 440.0) == pytest.approx(0.0, abs=0.01)
    spectrum = np.abs(np.fft.rfft(audio * np.kaiser(audio.size, 24.0)))
    freq = np.fft.rfftfreq(audio.size, 1 / sample_rate)
    off = np.abs(freq / 440 - np.round(freq / 440)) * 440 > 12 * sample_rate / audio.size
    off &= freq < 0.41 * sample_rate  # what folds lies above, past all hearing at usual rates
    assert db(spectrum[off].max(initial=0.0) / spectrum.max()) < -80


@pytest.mark.parametrize("frame", [4800, 4801, 4817, 4833, 4863, 4864])
def test_a_note_begins_on_its_frame(frame: int) -> None:
    synth = Synth(_bare("sine"))
    synth.note_on(60, 127, frame=frame)
    out = np.empty((5000, 2), np.float32)
    synth.render_block(out)
    assert not out[:frame].any()
    assert np.abs(out[frame]).max() < 1e-8  # at its frame the attack stands at 0
    assert np.abs(out[frame + 1]).min() > 1e-4


def test_every_stroke_of_a_drum_is_alike_wherever_it_falls() -> None:
    strokes = []
    for frame in (0, 1, 31, 32, 45):
        synth = Synth(_bare("saw", fixed_note=40.0))
        synth.note_on(36, 100, frame=frame)
        out = np.empty((2048, 2), np.float32)
        synth.render_block(out)
        strokes.append(out[frame : frame + 1900])
    # the points between which levels move in straight lines cut the attack's corner elsewhere
    assert all(error_db(stroke, strokes[0]) < -45 for stroke in strokes)


def _send_all(synth: Synth, events: list[tuple[int, bytes]]) -> None:
    for frame, message in sorted(events, key=lambda event: event[0]):
        assert synth.send(message, frame)


_channels = hs.integers(0, 3)
_values = hs.integers(0, 127)
_keys = hs.integers(30, 100)
_messages = hs.one_of(
    hs.builds(lambda c, k, v: bytes([0x90 | c, k, v]), _channels, _keys, _values),
    hs.builds(lambda c, k, v: bytes([0x80 | c, k, v]), _channels, _keys, _values),
    hs.builds(
        lambda c, n, v: bytes([0xB0 | c, n, v]),
        _channels,
        hs.sampled_from([1, 7, 10, 11, 64, 74, 120, 121, 123]),
        _values,
    ),
    hs.builds(lambda c, a, b: bytes([0xE0 | c, a, b]), _channels, _values, _values),
)
_LENGTH = 2400
_PATCHES = (_RICH, _VIOLENT, "pluck", "drum-kit")


@settings(derandomize=True, deadline=None, max_examples=60)
@given(
    events=hs.lists(hs.tuples(hs.integers(0, _LENGTH), _messages), max_size=40),
    blocks=hs.lists(hs.integers(1, 600), min_size=1, max_size=40),
    voices=hs.sampled_from([3, 64]),
    flush=hs.integers(0, 2000),
)
def test_the_samples_are_the_same_whatever_the_block_sizes(
    events: list[tuple[int, bytes]], blocks: list[int], voices: int, flush: int
) -> None:
    def render(sizes: itertools.cycle[int]) -> NDArray[np.float32]:
        synth = Synth("soft-lead", voices=voices)
        for channel, patch in enumerate(_PATCHES):
            synth.program(patch, channel)
        synth.set_master(1.5)
        music = 0.1 * np.sin(np.arange(3000, dtype=np.float32))
        write_deck(synth.state, np.stack([music, -music], axis=1))
        _send_all(synth, events)
        push_command(synth.state, st.DECK_FLUSH, flush + 500, 0, frame=flush)
        push_command(synth.state, st.DECK_FLUSH, flush + 700, 0, frame=flush + 100)
        out = np.empty((_LENGTH, 2), np.float32)
        at = 0
        while at < _LENGTH:
            size = next(sizes)
            synth.render_block(out[at : at + size])
            at += size
        return out

    whole = render(itertools.cycle([_LENGTH]))
    assert render(itertools.cycle(blocks)).tobytes() == whole.tobytes()


@pytest.mark.parametrize("phase", range(0, 240, 37))
def test_what_is_flushed_from_the_deck_ends_without_a_click_and_the_rest_is_whole(
    phase: int,
) -> None:
    synth = Synth()
    at, held, kept = 4800 + phase, 9600, 4800
    tone = 0.5 * np.sin(2 * np.pi * 200 / _RATE * np.arange(held, dtype=np.float32))
    rest = np.full(kept, 0.25, np.float32)
    ring = np.concatenate([tone, rest])
    write_deck(synth.state, np.stack([ring, ring], axis=1))
    push_command(synth.state, st.DECK_FLUSH, held, 0, frame=at)
    out = synth.render([], 0.4)[:, 0]
    faded = round(0.005 * _RATE)
    np.testing.assert_array_equal(out[:at], tone[:at])
    assert np.all(np.abs(out[at : at + faded]) <= np.abs(tone[at : at + faded]))
    np.testing.assert_array_equal(out[at + faded : at + faded + kept], rest)
    assert not out[at + faded + kept :].any()
    alone = np.concatenate([out[: at + faded], np.zeros(kept)])  # the rest begins with a step
    for spot in range(at, at + faded + 1, 48):
        assert above_5khz_db(alone, spot, tone, _RATE) < -58


def test_a_flush_of_less_than_a_fade_leaves_what_was_written_after_it_alone() -> None:
    synth = Synth()
    write_deck(synth.state, np.full((100, 2), 0.5, np.float32))
    push_command(synth.state, st.DECK_FLUSH, 100, 0)
    write_deck(synth.state, np.full((1000, 2), 0.25, np.float32))
    out = synth.render([], 0.1)[:, 0]
    assert np.all(np.diff(out[:100]) < 0)
    assert np.all(out[100:1100] == 0.25)
    assert not out[1100:].any()


@pytest.mark.parametrize("name", sorted(builtin_patches()))
def test_after_the_last_decay_the_output_is_exactly_zero_and_no_tile_is_computed(name: str) -> None:
    dry = replace(builtin_patches()[name], chorus=Chorus(), delay=Delay(), reverb=Reverb())
    synth = Synth(replace(dry, arpeggio=Arpeggio()))
    keys = range(36, 50) if synth.patch().drums else range(48, 60)
    audio = synth.render([(0.0, key, 100, 0.05) for key in keys], 0.1)
    assert audio.any()
    longest = synth.patch().amplitude.release + 6.0 * bool(synth.patch().drums)
    synth.render([], longest + 0.1)
    assert synth.active_voices == 0
    assert not synth.state[0]["tile_busy"].any()
    assert not synth.render([], 0.05).any()


def test_an_idle_voice_is_silent_while_its_neighbour_sounds() -> None:
    dying = Patch(
        oscillators=(Oscillator("saw", 1.0), _OFF),
        filter=_OPEN,
        amplitude=ADSR(0.0, 0.01, 9e-6, 0.01, 0.0),  # just below what counts as silence
        velocity=0.0,
    )
    quiet = Patch(oscillators=(_OFF, _OFF), amplitude=_GATE, velocity=0.0)
    synth = Synth(dying)
    synth.program(quiet, 1)
    synth.note_on(60, channel=1)
    synth.note_on(60)
    out = np.empty((4800, 2), np.float32)
    synth.render_block(out)
    assert synth.active_voices == 1
    assert not out[-1000:].any()


_units = hs.floats(0.0, 1.0)
_short = hs.floats(0.0, 0.02)
_envelopes = hs.builds(ADSR, _short, _short, _units, _short, _units)
_oscillators = hs.builds(
    Oscillator,
    hs.sampled_from(["saw", "pulse", "triangle", "sine"]),
    _units,
    hs.integers(-4, 4),
    hs.floats(-2400, 2400),
    hs.floats(0.02, 0.98),
)
_wild_patches = hs.builds(
    Patch,
    oscillators=hs.tuples(_oscillators, _oscillators),
    noise=_units,
    filter=hs.builds(
        Filter,
        hs.sampled_from(["low", "band", "high", "notch"]),
        hs.floats(10, 24_000),
        hs.floats(0.5, 50),
        hs.floats(-120, 120),
        _units,
        hs.floats(-120, 120),
    ),
    amplitude=_envelopes,
    modulation=_envelopes,
    lfos=hs.tuples(
        hs.builds(
            LFO,
            hs.sampled_from(["sine", "triangle", "saw", "square"]),
            hs.floats(0, 200),
            phase=_units,
            pitch=hs.floats(0, 2400),
            cutoff=hs.floats(0, 120),
            amplitude=_units,
        ),
        hs.just(LFO()),
    ),
    gain=hs.floats(-60, 12),
    pan=hs.floats(-1, 1),
    velocity=_units,
    bend_range=hs.floats(0, 48),
)


@settings(derandomize=True, deadline=None, max_examples=40)
@given(patch=_wild_patches, keys=hs.lists(hs.integers(0, 127), min_size=1, max_size=6))
def test_any_patch_that_is_allowed_gives_finite_sound_within_one(
    patch: Patch, keys: list[int]
) -> None:
    synth = Synth(patch)
    events = [(0.01 * i, bytes([0x90, key, 127])) for i, key in enumerate(keys)]
    events += [(0.03, bytes([0xE0, 127, 127])), (0.05, bytes([0xB0, 74, 127]))]
    audio = synth.render_events(events, 0.1)
    assert np.isfinite(audio).all()
    assert np.abs(audio).max() <= 1.0
    for tile in range(st.TILES):
        assert np.isfinite(synth.state[0]["floats"][tile]).all()


def test_a_change_of_the_master_gain_is_a_ramp_not_a_step() -> None:
    synth = Synth(_bare("sine"))
    synth.note_on(45, 127)
    before = np.empty((4800, 2), np.float32)
    synth.render_block(before)
    synth.set_master(0.0)
    after = np.empty((4800, 2), np.float32)
    synth.render_block(after)
    steepest = np.abs(np.diff(before[1000:, 0])).max()
    assert np.abs(np.diff(after[:, 0])).max() < 1.5 * steepest
    assert np.abs(after[-100:]).max() < 1e-4
