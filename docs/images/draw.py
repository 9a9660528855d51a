"""Draw `pipeline.svg` and `architecture.svg`: `python docs/images/draw.py`."""

from __future__ import annotations

from html import escape
from pathlib import Path

HERE = Path(__file__).resolve().parent
INK, SOFT, LINE, FILL, ACCENT = "#1f2430", "#5b6475", "#9aa3b5", "#f3f5fa", "#3f51b5"
STROKE = f"stroke='{SOFT}' stroke-width='1.4' marker-end='url(#head)' fill='none'"
STYLE = "font-family='system-ui, -apple-system, Segoe UI, Helvetica, Arial, sans-serif'"

STAGES = (
    ("load", "load_folder", "examples"),
    ("split", "DatasetSplitter", "split/, proof"),
    ("build", "MessageBuilder", "train.jsonl"),
    ("check", "check_file", "report, price"),
    ("train", "FineTuneClient", "job, ledger"),
    ("ask", "Predictor", "answers, journal"),
    ("compare", "Evaluator", "verdict"),
    ("show", "write_report", "report.html"),
)
SERVICES = ("OpenAI", "Azure OpenAI", "Together", "Fireworks", "vLLM, Ollama …", "vqaft serve")

# The packages in the order of their imports: each imports only from rows above it.
FLOORS = (
    ("foundations", ("errors", "filesystem", "parallel", "durable")),
    ("format", ("chat", "images", "providers")),
    ("dataset", ("data", "check", "records", "cost")),
    ("remote calls", ("service", "tuning", "inference")),
    ("at home", ("engines", "server")),
    ("adapters", ("backends: OpenAI, Together, Fireworks",)),
    ("judgment", ("evaluation", "exchange", "report")),
    ("in front", ("workbench", "testing", "ray_data", "cli")),
)


def text(x: float, y: float, words: str, *, size: int = 13, color: str = INK, weight: str = "400") -> str:
    """Return centered text."""
    return (
        f"<text x='{x:g}' y='{y:g}' font-size='{size}' fill='{color}' font-weight='{weight}' "
        f"text-anchor='middle' {STYLE}>{escape(words)}</text>"
    )


def box(x: float, y: float, width: float, height: float, *, fill: str = FILL, stroke: str = LINE) -> str:
    """Return a rounded rectangle."""
    return f"<rect x='{x:g}' y='{y:g}' width='{width:g}' height='{height:g}' rx='7' fill='{fill}' stroke='{stroke}'/>"


def arrow(x1: float, y1: float, x2: float, y2: float) -> str:
    """Return a line with a head."""
    return f"<path d='M{x1:g} {y1:g}L{x2:g} {y2:g}' {STROKE}/>"


def page(width: int, height: int, title: str, parts: list[str]) -> str:
    """Return a whole SVG on a white ground, so that it reads in light and dark pages."""
    head = (
        "<defs><marker id='head' viewBox='0 0 8 8' refX='7' refY='4' markerWidth='7' markerHeight='7' orient='auto'>"
        f"<path d='M0 0L8 4L0 8z' fill='{SOFT}'/></marker></defs>"
    )
    ground = f"<rect width='{width}' height='{height}' rx='10' fill='#ffffff'/>"
    view = f"viewBox='0 0 {width} {height}'"
    opening = f"<svg xmlns='http://www.w3.org/2000/svg' {view} role='img' aria-label='{escape(title)}'>"
    return "\n".join([opening, f"<title>{escape(title)}</title>", head, ground, *parts, "</svg>", ""])


def pipeline() -> str:
    """Return the stages with the object of each, the file that it leaves, and the services below."""
    step, width = 122, 104
    parts: list[str] = []
    for place, (stage, thing, file) in enumerate(STAGES):
        left = 14 + place * step
        middle = left + width / 2
        parts += [box(left, 20, width, 62), text(middle, 46, stage, size=16, weight="600")]
        parts += [text(middle, 67, thing, size=11, color=ACCENT), text(middle, 102, file, size=11, color=SOFT)]
        if place:
            parts.append(arrow(left - step + width + 2, 51, left - 2, 51))
    for place in (4, 5):
        middle = 14 + place * step + width / 2
        parts.append(f"<path d='M{middle:g} 110L{middle:g} 140' {STROKE}/>")
    total = 14 * 2 + step * (len(STAGES) - 1) + width
    start, room = 14.0, total - 28 - 10 * (len(SERVICES) - 1) - 214
    for name in SERVICES:
        own = name == "vqaft serve"
        each = 214.0 if own else room / (len(SERVICES) - 1)
        parts.append(box(start, 144, each, 34, fill="#e8eafd" if own else FILL, stroke=ACCENT if own else LINE))
        parts.append(text(start + each / 2, 166, name + (", on your own machine" if own else ""), size=12))
        start += each + 10
    title = "Images and questions are loaded, split, built into a file, checked, trained, asked, compared and shown"
    return page(total, 192, title, parts)


def architecture() -> str:
    """Return the packages as floors: imports go upwards only."""
    width, row = 760, 50
    parts: list[str] = []
    for place, (floor, names) in enumerate(FLOORS):
        top = 16 + place * row
        parts.append(text(62, top + 24, floor, size=12, color=SOFT))
        each = (width - 140 - 10 * (len(names) - 1)) / len(names)
        for number, name in enumerate(names):
            left = 124 + number * (each + 10)
            parts += [box(left, top, each, 36), text(left + each / 2, top + 23, name, size=13)]
    bottom = 16 + len(FLOORS) * row
    parts.append(arrow(width - 8, bottom - 20, width - 8, 20))
    title = "The packages of vqaft; each imports only from packages above it"
    return page(width, bottom + 6, title, parts)


def main() -> None:
    """Write both drawings."""
    (HERE / "pipeline.svg").write_text(pipeline(), encoding="utf-8")
    (HERE / "architecture.svg").write_text(architecture(), encoding="utf-8")


if __name__ == "__main__":
    main()
