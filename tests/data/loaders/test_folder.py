"""A folder with a table: what is read, and what is refused with file and line."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from vqaft.data import Columns, load_folder
from vqaft.errors import DataError, ImageError

HEADER = "image,question,answer\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    Image.new("RGB", (4, 4)).save(tmp_path / "a.png")
    inside = tmp_path / "data"
    inside.mkdir()
    Image.new("RGB", (4, 4)).save(inside / "a.png")
    (inside / "link.png").symlink_to(inside / "a.png")
    return inside


def test_csv_with_a_newline_in_a_cell(folder: Path) -> None:
    (folder / "qa.csv").write_text(HEADER + 'a.png,"two\nlines?",5\na.png,second?,no\n', encoding="utf-8-sig")
    first, second = load_folder(folder, prefix="x-")
    assert (first.id, first.question, first.answers) == ("x-0", "two\nlines?", ("5",))
    assert (second.id, second.image) == ("x-1", str(folder / "a.png"))


def test_the_table_may_be_named_like_a_pattern(folder: Path) -> None:
    (folder / "qa[1].csv").write_text(HEADER + "a.png,what?,it\n", encoding="utf-8")
    assert [each.id for each in load_folder(folder, table="qa[1].csv")] == ["0"]


@pytest.mark.parametrize("name", ["/nowhere/qa.csv", "", "*.tsv"])
def test_no_such_table(folder: Path, name: str) -> None:
    with pytest.raises(DataError, match="no table"):
        list(load_folder(folder, table=name))


def test_empty_lines_are_passed_over(folder: Path) -> None:
    (folder / "qa.csv").write_text(HEADER + "\na.png,what?,it\n\n", encoding="utf-8")
    assert [each.id for each in load_folder(folder)] == ["0"]


def test_latin_1(folder: Path) -> None:
    (folder / "qa.csv").write_bytes((HEADER + "a.png,Où?,café\n").encode("latin-1"))
    with pytest.raises(DataError, match=r"qa\.csv:2: the line is not utf-8.*cp1252"):
        list(load_folder(folder, encoding="utf-8"))
    [example] = load_folder(folder, encoding="latin-1")
    assert (example.question, example.answer) == ("Où?", "café")


def test_jsonl_with_types(folder: Path) -> None:
    line = '{"image": "a.png", "question": "How many?", "answer": 3, "kind": "open "}\n'
    (folder / "qa.jsonl").write_text(line + "\n" + line, encoding="utf-8")
    examples = list(load_folder(folder, columns=Columns(question_type="kind")))
    assert [(example.id, example.answer, example.question_type) for example in examples] == [
        ("0", "3", "open"),
        ("1", "3", "open"),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the table has no rows"),
        (HEADER, "the table has no rows"),
        ("image,text\na.png,b\n", "qa.csv:2: no column 'question', 'answer'; the columns are 'image', 'text'"),
        (HEADER + "a.png,what?\n", "qa.csv:2: 2 cells under 3 columns"),
        (HEADER + "a.png,what?,it\n../a.png,what?,it\n", "qa.csv:3: the image path '../a.png' leads out of the folder"),
        (HEADER + "/etc/hostname,what?,it\n", "leads out of the folder"),
        (HEADER + "link.png,what?,it\n", "symbolic link"),
        (HEADER + "b.png,what?,it\n", "qa.csv:2: the image 'b.png' is missing"),
        (HEADER + ",what?,it\n", "qa.csv:2: the image is missing"),
        (HEADER + "a.png,what?,\n", "qa.csv:2: example '0': the answer is missing"),
    ],
)
def test_refuses(folder: Path, text: str, message: str) -> None:
    (folder / "qa.csv").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=message):
        list(load_folder(folder))


@pytest.mark.parametrize(("line", "message"), [("{", "not JSON"), ("[1]", "not a JSON object")])
def test_refuses_lines_that_are_no_rows(folder: Path, line: str, message: str) -> None:
    (folder / "qa.jsonl").write_text(line, encoding="utf-8")
    with pytest.raises(DataError, match=rf"qa\.jsonl:1: .*{message}"):
        list(load_folder(folder))


def test_says_what_the_folder_holds(folder: Path) -> None:
    with pytest.raises(DataError, match=r"there is no table of questions.* The folder holds 'a\.png'"):
        list(load_folder(folder))
    with pytest.raises(DataError, match="no such folder"):
        list(load_folder(folder / "nowhere"))


def test_a_link_to_a_folder_is_a_way_out_too(folder: Path) -> None:
    (folder / "up").symlink_to(folder.parent)
    (folder / "here").symlink_to(folder)
    for name in ("up/a.png", "here/a.png"):
        (folder / "qa.csv").write_text(HEADER + f"{name},what?,it\n", encoding="utf-8")
        with pytest.raises(ImageError, match="symbolic link"):
            list(load_folder(folder))


def test_a_name_that_no_system_can_read(folder: Path) -> None:
    (folder / "qa.jsonl").write_text('{"image": "a\\u0000.png", "question": "?", "answer": "no"}', encoding="utf-8")
    with pytest.raises(ImageError, match=r"qa\.jsonl:1: .*cannot be read"):
        list(load_folder(folder))


def test_broken_csv(folder: Path) -> None:
    (folder / "qa.csv").write_text(HEADER + 'a.png,"open,it\n', encoding="utf-8")
    with pytest.raises(DataError, match="the table is not CSV"):
        list(load_folder(folder))


@pytest.fixture
def parquet(folder: Path) -> Path:
    picture = {"bytes": (folder / "a.png").read_bytes(), "path": "elsewhere.png"}
    for number, image in enumerate([picture, {"bytes": None, "path": "a.png"}]):
        rows = {"image": [image], "question": ["How many?"], "answer": [number]}
        pq.write_table(pa.table(rows), folder / f"train-{number}.parquet")
    return folder


def test_parquet_in_several_files(parquet: Path) -> None:
    first, second = load_folder(parquet, table="train-*.parquet")
    assert (first.id, first.answer, first.image) == ("0", "0", (parquet / "a.png").read_bytes())
    assert (second.id, second.answer, second.image) == ("1", "1", str(parquet / "a.png"))


def test_parquet_that_is_none(folder: Path) -> None:
    (folder / "qa.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(DataError, match=r"qa\.parquet: the table is not parquet"):
        list(load_folder(folder))
    with pytest.raises(DataError, match=r"\.png is not a table.*\.csv"):
        list(load_folder(folder, table="a.png"))


def test_rows_are_read_one_by_one(folder: Path) -> None:
    (folder / "qa.csv").write_text(HEADER + "a.png,what?,it\n" + "broken\n", encoding="utf-8")
    examples = load_folder(folder)
    assert next(examples).id == "0"
    with pytest.raises(DataError, match="1 cells"):
        next(examples)


def test_vqa_rad_with_its_quirks(shared: Path) -> None:
    examples = list(load_folder(shared / "data" / "radiology", columns=Columns(id="id", question_type="question_type")))
    assert len(examples) == 2248
    assert {example.question_type for example in examples} == {"open", "closed"}
