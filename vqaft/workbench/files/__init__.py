"""The section "Files": training files as cards, with their check, their answers and their cost."""

from vqaft.workbench.files.pages import files_section

__all__ = [
    "files_section",
]
