"""What is looked for, by subject; plain tuples, to be taken apart and added to."""

from vqaft.records.check.rules.extras import EXTRAS_RULES
from vqaft.records.check.rules.file import FILE_RULES
from vqaft.records.check.rules.files import FILES_RULES
from vqaft.records.check.rules.images import IMAGE_RULES
from vqaft.records.check.rules.line import LINE_RULES
from vqaft.records.check.rules.roles import ROLES_RULES
from vqaft.records.check.rules.rows import ROWS_RULES
from vqaft.records.check.rules.structure import STRUCTURE_RULES
from vqaft.records.check.rules.text import TEXT_RULES
from vqaft.records.check.rules.tokens import TOKEN_RULES
from vqaft.records.check.rules.urls import URL_RULES

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
