"""Helpers of tests: what three files need stands once, in `tests/kit` or in the `conftest.py` of their folder."""

import ast
from collections.abc import Collection, Iterable

from tests.house.tree import modules, name, tree

MAX_FILES = 2


def list_helpers(module: ast.Module) -> set[str]:
    """Return the names of the functions and fixtures that a test file defines for its tests."""
    functions = (node for node in module.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return {node.name for node in functions if not node.name.startswith("test_")}


def find_repeated_helpers(
    files: Iterable[tuple[str, ast.Module]], shared_fixtures: Collection[str] = ()
) -> dict[str, list[str]]:
    """Return the helpers that more than two files define, with the files.

    A fixture of the same name as one of `shared_fixtures` is that fixture with a change for one file.
    """
    places: dict[str, list[str]] = {}
    for path, module in files:
        for helper in list_helpers(module).difference(shared_fixtures):
            places.setdefault(helper, []).append(path)
    return {helper: where for helper, where in places.items() if len(where) > MAX_FILES}


def test_no_helper_is_defined_in_three_test_files():
    files = [(name(path), tree(path)) for path in modules("tests") if path.name.startswith("test_")]
    assert len(files) > 100
    shared = list_helpers(tree(next(path for path in modules("tests") if name(path) == "tests/conftest.py")))
    assert {"services", "store"} <= shared
    assert find_repeated_helpers(files, shared) == {}


def test_the_check_finds_a_helper_of_three_files_and_no_test_class_method_or_call():
    source = """
@pytest.fixture
def world(): ...
async def ask(): ...
def test_it(): ...
class TestIt:
    def read(self): ...
_silent_logs = forbid_output(print)
"""
    files = [(path, ast.parse(source)) for path in ("a", "b", "c")]
    assert find_repeated_helpers(files) == {"world": ["a", "b", "c"], "ask": ["a", "b", "c"]}
    assert find_repeated_helpers(files[:2]) == {}
    assert find_repeated_helpers(files, ["world"]) == {"ask": ["a", "b", "c"]}
