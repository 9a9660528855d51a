"""What training costs, and how to pay less."""

from vqaft.records.cost.estimate import CostEstimate, estimate_cost
from vqaft.records.cost.image_tokens import ImageTokens, PatchTokens, TileTokens, image_tokens_of
from vqaft.records.cost.plan import BudgetPlan, plan_budget
from vqaft.records.cost.prices import Price, PriceTable, load_prices
from vqaft.records.cost.savings import Saving
from vqaft.records.cost.text_tokens import TextTokens, approximate_tokens, text_tokens
from vqaft.records.cost.tokens import TokenRange

__all__ = [
    "BudgetPlan",
    "CostEstimate",
    "ImageTokens",
    "PatchTokens",
    "Price",
    "PriceTable",
    "Saving",
    "TextTokens",
    "TileTokens",
    "TokenRange",
    "approximate_tokens",
    "estimate_cost",
    "image_tokens_of",
    "load_prices",
    "plan_budget",
    "text_tokens",
]
