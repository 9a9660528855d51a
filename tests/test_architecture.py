"""The shape of the package: data flows one way, and so do the imports."""

from __future__ import annotations

import ast
import graphlib
import subprocess
import sys
from pathlib import Path

import pytest

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


MODULES = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}


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


GRAPH = {name: imported(name) for name in MODULES}


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


@pytest.mark.parametrize("name", [name for name, path in MODULES.items() if path.name == "__init__.py"])
def test_init_is_a_table_of_contents(name: str) -> None:
    tree = ast.parse(MODULES[name].read_text(encoding="utf-8"))
    for node in tree.body:
        is_docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        is_all = isinstance(node, ast.Assign | ast.AnnAssign) and "__all__" in ast.unparse(node)
        assert is_docstring or is_all or isinstance(node, ast.ImportFrom), ast.unparse(node)


@pytest.mark.parametrize("name", [name for name, path in MODULES.items() if path.name == "__init__.py"])
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
    # Constants, then classes, then functions: as ruff sorts them.
    in_order = sorted(bound, key=lambda name: (not name.isupper(), name.islower(), name))
    assert not bound if not declared else declared[0] == in_order


def test_importing_loads_nothing_heavy() -> None:
    heavy = ["datasets", "httpx", "jinja2", "matplotlib", "openai", "pandas", "rapidocr", "scipy", "simplejpeg"]
    heavy += ["sklearn", "starlette", "tqdm", "typer", "uvicorn"]
    code = f"import sys, vqaft; print([name for name in {heavy} if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    assert result.stdout.strip() == "[]"
