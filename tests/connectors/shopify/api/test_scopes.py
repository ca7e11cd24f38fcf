"""One list of scopes: what the documents need by Shopify's own schema, what the pages say and what `doctor` checks."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

import pytest
from graphql import TypeInfo, TypeInfoVisitor, Visitor, get_named_type, parse, visit

from bridge.connectors.shopify.api import documents, scopes
from bridge.sandbox.schema import VERSIONS, load_required_access, load_schema

ROOT = Path(__file__).parents[4]
# Scopes that no type or field of a document names: orders older than 60 days, and a webhook topic.
WITHOUT_FIELD = {"read_all_orders", "read_fulfillments"}


@cache
def list_document_requirements():
    """Return each requirement (alternative sets of scopes) of a type or field that a document reads, with its name."""
    access, found = load_required_access(), {}
    for name in documents.list_documents():
        info = TypeInfo(load_schema(VERSIONS[-1]))

        class Collect(Visitor):
            def enter_field(self, node, *_, info=info):
                self.add(f"{info.get_parent_type().name}.{node.name.value}")
                self.add(get_named_type(info.get_type()).name)

            def enter_named_type(self, node, *_):
                self.add(node.name.value)

            def add(self, name):
                if name in access:
                    found[name] = access[name]

        visit(parse(documents.build_document(name, VERSIONS[-1])), TypeInfoVisitor(info, Collect()))
    return found


def find_unopened(granted):
    """Return the types and fields of our documents that these scopes do not open."""
    return {
        name
        for name, alternatives in list_document_requirements().items()
        if not any(all(scopes.is_scope_granted(scope, granted) for scope in each) for each in alternatives)
    }


def test_the_list_opens_every_type_and_field_that_a_document_reads():
    assert len(list_document_requirements()) > 60
    assert find_unopened(set(scopes.list_app_scopes())) == set()


@pytest.mark.parametrize("scope", scopes.list_app_scopes())
def test_no_scope_of_the_list_is_superfluous(scope):
    rest = set(scopes.list_app_scopes()) - {scope}
    if scope in ("read_customers", "read_orders"):  # the write scopes that a request by hand needs include them
        rest -= {scope.replace("read", "write")}
    assert find_unopened(rest) or scope in WITHOUT_FIELD


def test_no_scope_is_listed_twice():
    listed = scopes.list_app_scopes()
    assert len(listed) == len(set(listed))


def read_documented_scopes(page):
    """Return the scopes of the app's configuration on a page."""
    block = next(part for part in page.read_text(encoding="utf-8").split("```toml\n") if "[access_scopes]" in part)
    return tomllib.loads(block.partition("```")[0])["access_scopes"]["scopes"].split(",")


def test_the_page_about_deploying_lists_the_same_scopes():
    assert read_documented_scopes(ROOT / "docs" / "deploying.md") == list(scopes.list_app_scopes())


def test_only_one_page_lists_scopes():
    pages = (*ROOT.glob("*.md"), *ROOT.glob("*.toml"), *(ROOT / "docs").rglob("*.md"))
    assert [path.name for path in pages if "[access_scopes]" in path.read_text(encoding="utf-8")] == ["deploying.md"]


@pytest.mark.parametrize("scope", scopes.list_app_scopes())
def test_doctor_says_what_each_missing_scope_takes_away(scope):
    granted = set(scopes.list_app_scopes()) - {scope, scope.replace("read_", "write_", 1)}
    lines = {line.name: line for line in scopes.check_scopes(granted)}
    line = lines[f"shopify scope {scope}"]
    assert not line.ok
    assert line.detail.startswith("not granted: ")
    assert len(line.detail) > len("not granted: ") + 10


def test_doctor_has_nothing_to_say_about_the_documented_list():
    checks = scopes.check_scopes(scopes.list_app_scopes())
    assert {check.ok for check in checks} == {True}
    assert [check.name for check in checks] == [f"shopify scope {scope}" for scope in scopes.list_app_scopes()]
