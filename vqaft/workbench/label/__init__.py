"""The section "Label": people's verdicts on answers and labels, one key each."""

from vqaft.workbench.label.pages import label_section

__all__ = [
    "label_section",
]
