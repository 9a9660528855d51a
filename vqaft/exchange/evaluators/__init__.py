"""Formats of evaluation frameworks."""

from vqaft.exchange.evaluators.inspect_ai import InspectAI
from vqaft.exchange.evaluators.lmms_eval import LmmsEval
from vqaft.exchange.evaluators.pydantic_evals import PydanticEvals
from vqaft.exchange.evaluators.vlmevalkit import VLMEvalKit

__all__ = [
    "InspectAI",
    "LmmsEval",
    "PydanticEvals",
    "VLMEvalKit",
]
