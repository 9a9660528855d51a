"""The chat fine-tuning JSONL: rows, files, limits and checks."""

from vqaft.records.builder import MessageBuilder, canonical_answer
from vqaft.records.check import RULES, CheckReport, Problem, check_file, check_files, check_records
from vqaft.records.limits import AZURE, FIREWORKS, OPENAI, TOGETHER, ProviderLimits
from vqaft.records.lines import read_lines
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
from vqaft.records.written import WrittenFile, write_jsonl

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
    "FunctionMessage",
    "ImagePart",
    "ImageURL",
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
    "canonical_answer",
    "check_file",
    "check_files",
    "check_records",
    "read_jsonl",
    "read_lines",
    "write_jsonl",
]
