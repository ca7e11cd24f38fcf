"""What the product imports, also late and only for some commands, is installed by requirements.txt or one of its extras."""

from __future__ import annotations

import ast

from tests.house.tree import PRODUCT, ROOT, modules, name, tree
from tests.kit.runtime_only import list_modules_of_no_host

STAND_INS = ROOT / "bridge" / "sandbox"  # of developers' machines: a host does not get this folder


def list_imports(path):
    """Return the first part of each module that an import names."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield (node.module or "").partition(".")[0]


def test_no_module_of_the_product_imports_what_no_host_installs():
    absent = list_modules_of_no_host()
    assert {"pytest", "playwright"} <= absent
    found = {
        f"{name(path)}: {module}"
        for path in modules(*PRODUCT)
        for module in list_imports(path)
        if module in absent and STAND_INS not in path.parents
    }
    assert not found
