"""Hides modules of packages that no host installs. Python imports this by itself; see `__init__.py`."""

import os
import sys


class _Hidden:
    """Finds none of the modules that are named, so that their import fails as where they are not installed."""

    names = frozenset(os.environ.get("HIDDEN_MODULES", "").split(","))

    def find_spec(self, name, _path=None, _target=None):
        if name.partition(".")[0] in self.names:
            raise ModuleNotFoundError(f"{name}: no host installs it", name=name)


sys.meta_path.insert(0, _Hidden())
