"""The chat fine-tuning JSONL: rows, files, limits and checks."""

from vqaft.records.schema import (
    AssistantMessage,
    ChatRecord,
    Detail,
    DeveloperMessage,
    ImagePart,
    ImageURL,
    Message,
    SystemMessage,
    TextPart,
    ToolMessage,
    UserMessage,
)

__all__ = [
    "AssistantMessage",
    "ChatRecord",
    "Detail",
    "DeveloperMessage",
    "ImagePart",
    "ImageURL",
    "Message",
    "SystemMessage",
    "TextPart",
    "ToolMessage",
    "UserMessage",
]
