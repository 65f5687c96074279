"""What to play next: matrices and integer track ids."""

from recommend.blend import Blend
from recommend.cold import ColdMap
from recommend.ease import EASE
from recommend.embedding import Embedding
from recommend.errors import FormatError, MissingExtraError, NotFittedError
from recommend.feedback import Session
from recommend.handmade import HandmadeEmbedding
from recommend.interactions import Interactions
from recommend.musicnn import MusicnnEmbedding
from recommend.neighbours import Neighbours
from recommend.recommender import Ranking, Reason, Recommender, Suggestion
from recommend.table import EmbeddingTable
from recommend.wrmf import WRMF

__all__ = [
    "EASE",
    "WRMF",
    "Blend",
    "ColdMap",
    "Embedding",
    "EmbeddingTable",
    "FormatError",
    "HandmadeEmbedding",
    "Interactions",
    "MissingExtraError",
    "MusicnnEmbedding",
    "Neighbours",
    "NotFittedError",
    "Ranking",
    "Reason",
    "Recommender",
    "Session",
    "Suggestion",
]
