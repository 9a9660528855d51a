"""What a person looks at."""

from vqaft.report.html import render_report, write_report

__all__ = ["render_report", "write_report"]
