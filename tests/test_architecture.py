"""The architecture: which layers may import which, and what a module is called. Sizes: tests/house."""

import ast
import json
import re
import subprocess
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest

from config import settings
from tests.house.tree import PRODUCT, ROOT, modules, name, project_files

MODULES = modules(*PRODUCT)
DOORS = {"rq", "flask", "click", "shopify", "sqlalchemy", "alembic", "cryptography", "requests", "fpdf"}
SAYS_NOTHING = {"utils", "helpers", "common", "core", "manager", "base"}
PROCFILE = dict(line.split(": ", 1) for line in (ROOT / "Procfile").read_text().splitlines())


def test_imports_go_down_or_nowhere():
    tool = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [tool, "--no-logo", "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_module_of_the_bridge_has_its_place_among_the_layers():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = next(each["layers"] for each in contracts if each["type"] == "layers")
    placed = {part.strip(" ()") for layer in layers for part in layer.split("|")} | {"bridge.sandbox"}
    found = {
        f"bridge.{path.stem}"
        for path in (ROOT / "bridge").iterdir()
        if path.suffix == ".py" or (path / "__init__.py").exists()
    } - {"bridge.__init__"}
    assert found <= placed
    named = next(each["source_modules"] for each in contracts if "stand-in" in each["name"])
    assert found - {"bridge.__main__", "bridge.sandbox"} <= set(named)


def test_steps_import_the_store_for_its_types_only():
    """import-linter does not tell an import for the type checker from one that runs."""
    found = []
    for path in (ROOT / "bridge" / "steps").rglob("*.py"):
        tree = ast.parse(path.read_text())
        for_types = {
            id(inner)
            for node in ast.walk(tree)
            if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
            for inner in ast.walk(node)
        }
        found += [
            f"{name(path)}:{node.lineno}"
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom | ast.Import)
            and id(node) not in for_types
            and re.search(r"bridge(\.| import )store", ast.unparse(node))
        ]
    assert found == []


def test_the_entry_point_opens_no_library():
    """import-linter checks packages only; app.py is a single module."""
    tree = ast.parse((ROOT / "app.py").read_text())
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert not {each.split(".")[0] for each in imported} & DOORS
    assert not {each for each in imported if each.startswith("bridge.sandbox")}


def test_only_the_settings_read_the_environment():
    """NO_COLOR and TERM say what a terminal can show: they are no settings of the bridge."""
    readers = [
        name(path)
        for path in MODULES
        if re.search(r"\bos\.(environ\b(?!\[\"\w+\"\] = |\.get\(\"(NO_COLOR|TERM)\"\))|getenv\b)", path.read_text())
    ]
    assert readers == ["config/settings.py"]


def test_no_file_has_a_name_that_says_nothing():
    named = [name(path) for path in MODULES if {path.stem, *path.relative_to(ROOT).parts} & SAYS_NOTHING]
    assert named == []


def test_the_procfile_names_what_exists():
    assert list(PROCFILE) == ["release", "web", "worker", "clock"]
    for process in ("web", "worker", "clock"):
        module = PROCFILE[process].removeprefix("python -m ")
        assert find_spec(module), module


def test_the_release_phase_is_a_command():
    words = PROCFILE["release"].removeprefix("python ").split()
    done = subprocess.run([sys.executable, *words, "--help"], cwd=ROOT, capture_output=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("required", [True, False])
def test_app_json_asks_for_settings_that_exist_and_carries_no_secret(required):
    asked = json.loads((ROOT / "app.json").read_text())["env"]
    assert set(asked) <= {row[0] for row in settings.list_variables()}
    from_addons = {"DATABASE_URL", "REDIS_URL"}
    if required:
        assert set(settings.Settings.unset_required({})) - from_addons <= set(asked)
    else:
        assert {key for key, entry in asked.items() if "value" in entry} == {"BRIDGE_ENV", "REDIS_TLS"}


def test_app_json_runs_the_processes_of_the_procfile():
    assert set(json.loads((ROOT / "app.json").read_text())["formation"]) == set(PROCFILE) - {"release"}


def test_no_file_names_a_folder_of_somebody_s_machine():
    folder = b"/" + b"work/"
    assert [name(path) for path in project_files() if folder in path.read_bytes()] == []
