"""Charts as SVG that takes the page's colours."""

from vqaft.report.charts.accuracy import accuracy_chart, difference_chart
from vqaft.report.charts.chart import Chart, LegendEntry
from vqaft.report.charts.ratings import ratings_chart
from vqaft.report.charts.training import training_charts

__all__ = [
    "Chart",
    "LegendEntry",
    "accuracy_chart",
    "difference_chart",
    "ratings_chart",
    "training_charts",
]
