"""The shape of the package: data flows one way, and so do the imports."""

from __future__ import annotations

import ast
import functools
import graphlib
import importlib
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "vqaft"

LAYERS = (
    ("escape", "serialization", "version"),
    ("notebook",),
    ("errors",),
    ("filesystem", "parallel", "type_rules"),
    ("typed",),
    ("durable",),
    ("chat",),
    ("images",),
    ("providers",),
    ("data",),
    ("check",),
    ("records",),
    ("cost",),
    ("service",),
    ("tuning",),
    ("inference",),
    ("engines",),
    ("server",),
    ("backends",),
    ("evaluation",),
    ("exchange",),
    ("report",),
    ("workbench",),
    ("testing", "ray_data"),
    ("cli",),
    ("__main__",),
)
RANK = {name: rank for rank, layer in enumerate(LAYERS) for name in layer}


def module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}
FACES = [name for name, path in MODULES.items() if path.name == "__init__.py" and name != "vqaft"]
LAZY = [name for name in FACES if MODULES[name].with_suffix(".pyi").exists()]  # names are loaded on first use
TABLES = [name for name in FACES if name not in LAZY]


def layer(name: str) -> str | None:
    parts = name.split(".")
    return parts[1] if len(parts) > 1 else None


@functools.cache
def tree_of(name: str) -> ast.Module:
    return ast.parse(MODULES[name].read_text(encoding="utf-8"))


@functools.cache
def imports_of(name: str) -> list[tuple[str, str]]:
    """Every (module, name) of the package that a module imports, late and TYPE_CHECKING imports included."""
    found: list[tuple[str, str]] = []
    for node in ast.walk(tree_of(name)):
        if isinstance(node, ast.Import):
            found += [(alias.name, "") for alias in node.names if alias.name.split(".")[0] == "vqaft"]
        elif isinstance(node, ast.ImportFrom) and node.level:
            pytest.fail(f"{name} imports relatively")
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "vqaft":
            found += [(node.module, alias.name) for alias in node.names]
    return found


@functools.cache
def bound(name: str) -> set[str]:
    """Every name that an `__init__` imports."""
    if name in LAZY:
        return set(named_in_stub(name))
    return {alias.name for node in tree_of(name).body if isinstance(node, ast.ImportFrom) for alias in node.names}


def imported(name: str) -> set[str]:
    """Every module of the package that a module imports; a face's name that is also a module's is the face's."""
    if name in LAZY:
        return set(named_in_stub(name).values())
    found = {
        f"{module}.{part}" if f"{module}.{part}" in MODULES and part not in bound(module) else module
        for module, part in imports_of(name)
    }
    return {target for target in found if target in MODULES and target != name}


def named_in_stub(name: str) -> dict[str, str]:
    """Every name of a stub, and the module it comes from."""
    found: dict[str, str] = {}
    for node in ast.parse(MODULES[name].with_suffix(".pyi").read_text(encoding="utf-8")).body:
        assert isinstance(node, ast.ImportFrom), ast.unparse(node)
        assert node.level == 1
        assert all(alias.asname == alias.name for alias in node.names), ast.unparse(node)
        found |= {alias.name: f"{name}.{node.module or alias.name}" for alias in node.names}
    return found


@functools.cache
def graph() -> dict[str, set[str]]:
    """Every module of the package, and those that it imports."""
    top = {"vqaft": set(named_in_stub("vqaft").values())}
    return {name: imported(name) for name in MODULES if name != "vqaft"} | top


def test_no_import_cycle() -> None:
    graphlib.TopologicalSorter(graph()).prepare()  # raises CycleError with the cycle


@pytest.mark.parametrize("name", [name for name in MODULES if name != "vqaft"])
def test_imports_only_go_down_the_layers(name: str) -> None:
    own = layer(name)
    assert own is not None
    assert own in RANK, f"{name} belongs to no layer"
    for target in graph()[name]:
        below = layer(target)
        assert below is not None, f"{name} imports the top of the package"
        assert below == own or RANK[below] < RANK[own], f"{name} imports {target}, which stands above it"


@pytest.mark.parametrize("name", [name for name in MODULES if name != "vqaft"])
def test_no_import_reaches_deeper_than_the_face_of_another_package(name: str) -> None:
    for target, part in imports_of(name):
        if layer(target) != layer(name):
            face = f"vqaft.{layer(target)}"
            assert target == face, f"{name} imports {part} from {target}: import it from {face}"
            assert f"{target}.{part}" not in MODULES or part in bound(target), f"{name} imports {target}.{part}"


TESTS = PACKAGE.parent / "tests"
INSIDE = {
    "engines/transformers/test_folder.py": "starts the server by the command line's app, as typer's runner takes it",
    "exchange/test_command.py": "runs the export command by the command line's app",
    "faults/client_parsers.py": "feeds broken answers to every parser of a service's answers",
    "test_terminal.py": "looks at the progress bar that uploads share",
}
"""Tests that look into packages other than that of their folder, and why."""


def insides_of(test: Path) -> Iterator[tuple[str, str]]:
    """Yield every (module, name) that a test imports from below the face of a package."""
    for node in ast.walk(ast.parse(test.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module in MODULES and node.module.count(".") > 1:
            yield from ((node.module, alias.name) for alias in node.names)


@pytest.mark.parametrize("name", sorted(str(path.relative_to(TESTS)) for path in TESTS.rglob("*.py")))
def test_tests_import_what_users_import(name: str) -> None:
    """A name that a face exports comes from there; what none exports is for the tests of its own package alone."""
    first = Path(name).parts[0]
    own = first if first in RANK else first.removesuffix(".py").removeprefix("test_").partition("_")[0]
    for module, part in insides_of(TESTS / name):
        above = [".".join(module.split(".")[:depth]) for depth in range(2, module.count(".") + 1)]
        face = next((face for face in above if part in bound(face)), None)
        assert face is None, f"{name} imports {part} from {module}: import it from {face}"
        assert layer(module) == own or name in INSIDE, f"{name} looks into {module}: test what its face gives"


def test_tests_that_look_inside_still_do() -> None:
    for name in INSIDE:
        assert list(insides_of(TESTS / name)), f"{name} looks inside no more: take it off the list"


def test_the_map_of_the_contributors_names_every_folder_in_the_order_of_imports() -> None:
    text = (PACKAGE.parent / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`.+`) \| .+ \|$", text.partition("## The shape")[2], re.MULTILINE)
    named = [name.removesuffix(".py").rstrip("/") for row in rows for name in re.findall(r"`([^`]+)`", row)]
    assert set(named) == {name for name in RANK if name != "__main__"}
    assert [RANK[name] for name in named] == sorted(RANK[name] for name in named)


def test_each_way_through_the_code_has_ten_files_at_most() -> None:
    text = (PACKAGE.parent / "CONTRIBUTING.md").read_text(encoding="utf-8")
    section = text.partition("## Three ways through the code")[2].partition("\n## ")[0]
    *_, a, b, c = section.partition("\nRetries are")[0].split("\n- **")
    for way in (a, b, c):
        files = re.findall(r"`([a-z_/]+\.py)`", way)
        assert 5 <= len(files) <= 10
        assert [name for name in files if not (PACKAGE / name).is_file()] == []


def test_a_cycle_would_be_seen() -> None:
    circular = {**graph(), "vqaft.errors": {"vqaft.data.example"}}
    with pytest.raises(graphlib.CycleError):
        graphlib.TopologicalSorter(circular).prepare()


@pytest.mark.parametrize("name", TABLES)
def test_init_is_a_table_of_contents(name: str) -> None:
    tree = tree_of(name)
    for node in tree.body:
        is_docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        is_all = isinstance(node, ast.Assign | ast.AnnAssign) and "__all__" in ast.unparse(node)
        assert is_docstring or is_all or isinstance(node, ast.ImportFrom), ast.unparse(node)


@pytest.mark.parametrize("name", TABLES)
def test_all_lists_what_is_imported(name: str) -> None:
    tree = tree_of(name)
    declared = [
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None
    ]
    assert not bound(name) if not declared else declared[0] == in_order(bound(name))


def in_order(names: Iterable[str]) -> list[str]:
    """Constants, then classes, then functions: as ruff sorts them."""
    return sorted(names, key=lambda name: (not name.isupper(), name.islower(), name))


@pytest.mark.parametrize("name", ["vqaft", *LAZY])
def test_a_lazy_face_has_what_its_stub_names(name: str) -> None:
    face, homes = importlib.import_module(name), named_in_stub(name)
    assert face.__all__ == in_order(homes)
    assert set(dir(face)) == homes.keys()
    for part, home in homes.items():
        module, got = importlib.import_module(home), getattr(face, part)
        assert got is module if isinstance(got, ModuleType) else got is getattr(module, part)
    with pytest.raises(AttributeError, match="Nothing"):
        face.Nothing  # noqa: B018 - asked for, not used


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


def test_the_server_starts_without_the_client_s_side() -> None:
    stages = {layer(name) for name in loaded_by("import vqaft.server.__main__, vqaft.server.app") if "vqaft." in name}
    assert {"server", "engines", "images"} <= stages
    assert not stages & {"data", "check", "records", "service", "tuning", "inference", "backends", "evaluation"}


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
