"""Examples and other values as a notebook shows them: escaped, bounded, without extras."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import vqaft
from tests.data.pictures import picture
from vqaft import Prediction, Predictions, VQAExample
from vqaft.data import DatasetSplitter, Power, Turn, audit_splits
from vqaft.errors import DataError
from vqaft.evaluation import Comparison
from vqaft.images import ImageEncoder
from vqaft.inference import Failure
from vqaft.tuning import FineTuneJob, StepMetrics, TrainingMetrics

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>\u202e\"'&"
FORBIDDEN = {"script", "style", "iframe", "link", "object", "form", "input", "a"}


class Elements(HTMLParser):
    """Every element of a fragment, and whether all that was opened was closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag != "img":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert tag in {"polyline", self.open[-1]}, (tag, self.open)
        self.open.pop()


def checked(html: str) -> list[tuple[str, dict[str, str | None]]]:
    """Assert that a fragment is whole, runs nothing, fetches nothing and names no color of its own."""
    elements = Elements(html)
    assert elements.open == []
    for tag, attributes in elements.found:
        assert tag not in FORBIDDEN
        assert not [name for name in attributes if name.startswith("on") or name in {"href", "srcset", "class", "id"}]
        assert str(attributes.get("src", "data:image/")).startswith("data:image/")
        assert "url(" not in str(attributes.get("style"))
    assert "\u202e" not in html
    return elements.found


def asked(place: int, image: bytes, **facts: Any) -> VQAExample:
    return VQAExample(
        **{"id": f"id-{place}", "image": image, "question": f"What is {place}?", "answers": ("yes",)} | facts
    )


def test_questions_on_one_image_share_its_picture() -> None:
    first, second = picture(1), picture(2)
    grid = vqaft.show([asked(0, first), asked(1, second), asked(2, first)])
    html = grid._repr_html_()
    images = [attributes for tag, attributes in checked(html) if tag == "img"]
    assert [image["alt"] for image in images] == ["Image of id-0", "Image of id-1"]
    assert html.index("What is 2?") < html.index("What is 1?")
    assert repr(grid) == "ExampleGrid(3 of 3 examples; a notebook shows them)"


def test_answers_stand_beside_the_truth() -> None:
    base = [
        Prediction(example_id="id-0", model="small", answer="old"),
        Prediction(example_id="id-9", model="small", answer="of no example here"),
    ]
    tuned = [Prediction(example_id="id-0", model="t", failure=Failure(kind="refused", message="no"))]
    grid = vqaft.show([asked(0, picture(1)), asked(1, picture(2))], base=base, tuned=tuned)
    text = re.sub("<[^>]+>", " ", grid._repr_html_())
    for wanted in ("base   old", "tuned: no answer (refused)", "base: was not asked", "tuned: was not asked"):
        assert wanted in text
    assert "of no example here" not in text
    assert "answers of base and tuned" in repr(grid)


def test_rows_and_bytes_are_bounded() -> None:
    examples = [asked(place, picture(place), question="x" * 5_000) for place in range(60)]
    html = vqaft.show(examples, most=10)._repr_html_()
    assert len(re.findall("<img", html)) == 10
    assert "10 of 60 examples." in html
    assert "(5,000 characters)" in html
    small = vqaft.show(examples, most=60, max_bytes=50_000)._repr_html_()
    assert 20_000 < len(small.encode()) <= 50_100
    shown = len(re.findall("<img", small))
    assert f"{shown} of 60 examples." in small


def test_a_stream_is_read_no_further_than_it_is_shown() -> None:
    stream = iter([asked(place, picture(place)) for place in range(5)])
    assert "The first 3 examples." in vqaft.show(stream, most=3)._repr_html_()
    assert next(stream).id == "id-3"


def test_what_cannot_be_shown_is_named(tmp_path: Path) -> None:
    examples = [
        asked(0, b"no image"),
        VQAExample(id="web", image="https://example.org/a.png", question="?"),
        VQAExample(id="gone", image=tmp_path / "gone.png", question="?"),
    ]
    html = vqaft.show(examples)._repr_html_()
    assert "<img" not in html
    for wanted in ("fetches nothing", "gone.png", "cannot be read"):
        assert wanted in html
    assert all("<img" not in example._repr_html_() for example in examples)
    assert "not fetched" in examples[1]._repr_html_()


@pytest.mark.parametrize("wrong", [{"most": 0}, {"side": 10}, {"max_bytes": 3}, {"most": True}])
def test_arguments_out_of_range_are_named(wrong: dict[str, Any]) -> None:
    with pytest.raises(DataError, match=next(iter(wrong))):
        vqaft.show([], **wrong)


@pytest.mark.parametrize("wrong", [7, ["text"], {"a": 1}])
def test_what_is_no_example_is_refused(wrong: Any) -> None:
    with pytest.raises(DataError, match=r"not a VQAExample.*show\(split\.test\)"):
        vqaft.show(wrong)


def test_one_example_is_enough() -> None:
    assert "What is 4?" in vqaft.show(asked(4, picture(4)))._repr_html_()


def hostile_values() -> list[Any]:
    turns = (Turn(question=HOSTILE, answer=HOSTILE),)
    example = asked(
        1, picture(1), id=HOSTILE, question=HOSTILE, answers=(HOSTILE,), question_type=HOSTILE, history=turns
    )
    split = DatasetSplitter(train=1, validation=1, test=1).split(
        [example, *(asked(place, picture(place), question_type=HOSTILE, answers=(HOSTILE,)) for place in range(2, 9))]
    )
    failure = Failure(kind="refused", message=HOSTILE)
    predictions = [
        Prediction(example_id=HOSTILE, model=HOSTILE, answer=HOSTILE),
        *(Prediction(example_id=str(place), model=HOSTILE, failure=failure) for place in range(9)),
    ]
    job = FineTuneJob(
        id=HOSTILE, status=HOSTILE, model=HOSTILE, error_message=HOSTILE, metadata={HOSTILE: HOSTILE}, created_at=10**18
    )
    metrics = TrainingMetrics(StepMetrics(step=step, values={HOSTILE: 1 / step}) for step in range(1, 400))
    shown = vqaft.show([example], base=[predictions[0]])
    report = audit_splits({"train": split.train, HOSTILE: [example]}, distance=None)
    return [example, split, report, Predictions(predictions), job, metrics, shown]


def test_no_text_of_the_data_acts() -> None:
    for value in hostile_values():
        html = value._repr_html_()
        checked(html)
        assert "&lt;script&gt;" in html, type(value)
        assert len(html) < 60_000


def test_values_have_a_short_repr(comparison: Comparison) -> None:
    long = FineTuneJob(id="job-1", status="running", model="m" * 5_000)
    for value in (*hostile_values(), comparison.rows[0], long):
        if "SplitReport" not in type(value).__name__:
            assert len(repr(value)) < 1_500
    assert repr(FineTuneJob(id="j", status="queued", model="m")) == "FineTuneJob(id='j', status='queued', model='m')"


def test_a_row_shows_both_answers_and_scores(comparison: Comparison) -> None:
    row = comparison.rows[0]
    checked(row._repr_html_())
    text = re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", row._repr_html_()))
    for wanted in ("What is number 0?", "truth", "base (exact 0, judge 0) old 0", "tuned (exact 1, judge 1) new 0"):
        assert wanted in text
    assert "(failed)" in comparison.rows[25]._repr_html_()
    assert repr(row) == (
        "PairedRow(id='id-0', question='What is number 0?', answers=('truth',), "
        "base='old 0' (exact 0, judge 0), tuned='new 0' (exact 1, judge 1))"
    )


def test_power_says_what_a_smaller_gain_takes() -> None:
    found = Power(pairs=400, clusters=200, cluster_size=2)
    checked(found._repr_html_())
    assert "<b>" not in found._repr_html_()
    assert f">{found.clusters_for(0.05)}<" in found._repr_html_()
    assert ">5 points<" in found._repr_html_()
    assert "points" not in Power(pairs=40, clusters=20, cluster_size=2, accuracy=0.99)._repr_html_()


def test_an_encoded_image_is_shown_small() -> None:
    encoded = ImageEncoder().encode(picture(3))
    images = [attributes for tag, attributes in checked(encoded._repr_html_()) if tag == "img"]
    assert [image["alt"] for image in images] == [f"image/png, 64 × 64 pixels, {encoded.size_bytes:,} bytes"]
    assert len(repr(encoded)) < 100


def test_metrics_are_a_tuple_that_shows_itself() -> None:
    metrics = TrainingMetrics(
        [StepMetrics(step=1, values={"loss": 2.0}), StepMetrics(step=2, values={"loss": 0.5, "accuracy": 1.0})]
    )
    assert metrics == tuple(metrics)
    assert repr(metrics) == "TrainingMetrics(2 steps, loss 0.5, accuracy 1)"
    assert metrics.curves() == {"loss": [(1, 2.0), (2, 0.5)], "accuracy": [(2, 1.0)]}
    tags = [tag for tag, _ in checked(metrics._repr_html_())]
    assert tags.count("svg") == 1
    assert "0.5 at step 2" in metrics._repr_html_()
    assert repr(TrainingMetrics()) == "TrainingMetrics(0 steps)"


@given(st.text(min_size=1).filter(str.strip))
def test_any_question_leaves_the_fragment_whole(text: str) -> None:
    checked(VQAExample(id="1", image="https://example.org/1.png", question=text, answers=(text,))._repr_html_())


def test_show_needs_no_extra() -> None:
    code = (
        "import sys; sys.modules.update(dict.fromkeys(('jinja2', 'matplotlib', 'pandas')));"
        "import vqaft; from PIL import Image;"
        "print(vqaft.show(vqaft.VQAExample(id='1', image=Image.new('RGB', (9, 9)), question='?'))._repr_html_())"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    assert "data:image/webp" in run.stdout


def test_pictures_share_the_room(png: Callable[..., bytes], examples: Sequence[VQAExample]) -> None:
    wide = [asked(place, png((place, 0, 0), (900, 100))) for place in range(3)]
    sizes = re.findall(r"width:(\d+)px;height", vqaft.show(wide, side=320)._repr_html_())
    assert set(sizes) == {"320"}
    assert "id-23" in vqaft.show(examples, most=24)._repr_html_()
