"""Line charts as SVG in the page's colors, small enough to be drawn at every poll."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

WIDTH, HEIGHT = 400, 210
LEFT, RIGHT, TOP, BOTTOM = 44, 54, 12, 34
"""Room around the plot for the scales, and on the right for the values at the lines' ends."""
MAX_POINTS = 400
"""The most points of a line; of more, every n-th is drawn, and the last."""
TICKS = 4
LABEL_GAP, LABEL_WIDTH = 13, 50
"""The least distance between two labels at the lines' ends, where they stand above each other."""
SOLID, DASHED = "", "5 4"

Color = Literal["tuned", "base"]


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of a chart.

    Attributes:
        name: What it shows, for the description.
        key: What it shows, for the legend.
        points: Places and values, in the order of the places; values that are not finite are left out.
        color: A color of the page; lines of one job share it.
        dashed: Whether it is dashed, so that lines of one color differ without color.
    """

    name: str
    key: str
    points: tuple[tuple[float, float], ...]
    color: Color = "tuned"
    dashed: bool = False

    def __post_init__(self) -> None:
        finite = tuple(point for point in self.points if all(map(math.isfinite, point)))
        object.__setattr__(self, "points", finite)


@dataclass(frozen=True, kw_only=True)
class LineChart:
    """A chart of lines over one scale.

    Attributes:
        title: What is measured.
        x_label: What the lines run over.
        lines: The lines; those without a point are left out.
        share: Whether the values are shares from 0 to 1, shown as percent.
    """

    title: str
    x_label: str
    lines: tuple[Line, ...]
    share: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "lines", tuple(line for line in self.lines if line.points))

    @property
    def description(self) -> str:
        """What the chart shows, for people who do not see it."""
        ends = (
            f"{line.name} from {self.words(line.points[0][1])} to {self.words(line.points[-1][1])}"
            for line in self.lines
        )
        return f"{self.title} by {self.x_label}: {'; '.join(ends)}."

    def words(self, value: float) -> str:
        """Return a value as the chart writes it."""
        return f"{100 * value:.1f} %" if self.share else f"{value:.3g}"

    @property
    def keys(self) -> tuple[Line, ...]:
        """The lines for the legend: of two jobs' lines only those of the first, since color tells the jobs apart."""
        return tuple(line for line in self.lines if line.color == self.lines[0].color)

    @property
    def svg(self) -> Any:
        """The `<svg>` element, as safe markup."""
        from markupsafe import Markup

        scale = _Scale.of(self.lines, share=self.share)
        head = Markup('<svg viewBox="0 0 {} {}" role="img" aria-label="{}" font-size="12">').format(
            WIDTH, HEIGHT, self.description
        )
        drawn = [*_grid(self, scale), *(_line(line, scale) for line in self.lines), *_ends(self, scale)]
        return head + Markup("").join(drawn) + Markup("</svg>")


@dataclass(frozen=True, kw_only=True)
class _Scale:
    right: float
    bottom: float
    top: float
    x_ticks: tuple[float, ...]
    y_ticks: tuple[float, ...]

    @classmethod
    def of(cls, lines: Sequence[Line], *, share: bool) -> _Scale:
        xs = [x for line in lines for x, _ in line.points] or [1.0]
        ys = [y for line in lines for _, y in line.points] or [1.0]
        x_ticks = _ticks(0.0, max(*xs, 1e-9))
        y_ticks = (0.0, 0.25, 0.5, 0.75, 1.0) if share else _ticks(min(0.0, *ys), max(*ys, 1e-9))
        return cls(right=max(*xs, 1e-9), bottom=y_ticks[0], top=y_ticks[-1], x_ticks=x_ticks, y_ticks=y_ticks)

    def place(self, x: float, y: float) -> tuple[float, float]:
        across = x / self.right
        up = (y - self.bottom) / (self.top - self.bottom)
        return (
            round(LEFT + across * (WIDTH - LEFT - RIGHT), 1),
            round(HEIGHT - BOTTOM - up * (HEIGHT - TOP - BOTTOM), 1),
        )


def _ticks(low: float, high: float) -> tuple[float, ...]:
    """Return round values from at most the lowest to at least the highest."""
    rough = (high - low) / TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(size * power for size in (1, 2, 2.5, 5, 10) if size * power >= rough * (1 - 1e-9))
    first, last = math.floor(low / step), math.ceil(high / step - 1e-9)
    return tuple(round(place * step, 12) for place in range(first, last + 1))


def _grid(chart: LineChart, scale: _Scale) -> Iterable[Any]:
    from markupsafe import Markup

    for y in scale.y_ticks:
        _, height = scale.place(0, y)
        yield Markup('<path d="M{} {}H{}" stroke="var(--line)"/>').format(LEFT, height, WIDTH - RIGHT)
        yield _label(LEFT - 8, height + 4, f"{100 * y:.0f} %" if chart.share else f"{y:g}", anchor="end")
    for x in scale.x_ticks:
        if x <= scale.right:
            yield _label(scale.place(x, scale.bottom)[0], HEIGHT - BOTTOM + 16, f"{x:g}", anchor="middle")
    yield _label(WIDTH - RIGHT, HEIGHT - 3, chart.x_label, anchor="end")


def _label(x: float, y: float, words: str, *, anchor: str) -> Any:
    from markupsafe import Markup

    return Markup('<text x="{}" y="{}" text-anchor="{}" fill="var(--muted)">{}</text>').format(x, y, anchor, words)


def _line(line: Line, scale: _Scale) -> Any:
    from markupsafe import Markup

    stride = max(1, math.ceil(len(line.points) / MAX_POINTS))
    kept = [*line.points[:-1:stride], line.points[-1]]
    path = "L".join("{} {}".format(*scale.place(x, y)) for x, y in kept)
    return Markup(
        '<path d="M{}" fill="none" stroke="var(--{})" stroke-width="2" stroke-linejoin="round" stroke-dasharray="{}"/>'
    ).format(path, line.color, DASHED if line.dashed else SOLID or "none")


def _ends(chart: LineChart, scale: _Scale) -> Iterable[Any]:
    """Yield a mark and the value at each line's end: a dot or a square, so that two jobs differ without color."""
    from markupsafe import Markup

    written: list[tuple[float, float]] = []
    ends = sorted(((*scale.place(*line.points[-1]), line) for line in chart.lines), key=lambda end: -end[1])
    for x, y, line in ends:
        # A square with round corners is a dot.
        mark = Markup('<rect x="{}" y="{}" width="7" height="7" rx="{}" fill="var(--{})"/>')
        yield mark.format(round(x - 3.5, 1), round(y - 3.5, 1), 0 if line.color == "base" else 3.5, line.color)
        height = min([y + 4, *(low - LABEL_GAP for left, low in written if abs(left - x) < LABEL_WIDTH)])
        written.append((x, height))
        words = chart.words(line.points[-1][1])
        end = Markup('<text x="{}" y="{}" class="end" fill="var(--{})">{}</text>')
        yield end.format(x + 8, height, line.color, words)
