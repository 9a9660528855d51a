"""Formats of evaluation frameworks."""

from vqaft.exchange.evaluators.inspect_ai import InspectAI
from vqaft.exchange.evaluators.lmms_eval import LmmsEval

__all__ = ["InspectAI", "LmmsEval"]
