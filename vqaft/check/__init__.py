"""Validation of training files against a provider's limits, before anything is charged."""

from vqaft.check.check import RULES, check_file, check_files, check_records, rules_table
from vqaft.check.decoding_rules import blank_pixels, likely_skipped, unreachable_url, unreadable_pixels
from vqaft.check.fix import FixReport, fix_file
from vqaft.check.parse import checked_row
from vqaft.check.parsed_row import CheckedImage, CheckedMessage, CheckedRow, foreign_kind
from vqaft.check.report import CheckReport
from vqaft.check.rule import Problem

__all__ = [
    "RULES",
    "CheckReport",
    "CheckedImage",
    "CheckedMessage",
    "CheckedRow",
    "FixReport",
    "Problem",
    "blank_pixels",
    "check_file",
    "check_files",
    "check_records",
    "checked_row",
    "fix_file",
    "foreign_kind",
    "likely_skipped",
    "rules_table",
    "unreachable_url",
    "unreadable_pixels",
]
