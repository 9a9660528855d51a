"""Charts as SVG in the page's colors."""

from vqaft.report.charts.comparison import accuracy_chart, difference_chart, ratings_chart, training_charts
from vqaft.report.charts.drawing import Chart, LegendEntry

__all__ = [
    "Chart",
    "LegendEntry",
    "accuracy_chart",
    "difference_chart",
    "ratings_chart",
    "training_charts",
]
