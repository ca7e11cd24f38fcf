"""Read the names and summaries of commands from their source, so that a listing imports none of them."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path


def read_summaries(module: Path) -> dict[str, str]:
    """Return the commands and groups that a file declares: name, and the first sentence of its help."""
    source = module.read_text(encoding="utf-8")
    if "command(" not in source and "command_group(" not in source:
        return {}
    found = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef):
            for decorator in node.decorator_list:
                if isinstance(decorator, ast.Call) and _is_declaration(decorator.func):
                    found[_name_command(node, decorator)] = _take_first_sentence(ast.get_docstring(node) or "")
    return found


def _is_declaration(function: ast.expr) -> bool:
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    return name.endswith(("command", "command_group"))


def _name_command(node: ast.FunctionDef, decorator: ast.Call) -> str:
    first = decorator.args[0] if decorator.args else None
    return first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else node.name


def _take_first_sentence(help_text: str) -> str:
    paragraph = " ".join(inspect.cleandoc(help_text).partition("\n\n")[0].split())
    return paragraph.partition(". ")[0].removesuffix(".")
