"""What a person looks at."""

from vqaft.report.csv_file import write_csv
from vqaft.report.html import render_report, write_report
from vqaft.report.json_file import write_json
from vqaft.report.markdown import render_markdown, write_markdown
from vqaft.report.provenance import Cost, Provenance
from vqaft.report.thumbnails import PictureBudget

__all__ = [
    "Cost",
    "PictureBudget",
    "Provenance",
    "render_markdown",
    "render_report",
    "write_csv",
    "write_json",
    "write_markdown",
    "write_report",
]
