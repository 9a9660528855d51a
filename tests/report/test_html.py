"""The page in a real browser."""

from __future__ import annotations

import builtins
import dataclasses
import datetime as dt
import re
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import vqaft
from vqaft.data import VQAExample, audit_splits
from vqaft.errors import EvaluationError, MissingExtraError
from vqaft.evaluation import (
    Agreement,
    Calibration,
    Comparison,
    Estimate,
    Evaluation,
    Interval,
    JudgeConsistency,
    ModelComparison,
    ScoredRow,
    compare,
    compare_models,
    p_text,
    points,
    points_range,
)
from vqaft.report import Cost, PageBudget, Provenance, render_report, write_report
from vqaft.report.compared import Compared, Headline, headline
from vqaft.tuning import StepMetrics

FOUND = "document.querySelector('output[name=found]').textContent"
SHOWN = """[...document.querySelectorAll('.row')].filter(row => row.checkVisibility())
    .map(row => row.querySelector('.id').textContent)"""
SETTLED = "new Promise(done => setTimeout(done, 300))"


@pytest.fixture(scope="module")
def page(
    tmp_path_factory: pytest.TempPathFactory,
    comparison: Comparison,
    examples: Sequence[VQAExample],
    metrics: Sequence[StepMetrics],
) -> Path:
    """The report of the comparison; no test changes it."""
    path = tmp_path_factory.mktemp("report") / "report.html"
    return write_report(path, comparison, examples=examples, training=metrics)


def test_nothing_is_wrong_and_nothing_is_fetched(browser: Any, page: Path) -> None:
    browser.open(page)
    browser.run(SETTLED)
    assert browser.complaints == []
    assert browser.requests == [page.as_uri()]


def test_a_wrong_page_would_be_seen(browser: Any, tmp_path: Path) -> None:
    page = tmp_path / "wrong.html"
    page.write_text("<img src='http://127.0.0.1:9/p.png'><script>throw new Error('boom')</script>", encoding="utf-8")
    browser.open(page)
    browser.run(SETTLED)
    assert any("boom" in complaint for complaint in browser.complaints)
    assert "http://127.0.0.1:9/p.png" in browser.requests


def test_the_policy_refuses_what_the_page_was_not_written_with(browser: Any, page: Path, tmp_path: Path) -> None:
    text = page.read_text(encoding="utf-8")
    changed = tmp_path / "changed.html"
    changed.write_text(text.replace("<main>", "<main><p style='color:red' onclick='1'></p><script>pwned=1</script>"))
    browser.open(changed)
    assert browser.run("typeof window.pwned") == "undefined"
    assert len(browser.complaints) >= 2


def test_the_verdict_comes_first(browser: Any, page: Path, comparison: Comparison) -> None:
    browser.open(page)
    words = "No difference between the tuned and the base model was found."
    assert browser.run("document.querySelector('h1').textContent") == words
    figures = browser.run("document.querySelector('.figures').textContent")
    interval, test = comparison.overall().difference.interval, comparison.overall().test
    counted = comparison.overall().counted_wrong
    assert interval is not None
    assert test is not None
    assert " ".join(figures.split()) == (
        "The tuned model scores 68.0 % and the base model 32.0 % on 25 questions about 13 images or groups, by exact. "
        f"The difference is +36.0 points, 95 % interval {points_range(interval)}, p = {p_text(test.p_adjusted)} "
        f"({test.name}); with missing answers counted as wrong {points(counted.difference.value)}."
    )
    assert browser.run("document.querySelectorAll('.caveats li').length") == len(comparison.caveats)


def test_the_head_says_what_was_compared_when_and_by_what(browser: Any, tmp_path: Path, comparison: Comparison) -> None:
    provenance = Provenance(data="receipts <test>", date=dt.date(2026, 3, 7))
    browser.open(write_report(tmp_path / "report.html", comparison, provenance=provenance))
    rows = "[...document.querySelectorAll('.models > div')].map(e => [...e.children].map(c => c.textContent))"
    assert dict(browser.run(rows)) == {
        "base": "small",
        "tuned": "small-tuned",
        "data": "receipts <test>",
        "compared": "26 rows, 13 images or groups",
        "by": "exact",
        "date": "7 March 2026",
        "made by": f"vqaft {vqaft.__version__}",
    }


def test_questions_on_one_image_stand_together(browser: Any, page: Path) -> None:
    browser.open(page)
    blocks = "[...document.querySelectorAll('.group')[0].querySelectorAll('.image')]"
    ids = f"{blocks}.map(e => [...e.querySelectorAll('.id')].map(found => found.textContent))"
    assert browser.run(ids) == [[f"id-{place}", f"id-{place + 1}"] for place in range(0, 12, 2)]
    assert browser.run(f"{blocks}.every(e => e.querySelectorAll('.picture').length === 1)")


def test_reasons_that_repeat_are_written_once_with_their_counts(browser: Any, page: Path) -> None:
    browser.open(page)
    table = "[...document.querySelectorAll('.reasons tbody tr')].map(e => [...e.children].map(c => c.textContent))"
    assert browser.run(table) == [
        ["exact", "✗ 0", "reason 0", "18", "8"],
        ["exact", "✓ 1", "reason 1", "8", "17"],
    ]
    assert browser.run("document.querySelectorAll('.row .reason').length") == 0
    assert browser.run("document.querySelector('.row .mark').title") == "reason 0"
    assert browser.run("document.querySelector('details.reasons').open") is False


def test_the_mark_stands_before_the_answer(browser: Any, page: Path) -> None:
    browser.open(page)
    given = "[...document.querySelector('.row').querySelectorAll('.said .given')].map(e => e.textContent)"
    assert browser.run(given) == ["✗ old 0", "✓ new 0"]


def test_on_a_phone_the_slices_are_cards(browser: Any, page: Path) -> None:
    browser.open(page, width=360)
    labels = "[...document.querySelectorAll('.cards td')].map(e => getComputedStyle(e, '::before').content)"
    assert browser.run(labels)[:3] == ['"n"', '"missing"', '"base"']
    fits = "[...document.querySelectorAll('.cards')].every(e => e.getBoundingClientRect().right <= innerWidth)"
    assert browser.run(fits)
    browser.resize(1200, 900)
    assert set(browser.run(labels)) == {"none"}


def test_several_models_stand_pair_by_pair(browser: Any, tmp_path: Path, models: ModelComparison) -> None:
    browser.open(write_report(tmp_path / "models.html", models))
    assert browser.run("document.querySelector('h1').textContent") == headline_of(models).sentence
    rows = "[...document.querySelectorAll('table')[1].querySelectorAll('tbody tr')].map(e => e.children[0].textContent)"
    assert browser.run(rows) == ["tuned against base", "teacher against base", "teacher against tuned"]
    pvalues = "[...document.querySelectorAll('table')[1].querySelectorAll('td[data-label=p]')].map(e => e.textContent)"
    assert browser.run(pvalues) == [p_text(pair.test.p_adjusted if pair.test else None) for pair in models.pairs]
    said = "[...document.querySelectorAll('.row')[1].querySelectorAll('.who')].map(e => e.textContent)"
    assert browser.run(said) == ["truth", "base", "tuned", "teacher"]
    assert "m-teacher" in browser.run("document.querySelector('.models').textContent")
    assert browser.complaints == []
    assert 'id="models"' not in render_report(models.main)


def test_the_headline_of_several_models_is_corrected_for_the_pairs(
    scored_row: Callable[..., ScoredRow], evaluation_of: Callable[..., Evaluation]
) -> None:
    def side(name: str, more: int) -> Evaluation:
        rows = [
            scored_row(place, ("a", float(place % 2 == 0 or place < more)), group=f"g{place}") for place in range(80)
        ]
        return evaluation_of(rows, model=name, scorers=("exact",))

    six_more = {"base": side("base", 0), "tuned": side("tuned", 12)}  # p = 0.031
    both = compare_models(six_more, slice_by=None, resamples=50)
    assert headline_of(both.main).sentence == "The tuned model is better, by 7.5 points."
    assert headline_of(both).sentence == "tuned is better than base, by 7.5 points."
    further = {f"m{place}": side(f"m{place}", 0) for place in range(4)}
    found = compare_models({**six_more, **further}, slice_by=None, resamples=50)
    assert headline_of(found).sentence == "No difference between tuned and base was found."
    assert headline_of(found).figures[-1] == "The tests are corrected for 15 pairs (Holm)."
    assert f"p = {p_text(found.pairs[0].test.p_adjusted)}" in headline_of(found).figures[1]  # type: ignore[union-attr]


def headline_of(comparison: Comparison | ModelComparison) -> Headline:
    return headline(Compared.of(comparison))


def test_the_headline_of_several_models_names_the_margin(
    scored_row: Callable[..., ScoredRow], evaluation_of: Callable[..., Evaluation]
) -> None:
    rows = [scored_row(place, ("a", float(place % 2)), group=f"g{place}") for place in range(80)]
    side = evaluation_of(rows, model="m", scorers=("exact",))
    found = compare_models({"base": side, "tuned": side, "third": side}, slice_by=None, margin=0.05, resamples=50)
    assert headline_of(found).figures[-1] == "tuned is as good as base, within 5.0 points; this is not corrected."


def test_a_scorer_s_own_words_describe_it(comparison: Comparison) -> None:
    facts = dataclasses.replace(comparison.scorers["judge"], words="judge-7 rates each answer.")
    page = render_report(dataclasses.replace(comparison, scorers={**comparison.scorers, "judge": facts}))
    assert "<dd>judge-7 rates each answer.</dd>" in page
    assert "<dd>exact()</dd>" in page
    assert "judge()" not in page


def test_rows_that_changed_come_first(browser: Any, page: Path) -> None:
    browser.open(page)
    headings = browser.run("[...document.querySelectorAll('.group h3')].map(found => found.textContent.trim())")
    assert [heading.split()[0] for heading in headings] == ["Won", "Lost", "Both", "Both", "Incomplete"]
    assert browser.run(SHOWN)[:12] == [f"id-{place}" for place in range(12)]


def test_search_and_filters_leave_what_was_asked_for(browser: Any, page: Path) -> None:
    browser.open(page)
    assert browser.run(FOUND) == "26 of 26 examples"

    def change(script: str) -> list[str]:
        form = "const form = document.getElementById('filter');"
        event = "form.dispatchEvent(new Event('input', {bubbles: true}));"
        browser.run(f"(() => {{ {form} {script}; {event} }})()")
        browser.run(SETTLED)
        shown: list[str] = browser.run(SHOWN)
        return shown

    assert change("form.elements.search.value = 'NUMBER 21'") == ["id-21"]
    assert browser.run(FOUND) == "1 of 26 examples"
    assert change("form.elements.search.value = 'no such words'") == []
    assert browser.run("document.querySelectorAll('.group:not([hidden])').length") == 0
    assert change("form.elements.search.value = ''; document.querySelectorAll('[name=outcome]')[1].checked = true") == [
        "id-12",
        "id-13",
        "id-14",
    ]
    assert change("form.elements.kind.value = 'closed'") == ["id-13"]
    assert change("form.elements.kind.value = ''; form.elements.type.value = '0'") == ["id-12", "id-14"]
    assert change("form.reset()") == [row for row in browser.run(SHOWN) if row]
    assert browser.run(FOUND) == "26 of 26 examples"


def test_a_picture_opens_by_keyboard_and_closes_by_escape(browser: Any, page: Path) -> None:
    browser.open(page)
    browser.run("document.querySelector('button.picture').focus()")
    browser.press("Enter")
    assert browser.run("document.getElementById('viewer').open") is True
    assert browser.run("document.getElementById('viewer-caption').textContent") == "2 questions on this image"
    questions = browser.run("[...document.querySelectorAll('#viewer-questions li')].map(item => item.textContent)")
    assert questions == ["What is number 0? (won)", "What is number 1? (won)"]
    assert "data:image/webp" in browser.run("getComputedStyle(document.querySelector('.large')).backgroundImage")
    browser.press("Escape")
    assert browser.run("document.getElementById('viewer').open") is False
    assert browser.run("document.activeElement.className").startswith("picture")


def test_each_distinct_picture_is_in_the_file_once(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert len(re.findall("data:image", text)) == 12
    assert len(re.findall('class="picture i', text)) == 12 + 1  # one image has rows of two outcomes


@pytest.mark.parametrize("width", [360, 390, 768, 1400])
def test_no_screen_has_to_be_scrolled_sideways(browser: Any, page: Path, width: int) -> None:
    browser.open(page, width=width)
    assert browser.run("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(browser: Any, page: Path, scheme: str) -> None:
    browser.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    browser.open(page)
    colors = browser.run(
        """[...new Set([...document.querySelectorAll('body *')]
            .filter(e => [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()))
            .map(e => e instanceof SVGElement ? getComputedStyle(e).fill : getComputedStyle(e).color))]"""
    )
    ground = browser.run("getComputedStyle(document.body).backgroundColor")
    browser.call("Emulation.setEmulatedMedia", features=[])
    assert {color: contrast(color, ground) for color in colors if contrast(color, ground) < 4.5} == {}
    assert len(colors) >= 4


def contrast(one: str, other: str) -> float:
    """The contrast of two CSS colours by WCAG 2.2, 1 to 21."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(color: str) -> float:
    shares = [int(part) / 255 for part in re.findall(r"\d+", color)[:3]]
    linear = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_everything_has_a_name_for_those_who_do_not_see_it(browser: Any, page: Path) -> None:
    browser.open(page)
    nameless = browser.run(
        """[...document.querySelectorAll('button, input, select, svg[role=img], [role=region]')].filter(e =>
            !(e.ariaLabel || e.textContent.trim() || e.labels?.length)).map(e => e.outerHTML)"""
    )
    assert nameless == []
    assert browser.run(
        "[...document.querySelectorAll('table')].every(t => t.caption && t.querySelector('th[scope=col]'))"
    )
    levels = browser.run("[...document.querySelectorAll('h1,h2,h3,h4')].map(h => Number(h.tagName[1]))")
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    ids = browser.run("[...document.querySelectorAll('[id]')].map(e => e.id)")
    assert len(ids) == len(set(ids))


def test_it_prints(browser: Any, page: Path) -> None:
    browser.open(page)
    assert browser.pdf().startswith(b"%PDF")
    browser.call("Emulation.setEmulatedMedia", media="print")
    shown = browser.run("[...document.querySelectorAll('#filter, .row')].map(e => e.checkVisibility())")
    browser.call("Emulation.setEmulatedMedia", media="")
    assert shown == [False, *[True] * 26]


def test_thousands_of_rows_are_laid_out_only_when_seen(
    browser: Any, tmp_path: Path, scored_row: Callable[..., ScoredRow], evaluation_of: Callable[..., Evaluation]
) -> None:
    rows = [scored_row(place, (f"answer {place}", float(place % 2))) for place in range(3000)]
    same = compare(evaluation_of(rows, model="a"), evaluation_of(rows, model="b"), resamples=50)
    browser.open(write_report(tmp_path / "long.html", same, budget=PageBudget(max_rows=3_000)))
    unseen = "e => !e.querySelector('h4').checkVisibility({contentVisibilityAuto: true})"
    assert browser.run(f"[...document.querySelectorAll('.row')].filter({unseen}).length") > 2900
    assert browser.run(FOUND) == "3,000 of 3,000 examples"


def test_what_stands_behind_the_figures_is_shown(browser: Any, tmp_path: Path, comparison: Comparison) -> None:
    provenance = Provenance(
        costs=(Cost(what="training", tokens=12_345, amount=1.5), Cost(what="answers", amount=0.25), Cost(what="judge")),
        settings={"system prompt": "Answer\nin one word.", "seed": 42},
    )
    browser.open(write_report(tmp_path / "report.html", comparison, provenance=provenance))
    text = browser.run("document.getElementById('provenance').parentElement.innerText")
    for wanted in ("12,345", "1.50 USD", "1.75 USD", "Answer\nin one word.", "seed 0", "exact()"):
        assert wanted in text
    assert "No proof of the split was given" in text


def test_a_split_that_leaks_is_called_a_leak(comparison: Comparison, examples: Sequence[VQAExample]) -> None:
    clean = audit_splits({"train": examples[:10], "test": examples[10:]}, distance=None)
    leaking = audit_splits({"train": examples[:11], "test": examples[11:]}, distance=None)
    page = render_report(comparison, provenance=Provenance(split=clean))
    assert "The split shares nothing" in page
    assert "0 of the 7 images of test are in train too" in page
    page = render_report(comparison, provenance=Provenance(split=leaking))
    assert "The split leaks" in page
    assert "<b>Leak:</b> 1 of the 7 images of test are in train too" in page


def test_the_judge_s_agreement_is_shown(browser: Any, tmp_path: Path, comparison: Comparison) -> None:
    share = Estimate(value=0.9, interval=Interval(low=0.8, high=0.95))
    calibration = Calibration(
        levels=("Right", "Wrong"),
        confusion=((31, 2), (3, 24)),
        failed=1,
        judge=Agreement(n=60, share=share, kappa=share, alpha=share),
        people=None,
        bias=Estimate(value=0.01),
    )
    consistency = JudgeConsistency(n=50, failed=0, repeats=share, swaps=share)
    provenance = Provenance(calibration=calibration, consistency=consistency)
    browser.open(write_report(tmp_path / "report.html", comparison, provenance=provenance))
    text = browser.run("document.getElementById('ratings').parentElement.innerText")
    assert calibration.words in text
    assert str(consistency) in text
    assert "Right\t31\t2" in text
    assert "This judge has not been compared" not in text
    assert "This judge has not been compared" in render_report(comparison)


def test_another_scorer_can_decide(comparison: Comparison) -> None:
    assert "Outcome by judge" in render_report(comparison, scorer="judge")
    with pytest.raises(EvaluationError, match="there is no scorer 'taste'"):
        render_report(comparison, scorer="taste")


def test_the_size_of_the_file_is_stated(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert f"One file of {len(text.encode()) / 1e3:.0f} kB, 12 pictures" in text


def test_the_same_comparison_gives_the_same_bytes(comparison: Comparison, examples: Sequence[VQAExample]) -> None:
    provenance = Provenance(date=dt.date(2026, 1, 31))
    pages = [render_report(comparison, examples=examples, provenance=provenance) for _ in range(2)]
    assert pages[0] == pages[1]
    assert "31 January 2026" in pages[0]
    assert f"{dt.datetime.now().astimezone():%B %Y}" in render_report(comparison)


@pytest.mark.parametrize("package", ["jinja2", "matplotlib"])
def test_a_missing_package_is_named(comparison: Comparison, package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.partition(".")[0] == package:
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtraError, match=rf"{package} is not installed.*vqaft\[report\]"):
        render_report(comparison)
