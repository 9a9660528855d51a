"""Cost estimates of training, and how to reduce them."""

from vqaft.cost.budget import BudgetPlan, plan_budget
from vqaft.cost.estimate import CostEstimate, estimate_cost

__all__ = [
    "BudgetPlan",
    "CostEstimate",
    "estimate_cost",
    "plan_budget",
]
