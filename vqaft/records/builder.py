"""Examples → training rows and requests, by one object, so that the two cannot drift apart."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, lru_cache

import orjson

from vqaft.data import VQAExample
from vqaft.errors import ImageError
from vqaft.images import EncodedImage, ImageEncoder
from vqaft.records.schema import (
    AssistantMessage,
    ChatRecord,
    Detail,
    ImagePart,
    ImageURL,
    Message,
    SystemMessage,
    TextPart,
    UserMessage,
)


class MessageBuilder:
    """Builds training rows and requests."""

    def __init__(
        self,
        *,
        system: str | None = None,
        encoder: ImageEncoder | None = None,
        few_shot: Sequence[VQAExample] = (),
        detail: Detail | None = None,
        question_template: str = "{question}",
    ) -> None:
        self.system = system
        self.encoder = encoder or ImageEncoder()
        self.few_shot = tuple(few_shot)
        self.detail = detail
        self.question_template = question_template
        self._encoded = lru_cache(maxsize=8)(self._encode_path)

    def record(self, example: VQAExample) -> ChatRecord:
        """Build the training row of an example."""
        return ChatRecord(messages=(*self.request(example), AssistantMessage(content=example.answer)))

    def request(self, example: VQAExample) -> tuple[Message, ...]:
        """Build the messages that ask an example's question."""
        return (*self._context, self._user(example))

    def request_json(self, example: VQAExample) -> bytes:
        """Build the same messages as a JSON array."""
        return orjson.dumps([message.model_dump(exclude_none=True) for message in self.request(example)])

    @cached_property
    def _context(self) -> tuple[Message, ...]:
        messages: list[Message] = [] if self.system is None else [SystemMessage(content=self.system)]
        for example in self.few_shot:
            messages += [self._user(example), AssistantMessage(content=example.answer)]
        return tuple(messages)

    def _user(self, example: VQAExample) -> UserMessage:
        text = TextPart(text=self.question_template.format(question=example.question))
        try:
            image = self._encode(example)
        except ImageError as error:
            error.example_id = example.id
            raise
        return UserMessage(content=(text, ImagePart(image_url=ImageURL(url=image.data_url, detail=self.detail))))

    def _encode(self, example: VQAExample) -> EncodedImage:
        if isinstance(example.image, str):
            return self._encoded(example.image)
        return self.encoder.encode(example.image)

    def _encode_path(self, path: str) -> EncodedImage:
        return self.encoder.encode(path)
