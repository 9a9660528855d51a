"""Rows and requests of one builder agree, and give nothing away."""

from __future__ import annotations

import io
import json
import pickle
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.records.pictures import example, picture
from vqaft.chat import ChatRecord, DeveloperMessage
from vqaft.check import check_records
from vqaft.data import VQAExample
from vqaft.errors import DataError, ImageError
from vqaft.images import EncodedImage, ImageEncoder, ImageSource, InputLimits
from vqaft.records import MessageBuilder

TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(lambda text: bool(text.strip()))
IMAGE = picture(99)


class CountingEncoder(ImageEncoder):
    """Remembers what it was asked to encode."""

    def encode(self, source: ImageSource) -> EncodedImage:
        seen.append(source)
        return super().encode(source)


seen: list[ImageSource] = []


@settings(deadline=None)
@given(
    question=TEXT,
    answer=TEXT,
    system=st.none() | TEXT,
    first=st.booleans(),
    detail=st.sampled_from([None, "low", "high"]),
)
def test_a_row_is_written_as_pydantic_would(
    question: str,
    answer: str,
    system: str | None,
    *,
    first: bool,
    detail: str | None,
) -> None:
    builder = MessageBuilder(system=system, image_first=first, detail=detail)  # type: ignore[arg-type]
    row = builder.record(example(1, image=IMAGE, question=question, answer=answer))
    line = row.to_json()
    assert line == row.model_dump_json().encode()
    assert ChatRecord.from_json(line) == row
    assert b"\n" not in line


def test_a_request_is_the_row_without_its_answer() -> None:
    builder = MessageBuilder(system="s", few_shot=[example(7), example(8)], detail="low")
    asked = example(1)
    row = json.loads(builder.record(asked).to_json())["messages"]
    assert json.loads(builder.request_json(asked)) == row[:-1]
    assert builder.request(asked) == builder.record(asked).messages[:-1]
    unknown = VQAExample(id="u", image=asked.image, question=asked.question)
    assert builder.request_json(unknown) == builder.request_json(asked)
    with pytest.raises(DataError, match="no answer"):
        builder.record(unknown)


def test_the_parts_stand_where_they_are_wanted() -> None:
    builder = MessageBuilder(
        system=DeveloperMessage(content="Look."),
        image_first=True,
        question_template="Question: {question} {braces}",
        format_answer=lambda example: example.answer.upper(),
    )
    developer, user, assistant = json.loads(builder.record(example(1)).to_json())["messages"]
    assert developer == {"role": "developer", "content": [{"type": "text", "text": "Look."}]}
    assert [part["type"] for part in user["content"]] == ["image_url", "text"]
    assert user["content"][1]["text"] == "Question: Q1? {braces}"
    assert assistant["content"] == [{"type": "text", "text": "YES"}]


def test_several_questions_share_an_image() -> None:
    questions = [example(number, image=IMAGE, answer=f"a{number}") for number in range(3)]
    row = MessageBuilder(system="s").conversation(questions, weights=[1, 0, 1])
    assert row.to_json().count(b"data:image") == 1
    assert [message.role for message in row.messages] == ["system", *["user", "assistant"] * 3]
    assert [message.get("weight") for message in json.loads(row.to_json())["messages"][2::2]] == [1, 0, 1]
    assert row.example_ids == ("e0", "e1", "e2")
    assert row.model_dump_json().encode() == row.to_json()
    with pytest.raises(DataError, match="other images"):
        MessageBuilder().conversation([example(1), example(2)])
    with pytest.raises(DataError, match="at least one"):
        MessageBuilder().conversation([])


def test_a_few_shot_image_is_never_asked_about(tmp_path: Path) -> None:
    file = tmp_path / "a.jpg"
    file.write_bytes(picture(1))
    builder = MessageBuilder(few_shot=[example(1)])
    same = example(5, image=str(file))
    for build in (builder.record, builder.request, builder.request_json):
        with pytest.raises(DataError, match="few-shot example 'e1'"):
            build(same)
    meant = MessageBuilder(few_shot=[example(1)], few_shot_may_repeat=True)
    assert len(meant.record(same).messages) == 4


def test_every_image_is_encoded_once(tmp_path: Path) -> None:
    file = tmp_path / "a.jpg"
    file.write_bytes(picture(1))
    sources: list[ImageSource] = [str(file), file, picture(2), {"bytes": picture(3), "path": None}]
    asked = [example(n, image=sources[n % 4]) for n in range(40)]
    seen.clear()
    builder = MessageBuilder(encoder=CountingEncoder(), few_shot=[example(50), example(51)])
    rows = list(builder.records(asked, max_workers=4))
    assert [row.example_ids for row in rows] == [(one.id,) for one in asked]
    assert len(seen) == 2 + 3
    again = list(builder.records(asked, max_workers=1))
    assert again == rows
    assert len(seen) == 2 + 3


def test_the_memory_for_images_is_bounded() -> None:
    from vqaft.records.image_cache import EncodedImageCache

    once, encoder = EncodedImageCache(max_bytes=5_000), CountingEncoder()
    seen.clear()
    for number in (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 0):
        once.encode(encoder, picture(number))
    assert len(seen) == 11


def test_a_changed_file_is_encoded_anew(tmp_path: Path) -> None:
    file = tmp_path / "a.jpg"
    builder = MessageBuilder()
    file.write_bytes(picture(1))
    before = builder.request_json(example(1, image=str(file)))
    file.write_bytes(picture(2, size=(80, 60)))
    assert builder.request_json(example(1, image=str(file))) != before


def test_images_turned_by_exif_are_not_mixed_up() -> None:
    upright = Image.open(io.BytesIO(picture(1)))
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = Image.open(io.BytesIO(picture(1, exif=exif)))
    assert turned.tobytes() == upright.tobytes()
    builder = MessageBuilder()
    assert builder.request(example(1, image=upright)) != builder.request(example(1, image=turned))


def test_errors_name_the_example(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="example 'e1'"):
        MessageBuilder().record(example(1, image=str(tmp_path / "missing.jpg")))
    with pytest.raises(ImageError, match="example 'e1'"):
        list(MessageBuilder().records([example(1, image=b"no image")], max_workers=2))
    with pytest.raises(DataError, match="example 'e1': the question is not valid Unicode"):
        MessageBuilder().record(example(1, question="\ud800"))
    with pytest.raises(DataError, match="the answer is empty"):
        MessageBuilder(format_answer=lambda _: " ").record(example(1))
    with pytest.raises(DataError, match="no \\{question\\}"):
        MessageBuilder(question_template="Look!")
    with pytest.raises(DataError, match="few-shot example has no answer"):
        MessageBuilder(few_shot=[VQAExample(id="f", image=IMAGE, question="?")])


def test_a_builder_travels_to_another_process() -> None:
    builder = MessageBuilder(system="s", few_shot=[example(1)])
    builder.record(example(2))
    copied = pickle.loads(pickle.dumps(builder))  # noqa: S301
    assert copied == builder
    assert copied.record(example(2)) == builder.record(example(2))


def test_the_check_finds_nothing_in_what_was_built() -> None:
    builder = MessageBuilder(system="Answer in a word.", few_shot=[example(90), example(91, answer="no")])
    rows = builder.records(example(n, answer=("yes", "no", "red")[n % 3]) for n in range(30))
    assert check_records(rows).problems == ()


def test_rows_keep_the_order_of_the_examples() -> None:
    asked = [example(n, image=picture(n // 100)) for n in range(230)]
    rows = MessageBuilder().records(asked, max_workers=3)
    assert [row.example_ids for row in rows] == [(each.id,) for each in asked]


def test_public_web_addresses_are_passed_on_unless_they_are_fetched() -> None:
    url = "https://example.com/a%20b.jpg"
    row = MessageBuilder(detail="high").record(example(1, image=url))
    assert row.model_dump_json().encode() == row.to_json()
    assert json.loads(row.to_json())["messages"][0]["content"][1]["image_url"] == {"url": url, "detail": "high"}
    for private in ("http://localhost/a.jpg", "https://10.0.0.1/a.jpg"):
        with pytest.raises(ImageError, match="example 'e1'"):
            MessageBuilder().record(example(1, image=private))
    fetching = ImageEncoder(accepted=InputLimits(fetch=lambda _: IMAGE))
    assert b"data:image/jpeg" in MessageBuilder(encoder=fetching).request_json(example(1, image=url))
