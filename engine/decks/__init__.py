"""Two decks: tracks through the engine's own output, one after the other or into each other."""

from engine.decks.cue import Cue
from engine.decks.decks import Decks, DeckStatus, Playing

__all__ = ["Cue", "DeckStatus", "Decks", "Playing"]
