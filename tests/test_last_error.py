"""The text that is shown for a task decides nothing: steps, rules and queries read `wait_reason` and `progress`."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
# while rows may be written by the release before, which knows no `wait_reason`
READ_IT_FOR_THE_RELEASE_BEFORE = {"bridge/rules/requests/wait_texts.py", "bridge/store/requests/sql_conditions.py"}
# codes that stand there name the class under which a failure is listed and counted
LIST_IT_BY_CLASS = {"bridge/rules/requests/failure_classes.py", "bridge/store/selection/failure_sql.py"}
# notices with their accounts, and letters to persons, have a text of that name, too
NOT_OF_TASKS = {"notice", "notice_accounts.c", "letter", "withheld"}
FILES = sorted(
    path
    for folder in ("steps", "rules", "store")
    for path in (ROOT / "bridge" / folder).rglob("*.py")
    if path.parent.name != "versions"  # a migration reads what there was
)
COMPARING_METHODS = {"split", "startswith", "endswith", "in_", "like", "removeprefix", "partition", "contains"}


def is_text_of_a_task(node: ast.AST) -> bool:
    if isinstance(node, ast.Subscript):
        return isinstance(node.slice, ast.Constant) and node.slice.value == "last_error"
    return isinstance(node, ast.Attribute) and node.attr == "last_error" and ast.unparse(node.value) not in NOT_OF_TASKS


def find_decisions(source: str) -> list[int]:
    """Lines that compare the text, look into it, or take it apart."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Compare):
            parts = [node.left, *node.comparators]
        elif isinstance(node, ast.Match):
            parts = [node.subject]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            parts = [node.func.value] if node.func.attr in COMPARING_METHODS else []
        elif isinstance(node, ast.If | ast.IfExp | ast.While):
            parts = [node.test]
        else:
            continue
        within = [
            part for each in parts for part in (ast.walk(each) if isinstance(each, ast.Tuple | ast.List) else [each])
        ]
        if any(map(is_text_of_a_task, within)):
            found.append(node.lineno)
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_is_decided_by_the_text_that_is_shown(path):
    if str(path.relative_to(ROOT)) not in READ_IT_FOR_THE_RELEASE_BEFORE | LIST_IT_BY_CLASS:
        assert find_decisions(path.read_text()) == []


@pytest.mark.parametrize(
    "source",
    [
        "task.last_error == 'copy_missing'",
        "(after.state, after.last_error) != (task.state, task.last_error)",
        "'guard_' in task.last_error",
        "task.last_error.split(', ')",
        "tasks.c.last_error.in_(('a', 'b'))",
        "row['last_error'] == 'x'",
        "1 if task.last_error else 2",
    ],
)
def test_the_search_finds_what_it_looks_for(source):
    assert find_decisions(source) == [1]


def test_what_is_only_shown_is_not_found():
    assert find_decisions("reason = task.last_error or ''\nnotice.last_error == reason") == []
