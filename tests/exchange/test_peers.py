"""Exports read by the peers' own code, each with a negative control: the same check must fail on a broken export."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.exchange.samples import examples, picture
from vqaft.check import check_file
from vqaft.data import VQAExample, load_coco_vqa, load_llava
from vqaft.evaluation import AnsweredExample, VQAAccuracy
from vqaft.exchange import (
    TRL,
    Axolotl,
    ChatJSONL,
    CocoVQA,
    Gemini,
    HuggingFace,
    ImageFolder,
    InspectAI,
    LabelStudio,
    LlamaFactory,
    LLaVA,
    LmmsEval,
    MsSwift,
    Nova,
    PydanticEvals,
    Unsloth,
    WebDataset,
    export,
)
from vqaft.images import ImageEncoder
from vqaft.providers import AZURE, FIREWORKS, OPENAI, TOGETHER, ProviderLimits
from vqaft.records import MessageBuilder

SYSTEM = MessageBuilder(system="Answer in one word.", image_first=True)


@pytest.fixture(autouse=True)
def _offline(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    import datasets

    datasets.disable_progress_bars()
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path_factory.mktemp("datasets"))
    yield
    datasets.enable_progress_bars()


def load(*names: str, folder: Path, **options: Any) -> list[dict[str, Any]]:
    import datasets

    return list(datasets.load_dataset(*names, split="train", cache_dir=str(folder.with_name("cache")), **options))


def upright_size(example: VQAExample) -> tuple[int, int]:
    encoded = ImageEncoder().encode(example.image)
    return encoded.width, encoded.height


def text_of(content: Any) -> Any:
    return content if not isinstance(content, list) else "".join(part["text"] for part in content if part["text"])


@pytest.mark.parametrize("several", [False, True])
def test_datasets_reads_the_hub_folder(*, several: bool, tmp_path: Path) -> None:
    wanted = examples(tmp_path / "source")
    export({"train": wanted[:4], "test": wanted[4:]}, HuggingFace(several_images=several), tmp_path / "hub")
    rows = load(str(tmp_path / "hub"), folder=tmp_path / "hub")
    assert [row["id"] for row in rows] == ["r0", "r1", "r2", "r3"]
    assert [row["question"] for row in rows] == [one.question for one in wanted[:4]]
    assert [tuple(row["answers"]) for row in rows] == [one.answers for one in wanted[:4]]
    images = [row["images"][0] if several else row["image"] for row in rows]
    assert [image.size for image in images] == [upright_size(one) for one in wanted[:4]]
    assert [json.loads(row["metadata"] or "{}") for row in rows] == [dict(one.metadata) for one in wanted[:4]]


def test_datasets_needs_the_card(tmp_path: Path) -> None:
    wanted = examples(tmp_path / "source")
    export(wanted, HuggingFace(), tmp_path / "hub")
    card = tmp_path / "hub" / "README.md"
    card.write_text(card.read_text().replace("data/train-*", "data/other-*"))
    with pytest.raises(Exception, match=r"No .*data files found"):
        load(str(tmp_path / "hub"), folder=tmp_path / "hub")


@pytest.mark.parametrize("several", [False, True])
def test_datasets_reads_the_image_folder(*, several: bool, tmp_path: Path) -> None:
    wanted = examples(tmp_path / "source")
    export(wanted, ImageFolder(several_images=several), tmp_path / "folder")
    rows = load("imagefolder", folder=tmp_path / "folder", data_dir=str(tmp_path / "folder"))
    assert [row["id"] for row in rows] == [one.id for one in wanted]
    assert [row["question"] for row in rows] == [one.question for one in wanted]
    assert [tuple(row["answers"]) for row in rows] == [one.answers for one in wanted]
    images = [row["images"][0] if several else row["image"] for row in rows]
    assert [image.size for image in images] == [upright_size(one) for one in wanted]
    (next((tmp_path / "folder" / "train" / "images").iterdir())).unlink()
    with pytest.raises(FileNotFoundError):
        load("imagefolder", folder=tmp_path / "folder", data_dir=str(tmp_path / "folder"))


def test_datasets_reads_the_lmms_eval_table(tmp_path: Path) -> None:
    wanted = examples(tmp_path / "source")
    export(
        wanted, LmmsEval(name="receipts"), tmp_path / "task", builder=MessageBuilder(question_template="{question}!")
    )
    files = {"train": str(tmp_path / "task" / "data" / "train-*.parquet")}
    rows = load("parquet", folder=tmp_path / "task", data_files=files)
    assert [row["prompt"] for row in rows] == [f"{one.question}!" for one in wanted]
    assert [row["images"][0].size for row in rows] == [upright_size(one) for one in wanted]


@pytest.mark.parametrize("target", [TRL(), Unsloth()], ids=lambda target: target.format)
def test_datasets_reads_typed_messages(target: Any, tmp_path: Path) -> None:
    wanted = examples(tmp_path / "source")
    export(wanted, target, tmp_path / "out", builder=SYSTEM)
    for row, one in zip(load(str(tmp_path / "out"), folder=tmp_path / "out"), wanted, strict=True):
        messages = row.get("messages") or [*row["prompt"], *row["completion"]]
        assert [message["role"] for message in messages] == ["system", "user", "assistant"]
        assert [text_of(message["content"]) for message in messages] == [
            "Answer in one word.",
            one.question,
            one.answer,
        ]
        assert [part["type"] for part in messages[1]["content"]] == ["image", "text"]
        assert [image.size for image in row["images"]] == [upright_size(one)]


# Answers that readers of JSON and tables like to turn into something else.
HOSTILE = st.one_of(
    st.sampled_from(["9.00", "007", "true", "null", "NaN", "None", "N/A", '{"a": 1}', "[1, 2]", "1e5", '"q"', "-0"]),
    st.dates().map(str),
    st.datetimes().map(str),
    st.datetimes().map(lambda moment: moment.isoformat() + "Z"),
    st.integers().map(str),
    st.floats().map(str),
    st.text(min_size=1).filter(lambda text: text.strip() and "<" not in text and "[" not in text),
)
JSONL = [ChatJSONL(), LlamaFactory(), MsSwift(), Axolotl()]
PARQUET = [HuggingFace(), TRL(), Unsloth()]


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("image") / "a.png"
    picture(1).save(path)
    return str(path)


@pytest.mark.parametrize("target", [*JSONL, *PARQUET], ids=lambda target: target.format)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pairs=st.lists(st.tuples(HOSTILE, HOSTILE), min_size=1, max_size=4))
def test_every_answer_is_the_same_text_through_datasets(
    target: Any, image: str, tmp_path_factory: pytest.TempPathFactory, pairs: list[tuple[str, str]]
) -> None:
    out = tmp_path_factory.mktemp("law") / "out"
    wanted = [
        VQAExample(id=str(place), image=image, question=question, answers=(answer,))
        for place, (question, answer) in enumerate(pairs)
    ]
    exported = export(wanted, target, out, max_workers=1)
    names = ("json",) if target in JSONL else (str(out),)
    options = {"data_files": str(out / "train.jsonl")} if target in JSONL else {}
    rows = load(*names, folder=out, **options)
    assert [_answer(row) for row in rows] == [answer for _, answer in pairs]
    assert [one.answer for one in target.read(out, manifest=False)] == [answer for _, answer in pairs]
    native = [(one.id, one.question, one.answers) for one in target.read(out, manifest=False)]
    assert (exported.lossy == ()) == (native == [(one.id, one.question, one.answers) for one in wanted])
    assert [(one.id, one.question, one.answers) for one in target.read(out)] == [
        (one.id, one.question, one.answers) for one in wanted
    ]


def _answer(row: dict[str, Any]) -> Any:
    if "answers" in row:
        return row["answers"][0]
    return text_of((row.get("completion") or row["messages"])[-1]["content"])


def test_the_law_of_texts_would_see_a_mixed_column(image: str, tmp_path: Path) -> None:
    mixed = [{"role": "user", "content": [{"type": "text", "text": "q"}]}, {"role": "assistant", "content": "9.00"}]
    (tmp_path / "train.jsonl").write_text(json.dumps({"messages": mixed}) + "\n")
    (row,) = load("json", folder=tmp_path / "out", data_files=str(tmp_path / "train.jsonl"))
    assert _answer(row) != "9.00"


def test_google_genai_accepts_every_content(tmp_path: Path) -> None:
    types = pytest.importorskip("google.genai.types", reason="google-genai is in the group 'test'")
    wanted = examples(tmp_path / "source")
    export(wanted, Gemini(uri="gs://bucket/receipts"), tmp_path / "out", builder=SYSTEM)
    for line, one in zip((tmp_path / "out" / "train.jsonl").read_text().splitlines(), wanted, strict=True):
        row = json.loads(line)
        assert set(row) == {"systemInstruction", "contents"}
        system = types.Content.model_validate(row["systemInstruction"])
        assert [part.text for part in system.parts] == ["Answer in one word."]
        user, model = (types.Content.model_validate(content) for content in row["contents"])
        assert (user.role, model.role) == ("user", "model")
        assert [part.text for part in user.parts] == [None, one.question]
        assert [part.text for part in model.parts] == [one.answer]
        address = user.parts[0].file_data.file_uri
        with Image.open(tmp_path / "out" / address.removeprefix("gs://bucket/receipts/")) as shown:
            assert shown.size == upright_size(one)
            assert user.parts[0].file_data.mime_type == Image.MIME[str(shown.format)]
    with pytest.raises(ValueError, match="image_url"):
        types.Content.model_validate({"role": "user", "parts": [{"image_url": "gs://bucket/a.jpg"}]})


def test_inspect_ai_reads_the_samples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = pytest.importorskip("inspect_ai.dataset", reason="inspect-ai is in the group 'peers'")
    wanted = examples(tmp_path / "source")
    export(wanted, InspectAI(), tmp_path / "out", builder=SYSTEM)
    monkeypatch.chdir(tmp_path)
    samples = list(dataset.json_dataset(str(tmp_path / "out" / "train.jsonl")))
    assert [sample.id for sample in samples] == [one.id for one in wanted]
    for sample, one in zip(samples, wanted, strict=True):
        system, user = sample.input
        assert (system.role, system.content, user.role) == ("system", "Answer in one word.", "user")
        assert [part.text for part in user.content if part.type == "text"] == [one.question]
        assert sample.target == (list(one.answers) if len(one.answers) > 1 else one.answer)
        with Image.open(user.content[0].image) as shown:
            assert shown.size == upright_size(one)
        assert (sample.metadata or {}).get("question_type") == one.question_type
    file = tmp_path / "out" / "train.jsonl"
    file.write_text(file.read_text().replace('"role":"user"', '"role":"human"'))
    with pytest.raises(ValueError, match="role"):
        dataset.json_dataset(str(file))


@pytest.mark.parametrize("limits", [OPENAI, AZURE, TOGETHER, FIREWORKS], ids=lambda limits: limits.name)
def test_the_check_of_training_files_finds_nothing_in_a_chat_export(limits: ProviderLimits, tmp_path: Path) -> None:
    wanted = examples(tmp_path / "source")
    many = [replace(one, id=f"{one.id}-{turn}") for turn in range(2) for one in wanted]
    export(many, ChatJSONL(provider=limits), tmp_path / "out", builder=SYSTEM)
    report = check_file(tmp_path / "out" / "train.jsonl", limits=limits)
    assert not report.errors
    file = tmp_path / "out" / "train.jsonl"
    file.write_text(file.read_text().replace('"role":"assistant"', '"role":"helper"'))
    assert check_file(file, limits=limits).errors


def test_the_converse_api_accepts_every_message_for_nova(tmp_path: Path) -> None:
    session = pytest.importorskip("botocore.session", reason="botocore comes with inspect-ai, in the group 'peers'")
    validate = pytest.importorskip("botocore.validate")
    shape = session.get_session().get_service_model("bedrock-runtime").shape_for("ConverseRequest")
    wanted = examples(tmp_path / "source")
    export(wanted, Nova(uri="s3://bucket/receipts", bucket_owner="123456789012"), tmp_path / "out", builder=SYSTEM)

    def errors(row: dict[str, Any]) -> bool:
        request = {"modelId": "amazon.nova-lite-v1:0", "system": row["system"], "messages": row["messages"]}
        return bool(validate.ParamValidator().validate(request, shape).has_errors())

    for line, one in zip((tmp_path / "out" / "train.jsonl").read_text().splitlines(), wanted, strict=True):
        row = json.loads(line)
        assert set(row) == {"schemaVersion", "system", "messages"}
        assert not errors(row)
        image, text = row["messages"][0]["content"]
        assert (text["text"], row["messages"][1]["content"][0]["text"]) == (one.question, one.answer)
        address = image["image"]["source"]["s3Location"]["uri"].removeprefix("s3://bucket/receipts/")
        with Image.open(tmp_path / "out" / address) as shown:
            assert shown.size == upright_size(one)
            assert str(shown.format).lower() == image["image"]["format"]
        row["messages"][0]["content"][0] = {"image": {"format": "png", "source": {"url": "s3://bucket/a.png"}}}
        assert errors(row)


READ_SHARDS = """
import json, sys, webdataset
for sample in webdataset.WebDataset([f"file:{path}" for path in sys.argv[1:]], shardshuffle=False).decode("pil"):
    image = sample["jpg"] if "jpg" in sample else sample["png"]
    print(json.dumps([sample["__key__"], sample["json"]["question"], sample["json"]["answers"], image.size]))
"""


def test_webdataset_reads_the_shards(tmp_path: Path) -> None:
    pytest.importorskip("webdataset", reason="webdataset is in the group 'test'")
    wanted = examples(tmp_path / "source")
    export(wanted, WebDataset(shard_bytes=600), tmp_path / "out")
    shards = sorted((tmp_path / "out").glob("*.tar"))
    assert len(shards) > 1

    def read() -> subprocess.CompletedProcess[str]:  # in a process of its own: the library leaves its files open
        command = [sys.executable, "-W", "ignore", "-c", READ_SHARDS, *map(str, shards)]
        return subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603

    samples = [json.loads(line) for line in read().stdout.splitlines()]
    assert [(question, answers, size) for _, question, answers, size in samples] == [
        (one.question, list(one.answers), list(upright_size(one))) for one in wanted
    ]
    assert len({key for key, *_ in samples}) == len(wanted)
    shards[0].write_bytes(shards[0].read_bytes()[:700])
    assert "ReadError" in read().stderr


def test_datasets_reads_shards_of_one_image_format(tmp_path: Path) -> None:
    wanted = examples(tmp_path / "source")
    jpeg = MessageBuilder(encoder=ImageEncoder(format="jpeg"))
    export(wanted, WebDataset(), tmp_path / "out", builder=jpeg)
    rows = load("webdataset", folder=tmp_path / "out", data_files=str(tmp_path / "out" / "train-000000.tar"))
    assert [row["json"]["answers"][0] for row in rows] == [one.answer for one in wanted]
    assert [row["jpg"].size for row in rows] == [upright_size(one) for one in wanted]


def test_pydantic_evals_reads_the_cases(tmp_path: Path) -> None:
    peer = pytest.importorskip("pydantic_evals", reason="pydantic-evals is in the group 'test'")
    wanted = examples(tmp_path / "source")
    export(wanted, PydanticEvals(name="receipts"), tmp_path / "out", builder=SYSTEM)
    read = peer.Dataset[dict[str, Any], str, dict[str, Any]]
    dataset = read.from_file(tmp_path / "out" / "train.json")
    assert [case.name for case in dataset.cases] == [one.id for one in wanted]
    assert [case.expected_output for case in dataset.cases] == [one.answer for one in wanted]
    assert [case.inputs["question"] for case in dataset.cases] == [one.question for one in wanted]
    assert {case.inputs["system"] for case in dataset.cases} == {"Answer in one word."}
    for case, one in zip(dataset.cases, wanted, strict=True):
        with Image.open(tmp_path / "out" / case.inputs["images"][0]) as shown:
            assert shown.size == upright_size(one)
    content = json.loads((tmp_path / "out" / "train.json").read_text())
    content["cases"][1]["expected_output"] = 9.0
    (tmp_path / "out" / "train.json").write_text(json.dumps(content))
    with pytest.raises(ValueError, match="expected_output"):
        read.from_file(tmp_path / "out" / "train.json")


def test_label_studio_accepts_the_tasks(tmp_path: Path) -> None:
    peer = pytest.importorskip("label_studio_sdk.label_interface", reason="label-studio-sdk is in the group 'peers'")
    wanted = examples(tmp_path / "source")
    export(wanted, LabelStudio(), tmp_path / "out")
    config = peer.LabelInterface((tmp_path / "out" / "config.xml").read_text())
    for task in json.loads((tmp_path / "out" / "train.json").read_text()):
        assert config.validate_task({"data": task["data"]})
        assert config.validate_prediction(task["predictions"][0])
        task["predictions"][0]["result"][0]["from_name"] = "other"
        assert not config.validate_prediction(task["predictions"][0])
        del task["data"]["question"]
        assert not config.validate_task({"data": task["data"]})


def test_label_studio_accepts_the_tasks_of_a_rating(tmp_path: Path) -> None:
    peer = pytest.importorskip("label_studio_sdk.label_interface", reason="label-studio-sdk is in the group 'peers'")
    wanted = examples(tmp_path / "source")
    levels = ('right "so"', "<wrong>")
    target = LabelStudio(levels=levels, answers={one.id: "9.00" for one in wanted})
    export(wanted, target, tmp_path / "out")
    config = peer.LabelInterface((tmp_path / "out" / "config.xml").read_text())
    (task, *_) = json.loads((tmp_path / "out" / "train.json").read_text())
    assert config.validate_task({"data": task["data"]})
    for level, accepted in ((levels[0], True), (levels[1], True), ("right", False)):
        value = {"choices": [level]}
        result = {"id": "a", "from_name": "level", "to_name": "image", "type": "choices", "value": value}
        assert config.validate_annotation({"result": [result]}) is accepted


def test_the_loaders_of_vqaft_read_coco_and_llava(tmp_path: Path) -> None:
    wanted = examples(tmp_path / "source")
    jpeg = MessageBuilder(encoder=ImageEncoder(format="jpeg"))
    export(wanted, CocoVQA(), tmp_path / "coco", builder=jpeg)
    coco = list(
        load_coco_vqa(
            tmp_path / "coco" / "train_questions.json",
            annotations=tmp_path / "coco" / "train_annotations.json",
            images=tmp_path / "coco" / "images",
            image_name="{image_id:012}.jpg",
        )
    )
    assert [one.question for one in coco] == [one.question.strip() for one in wanted]
    assert [one.answer for one in coco] == [one.answer for one in wanted]
    for one, found in zip(wanted, coco, strict=True):
        for answer in one.answers:
            assert VQAAccuracy()(AnsweredExample(example=found, answer=answer)).value == 1.0
    assert VQAAccuracy()(AnsweredExample(example=coco[1], answer="9.50")).value == 0.0
    export(wanted, LLaVA(), tmp_path / "llava")
    llava = list(load_llava(tmp_path / "llava" / "train.json"))
    assert [(one.id, one.question.strip(), one.answer) for one in llava] == [
        (one.id, one.question.strip(), one.answer) for one in wanted
    ]


def test_an_unanswered_example_is_not_evaluated(tmp_path: Path) -> None:
    (one, *_) = examples(tmp_path / "source")
    with pytest.raises(ValueError, match="no answer"):
        export([replace(one, answers=())], InspectAI(), tmp_path / "out")
