"""The session: synth, listener, decks and queue together, for an evening."""

from engine.session.adding import AddProgress
from engine.session.entry import Entry, Voice
from engine.session.history import History, HistoryEntry
from engine.session.play_queue import QUEUE_LENGTH, PlayQueue
from engine.session.rules import Rules
from engine.session.session import Session
from engine.session.words import reason_in_words, words_of

__all__ = [
    "QUEUE_LENGTH",
    "AddProgress",
    "Entry",
    "History",
    "HistoryEntry",
    "PlayQueue",
    "Rules",
    "Session",
    "Voice",
    "reason_in_words",
    "words_of",
]
