"""Parsers meet anything with a value or an error of the library's own; client_parsers.py tries more."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path


def test_parsers_raise_nothing_but_errors_of_the_library() -> None:
    path = Path(__file__).with_name("client_parsers.py")
    spec = importlib.util.spec_from_file_location("client_parsers", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["client_parsers"] = module
    spec.loader.exec_module(module)
    tried = module.try_all(300, 1)
    assert len(tried) >= 20
