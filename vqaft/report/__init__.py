"""Reports for people: HTML, Markdown, CSV and JSON."""

from vqaft.report.audit_page import write_audit_page
from vqaft.report.export import write_csv
from vqaft.report.html import Cost, Provenance, render_report, write_report
from vqaft.report.markdown import render_markdown, write_markdown
from vqaft.report.page import template_environment
from vqaft.report.plot import plot
from vqaft.report.row_groups import PageBudget
from vqaft.report.show import ExampleGrid, show

__all__ = [
    "Cost",
    "ExampleGrid",
    "PageBudget",
    "Provenance",
    "plot",
    "render_markdown",
    "render_report",
    "show",
    "template_environment",
    "write_audit_page",
    "write_csv",
    "write_markdown",
    "write_report",
]
