"""The chat fine-tuning JSONL: rows, files, limits and checks."""

from vqaft.records.builder import MessageBuilder, canonical_answer
from vqaft.records.check import (
    RULES,
    CheckReport,
    FixReport,
    Problem,
    blank_pixels,
    check_file,
    check_files,
    check_records,
    fix_file,
    likely_skipped,
    unreachable_url,
    unreadable_pixels,
)
from vqaft.records.limits import AZURE, FIREWORKS, OPENAI, TOGETHER, ProviderLimits
from vqaft.records.lines import read_lines
from vqaft.records.manifest import Manifest
from vqaft.records.reading import read_jsonl
from vqaft.records.rows import ChatRecord, PreferenceInput, PreferenceRecord
from vqaft.records.schema import (
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
from vqaft.records.written import WrittenFile, write_jsonl, write_shards

__all__ = [
    "AZURE",
    "FIREWORKS",
    "OPENAI",
    "RULES",
    "TOGETHER",
    "AssistantMessage",
    "ChatRecord",
    "CheckReport",
    "Detail",
    "DeveloperMessage",
    "FixReport",
    "FunctionMessage",
    "ImagePart",
    "ImageURL",
    "Manifest",
    "Message",
    "MessageBuilder",
    "PreferenceInput",
    "PreferenceRecord",
    "Problem",
    "ProviderLimits",
    "SystemMessage",
    "TextPart",
    "ToolMessage",
    "UserMessage",
    "Weight",
    "WrittenFile",
    "blank_pixels",
    "canonical_answer",
    "check_file",
    "check_files",
    "check_records",
    "fix_file",
    "likely_skipped",
    "read_jsonl",
    "read_lines",
    "unreachable_url",
    "unreadable_pixels",
    "write_jsonl",
    "write_shards",
]
