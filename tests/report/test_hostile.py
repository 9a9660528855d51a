"""Whatever the data say, the page shows it and does nothing."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from vqaft.data import VQAExample
from vqaft.evaluation import Comparison, Evaluation, Score, ScoredRow, ScoreFailure, ScorerFacts, compare
from vqaft.inference import Failure
from vqaft.report import Cost, Provenance, write_report
from vqaft.tuning import StepMetrics

MEGABYTE = 1_000_000
LIMIT = 2_000
LONG = ("A" * MEGABYTE, "<b>" * (MEGABYTE // 3), "\u202e" * MEGABYTE, "word " * (MEGABYTE // 5))
BLANK = "\u034f\u115f\u1160\u2800\u3164\uffa0"


def shown(text: str) -> str:
    """What a reader must see of a text, worked out sign by sign."""
    signs = [
        ascii(sign)[1:-1]
        if sign not in "\n\t" and (unicodedata.category(sign)[0] == "C" or sign in "\u2028\u2029" or sign in BLANK)
        else sign
        for sign in text[:LIMIT]
    ]
    note = f" cut: the first {LIMIT:,} of {len(text):,} characters" if len(text) > LIMIT else ""
    return "".join(signs) + note


@pytest.fixture(scope="module")
def corpus(naughty: list[str]) -> list[str]:
    return [*naughty, *LONG]


@pytest.fixture(scope="module")
def hostile(corpus: Sequence[str]) -> Comparison:
    scorers = ("exact", *corpus[:3], "\u202e\x00<b>")

    def row(place: int, text: str, model: str, value: float) -> ScoredRow:
        score = Score(value=value, reason=text, label=text)
        failed = place % 7 == 3
        return ScoredRow(
            example_id=f"{place}{text[:200]}",
            group=text[:200],
            kind="open",
            question_type=text,
            question=text,
            answers=(text, text),
            model=model,
            answer=None if failed else text,
            failure=Failure(kind="refused", message=text) if failed else None,
            scores={}
            if failed
            else {**dict.fromkeys(scorers, score), "exact": Score(value=value, reason=text)}
            | ({scorers[1]: ScoreFailure(kind=text, message=text)} if place % 5 == 0 else {}),
            metadata={text[:200]: text[:200]},
        )

    def side(model: str, values: tuple[float, float]) -> Evaluation:
        facts = {name: ScorerFacts(description=name * 2) for name in scorers}
        rows = tuple(row(place, text, model, values[place % 2]) for place, text in enumerate(corpus))
        return Evaluation(model=model, scorers=facts, rows=rows)

    base, tuned = (
        side('"><script>window.pwned=1</script>\u202e\x00', (0.0, 1.0)),
        side("<img src=x onerror=pwned=1>", (1, 1)),
    )
    return compare(base, tuned, resamples=20)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory, hostile: Comparison, corpus: Sequence[str], png: Any) -> Path:
    image = png((10, 200, 30))
    examples = [
        VQAExample(id=row.example_id, image=image if place % 2 else f"missing/{text[:60]}", question="What?")
        for place, (row, text) in enumerate(zip(hostile.rows, corpus, strict=True))
    ]
    names = [f"train_loss{text[:50]}" for text in corpus[:20]]
    metrics = [StepMetrics(step=step, values=dict.fromkeys(names, 1 / step)) for step in (1, 2, 3)]
    provenance = Provenance(
        costs=tuple(Cost(what=text, amount=1.0, currency=text) for text in corpus),
        settings={f"{place}{text}": text for place, text in enumerate(corpus)},
    )
    return write_report(
        tmp_path_factory.mktemp("hostile") / "report.html",
        hostile,
        examples=examples,
        training=metrics,
        provenance=provenance,
        title="</title><script>window.pwned=1</script>\u202e",
    )


@pytest.fixture(scope="module")
def opened(browser: Any, page: Path) -> Any:
    browser.open(page)
    browser.run("new Promise(done => setTimeout(done, 500))")
    return browser


def test_nothing_runs_and_nothing_is_fetched(opened: Any, page: Path) -> None:
    assert opened.run("typeof window.pwned") == "undefined"
    assert opened.complaints == []
    assert opened.requests == [page.as_uri()]


def test_no_element_comes_from_the_data(opened: Any) -> None:
    tags = set(opened.run("[...new Set([...document.querySelectorAll('*')].map(e => e.localName))]"))
    assert not tags & {"img", "iframe", "object", "embed", "video", "audio", "link", "base", "template", "textarea"}
    assert opened.run("document.scripts.length") == 1
    assert opened.run("document.querySelectorAll('style').length") == 2
    attributes = opened.run("[...new Set([...document.querySelectorAll('*')].flatMap(e => e.getAttributeNames()))]")
    assert [name for name in attributes if name.startswith("on") or name in {"style", "src", "srcset"}] == []
    blocks = opened.run("[...document.querySelectorAll('article')].map(e => e.querySelectorAll('.row').length)")
    assert sum(blocks) == opened.run("document.querySelectorAll('.row').length")
    assert min(blocks) >= 1


def test_every_text_is_what_was_given(opened: Any, hostile: Comparison) -> None:
    found = opened.run(
        """Object.fromEntries([...document.querySelectorAll('.row')].map(row => [row.querySelector('h4').textContent, [
            ...[...row.querySelectorAll('.truth .given')].map(e => e.textContent),
            ...[...row.querySelectorAll('.said')].map(e => e.querySelector('.given, .none'))
                .map(e => e.textContent.slice((e.querySelector('.value')?.textContent.length ?? -1) + 1))]]))"""
    )
    assert set(found) == {shown(row.question) for row in hostile.rows}
    for row in hostile.rows:
        truth, other_truth, base, tuned = found[shown(row.question)]
        assert truth == other_truth == shown(row.answers[0])
        if row.base.answer is not None:
            assert base == tuned == shown(row.base.answer)
        else:
            assert base.startswith("no answer: refused. ")


def test_nothing_on_the_page_is_hidden(opened: Any) -> None:
    text = opened.run("document.documentElement.outerHTML.replace(/<script>.*<\\/script>/s, '')")
    hidden = {sign for sign in text if unicodedata.category(sign)[0] == "C" or sign in BLANK} - {"\n", "\t"}
    assert hidden == set()


def test_the_page_stays_small_and_in_its_column(opened: Any, page: Path) -> None:
    assert page.stat().st_size < 20 * MEGABYTE
    assert opened.run("document.documentElement.scrollWidth") <= 1200


def test_the_picture_of_a_hostile_row_opens(opened: Any) -> None:
    opened.run("document.querySelector('button.picture').click()")
    assert opened.run("document.getElementById('viewer').open") is True
    opened.run("document.querySelector('#viewer .close').click()")
    assert opened.run("typeof window.pwned") == "undefined"


def test_a_search_finds_hostile_text(opened: Any) -> None:
    opened.run(
        """(() => { const field = document.querySelector('#filter [name=search]'); field.value = '<script>window.pwned';
            field.dispatchEvent(new Event('input', {bubbles: true})) })()"""
    )
    opened.run("new Promise(done => setTimeout(done, 400))")
    assert int(opened.run("document.querySelector('[name=found]').textContent").split()[0]) >= 5


def test_there_are_enough_of_them(naughty: list[str]) -> None:
    assert len(naughty) >= 200
