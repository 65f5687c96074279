"""What to play next: matrices and integer track ids."""

from recommend.cold import ColdMap
from recommend.embedding import Embedding
from recommend.errors import FormatError, NotFittedError
from recommend.feedback import Session
from recommend.handmade import HandmadeEmbedding
from recommend.interactions import Interactions
from recommend.recommender import Reason, Recommender, Suggestion
from recommend.table import EmbeddingTable
from recommend.wrmf import WRMF

__all__ = [
    "WRMF",
    "ColdMap",
    "Embedding",
    "EmbeddingTable",
    "FormatError",
    "HandmadeEmbedding",
    "Interactions",
    "NotFittedError",
    "Reason",
    "Recommender",
    "Session",
    "Suggestion",
]
