"""All that is wrong with a training file, before anybody charges for it."""

from vqaft.records.check.check import PARTS, check_file, check_files, check_records
from vqaft.records.check.default_rules import RULES
from vqaft.records.check.facts import Asked, FileFacts, RowFacts
from vqaft.records.check.fix import FixReport, Mended, fix_file
from vqaft.records.check.pixels import blank_pixels, likely_skipped, unreachable_url, unreadable_pixels
from vqaft.records.check.problem import Problem, Severity
from vqaft.records.check.report import CheckReport
from vqaft.records.check.row import CheckedImage, CheckedMessage, CheckedRow, CheckedText
from vqaft.records.check.rule import FileRule, Found, FoundLine, ImageRule, PairRule, RowRule, Rule
from vqaft.records.check.rules_table import rules_table

__all__ = [
    "PARTS",
    "RULES",
    "Asked",
    "CheckReport",
    "CheckedImage",
    "CheckedMessage",
    "CheckedRow",
    "CheckedText",
    "FileFacts",
    "FileRule",
    "FixReport",
    "Found",
    "FoundLine",
    "ImageRule",
    "Mended",
    "PairRule",
    "Problem",
    "RowFacts",
    "RowRule",
    "Rule",
    "Severity",
    "blank_pixels",
    "check_file",
    "check_files",
    "check_records",
    "fix_file",
    "likely_skipped",
    "rules_table",
    "unreachable_url",
    "unreadable_pixels",
]
