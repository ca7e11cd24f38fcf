"""Words: identifiers use those of `docs/glossary.md`, prose is neutral, docstrings begin with a verb."""

import ast
import re

import pytest

from tests.house.tree import PRODUCT, ROOT, identifiers, modules, name, project_files, tree
from tests.house.verbs import VERBS

GLOSSARY = ROOT / "docs" / "glossary.md"
PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
GENDERED = re.compile(r"\b(she|her|hers|herself|whom)\b", re.IGNORECASE)
# who wrote them is not us: Shopify's schema and samples, lists of field names, the licence, the words this test is about
OTHERS_TEXT = {"docs/glossary.md", "tests/house/test_glossary.py"}
PROSE = {".py", ".md", ".toml", ".txt", ".html", ".j2", ".yml", ".example", ".in"}
# defined in many modules because a tool calls them so: Alembic's steps, programs, Click's command of each file
CALLED_BY_TOOLS = {"upgrade", "downgrade", "main"}
# keys of the merchant's file: days for claims of damage, as carriers call them
STORED_WORDS = {"claim_days", "lost_claim_days"}


def refused_words() -> dict[str, str]:
    """Return each refused word with the concept whose word is another."""
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in GLOSSARY.read_text(encoding="utf-8").partition("## Forms")[0].splitlines()
        if line.startswith("|")
    ]
    return {word: row[0] for row in rows[2:] for word in re.findall(r"`(\w+)`", row[2])}


def parts_of(identifier: str) -> set[str]:
    return {part.lower() for part in PARTS.findall(identifier)}


def test_the_glossary_refuses_words():
    assert len(refused_words()) > 30
    assert parts_of("open_noticeItem_HTTPServer2") == {"open", "notice", "item", "http", "server", "2"}


@pytest.mark.parametrize("top", ["product", "tests"])
def test_no_identifier_uses_a_refused_word(top):
    refused = refused_words()
    found = [
        f"{name(path)}:{line}: {identifier}"
        for path in modules(*(PRODUCT if top == "product" else ("tests",)))
        if "/versions/" not in name(path)
        for line, identifier in identifiers(path)
        if parts_of(identifier) & refused.keys()
        and identifier not in STORED_WORDS
        # a test's name is a sentence, in which "it is said" is English
        and not (top == "tests" and identifier.startswith("test_"))
    ]
    assert found == []


def test_prose_is_neutral():
    found = [
        f"{name(path)}:{number}"
        for path in project_files()
        if path.suffix in PROSE and name(path) not in OTHERS_TEXT and "fixtures" not in path.parts
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if GENDERED.search(line)
    ]
    assert found == []


def test_a_function_s_docstring_begins_with_a_verb():
    found = []
    for path in modules(*PRODUCT):
        for node in ast.walk(tree(path)):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or is_value(node):
                continue
            text = ast.get_docstring(node)
            first = re.match(r"[A-Za-z]+", text) if text else None
            if text and (first is None or first[0] not in VERBS):
                found.append(f"{name(path)}:{node.lineno} {node.name}: {text.split()[0]}")
    assert found == []


def is_value(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Return whether a function is read like a value (a property) or is a command, whose docstring is its help."""
    names = {ast.unparse(each).split("(")[0].split(".")[-1] for each in node.decorator_list}
    return bool(names & {"property", "cached_property", "setter"}) or is_command(node)


def test_a_module_level_function_has_a_name_of_its_own():
    places: dict[str, list[str]] = {}
    for path in modules(*PRODUCT):
        for node in tree(path).body:
            if isinstance(node, ast.FunctionDef) and not is_command(node):
                places.setdefault(node.name, []).append(name(path))
    several = {each: where for each, where in places.items() if len(where) > 1 and each not in CALLED_BY_TOOLS}
    assert {each: where for each, where in several.items() if not all("/versions/" in path for path in where)} == {}


def is_command(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any("command" in ast.unparse(each) or "group" in ast.unparse(each) for each in node.decorator_list)
