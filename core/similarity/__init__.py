"""Similar wafers: embeddings, their index, and the search in it."""

from core.similarity.index import SimilarityIndex

__all__ = ["SimilarityIndex"]
