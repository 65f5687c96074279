"""In time with what plays: from a place in a track to the synthesizer's beat and tuning."""

from engine.follow.follower import Follower, Following
from engine.follow.lock import Line, Lock

__all__ = ["Follower", "Following", "Line", "Lock"]
