"""Two decks: tracks through the engine's own output, one after the other or into each other."""

from engine.decks.cue import Cue
from engine.decks.decks import Decks
from engine.decks.status import DeckStatus, Playing

__all__ = ["Cue", "DeckStatus", "Decks", "Playing"]
