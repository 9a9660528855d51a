"""What training costs, and how to pay less."""

from vqaft.records.cost.estimate import CostEstimate, estimate_cost
from vqaft.records.cost.plan import BudgetPlan, plan_budget
from vqaft.records.cost.prices import Price, PriceTable, load_prices
from vqaft.records.cost.savings import Saving

__all__ = [
    "BudgetPlan",
    "CostEstimate",
    "Price",
    "PriceTable",
    "Saving",
    "estimate_cost",
    "load_prices",
    "plan_budget",
]
