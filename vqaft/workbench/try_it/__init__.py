"""The section "Try it": base and tuned model asked side by side, and answers taken as new examples."""

from vqaft.workbench.try_it.pages import try_section

__all__ = [
    "try_section",
]
