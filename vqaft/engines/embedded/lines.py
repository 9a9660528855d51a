"""A line of text that was read in an image, and how lines stand to each other."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One line of text and its box.

    Attributes:
        text: What was read.
        left: The box in pixels of the image, from its left upper corner.
        top: As `left`.
        right: As `left`.
        bottom: As `left`.
    """

    text: str
    left: float
    top: float
    right: float
    bottom: float

    @property
    def height(self) -> float:
        """Height of the box, at least one pixel."""
        return max(self.bottom - self.top, 1.0)

    @property
    def middle(self) -> float:
        """Vertical middle of the box."""
        return (self.top + self.bottom) / 2


def rows(lines: tuple[Line, ...]) -> list[list[Line]]:
    """Group lines that stand beside each other.

    Args:
        lines: The lines of one image.

    Returns:
        Rows from top to bottom, each from left to right.
    """
    found: list[list[Line]] = []
    for line in sorted(lines, key=lambda line: line.middle):
        if found and _beside(found[-1][-1], line):
            found[-1].append(line)
        else:
            found.append([line])
    return [sorted(row, key=lambda line: line.left) for row in found]


def _beside(first: Line, second: Line) -> bool:
    return abs(first.middle - second.middle) < min(first.height, second.height) / 2


def below(line: Line, rest: list[Line]) -> Line | None:
    """Find the line that a reader's eye goes to next when a text breaks.

    Args:
        line: Where the eye is.
        rest: The lines that start lower, from top to bottom.

    Returns:
        The nearest line below that overlaps sideways and is no further than two line heights, or None.
    """
    for other in rest:
        if other.top - line.bottom > 2 * line.height:
            return None
        shared = min(line.right, other.right) - max(line.left, other.left)
        if shared > 0.3 * min(line.right - line.left, other.right - other.left):
            return other
    return None


def question_line(question: str) -> Line:
    """Write a question as a line of text, so that its words can be candidates too."""
    return Line(text=question.strip().rstrip("?!. "), left=0.0, top=0.0, right=1.0, bottom=1.0)
