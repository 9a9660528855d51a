"""The embedded engine: scikit-learn and numpy on two cores, honest and small."""

from vqaft.engines.embedded.engine import EmbeddedEngine

__all__ = [
    "EmbeddedEngine",
]
