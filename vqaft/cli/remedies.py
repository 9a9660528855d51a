"""Remedies of errors and findings in the words of the command line: options and commands instead of Python."""

from __future__ import annotations

import re

_WORDS = (
    (r"MessageBuilder does; fix_file does with parts=True", "vqaft build does"),
    (r'Columns\(unanswered="(\w+)"\)', r"--unanswered \1"),
    (r"columns=Columns\(\.\.\.\)", "--image-column, --question-column, --answer-column"),
    (
        r"put the system prompt into the builder's question_template",
        'put the system prompt into --question-template, and leave it out by --system ""',
    ),
    (r"the builder's question_template", "--question-template"),
    (r'set ImageEncoder\(format="?(jpeg|…)"?\)', "use --image-format jpeg"),
    (r"write_shards does", "vqaft build --shards does"),
    (r"fix_file does", "vqaft check --fix NEW_FILE does"),
    (r"check_file lists all", "vqaft check lists all"),
    (r"DatasetSplitter does", "vqaft split does"),
    (r'on_error="skip"', "--on-error skip"),
    (r"training rows come from builder\.record", "vqaft build writes training rows"),
    (r"Name the encoding: .*?encoding=\"\w+\"\.", "Save it as UTF-8."),
    (r"load_file, MessageBuilder and write_jsonl do", "vqaft build does"),
    (r"question='…' asks", "--question TEXT asks"),
    (r"Name one with table=…: ", "Name one of them instead of the folder: "),
    (r"Evaluator\.evaluate scores them", "vqaft evaluate scores them"),
    (r", or compare contents only with near_duplicates=None", ""),
    (r"write_jsonl\(path, MessageBuilder\(\)\.records\(load_file\(table\)\)\)", "vqaft build TABLE"),
    (r"MessageBuilder puts it inside", "vqaft build puts it inside"),
    (r"with the same MessageBuilder", "with the same options of vqaft build"),
    (r"Encode it with ImageEncoder\(max_side=…\)", "Build with --max-side"),
    (r"Encode it with ImageEncoder", "Build the file anew with vqaft build"),
    (r"ImageEncoder\(max_side=…\), or plan_budget", "vqaft build --max-side does"),
    (r"Shrink it by ImageEncoder\(vision=vision_of\(model, detail=…\)\)", "Shrink it: vqaft build --max-side does"),
    (r"ImageEncoder does", "vqaft build does"),
    (r"Write rows with write_jsonl", "Write rows with vqaft build"),
    (r", or use builder\.conversation", ""),
    (r"FineTuneClient\.upload does", "vqaft train does"),
    (r"without_images_of\(examples, few_shot\), or pass few_shot_may_repeat=True", "another --few-shot table"),
)
_COMPILED = tuple((re.compile(pattern), words) for pattern, words in _WORDS)


def in_command_words(text: str) -> str:
    """Replace advice to Python users by the same advice to users of the command line.

    Args:
        text: An error's message, or a report's text.
    """
    for pattern, words in _COMPILED:
        text = pattern.sub(words, text)
    return text
