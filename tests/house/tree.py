"""The product's files and names, read once for the checks of this folder."""

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PRODUCT = ("bridge", "workers", "config")


@cache
def project_files() -> tuple[Path, ...]:
    """Return everything that is or would be committed."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return tuple(path for name in listed.split("\0") if name and (path := ROOT / name).is_file())


@cache
def modules(*tops: str) -> tuple[Path, ...]:
    """Return the Python files below the folders, with `app.py` where the product is asked for."""
    found = [path for path in project_files() if path.suffix == ".py" and path.relative_to(ROOT).parts[0] in tops]
    return tuple(sorted([*found, ROOT / "app.py"] if tops == PRODUCT else found))


@cache
def tree(path: Path) -> ast.Module:
    """Return the parsed module."""
    return ast.parse(path.read_text(encoding="utf-8"))


def name(path: Path) -> str:
    """Return the path from the project's root."""
    return str(path.relative_to(ROOT))


def identifiers(path: Path) -> Iterator[tuple[int, str]]:
    """Yield every name that a module defines or its file bears: line, identifier."""
    yield 0, path.stem
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.lineno, node.name
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id if isinstance(node, ast.Name) else node.attr
        elif isinstance(node, ast.alias) and node.asname:
            yield node.lineno, node.asname
