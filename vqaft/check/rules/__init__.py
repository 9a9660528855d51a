"""Validation rules by subject, as plain tuples that callers can filter and extend."""

from vqaft.check.rules.duplicates import FILES_RULES, ROWS_RULES
from vqaft.check.rules.fields import EXTRAS_RULES, ROLES_RULES
from vqaft.check.rules.file import FILE_RULES, LINE_RULES
from vqaft.check.rules.images import IMAGE_RULES, URL_RULES
from vqaft.check.rules.structure import STRUCTURE_RULES
from vqaft.check.rules.text import TEXT_RULES, TOKEN_RULES

__all__ = [
    "EXTRAS_RULES",
    "FILES_RULES",
    "FILE_RULES",
    "IMAGE_RULES",
    "LINE_RULES",
    "ROLES_RULES",
    "ROWS_RULES",
    "STRUCTURE_RULES",
    "TEXT_RULES",
    "TOKEN_RULES",
    "URL_RULES",
]
