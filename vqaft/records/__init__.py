"""The chat fine-tuning JSONL: rows, files, limits and checks."""

from vqaft.records.builder import MessageBuilder
from vqaft.records.check import CheckReport, check_file
from vqaft.records.jsonl import WrittenFile, read_jsonl, write_jsonl
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
    "CheckReport",
    "Detail",
    "DeveloperMessage",
    "ImagePart",
    "ImageURL",
    "Message",
    "MessageBuilder",
    "SystemMessage",
    "TextPart",
    "ToolMessage",
    "UserMessage",
    "WrittenFile",
    "check_file",
    "read_jsonl",
    "write_jsonl",
]
