"""docs/requirements.md: what it calls kept is proven by a test that names the requirement, and it forgets none."""

import ast
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import pytest

from tests.house.tree import ROOT, modules, tree

PAGE = ROOT / "docs" / "requirements.md"
LETTERS = "PCEVSL"
ID = re.compile(rf"\b[{LETTERS}]-\d\d\b")
ID_OF_NAME = re.compile(rf"(?<![a-z0-9])([{LETTERS.lower()}])(\d\d)(?![a-z0-9])")
STATE = re.compile(r"kept|not yet|partly: \S.*")
COUNT = re.compile(r"(\d+) requirements: (\d+) kept, (\d+) partly, (\d+) not yet")
COLUMNS = ("id", "requirement", "state", "proven by")


@dataclass(frozen=True)
class Row:
    """One requirement of the page."""

    id: str
    text: str
    state: str
    tests: tuple[str, ...]

    @property
    def kind(self) -> str:
        return self.state.partition(":")[0]


def read_requirements(page: str) -> list[Row]:
    """Return the rows of all tables whose head is `COLUMNS`."""
    rows, is_inside = [], False
    for line in page.splitlines():
        cells = tuple(cell.strip() for cell in line.strip().strip("|").split("|")) if line.startswith("|") else ()
        if not cells or cells == COLUMNS:
            is_inside = cells == COLUMNS
        elif is_inside and not set(line) <= set("|- "):
            assert len(cells) == len(COLUMNS), line
            rows.append(Row(cells[0], cells[1], cells[2], tuple(re.findall(r"`(test_\w+)`", cells[3]))))
    return rows


def list_tests(module: ast.Module) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield each test function's name with the ids that its name or its docstring has."""
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            of_name = {f"{letter.upper()}-{number}" for letter, number in ID_OF_NAME.findall(node.name)}
            yield node.name, frozenset(of_name.union(ID.findall(ast.get_docstring(node) or "")))


def find_faults(page: str, tests: Iterable[tuple[str, frozenset[str]]]) -> list[str]:
    """Return what is wrong with the page, given the tests and the ids that each names."""
    rows, ids_by_test = read_requirements(page), dict[str, frozenset[str]]()
    for name, ids in tests:  # two files may have a test of the same name
        ids_by_test[name] = ids_by_test.get(name, frozenset()) | ids
    known = Counter(row.id for row in rows)
    faults = [f"{one} stands there {count} times" for one, count in known.items() if count > 1]
    faults += [f"{row.id} is no id" for row in rows if not ID.fullmatch(row.id)]
    faults += [f"{row.id}: what is '{row.state}'?" for row in rows if not STATE.fullmatch(row.state)]
    faults += [f"{row.id} has no sentence" for row in rows if not row.text.endswith(".")]
    for row in rows:
        faults += list_faults_of_proof(row, ids_by_test)
    named = {(one, name) for name, ids in ids_by_test.items() for one in ids}
    faults += sorted(f"{name} names {one}, which the page does not have" for one, name in named if one not in known)
    return faults + list_faults_of_count(page, rows)


def list_faults_of_proof(row: Row, ids_by_test: Mapping[str, frozenset[str]]) -> list[str]:
    faults = [f"{row.id}: there is no {name}" for name in row.tests if name not in ids_by_test]
    if row.kind != "not yet" and not any(row.id in ids_by_test.get(name, ()) for name in row.tests):
        faults.append(f"{row.id}: no test that the page shows names it")
    return faults


def list_faults_of_count(page: str, rows: Iterable[Row]) -> list[str]:
    kinds = Counter(row.kind for row in rows)
    counted = [kinds.total(), kinds["kept"], kinds["partly"], kinds["not yet"]]
    stated = COUNT.search(page)
    if stated is None or [int(number) for number in stated.groups()] != counted:
        return ["{} requirements: {} kept, {} partly, {} not yet; the page says otherwise".format(*counted)]
    return []


def test_every_requirement_that_is_kept_is_proven_by_a_test_that_names_it():
    tests = [test for path in modules("tests") for test in list_tests(tree(path))]
    assert len(tests) > 1000
    page = PAGE.read_text(encoding="utf-8")
    assert len(read_requirements(page)) > 90
    assert find_faults(page, tests) == []


TESTS = '''
def test_p01_named(): ...
def test_other():
    """Requirements P-02 and C-10."""
    def p03_inner(): ...
class TestIt:
    async def test_it_s_l07_method(self): ...
def test_sp500_and_p5_and_vp01x(): "no id: IP-01, P-1, P-012"
def helper_p04(): "P-05"
'''
GOOD = """
4 requirements: 2 kept, 1 partly, 1 not yet.

| id | requirement | state | proven by |
|---|---|---|---|
| P-01 | It is. | kept | `test_p01_named`, `test_other` |
| P-02 | It is too. | partly: the rest is missing | `test_other` |
| C-10 | It will be. | not yet | |
| L-07 | It is here. | kept | `test_it_s_l07_method` |

| other | table |
|---|---|
| P-99 | is none of ours |
"""


def test_ids_are_found_in_names_and_docstrings_of_tests_only():
    assert dict(list_tests(ast.parse(TESTS))) == {
        "test_p01_named": {"P-01"},
        "test_other": {"P-02", "C-10"},
        "test_it_s_l07_method": {"L-07"},
        "test_sp500_and_p5_and_vp01x": set(),
    }
    assert [row.id for row in read_requirements(GOOD)] == ["P-01", "P-02", "C-10", "L-07"]


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("It is.", "It is!", "P-01 has no sentence"),
        ("`test_p01_named`, ", "", "P-01: no test that the page shows names it"),
        ("partly: the rest is missing | `test_other` |", "partly: the rest is missing | |", "P-02: no test that"),
        ("partly: the rest is missing", "partly:", "P-02: what is 'partly:'?"),
        ("partly: the rest is missing", "done", "P-02: what is 'done'?"),
        ("`test_p01_named`", "`test_p01_named`, `test_gone`", "P-01: there is no test_gone"),
        ("| not yet | |", "| not yet | `test_gone` |", "C-10: there is no test_gone"),
        ("| L-07 |", "| L-08 |", "test_it_s_l07_method names L-07, which the page does not have"),
        ("| L-07 | It is here.", "| P-01 | It is here.", "P-01 stands there 2 times"),
        ("| L-07 |", "| X-07 |", "X-07 is no id"),
        ("4 requirements", "5 requirements", "4 requirements: 2 kept, 1 partly, 1 not yet; the page says otherwise"),
        ("1 not yet.", "some not yet.", "the page says otherwise"),
    ],
)
def test_the_checker_finds_each_fault(old, new, fault):
    tests = list(list_tests(ast.parse(TESTS)))
    assert find_faults(GOOD, tests) == []
    assert old in GOOD
    assert any(fault in found for found in find_faults(GOOD.replace(old, new, 1), tests))
