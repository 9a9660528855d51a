"""Answers of a base model and its adapters, a batch at a time: greedy by default, held to a JSON schema where asked."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import GenerationConfig, LogitsProcessor, LogitsProcessorList, StoppingCriteria, StoppingCriteriaList

from vqaft.engines.transformers.folder import ADAPTER_WEIGHTS
from vqaft.engines.transformers.loading import end_tokens, load_base, load_processor
from vqaft.engines.transformers.rows import conversation, template_arguments
from vqaft.errors import DataError, MissingExtraError, StateError

KEPT_ADAPTERS = 8
"""Adapters in memory beside the base; the one used longest ago goes first."""

OnDelta = Callable[[int, str], None]


@dataclass(frozen=True, kw_only=True)
class Request:
    """A question to a model.

    Attributes:
        id: What its replies bear.
        adapter: Folder of the adapter to answer with; None for the base.
        messages: The conversation, images decoded.
        images: Its images.
        max_tokens: The most tokens to answer with.
        temperature: 0 answers greedily.
        seed: Of what is drawn where the temperature is above 0.
        schema: JSON schema that the answer must fit.
        stream: Whether pieces of the answer are wanted as they come.
    """

    id: int
    adapter: str | None
    messages: list[dict[str, Any]]
    images: list[Any]
    max_tokens: int
    temperature: float
    seed: int | None
    schema: dict[str, Any] | None
    stream: bool

    @classmethod
    def parse(cls, line: bytes) -> Request:
        """Read a request and decode its images.

        Raises:
            DataError: If a message or an image cannot be used.
        """
        given = json.loads(line)
        read = conversation(given["messages"], max_pixels=given["max_image_pixels"])
        return cls(
            id=given["id"],
            adapter=given.get("adapter"),
            messages=read.messages,
            images=read.images,
            max_tokens=given["max_tokens"],
            temperature=given.get("temperature") or 0.0,
            seed=given.get("seed"),
            schema=given.get("schema"),
            stream=bool(given.get("stream")),
        )

    def joins(self, other: Request) -> bool:
        """Return whether both can be answered in one batch: the same adapter, and nothing drawn by chance."""
        return self.adapter == other.adapter and self.temperature == 0 and other.temperature == 0


class Generator:
    """A base model in memory.

    Args:
        model: The model.
        processor: Its processor.
    """

    def __init__(self, model: Any, processor: Any) -> None:
        self._model, self._processor = model, processor
        self._ends = end_tokens(model, processor.tokenizer)
        self._adapters: OrderedDict[str, str] = OrderedDict()
        self._named = 0
        self._grammar_tokenizer: Any = None

    @classmethod
    def load(cls, base: Path) -> Generator:
        """Load a base model on the GPU where there is one, else in float32.

        Raises:
            DataError: If the folder is broken.
        """
        on_gpu = torch.cuda.is_available()
        half = on_gpu and torch.cuda.is_bf16_supported()
        model = load_base(base, dtype=torch.bfloat16 if half else torch.float32).eval()
        return cls(model.to("cuda") if on_gpu else model, load_processor(base))

    def answer(self, batch: Sequence[Request], *, on_delta: OnDelta) -> Iterator[dict[str, Any]]:
        """Answer requests that share an adapter.

        Args:
            batch: The requests.
            on_delta: Told the pieces of an answer where a request streams.

        Yields:
            A reply for each.
        """
        inputs = self._inputs(batch)
        start = inputs["input_ids"].shape[1]
        watch = _Watch(batch, self._processor.tokenizer, start, ends=self._ends, on_delta=on_delta)
        if batch[0].temperature > 0 and batch[0].seed is not None:
            torch.manual_seed(batch[0].seed)
        with torch.inference_mode(), self._using(batch[0].adapter) as model:
            made = model.generate(
                **inputs,
                generation_config=self._settings(batch),
                logits_processor=LogitsProcessorList(self._grammars(batch, start)),
                stopping_criteria=StoppingCriteriaList([watch]),
            )
        prompts = inputs["attention_mask"].sum(dim=1).tolist()
        for row, request in enumerate(batch):
            yield watch.reply(request, made[row, start:].tolist(), prompt_tokens=int(prompts[row]))

    def _inputs(self, batch: Sequence[Request]) -> Any:
        texts = [
            self._processor.apply_chat_template(
                request.messages, add_generation_prompt=True, tokenize=False, **template_arguments(self._processor)
            )
            for request in batch
        ]
        images = [request.images for request in batch]
        return self._processor(
            text=texts,
            images=images if any(images) else None,
            return_tensors="pt",
            padding=True,
            padding_side="left",
            add_special_tokens=False,
        ).to(self._model.device)

    def _settings(self, batch: Sequence[Request]) -> GenerationConfig:
        """Return neutral settings: those in a model's folder, such as a repetition penalty, would change answers."""
        temperature = batch[0].temperature
        drawn = {"do_sample": True, "temperature": temperature, "top_k": 0, "top_p": 1.0} if temperature > 0 else {}
        return GenerationConfig(
            max_new_tokens=max(request.max_tokens for request in batch),
            eos_token_id=self._ends,
            pad_token_id=self._processor.tokenizer.pad_token_id or self._ends[0],
            **({"do_sample": False} | drawn),
        )

    def _grammars(self, batch: Sequence[Request], start: int) -> list[LogitsProcessor]:
        if not any(request.schema is not None for request in batch):
            return []
        try:
            import llguidance.hf
        except ImportError as error:
            raise MissingExtraError("llguidance", extra="transformers") from error
        if self._grammar_tokenizer is None:
            tokens = self._processor.tokenizer
            self._grammar_tokenizer = llguidance.hf.from_tokenizer(tokens, eos_token=self._ends[0])
        schemas = [request.schema for request in batch]
        return [_SchemaMask(self._grammar_tokenizer, schemas, start=start, end=self._ends[0])]

    @contextmanager
    def _using(self, adapter: str | None) -> Iterator[Any]:
        if adapter is not None:
            if adapter not in self._adapters:
                self._load_adapter(adapter)
            self._adapters.move_to_end(adapter)
            self._model.set_adapter(self._adapters[adapter])
        elif self._adapters:
            with self._model.disable_adapter():
                yield self._model
            return
        yield self._model

    def _load_adapter(self, folder: str) -> None:
        """Load an adapter and check that every tensor of it found its layer.

        Raises:
            StateError: If the file is gone, or the adapter does not fit the base.
        """
        from peft import PeftConfig, PeftModel

        if not Path(folder, ADAPTER_WEIGHTS).is_file():
            raise StateError("the adapter's weights are gone", path=folder)
        self._named += 1
        name = f"adapter{self._named}"
        if not isinstance(self._model, PeftModel):
            self._model = PeftModel(self._model, PeftConfig.from_pretrained(folder), adapter_name=name)
        found = self._model.load_adapter(folder, adapter_name=name, local_files_only=True)
        if found.missing_keys or found.unexpected_keys:
            wrong = [*found.missing_keys, *found.unexpected_keys]
            raise StateError(f"the adapter does not fit the base: {wrong[0]}", path=folder)
        self._model.eval()
        self._adapters[folder] = name
        while len(self._adapters) > KEPT_ADAPTERS:
            _, oldest = self._adapters.popitem(last=False)
            self._model.delete_adapter(oldest)


class _SchemaMask(LogitsProcessor):  # type: ignore[misc]
    """Allows only tokens that continue JSON of a schema."""

    def __init__(self, tokenizer: Any, schemas: Sequence[dict[str, Any] | None], *, start: int, end: int) -> None:
        from llguidance import LLMatcher

        self._seen, self._end = start, end
        self._matchers = [None if schema is None else LLMatcher(tokenizer, _grammar(schema)) for schema in schemas]
        for matcher in self._matchers:
            if matcher is not None and matcher.is_error():
                raise DataError(f"the response schema cannot be used: {matcher.get_error()}")

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        for row, matcher in enumerate(self._matchers):
            if matcher is None:
                continue
            if not matcher.is_stopped():
                matcher.consume_tokens(input_ids[row, self._seen :].tolist())
            allowed = scores[row].new_full(scores[row].shape, float("-inf"))
            if matcher.is_stopped():
                allowed[self._end] = 0.0
            else:
                bits = np.frombuffer(matcher.compute_bitmask(), dtype=np.uint8)
                continues = np.unpackbits(bits, bitorder="little")[: len(allowed)].nonzero()[0]
                chosen = torch.from_numpy(continues).to(scores.device)
                allowed[chosen] = scores[row][chosen]
            scores[row] = allowed
        self._seen = input_ids.shape[1]
        return scores


def _grammar(schema: dict[str, Any]) -> str:
    from llguidance import LLMatcher

    # Without white space: small models fill every place where it may stand.
    return str(LLMatcher.grammar_from_json_schema(schema, overrides={"whitespace_flexible": False}))


class _Watch(StoppingCriteria):  # type: ignore[misc]
    """Stops each row at its own limit, and passes on the pieces of those that stream."""

    def __init__(
        self, batch: Sequence[Request], tokenizer: Any, start: int, *, ends: list[int], on_delta: OnDelta
    ) -> None:
        self._batch, self._tokenizer, self._start = batch, tokenizer, start
        self._ends, self._on_delta = set(ends), on_delta
        self._sent = [""] * len(batch)
        self._done = [False] * len(batch)

    def __call__(self, input_ids: torch.Tensor, _scores: Any, **_given: Any) -> torch.Tensor:
        made = input_ids[:, self._start :]
        for row, request in enumerate(self._batch):
            if self._done[row]:
                continue
            tokens = made[row].tolist()
            ended = tokens[-1] in self._ends
            self._done[row] = ended or len(tokens) >= request.max_tokens
            if request.stream:
                self._tell(row, request, tokens)
        return torch.tensor(self._done, device=input_ids.device)

    def _tell(self, row: int, request: Request, tokens: list[int]) -> None:
        text = self._text(tokens)
        if text.endswith("\ufffd") and not self._done[row]:  # a character whose bytes are not all there
            return
        piece = text[len(self._sent[row]) :]
        if piece:
            self._on_delta(request.id, piece)
            self._sent[row] = text

    def _text(self, tokens: list[int]) -> str:
        return str(self._tokenizer.decode(tokens, skip_special_tokens=True))

    def reply(self, request: Request, tokens: list[int], *, prompt_tokens: int) -> dict[str, Any]:
        """Return the reply to a request."""
        end = next((place for place, token in enumerate(tokens) if token in self._ends), None)
        kept = tokens[: request.max_tokens] if end is None or end >= request.max_tokens else tokens[:end]
        stopped = end is not None and end < request.max_tokens
        return {
            "id": request.id,
            "text": self._text(kept),
            "finish_reason": "stop" if stopped else "length",
            "prompt_tokens": prompt_tokens,
            "completion_tokens": len(kept) + stopped,
        }
