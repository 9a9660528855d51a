"""The section "Reports": comparisons, evaluations and split audits of the project's folder."""

from vqaft.workbench.reports.pages import reports_section

__all__ = [
    "reports_section",
]
