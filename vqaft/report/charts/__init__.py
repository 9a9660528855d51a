"""Charts as SVG in the page's colors."""

from vqaft.report.charts.chart import Chart, LegendEntry
from vqaft.report.charts.comparison import accuracy_chart, difference_chart, ratings_chart
from vqaft.report.charts.training import training_charts

__all__ = [
    "Chart",
    "LegendEntry",
    "accuracy_chart",
    "difference_chart",
    "ratings_chart",
    "training_charts",
]
