"""The transport: where in the beat we are, by our own tempo, a MIDI clock, or music that is heard.

`beat` runs in straight lines between control points, so that nothing depends on how blocks are cut.
It follows a line that others aim: never faster or slower than that by more than a hundredth, nor by
two milliseconds a beat where the line is that of music in the room, unless it is over a beat away
or a start was asked for, when it is there at once.

A MIDI clock comes with the noise of its cable. Its line is a straight one fitted to the ticks: at
first to all, then with a memory of two beats (the alpha-beta filter with the gains of expanding
memory; see E. Brookner, "Tracking and Kalman Filtering Made Easy", chapter 1).
"""

from __future__ import annotations

import math

import numpy as np

from dsp._jit import kernel
from engine.rt.playing_state import AIM_BEAT, AIM_FRAME, AIM_JUMP, AIM_TEMPO
from engine.rt.state import CELL

TICKS_PER_BEAT = 24
TICKS_PER_POSITION = 6  # of a song position pointer: a sixteenth note
LOWEST_BPM, HIGHEST_BPM = 10.0, 1000.0
_CATCH_UP_S = 0.5  # time constant of an error of phase
_CATCH_UP_MOST = 0.01  # of the tempo: 5 ms a beat at 120
_FOLLOW_MOST_S = 0.0018  # a beat, of music that is followed: nobody hears it
_JUMP_BEATS = 1.0
_MEMORY = 48  # ticks
_LOST_S = 0.5  # a clock of 10 beats a minute ticks every 0.25 s
_WILD_S = 0.003
_WILD_PART = 0.15  # of the time between ticks
_WILD_TICKS = 3


@kernel(realtime=True)
def beat_now(state):  # type: ignore[no-untyped-def]
    """The beat at the current frame."""
    return state.beat + state.beats_per_frame * (state.frame & (CELL - 1))


@kernel(realtime=True)
def aim_transport(state, beat, beats_per_frame):  # type: ignore[no-untyped-def]
    """Be at `beat` now and go on by `beats_per_frame`: the tempo at once, the phase gently."""
    state.aim_beat = beat
    state.aim_frame = state.frame
    state.aim_beats_per_frame = beats_per_frame


@kernel(realtime=True)
def start_transport_cell(state):  # type: ignore[no-untyped-def]
    """Go on to the cell that begins now; once at every control point."""
    if state.frame > 0:
        state.beat += state.beats_per_frame * CELL
    tempo = state.aim_beats_per_frame
    error = state.aim_beat + (state.frame - state.aim_frame) * tempo - state.beat
    if state.aim_jump or abs(error) > _JUMP_BEATS:
        state.beat += error
        state.beats_per_frame = tempo
        state.aim_jump = 0
        state.jumps += 1
        return
    most = _CATCH_UP_MOST * tempo
    if state.aim_follows != 0:
        most = min(most, _FOLLOW_MOST_S * state.sample_rate * tempo * tempo)
    catch_up = error / (_CATCH_UP_S * state.sample_rate)
    state.beats_per_frame = tempo + min(max(catch_up, -most), most)


@kernel(realtime=True)
def set_tempo(state, bpm):  # type: ignore[no-untyped-def]
    """Go on from here at a tempo in beats per minute."""
    state.aim_follows = 0
    aim_transport(state, beat_now(state), bpm / 60.0 / state.sample_rate)


@kernel(realtime=True)
def is_clocked(state):  # type: ignore[no-untyped-def]
    """Whether a MIDI clock runs now."""
    return state.tick_seen > 1 and state.frame - state.tick_last <= _LOST_S * state.sample_rate


@kernel(realtime=True)
def is_given(state):  # type: ignore[no-untyped-def]
    """Whether the beat is that of other music: of a MIDI clock, or of what is heard."""
    return is_clocked(state) or state.aim_follows != 0


@kernel(realtime=True)
def follow_line(state, values):  # type: ignore[no-untyped-def]
    """Follow what AIM says (engine/rt/playing_state.py), unless a MIDI clock runs."""
    if is_clocked(state):
        return
    state.aim_beat = values[AIM_BEAT]
    state.aim_frame = np.int64(values[AIM_FRAME])
    state.aim_beats_per_frame = values[AIM_TEMPO]
    state.aim_follows = 1
    if values[AIM_JUMP] != 0.0:
        state.aim_jump = 1


@kernel(realtime=True)
def _clip_period(state):  # type: ignore[no-untyped-def]
    frames = state.sample_rate * 60.0 / TICKS_PER_BEAT
    state.tick_period = min(max(state.tick_period, frames / HIGHEST_BPM), frames / LOWEST_BPM)


@kernel(realtime=True)
def _follow_ticks(state):  # type: ignore[no-untyped-def]
    """Take the tick of the current frame into the estimate of frame and period."""
    gap = state.frame - state.tick_last
    state.tick_last = state.frame
    if state.tick_seen < 2:
        state.tick_frame = np.float64(state.frame)
        state.tick_period = np.float64(gap)
        state.tick_seen += 1
        _clip_period(state)
        return
    expected = state.tick_frame + state.tick_period
    late = state.frame - expected
    limit = max(_WILD_S * state.sample_rate, _WILD_PART * state.tick_period)
    state.tick_wild = state.tick_wild + 1 if abs(late) > limit else 0
    if state.tick_wild >= _WILD_TICKS:  # another tempo
        state.tick_frame = np.float64(state.frame)
        state.tick_period = np.float64(gap)
        state.tick_seen = 2
        state.tick_wild = 0
    else:
        state.tick_seen = min(state.tick_seen + 1, np.int64(_MEMORY))
        n = np.float64(state.tick_seen)
        state.tick_frame = expected + late * 2.0 * (2.0 * n - 1.0) / (n * (n + 1.0))
        state.tick_period += late * 6.0 / (n * (n + 1.0))
    _clip_period(state)


@kernel(realtime=True)
def clock_tick(state):  # type: ignore[no-untyped-def]
    """Act on a MIDI clock message, of which 24 make a beat."""
    if state.frame - state.tick_last > _LOST_S * state.sample_rate:
        state.tick_seen = 0
    known = state.tick_seen > 1
    fresh = state.tick_seen == 0
    _follow_ticks(state)
    if state.song_starts:
        state.tick_number = state.song_tick
        state.aim_jump = 1
        state.song_starts = 0
        state.song_runs = 1
    elif not known and not state.song_runs:  # joined in the middle: the nearest tick
        state.tick_number = np.int64(math.floor(beat_now(state) * TICKS_PER_BEAT + 0.5))
    else:
        state.tick_number += 1
        if not known and not fresh:  # the first tick was followed by a guess of the tempo
            state.aim_jump = 1
    if state.song_runs:
        state.song_tick = state.tick_number
    beat = state.tick_number / TICKS_PER_BEAT
    tempo = state.aim_beats_per_frame
    if state.tick_seen > 1:
        tempo = 1.0 / (TICKS_PER_BEAT * state.tick_period)
        beat += (state.frame - state.tick_frame) * tempo
    aim_transport(state, beat, tempo)


@kernel(realtime=True)
def start_song(state, tick):  # type: ignore[no-untyped-def]
    """Start with the next clock, at a tick of the song."""
    state.song_tick = tick
    state.song_starts = 1


@kernel(realtime=True)
def stop_song(state):  # type: ignore[no-untyped-def]
    """Remember where the song stopped; the beat itself runs on, for what swings and echoes."""
    if state.song_runs:
        state.song_tick += 1
    state.song_runs = 0
    state.song_starts = 0


@kernel(realtime=True)
def set_song_position(state, position):  # type: ignore[no-untyped-def]
    """Go on from a position in sixteenth notes: when the song continues, or now if it runs."""
    state.song_tick = np.int64(position) * TICKS_PER_POSITION
    state.song_starts = 1 if state.song_runs else state.song_starts
