"""How often each level was given."""

from __future__ import annotations

from vqaft.evaluation import RatingDistribution
from vqaft.report.charts.accuracy import MODELS
from vqaft.report.charts.chart import Chart
from vqaft.report.charts.drawing import BASE, FONT_SIZE, INK, TUNED, Drawing, shortened

ROW = 34
MOST_LEVELS = 20
BAR = 0.3
OFFSET = 0.17


def ratings_chart(ratings: RatingDistribution) -> Chart:
    """Draw how often each level was given to both models' answers.

    Args:
        ratings: The levels of one scorer; the best 20 are drawn.
    """
    levels = ratings.levels[:MOST_LEVELS]
    both = ratings.base[:MOST_LEVELS], ratings.tuned[:MOST_LEVELS]
    salt = f"ratings {ratings.scorer}"
    drawing = Drawing(height=ROW * len(levels), labels=levels, scale=False, salt=salt)
    for shift, counts, colour in zip((-OFFSET, OFFSET), both, (BASE, TUNED), strict=True):
        places = [place + shift for place in range(len(counts))]
        bars = drawing.axes.barh(places, counts, height=BAR, color=colour)
        drawing.axes.bar_label(bars, padding=3, color=INK, fontsize=FONT_SIZE)
    drawing.axes.set_xlim(0, 1.12 * max((*both[0], *both[1], 1)))
    drawing.axes.set_xticks([])
    words = "; ".join(
        f"{shortened(name)}: base {old}, tuned {new}" for name, old, new in zip(levels, *both, strict=True)
    )
    title = f"Ratings by {shortened(ratings.scorer)}"
    return Chart(title=title, svg=drawing.svg(f"Number of answers. {words}."), legend=MODELS)
