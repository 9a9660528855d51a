"""The shape of the package: data flows one way, and so do the imports."""

from __future__ import annotations

import ast
import graphlib
import importlib
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

import vqaft

PACKAGE = Path(__file__).resolve().parent.parent / "vqaft"

LAYERS = (
    ("errors",),
    ("durable", "parallel", "retry"),
    ("images",),
    ("data",),
    ("records",),
    ("tuning",),
    ("inference",),
    ("backends",),
    ("evaluation",),
    ("report",),
    ("server",),
    ("testing",),
    ("cli",),
    ("__main__",),
)
RANK = {name: rank for rank, layer in enumerate(LAYERS) for name in layer}


def module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


TOP = PACKAGE / "__init__.pyi"  # what the names at the top are loaded by, when they are first used
MODULES = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}
TABLES = [name for name, path in MODULES.items() if path.name == "__init__.py" and name != "vqaft"]


def imported(name: str) -> set[str]:
    """Every module of the package that a module imports, late and TYPE_CHECKING imports counted."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(MODULES[name].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level:
            pytest.fail(f"{name} imports relatively")
        elif isinstance(node, ast.ImportFrom) and node.module:
            full = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= (full & MODULES.keys()) | ({node.module} if full - MODULES.keys() else set())
    return {target for target in found if target in MODULES and target != name}


def named_at_the_top() -> dict[str, str]:
    """Every name of the stub, and the package it comes from."""
    found: dict[str, str] = {}
    for node in ast.parse(TOP.read_text(encoding="utf-8")).body:
        assert isinstance(node, ast.ImportFrom), ast.unparse(node)
        assert node.level == 1
        found |= {alias.name: f"vqaft.{node.module}" for alias in node.names if alias.asname == alias.name}
    return found


GRAPH = {name: imported(name) for name in MODULES} | {"vqaft": set(named_at_the_top().values())}


def layer(name: str) -> str | None:
    parts = name.split(".")
    return parts[1] if len(parts) > 1 else None


def test_no_import_cycle() -> None:
    graphlib.TopologicalSorter(GRAPH).prepare()  # raises CycleError with the cycle


@pytest.mark.parametrize("name", [name for name in MODULES if name != "vqaft"])
def test_imports_only_go_down_the_layers(name: str) -> None:
    own = layer(name)
    assert own in RANK, f"{name} belongs to no layer"
    for target in GRAPH[name]:
        below = layer(target)
        assert below is not None, f"{name} imports the top of the package"
        assert below == own or RANK[below] < RANK[own], f"{name} imports {target}, which stands above it"


def test_a_cycle_would_be_seen() -> None:
    graph = {**GRAPH, "vqaft.errors": {"vqaft.data.example"}}
    with pytest.raises(graphlib.CycleError):
        graphlib.TopologicalSorter(graph).prepare()


@pytest.mark.parametrize("name", TABLES)
def test_init_is_a_table_of_contents(name: str) -> None:
    tree = ast.parse(MODULES[name].read_text(encoding="utf-8"))
    for node in tree.body:
        is_docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        is_all = isinstance(node, ast.Assign | ast.AnnAssign) and "__all__" in ast.unparse(node)
        assert is_docstring or is_all or isinstance(node, ast.ImportFrom), ast.unparse(node)


@pytest.mark.parametrize("name", TABLES)
def test_all_lists_what_is_imported(name: str) -> None:
    tree = ast.parse(MODULES[name].read_text(encoding="utf-8"))
    bound = {
        alias.asname or alias.name for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    declared = [
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None
    ]
    assert not bound if not declared else declared[0] == in_order(bound)


def in_order(names: Iterable[str]) -> list[str]:
    """Constants, then classes, then functions: as ruff sorts them."""
    return sorted(names, key=lambda name: (not name.isupper(), name.islower(), name))


def test_the_top_has_what_its_stub_names() -> None:
    homes = named_at_the_top()
    assert vqaft.__all__ == in_order(homes)  # type: ignore[attr-defined]  # the stub names them one by one
    assert set(dir(vqaft)) == homes.keys()
    for name, home in homes.items():
        assert getattr(vqaft, name) is getattr(importlib.import_module(home), name)
    with pytest.raises(AttributeError, match="Nothing"):
        vqaft.Nothing  # type: ignore[attr-defined]  # noqa: B018 - asked for, not used


def loaded_by(code: str) -> set[str]:
    code = f"import sys; {code}; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    return set(run.stdout.split())


def test_importing_loads_nothing_but_the_top() -> None:
    assert {name for name in loaded_by("import vqaft") if name.startswith("vqaft")} == {"vqaft"}


def test_a_name_loads_the_stages_below_it_and_no_other() -> None:
    stages = {layer(name) for name in loaded_by("from vqaft import MessageBuilder") if name.startswith("vqaft.")}
    assert {"images", "records"} <= stages
    assert not stages & {"tuning", "inference", "backends", "evaluation", "report", "server", "cli"}


def test_using_every_name_loads_nothing_heavy() -> None:
    heavy = {
        "datasets",
        "httpx",
        "jinja2",
        "matplotlib",
        "openai",
        "pandas",
        "pyvips",
        "rapidocr",
        "scipy",
        "simplejpeg",
    }
    heavy |= {"sklearn", "starlette", "tqdm", "typer", "uvicorn"}
    assert not loaded_by("from vqaft import *") & heavy
