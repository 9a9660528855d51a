"""Every public function that takes a path works with a URL, or refuses it with a way out and writes nothing."""

from __future__ import annotations

import importlib
import inspect
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FunctionType
from typing import Any

import fsspec
import pytest
from openai import OpenAI

import vqaft
from tests.data.pictures import picture
from tests.test_architecture import FACES
from vqaft import chat, check, data, durable, engines, evaluation, exchange, inference, records, report, service, tuning
from vqaft.backends import OpenAIBackend
from vqaft.cli import main
from vqaft.cost import estimate_cost
from vqaft.errors import DataError, VqaftError
from vqaft.images import image_sha256, pages_of
from vqaft.providers import OPENAI, load_prices
from vqaft.server import LocalServer
from vqaft.testing import ScriptedBackend

EXAMPLES = [data.VQAExample(id=str(n), image=picture(n), question="Which?", answers=(str(n),)) for n in range(10)]
BUILDER = vqaft.MessageBuilder()
ROWS = [BUILDER.record(each) for each in EXAMPLES]
PREDICTIONS = inference.Predictions(
    [inference.Prediction(example_id=each.id, model="m", answer="1") for each in EXAMPLES], settings={}
)
EVALUATION = evaluation.Evaluator({"exact": evaluation.ExactMatch()}).evaluate(EXAMPLES, PREDICTIONS)
COMPARISON = evaluation.compare(EVALUATION, EVALUATION)
MODELS = evaluation.compare_models({"base": EVALUATION, "tuned": EVALUATION}, resamples=10)
BACKEND = OpenAIBackend(OpenAI(api_key="made-up", base_url="http://127.0.0.1:9/v1"))
CHAT = inference.ChatSettings(model="m")
TASKS = [{"data": {"example_id": "0"}, "annotations": []}]
COCO = [{"question_id": 1, "image_id": 1, "question": "?"}], [{"question_id": 1, "answers": [{"answer": "a"}]}]


# Function → a call of it with the URL of a folder that holds the files of `store` below.
WORKS: dict[str, Callable[[str], object]] = {
    "chat.numbered_rows": lambda url: list(chat.numbered_rows(f"{url}/train.jsonl", row=chat.ChatRecord)),
    "chat.read_cut_lines": lambda url: list(chat.read_cut_lines(f"{url}/train.jsonl")),
    "chat.read_jsonl": lambda url: list(chat.read_jsonl(f"{url}/train.jsonl")),
    "chat.read_lines": lambda url: list(chat.read_lines(f"{url}/train.jsonl")),
    "check.check_file": lambda url: check.check_file(f"{url}/train.jsonl"),
    "check.check_files": lambda url: check.check_files({"train": f"{url}/train.jsonl"}),
    "check.fix_file": lambda url: check.fix_file(f"{url}/train.jsonl", f"{url}/fixed.jsonl"),
    "cost.estimate_cost": lambda url: estimate_cost(f"{url}/train.jsonl"),
    "data.Placement.read": lambda url: data.Placement.read(f"{url}/placement.json"),
    "data.VQAExample": lambda url: image_sha256(data.VQAExample(id="0", image=f"{url}/0.png", question="?").image),
    "data.load_chat_jsonl": lambda url: list(data.load_chat_jsonl(f"{url}/train.jsonl")),
    "data.load_coco_vqa": lambda url: list(
        data.load_coco_vqa(f"{url}/q.json", images=url, annotations=f"{url}/a.json", image_name="{image_id}.png")
    ),
    "data.load_conversations": lambda url: list(data.load_conversations(f"{url}/train.jsonl", images=url)),
    "data.load_file": lambda url: list(data.load_file(f"{url}/qa.csv", images=url)),
    "data.load_folder": lambda url: list(data.load_folder(url, table="qa.csv")),
    "data.load_hf": lambda url: list(data.load_hf([{"image": "0.png", "question": "?", "answer": "a"}], images=url)),
    "data.load_llava": lambda url: list(data.load_llava(f"{url}/train.jsonl", images=url)),
    "data.load_saved": lambda url: list(data.load_saved(f"{url}/saved.jsonl", images=url)),
    "data.saved_line": lambda url: data.saved_line(EXAMPLES[0], url),
    "durable.atomic_writer": lambda url: durable.write_atomically(f"{url}/x", b"x"),
    "durable.write_atomically": lambda url: durable.write_atomically(f"{url}/x", b"x"),
    "evaluation.HumanVerdicts.read": lambda url: evaluation.HumanVerdicts.read(f"{url}/verdicts.jsonl"),
    "exchange.ExportFolder": lambda url: exchange.ExportFolder(url).names(),
    "exchange.LabelStudio.labeled": lambda url: list(exchange.LabelStudio().labeled(f"{url}/tasks.json", EXAMPLES)),
    "exchange.LabelStudio.ratings": lambda url: list(exchange.LabelStudio().ratings(f"{url}/tasks.json", EXAMPLES)),
    "exchange.export": lambda url: exchange.export(EXAMPLES, exchange.LLaVA(), f"{url}/export"),
    "exchange.read_export": lambda url: list(exchange.read_export(exchange.LLaVA(), f"{url}/llava")),
    "images.pages_of": lambda url: pages_of(f"{url}/0.png"),
    "providers.load_prices": lambda url: load_prices(f"{url}/prices.json"),
    "records.Manifest.path_for": lambda url: records.Manifest.path_for(f"{url}/train.jsonl"),
    "records.Manifest.read": lambda url: records.Manifest.read(f"{url}/train.jsonl"),
    "records.Manifest.write": lambda url: records.Manifest.read(f"{url}/train.jsonl").write(f"{url}/train.jsonl"),
    "records.remove_shards_after": lambda url: records.remove_shards_after(f"{url}/train.jsonl", 1),
    "records.shard_name": lambda url: records.shard_name(f"{url}/train.jsonl", 1),
    "records.write_jsonl": lambda url: records.write_jsonl(f"{url}/new.jsonl", ROWS),
    "records.write_shards": lambda url: records.write_shards(f"{url}/new.jsonl", ROWS, limits=OPENAI),
}
REFUSES: dict[str, Callable[[str], object]] = {
    "data.Placement.write": lambda url: data.Placement(images={}, groups={}, looks={}).write(f"{url}/p.json"),
    "data.Split.save": lambda url: data.Split(train=tuple(EXAMPLES), validation=(), test=()).save(f"{url}/split"),
    "data.save_examples": lambda url: data.save_examples(f"{url}/saved.jsonl", EXAMPLES),
    "durable.AppendLog": lambda url: durable.AppendLog(f"{url}/log", kind="x"),  # type: ignore[arg-type]
    "durable.FileLock": lambda url: durable.FileLock(f"{url}/lock"),  # type: ignore[arg-type]
    "durable.atomic_folder": lambda url: durable.atomic_folder(f"{url}/x").__enter__(),  # type: ignore[arg-type]
    "durable.read_file": lambda url: durable.read_file(f"{url}/train.jsonl"),  # type: ignore[arg-type]
    "engines.ModelFolder.open": lambda url: engines.ModelFolder.open(f"{url}/model"),
    "engines.TransformersEngine": lambda url: engines.TransformersEngine(f"{url}/model"),
    "engines.export_model": lambda url: engines.export_model(f"{url}/model", f"{url}/out"),
    "evaluation.Comparison.read": lambda url: evaluation.Comparison.read(f"{url}/c.json"),
    "evaluation.Comparison.write": lambda url: COMPARISON.write(f"{url}/c.json"),
    "evaluation.Evaluation.read": lambda url: evaluation.Evaluation.read(f"{url}/e.json"),
    "evaluation.Evaluation.write": lambda url: EVALUATION.write(f"{url}/e.json"),
    "evaluation.ModelComparison.read": lambda url: evaluation.ModelComparison.read(f"{url}/m.json"),
    "evaluation.ModelComparison.write": lambda url: MODELS.write(f"{url}/m.json"),
    "evaluation.read_comparison": lambda url: evaluation.read_comparison(f"{url}/c.json"),
    "evaluation.JudgeJournal": lambda url: evaluation.JudgeJournal(f"{url}/journal"),
    "inference.BatchPredictor": lambda url: inference.BatchPredictor(
        BACKEND, BUILDER, settings=CHAT, folder=f"{url}/batches"
    ),
    "inference.Journal": lambda url: inference.Journal(f"{url}/journal"),
    "inference.Predictions.read": lambda url: inference.Predictions.read(f"{url}/p.jsonl"),
    "inference.Predictions.write": lambda url: PREDICTIONS.write(f"{url}/p.jsonl"),
    "inference.Predictor.predict": lambda url: inference.Predictor(ScriptedBackend([]), BUILDER, model="m").predict(
        EXAMPLES, journal=f"{url}/journal"
    ),
    "inference.distill": lambda url: inference.distill(
        ScriptedBackend([]), BUILDER, EXAMPLES, model="m", folder=f"{url}/answers"
    ),
    "inference.predict_models": lambda url: inference.predict_models(
        ScriptedBackend([]), BUILDER, EXAMPLES, models=["m"], journal=f"{url}/journal"
    ),
    "report.write_audit_page": lambda url: report.write_audit_page(
        f"{url}/a.html", data.audit_splits({"train": EXAMPLES[:5], "test": EXAMPLES[5:]})
    ),
    "report.write_csv": lambda url: report.write_csv(f"{url}/r.csv", COMPARISON),
    "report.write_markdown": lambda url: report.write_markdown(f"{url}/r.md", COMPARISON),
    "report.write_report": lambda url: report.write_report(f"{url}/r.html", COMPARISON),
    "server.LocalServer": lambda url: LocalServer(folder=f"{url}/server"),
    "service.Ledger": lambda url: service.Ledger(f"{url}/ledger"),
    "tuning.TrainingMetrics.read": lambda url: tuning.TrainingMetrics.read(f"{url}/metrics.csv"),
    "tuning.TrainingMetrics.write": lambda url: tuning.TrainingMetrics().write(f"{url}/metrics.csv"),
    "tuning.FineTuneClient": lambda url: tuning.FineTuneClient(BACKEND, ledger=f"{url}/ledger"),
}
# Paths of these were checked where they come from, are parts of the functions above, or are only reported.
INNER = {
    *("durable.os_errors_as_state", "durable.state_error", "errors.VqaftError", "evaluation.verdict_line"),
    *("tuning.FineTuneClient.start", "tuning.FineTuneClient.upload", "testing.build_tiny_model", "testing.texts_of"),
    *("ray_data.predict_on_ray", "ray_data.write_shards_on_ray", "report.write_json"),
    *("server.open_engines", "providers.PriceTable"),
}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """A file of each kind, by its name."""
    local = tmp_path_factory.mktemp("local")
    records.write_jsonl(local / "train.jsonl", ROWS)
    data.save_examples(local / "saved.jsonl", [data.VQAExample(id="0", image="https://x/0.png", question="?")])
    data.Placement(images={}, groups={}, looks={}).write(local / "placement.json")
    (local / "0.png").write_bytes(picture(0))
    (local / "1.png").write_bytes(picture(1))
    (local / "qa.csv").write_text("image,question,answer\n0.png,?,a\n")
    (local / "tasks.json").write_text(json.dumps(TASKS))
    (local / "q.json").write_text(json.dumps({"questions": COCO[0]}))
    (local / "a.json").write_text(json.dumps({"annotations": COCO[1]}))
    (local / "verdicts.jsonl").write_text("")
    prices = {"as_of": "2026-01-01", "source": "none", "dollars_per_million_tokens": {}}
    (local / "prices.json").write_text(json.dumps(prices))
    exchange.export(EXAMPLES, exchange.LLaVA(), local / "llava")
    return {path.relative_to(local).as_posix(): path.read_bytes() for path in local.rglob("*") if path.is_file()}


@pytest.fixture
def url(memory: str, files: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A folder in memory with these files; the working directory stays empty."""
    system, place = fsspec.core.url_to_fs(memory)
    system.pipe({f"{place}/{name}": content for name, content in files.items()})
    (tmp_path / "cwd").mkdir()
    monkeypatch.chdir(tmp_path / "cwd")
    yield memory
    assert list(Path.cwd().iterdir()) == []  # no folder named memory:


def takes_paths(function: Any) -> bool:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return False
    return any("PathLike" in str(each.annotation) for each in parameters)


def public_names() -> set[str]:
    """Return every public function, method and class whose arguments may be paths of a user."""
    found: dict[int, str] = {}
    for face in FACES:
        module = importlib.import_module(face)
        for name in getattr(module, "__all__", ()):
            value = getattr(module, name)
            here = f"{face.removeprefix('vqaft.')}.{name}"
            if not str(getattr(value, "__module__", "")).startswith("vqaft."):
                continue
            members = vars(value).items() if inspect.isclass(value) else ()
            functions = [(f"{here}.{key}", getattr(each, "__func__", each)) for key, each in members if key[0] != "_"]
            for label, each in [(here, value), *functions]:
                if (isinstance(each, FunctionType) or inspect.isclass(each)) and takes_paths(each):
                    found.setdefault(id(each), label)
    return set(found.values())


def test_no_function_is_left_out() -> None:
    targets = {name for name in public_names() if name.startswith("exchange.") and name.endswith(".read")}
    missing = public_names() - WORKS.keys() - REFUSES.keys() - INNER - targets
    assert {name for name in missing if not name.startswith("images.")} == set()  # images: by every function above


@pytest.mark.parametrize("name", WORKS)
def test_it_works_with_a_url(name: str, url: str) -> None:
    WORKS[name](url)


@pytest.mark.parametrize("name", REFUSES)
def test_it_refuses_a_url_with_a_way_out(name: str, url: str) -> None:
    with pytest.raises(VqaftError, match=r"local (disk|path)"):
        REFUSES[name](url)


@pytest.mark.parametrize(
    "name", sorted({*WORKS, *REFUSES} - {"exchange.export", "records.Manifest.path_for", "records.shard_name"})
)
def test_a_url_as_path_writes_nothing(name: str, url: str) -> None:
    with pytest.raises((VqaftError, OSError)):
        {**WORKS, **REFUSES}[name](str(Path(url)))  # memory:/…


@pytest.mark.parametrize(
    "command",
    [
        ["init", "{url}/new"],
        ["split", "{url}/train.jsonl", "--out", "{url}/split"],
        ["serve", "--folder", "{url}/server"],
        ["train", "{url}/train.jsonl"],
        ["predict", "{url}/train.jsonl", "--model", "m", "--out", "{url}/p.jsonl"],
        ["evaluate", "{url}/train.jsonl", "{url}/p.jsonl"],
        ["compare", "{url}/a.json", "{url}/b.json"],
        ["report", "{url}/a.json", "{url}/b.json"],
        ["audit", "a={url}/train.jsonl", "b={url}/train.jsonl", "--page", "{url}/page.html"],
    ],
    ids=lambda command: command[0],
)
def test_commands_refuse_urls_where_they_keep_state(
    command: list[str], url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9")
    monkeypatch.setattr("sys.argv", ["vqaft", *(part.format(url=url) for part in command)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code not in {0, None}
    assert "local disk" in capsys.readouterr().err


def test_a_url_of_the_web_is_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match="web address"):
        data.load_file("https://example.org/qa.csv")
    with pytest.raises(DataError, match="a web address is not read"):
        list(chat.read_jsonl("https://example.org/train.jsonl"))
    with pytest.raises(DataError, match="local disk"):
        records.write_jsonl("https://example.org/train.jsonl", ROWS)
    assert list(tmp_path.iterdir()) == []
