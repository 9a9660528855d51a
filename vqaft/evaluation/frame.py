"""Rows as a pandas data frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from vqaft.errors import MissingExtraError


def data_frame(rows: Sequence[Mapping[str, Any]]) -> Any:
    """Make a data frame.

    Args:
        rows: The rows, each a mapping from column to value.

    Returns:
        A `pandas.DataFrame`.

    Raises:
        MissingExtraError: If pandas is not installed.
    """
    try:
        import pandas as pd
    except ImportError:
        raise MissingExtraError("pandas", extra="pandas") from None
    return pd.DataFrame(list(rows))
