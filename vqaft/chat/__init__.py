"""The chat format of fine-tuning: messages, records, and JSONL files of them."""

from vqaft.chat.jsonl import MAX_LINE_BYTES, read_cut_lines, read_jsonl, read_lines
from vqaft.chat.messages import (
    AssistantMessage,
    Detail,
    DeveloperMessage,
    FunctionMessage,
    ImagePart,
    ImageURL,
    Message,
    SystemMessage,
    TextPart,
    ToolMessage,
    UserMessage,
    Weight,
)
from vqaft.chat.parse import (
    INSTRUCTIONS,
    Exchange,
    ParsedImage,
    ParsedMessage,
    ParsedText,
    exchanges_of,
    parse_message,
    parse_messages,
)
from vqaft.chat.records import ChatRecord, PreferenceInput, PreferenceRecord, Row

__all__ = [
    "INSTRUCTIONS",
    "MAX_LINE_BYTES",
    "AssistantMessage",
    "ChatRecord",
    "Detail",
    "DeveloperMessage",
    "Exchange",
    "FunctionMessage",
    "ImagePart",
    "ImageURL",
    "Message",
    "ParsedImage",
    "ParsedMessage",
    "ParsedText",
    "PreferenceInput",
    "PreferenceRecord",
    "Row",
    "SystemMessage",
    "TextPart",
    "ToolMessage",
    "UserMessage",
    "Weight",
    "exchanges_of",
    "parse_message",
    "parse_messages",
    "read_cut_lines",
    "read_jsonl",
    "read_lines",
]
