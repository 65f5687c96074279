"""The limiter: nothing leaves louder than 1, and nothing later than it came.

It has no look-ahead, since a look-ahead would delay every note. What is above the threshold pulls
the gain of both sides down within half a millisecond and holds it there for longer than the
period of a bass note, so that a loud tone is turned down and not bent; what comes through in the
meantime is bent smoothly below 1. Below the threshold, with the gain at rest, it is the identity.
"""

from __future__ import annotations

from dsp._jit import kernel

THRESHOLD = 10.0 ** (-1.0 / 20.0)
_ROOM = 1.0 - THRESHOLD
_LIKE = 1.01  # a crest this near to the last one holds the gain as well
_NEAR_ONE = 1.0 - 1e-6


@kernel(realtime=True)
def soft_clip(x):  # type: ignore[no-untyped-def]
    """The identity up to the threshold, then a curve of matching slope towards 1."""
    a = abs(x)
    if a <= THRESHOLD:
        return x
    over = (a - THRESHOLD) / _ROOM
    y = THRESHOLD + _ROOM * over / (1.0 + over)
    return y if x > 0.0 else -y


@kernel(realtime=True)
def limiter_gain(state, left, right):  # type: ignore[no-untyped-def]
    """Gain for a frame of both sides, by which the limiter remembers it."""
    peak = max(abs(left), abs(right))
    wanted = state.limit_wanted
    if peak > THRESHOLD * _NEAR_ONE or wanted < 1.0:
        needed = THRESHOLD / max(peak, THRESHOLD)
        if needed <= wanted * _LIKE and needed < 1.0:
            state.limit_hold = state.limit_hold_of
        if needed < wanted:
            wanted = needed
        elif state.limit_hold > 0:
            state.limit_hold -= 1
        else:
            wanted += (1.0 - wanted) * state.limit_release
            if wanted > _NEAR_ONE:
                wanted = 1.0
        state.limit_wanted = wanted
    gain = state.limit_gain
    if gain != wanted:
        gain += (wanted - gain) * state.limit_attack
        if wanted == 1.0 and gain > _NEAR_ONE:
            gain = 1.0
        state.limit_gain = gain
    return gain
