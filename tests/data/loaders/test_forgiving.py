"""Tables as people have them: what is meant is read, and what cannot be meant is refused at its place."""

from __future__ import annotations

import datetime as dt
import json
import logging
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from tests.data.pictures import picture
from vqaft.data import Columns, VQAExample, load_coco_vqa, load_file, load_folder, load_hf, plain_columns, question_kind
from vqaft.errors import DataError, ImageError

ROWS = "image{0}question{0}answer\r\na.png{0}What, then?{0}9.00\r\nB.PNG{0}Is it?{0}007\r\n"
READ = [("What, then?", ("9.00",)), ("Is it?", ("007",))]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a.png", "B.PNG", "im/näme.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(picture(len(name)))
    return tmp_path


def table(folder: Path, content: str | bytes, name: str = "qa.csv", encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return path


def read(examples: Any) -> list[tuple[str, tuple[str, ...]]]:
    return [(example.question, example.answers) for example in examples]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("qa.csv", ROWS.format(";")),
        ("qa.csv", ROWS.format("|")),
        ("qa.csv", ROWS.format("\t")),
        ("qa.tsv", ROWS.format("\t")),
        ("qa.csv", "sep=;\r\n" + ROWS.format(";")),
        ("qa.csv", 'image, Question , ANSWER\na.png, "What, then?", 9.00\nB.PNG, Is it?, 007,\n'),
        ("qa.csv", 'image,question,answer\na.png,"What, then?",9.00\nb.png,Is it?,007\n'),
        ("qa.csv", 'image,question,answer\n.\\a.png,"What, then?",9.00\n.\\B.png,Is it?,007\n'),
    ],
)
def test_dialects_blanks_and_case(folder: Path, name: str, text: str) -> None:
    assert read(load_file(table(folder, text, name))) == READ


def test_a_dialect_can_be_named(folder: Path) -> None:
    path = table(folder, ROWS.format(";"))
    assert read(load_file(path, dialect=";")) == READ
    assert read(load_folder(folder, dialect=";")) == READ
    with pytest.raises(DataError, match="dialect is 'no such'"):
        list(load_file(path, dialect="no such"))


def test_a_cell_may_be_larger_than_the_csv_module_likes(folder: Path) -> None:
    [example] = load_file(table(folder, f"image,question,answer\na.png,{'q' * 200_000},x\n"))
    assert len(example.question) == 200_000


@pytest.mark.parametrize(
    ("encoding", "question", "answer"),
    [
        ("utf-8-sig", "Où?", "là"),
        ("utf-16", "Où?", "là"),
        ("utf-16-le", "Où est-ce?", "là"),
        ("utf-32", "Où?", "là"),
        ("cp1252", "Où est le café à Orléans?", "près de l’école"),
        ("cp932", "これは何ですか。画像を見てください", "請求書の合計金額です"),
        ("gb18030", "这是什么东西请看图片", "发票上的总金额"),
        ("utf-8", "line\u2028end", "x"),
    ],
)
@pytest.mark.parametrize("named", [False, True])
def test_encodings(folder: Path, encoding: str, question: str, answer: str, named: bool) -> None:  # noqa: FBT001
    csv = table(folder, f"image,question,answer\na.png,{question},{answer}\n", encoding=encoding)
    jsonl = table(
        folder,
        json.dumps({"image": "a.png", "question": question, "answer": answer}, ensure_ascii=False),
        "qa.jsonl",
        encoding,
    )
    for path in (csv, jsonl):
        assert read(load_file(path, encoding=encoding if named else None)) == [(question, (answer,))]


def test_text_that_is_not_in_its_encoding_names_the_line(folder: Path) -> None:
    path = table(folder, "image,question,answer\na.png,q,x\na.png,où?,x\n", encoding="cp1252")
    with pytest.raises(DataError, match=r"qa\.csv:3: the line is not utf-8"):
        list(load_file(path, encoding="utf-8"))
    with pytest.raises(DataError, match="encoding is 'none', which is not known"):
        list(load_file(path, encoding="none"))


@pytest.mark.parametrize(
    "content",
    [
        [{"image": "a.png", "question": "q", "answer": "x"}],
        {"data": [{"image": "a.png", "question": "q", "answer": "x"}]},
        {"anything": [{"image": "a.png", "question": "q", "answer": "x"}]},
        {"image": ["a.png"], "question": ["q"], "answer": ["x"]},
        {"r1": {"image": "a.png", "question": "q", "answer": "x"}},
    ],
)
def test_json(folder: Path, content: Any) -> None:
    for name in ("t.json", "t.jsonl") if isinstance(content, list) else ("t.json",):
        assert read(load_file(table(folder, json.dumps(content), name))) == [("q", ("x",))]


def test_rows_of_json_lines_under_another_name_and_nan(folder: Path) -> None:
    line = '{"image": "a.png", "question": "q", "answer": %s}\n'
    path = table(folder, line % '"x"' + line % "NaN", "t.json")
    assert read(load_file(path, columns=Columns(unanswered="keep"))) == [("q", ("x",)), ("q", ())]


def test_excel(folder: Path) -> None:
    rows = {"image": ["a.png"], "question": ["q"], "answer": ["007"], "total": [9.5], "day": [dt.date(2018, 12, 25)]}
    pd.DataFrame(rows).to_excel(folder / "t.xlsx", index=False)
    [example] = load_file(folder / "t.xlsx")
    assert (example.answers, example.metadata["total"]) == (("007",), 9.5)
    [day] = load_file(folder / "t.xlsx", columns=Columns(answer="day"))
    assert day.answers == ("2018-12-25",)
    with pytest.raises(DataError, match="not Excel"):
        list(load_file(table(folder, "no", "t.xlsx")))


ONE = {"image": ["a.png"], "question": ["q"], "answer": ["x"], "id": ["r1"]}
FRAMES: dict[str, Any] = {
    "pandas": pd.DataFrame(ONE),
    "polars": pl.DataFrame(ONE),
    "polars, lazy": pl.LazyFrame(ONE),
    "pyarrow": pa.table(ONE),
    "columns": ONE,
    "mappings": [{key: value[0] for key, value in ONE.items()}],
    "dataset": datasets.Dataset.from_dict(ONE),
    "stream": datasets.Dataset.from_dict(ONE).to_iterable_dataset(),
}


@pytest.mark.parametrize("kind", FRAMES)
def test_frames_without_columns(kind: str) -> None:
    [example] = load_hf(FRAMES[kind])
    assert (example.id, example.image, example.answers) == ("r1", "a.png", ("x",))


def test_paths_of_a_frame_may_have_a_folder(folder: Path) -> None:
    [example] = load_hf(pd.DataFrame(ONE), images=folder)
    assert example.image == str(folder / "a.png")


@pytest.mark.parametrize("streaming", [False, True])
def test_classes_become_their_names(folder: Path, streaming: bool) -> None:  # noqa: FBT001
    features = datasets.Features(
        {
            "image": datasets.Image(),
            "question": datasets.Value("string"),
            "label": datasets.ClassLabel(names=["cat", "dog"]),
            "tags": datasets.List(datasets.ClassLabel(names=["big", "small"])),
        }
    )
    rows = datasets.Dataset.from_dict(
        {"image": [str(folder / "a.png")], "question": ["q"], "label": [1], "tags": [[1, 0]]}, features=features
    )
    source = rows.to_iterable_dataset() if streaming else rows
    [example] = load_hf(source)
    assert (example.answers, example.metadata["tags"]) == (("dog",), ["small", "big"])
    [tagged] = load_hf(source, columns=Columns(answer="tags"))
    assert tagged.answers == ("small", "big")
    rows.to_parquet(folder / "t.parquet")
    [again] = load_file(folder / "t.parquet")
    assert again.answers == ("dog",)


def test_several_images_in_a_list_or_in_columns(folder: Path) -> None:
    features = {"image": datasets.List(datasets.Image()), "question": datasets.Value("string")}
    rows = datasets.Dataset.from_dict(
        {"image": [[picture(1), picture(2)]], "question": ["q"], "answer": ["x"]},
        features=datasets.Features({**features, "answer": datasets.Value("string")}),
    )
    [example] = load_hf(rows)
    assert example.images == (picture(1), picture(2))
    path = table(folder, "left,right,question,answer\na.png,im/näme.png,q,x\n")
    [pair] = load_file(path, columns=Columns(image=("left", "right")))
    assert [Path(str(image)).name for image in pair.images] == ["a.png", "näme.png"]


@pytest.mark.parametrize(
    ("value", "answers"),
    [
        (b"red", ("red",)),
        (np.array(["a", "b"]), ("a", "b")),
        (np.array("a"), ("a",)),
        (np.float64(3), ("3",)),
        (2.5, ("2.5",)),
        (dt.date(2018, 12, 25), ("2018-12-25",)),
        (dt.datetime(2018, 12, 25, 14, 30), ("2018-12-25T14:30:00",)),  # noqa: DTZ001 - a cell has no zone
        ([{"answer": "a"}, {"answer": "b"}, {"answer": "b"}], ("b", "b", "a")),
        ({"text": ["a"], "answer_start": [3]}, ("a",)),
        (pd.Series(["a", "b"]), ("a", "b")),
    ],
)
def test_answers_of_every_kind(value: Any, answers: tuple[str, ...]) -> None:
    [example] = load_hf([{"image": "a.png", "question": "q", "answer": value}])
    assert example.answers == answers


@pytest.mark.parametrize("value", [{"x": 1}, [["a"]], {1, 2}, b"\xff", object(), [{"x": 1}], np.zeros((2, 2)), 3j + 1])
def test_answers_that_are_no_text_are_refused(value: Any) -> None:
    if isinstance(value, complex):
        assert read(load_hf([{"image": "a.png", "question": "q", "answer": value}])) == [("q", ("(1+3j)",))]
        return
    with pytest.raises(DataError, match="example '0': the answer is") as caught:
        list(load_hf([{"image": "a.png", "question": "q", "answer": value}]))
    assert len(str(caught.value)) < 400


def test_web_addresses_and_base64_in_tables(folder: Path) -> None:
    import base64

    text = base64.b64encode(picture(1)).decode()
    rows = f'image,question,answer\nhttps://example.org/a.png,q,x\n{text},q,y\n"data:image/png;base64,{text}",q,z\n'
    web, bare, url = load_file(table(folder, rows))
    assert web.image == "https://example.org/a.png"
    assert bare.image == picture(1)
    assert url.image == f"data:image/png;base64,{text}"


def test_all_bad_rows_are_listed(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = table(folder, "image,question,answer\nx.png,q,x\na.png,q,\nb.pgn,q,z\na.png,q,z\na.png,q\n")
    with pytest.raises(DataError) as caught:
        list(load_file(path))
    lines = str(caught.value).splitlines()
    assert lines[0].endswith("qa.csv: 4 of 5 rows cannot be used:")
    assert [line.strip()[:7] for line in lines[1:5]] == ["line 2:", "line 3:", "line 4:", "line 6:"]
    assert "There is 'B.PNG'" in lines[3]
    assert len(caught.value.problems) == 4
    with caplog.at_level(logging.WARNING):
        examples = load_file(path, on_error="skip")
        assert [example.id for example in examples] == ["3"]
    assert [error.line for error in examples.skipped] == [2, 3, 4, 6]
    assert "4 of 5 rows were skipped" in caplog.text
    with pytest.raises(DataError, match="on_error is 'ignore'"):
        load_file(path, on_error="ignore")  # type: ignore[arg-type]


def test_rows_behind_those_that_are_taken_are_not_judged(folder: Path) -> None:
    path = table(folder, "image,question,answer\nx.png,q,x\na.png,q,z\na.png,q,y\ny.png,q,x\nz.png,q,x\n")
    with pytest.raises(ImageError, match=r"x\.png"):  # one of the two, so it is said
        list(load_file(path).take(2))
    skipping = load_file(path, on_error="skip").take(2)
    assert [example.answer for example in skipping] == ["z", "y"]
    assert [error.line for error in skipping.skipped] == [2]
    with pytest.raises(DataError, match="2 of 2 rows cannot be used"):
        list(load_file(table(folder, "image,question,answer\nx.png,q,x\ny.png,q,x\nz.png,q,x\n")).take(2))
    with pytest.raises(DataError, match="count is 0"):
        load_file(path).take(0)


def test_one_bad_row_is_its_own_error(folder: Path) -> None:
    with pytest.raises(ImageError, match=r"qa\.csv:2: the image 'x\.png' is missing"):
        list(load_file(table(folder, "image,question,answer\nx.png,q,x\na.png,q,x\n")))


def test_ids_are_kept_and_duplicates_refused(folder: Path) -> None:
    path = table(folder, "id,image,question,answer\nr1,a.png,q,x\nr1,a.png,q,y\n")
    with pytest.raises(DataError, match=r"qa\.csv:3: example 'r1': the row has the same id as line 2"):
        list(load_file(path))
    assert [example.id for example in load_file(path, columns=Columns())] == ["0", "1"]


def test_class_named_folders(folder: Path) -> None:
    for name in ("cat/1.jpg", "cat/more/2.PNG", "dog/1.jpg", "dog/readme.txt"):
        (folder / "pets" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "pets" / name).write_bytes(picture(len(name)))
    found = list(load_folder(folder / "pets", question="What is it?"))
    assert [(example.id, example.answer) for example in found] == [
        ("cat/1.jpg", "cat"),
        ("cat/more/2.PNG", "cat"),
        ("dog/1.jpg", "dog"),
    ]
    with pytest.raises(DataError, match="Sub-folders hold images: question="):
        list(load_folder(folder / "pets"))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (load_file, "is a folder. Use load_folder"),
        (lambda folder: load_folder(folder / "no"), "no such folder"),
        (lambda _: load_hf("train.csv"), "Use load_file"),
        (lambda _: load_hf({"train": [1], "test": [2, 3]}), r"Pass one split, e\.g\. dataset\['train'\]"),
        (lambda _: load_hf(3), "Give a dataset"),
        (lambda _: load_hf([VQAExample(id="1", image="a.png", question="?")]), "a row is VQAExample"),
        (lambda _: load_hf([{"image": "a.png", "q": "?", "answer": "x"}]), "no column 'question'"),
        (lambda _: plain_columns(["file", "image_path", "question", "answer"]), "the image can be in"),
        (lambda folder: load_coco_vqa(folder / "no.json", images=folder), "cannot be read"),
    ],
)
def test_the_remedy_is_named(folder: Path, call: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        list(call(folder))


@pytest.mark.parametrize(
    "wrong", [{"image": 3}, {"image": ()}, {"question": None}, {"metadata": "x"}, {"unanswered": "drop"}, {"id": 5}]
)
def test_columns_are_valid_by_construction(wrong: dict[str, Any]) -> None:
    with pytest.raises(DataError, match=next(iter(wrong))):
        Columns(**wrong)


@pytest.mark.parametrize(
    ("answer", "kind"), [("True", "closed"), ("false.", "closed"), ("Yes!", "closed"), ("Y", "open")]
)
def test_true_and_false_are_closed(answer: str, kind: str) -> None:
    assert question_kind(VQAExample(id="1", image="a.png", question="?", answers=(answer,))) == kind
