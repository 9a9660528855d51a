"""Leak-free train, validation and test splits, and the audit that proves them."""

from vqaft.data.splits.audit import audit_splits
from vqaft.data.splits.placement import Placement
from vqaft.data.splits.power import Power, power
from vqaft.data.splits.report import AlikePair, Overlap, PartSummary, SplitReport
from vqaft.data.splits.split import Split
from vqaft.data.splits.splitter import DatasetSplitter

__all__ = [
    "AlikePair",
    "DatasetSplitter",
    "Overlap",
    "PartSummary",
    "Placement",
    "Power",
    "Split",
    "SplitReport",
    "audit_splits",
    "power",
]
