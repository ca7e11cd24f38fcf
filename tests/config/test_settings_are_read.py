"""No setting is accepted and ignored: code outside `config/` reads each field, and each key of the shipped files.

The check goes by names. A name that other classes define as well counts only in a file that handles settings.
"""

from __future__ import annotations

import ast
import dataclasses
import importlib
import inspect
import pkgutil
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import config
from config.retention_file.retention_model import LAST_DAY_RULE_ARGS, RESIDUE_KINDS

ROOT = Path(__file__).parents[2]
READERS = [
    ROOT / "app.py",
    *sorted((ROOT / "workers").rglob("*.py")),
    *(path for path in sorted((ROOT / "bridge").rglob("*.py")) if "sandbox" not in path.parts),
]
SETTINGS_ATTRIBUTES = {"merchant", "retention", "settings", "configuration"}
# what the reader of a file itself obeys, and how
OBEYED_BY_READER = {
    "schema": "a file of another schema is refused",
    "merchant_file": "config/load.py reads the file that it names",
    "retention_file": "config/load.py reads the file that it names",
    "merchant_toml": "config/load.py reads it",
    "retention_toml": "config/load.py reads it",
    "env_file": "config/env_file.py reads the file that it names",
    "bridge": "a purpose without it is refused for what the bridge makes itself",
}
FIELD_BY_KEY = {
    "privacy_policy_sha256": "policy_sha256",
    "dpv_pd": "personal_data",
    "transfer_safeguard": "safeguard",
    "gst_keep_customer_identity": "keep_identity",
    "status": "named",
    "law": "laws",
    "hold": "holds",
    "category": "categories",
    "purpose": "purposes",
    "processor": "processors",
    "notices": "instructions",
    "grievance_officer": "officer",
    "platform_residue": "residue",
    **dict.fromkeys(RESIDUE_KINDS, "removes_kind"),
}
# tables whose keys are names that the merchant chooses
FREE_KEYS = {
    "law",
    "hold",
    "purpose",
    "category",
    "applies_if",
    "complaint_route",
    "not_reached",
    "cites",
    "source",
    "activities",
}
REGIMES_OF_BASIS = {"IN", "EU", "UK"}


@dataclasses.dataclass(frozen=True)
class MadeUpRules:
    """A class of settings as somebody may add one."""

    made_up_days: int = 30
    holds: tuple[str, ...] = ()


def list_config_classes() -> list[type]:
    names = {each.name for each in pkgutil.walk_packages(config.__path__, "config.")}
    return [
        value
        for name in sorted(names)
        for value in vars(importlib.import_module(name)).values()
        if inspect.isclass(value) and dataclasses.is_dataclass(value) and value.__module__ == name
    ]


@cache
def parse_readers() -> tuple[ast.Module, ...]:
    return tuple(ast.parse(path.read_text()) for path in READERS)


def handles_settings(tree: ast.Module) -> bool:
    return any(
        (isinstance(node, ast.ImportFrom) and (node.module or "").startswith("config."))
        or (isinstance(node, ast.Attribute) and node.attr in SETTINGS_ATTRIBUTES)
        for node in ast.walk(tree)
    )


def names_used(tree: ast.AST) -> set[str]:
    """Attributes that are read, and texts, by which a mapping is read."""
    attributes = {
        node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load)
    }
    return attributes | {
        node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


@cache
def names_of_other_classes() -> frozenset[str]:
    found: set[str] = set()
    for tree in parse_readers():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                for part in ast.walk(node):
                    if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name):
                        found.add(part.target.id)
                    elif isinstance(part, ast.FunctionDef):
                        found.add(part.name)
    return frozenset(found)


@cache
def names_read() -> frozenset[str]:
    anywhere: set[str] = set()
    where_settings_are: set[str] = set()
    for tree in parse_readers():
        used = names_used(tree)
        anywhere |= used
        if handles_settings(tree):
            where_settings_are |= used
    return frozenset((anywhere - names_of_other_classes()) | where_settings_are)


@cache
def names_read_through(owner: type) -> frozenset[str]:
    """Fields that a method of the class reads, where the method is used."""
    (tree,) = ast.parse(inspect.getsource(owner).strip()).body
    assert isinstance(tree, ast.ClassDef)
    methods = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name in names_read()]
    return frozenset(name for method in methods for name in names_used(method))


def find_unread_fields(owners: Iterable[type]) -> list[str]:
    printed = "asdict(processor)" in (ROOT / "bridge" / "cli" / "processors.py").read_text()
    return [
        f"{owner.__name__}.{each.name}"
        for owner in owners
        for each in dataclasses.fields(owner)
        if not any(each.name in names for names in (names_read(), names_read_through(owner), OBEYED_BY_READER))
        and not (owner.__name__ == "Processor" and printed)
    ]


def list_keys(table: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every key of a file with the tables that it stands in; values with a status are values."""
    for key, value in table.items():
        key_path = (*path, key)
        yield key_path
        tables = value if isinstance(value, list) else [value]
        for each in tables:
            if isinstance(each, dict) and "value" not in each:
                yield from list_keys(each, key_path)


def find_unread_keys(data: Mapping[str, Any], fields: Iterable[str]) -> list[str]:
    arguments = {name for names in LAST_DAY_RULE_ARGS.values() for name in names}
    conditions = {
        name.removeprefix("merchant.") for law in data.get("law", {}).values() for name in law.get("applies_if", {})
    }
    known = {*fields, *conditions, *arguments, *OBEYED_BY_READER}
    unread = []
    for *tables, key in list_keys(data):
        if tables and tables[-1] in FREE_KEYS:
            continue
        if tables[-1:] == ["basis"] and key in REGIMES_OF_BASIS:
            continue
        name = FIELD_BY_KEY.get(key, key)
        if name not in known and name not in names_read():
            unread.append(".".join([*tables, key]))
    return unread


def read_shipped(name: str) -> dict[str, Any]:
    return tomllib.loads((ROOT / "config" / name).read_text())


def read_fields() -> set[str]:
    owners = list_config_classes()
    unread = set(find_unread_fields(owners))
    return {
        each.name
        for owner in owners
        for each in dataclasses.fields(owner)
        if f"{owner.__name__}.{each.name}" not in unread
    }


def test_every_field_of_the_settings_is_read():
    owners = list_config_classes()

    assert {"Settings", "Merchant", "Retention", "Category", "NoticeRules"} <= {each.__name__ for each in owners}
    assert find_unread_fields(owners) == []


def test_every_key_of_the_shipped_files_is_read():
    for name in ("merchant.toml", "retention.toml"):
        assert find_unread_keys(read_shipped(name), read_fields()) == [], name


def test_a_field_that_nobody_reads_is_found():
    assert find_unread_fields([MadeUpRules]) == ["MadeUpRules.made_up_days"]


def test_a_key_that_nobody_reads_is_found_in_every_kind_of_table():
    merchant = read_shipped("merchant.toml")
    merchant["clocks"]["made_up_percent"] = [50, 75]
    merchant["processor"][0]["made_up"] = {"value": "", "status": "unset"}
    merchant["made_up"] = {"made_up_too": True}
    assert find_unread_keys(merchant, read_fields()) == [
        "clocks.made_up_percent",
        "processor.made_up",
        "made_up",
        "made_up.made_up_too",
    ]
    retention = read_shipped("retention.toml")
    retention["category"]["shipment"]["made_up"] = ["bluedart"]
    retention["merchant"]["made_up_registered"] = True
    assert find_unread_keys(retention, read_fields()) == ["merchant.made_up_registered", "category.shipment.made_up"]
