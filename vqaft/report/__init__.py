"""What a person looks at."""

from vqaft.report.html import render_report, write_report
from vqaft.report.provenance import Cost, Provenance
from vqaft.report.thumbnails import PictureBudget

__all__ = ["Cost", "PictureBudget", "Provenance", "render_report", "write_report"]
