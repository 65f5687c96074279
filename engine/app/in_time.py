"""What `antiphon session` offers for playing in time: options, keys, and words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.follow import Following
from engine.follow.harmony import Harmony
from engine.follow.tap import Taps

if TYPE_CHECKING:
    from engine.follow import Follower
    from engine.synth import Synth

_NUDGE_S = 0.005


class InTime:
    """The keys for playing in time, and news of the follower.

    Parameters
    ----------
    follower : Follower
    synth : Synth
    harmony : Harmony
        Told of every key of the music.
    """

    def __init__(self, follower: Follower, synth: Synth, harmony: Harmony) -> None:
        self._follower = follower
        self._synth = synth
        self._harmony = harmony
        self._taps = Taps(synth.sample_rate)
        self._said = ""

    def press(self, key: str) -> str | None:
        """Obey a key; return what to say, or None where it is none of ours."""
        follower = self._follower
        if key == "f":
            follower.follow_beat = follower.follow_tuning = not follower.follow_beat
            return "following" if follower.follow_beat else "not following"
        if key in "<," and key:
            follower.nudge_s -= _NUDGE_S
            return f"nudged by {1000 * follower.nudge_s:+.0f} ms"
        if key in ">." and key:
            follower.nudge_s += _NUDGE_S
            return f"nudged by {1000 * follower.nudge_s:+.0f} ms"
        if key == "t":
            return self._tap()
        return None

    def _tap(self) -> str:
        frame = self._synth.frame
        found = self._taps.add(frame)
        if found is None:
            return "tap"
        beat, bpm = found
        self._follower.follow_beat = False  # the hand knows better, until f
        self._synth.follow_beat(beat, frame, bpm, at_once=True)
        return f"tapped  {bpm:.1f} BPM (f follows again)"

    def news(self) -> str | None:
        """Return how the following changed, or None; lets the harmony know."""
        following = self._follower.following
        self._harmony.take(following.key)
        words = in_words(following)
        if words == self._said:
            return None
        self._said = words
        return words


def in_words(following: Following) -> str:
    """Return in one line what the follower does; the same words as long as nothing changes."""
    if following.state == "locked":
        return f"in time {following.bpm:.0f} BPM{_harmony(following)}"
    if following.state == "freewheeling":
        return f"coasts  {following.bpm:.0f} BPM until the music comes back"
    if following.state == "tracking":
        return f"by ear  {following.bpm:.0f} BPM, of music that is not in the library"
    if following.state == "off" and following.track_id is not None:
        return f"no beat to rely on in this track{_harmony(following)}"
    return "not in time with anything" if following.state == "off" else "finding the beat"


def _harmony(following: Following) -> str:
    key = "" if following.key is None else f", {following.key.name}"
    return f"{key}, tuning {following.cents:+.0f} cents" if abs(following.cents) >= 1.0 else key
