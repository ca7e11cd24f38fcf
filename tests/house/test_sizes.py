"""Sizes: a folder can be taken in at a glance, a module be read in one go."""

import statistics
from collections import Counter

from tests.house.tree import PRODUCT, modules, name, project_files

MAX_FILES = 15
MAX_LINES = 300
MAX_MEDIAN_LINES = 90
ROOMS = ("bridge", "workers", "config", "tests")
# collections that are looked up by name and never read from one end to the other
COLLECTIONS = {"tests/fixtures/shopify/webhooks", "tests/fixtures/carriers", "bridge/store/migrations/versions"}


def count_lines(path):
    return len(path.read_text(encoding="utf-8").splitlines())


def test_no_folder_holds_more_than_fifteen_files():
    held = Counter(name(path.parent) for path in project_files() if name(path).split("/")[0] in ROOMS)
    assert {folder: n for folder, n in held.items() if n > MAX_FILES and folder not in COLLECTIONS} == {}


def test_no_module_is_over_300_lines():
    assert {name(path): n for path in modules(*PRODUCT) if (n := count_lines(path)) > MAX_LINES} == {}


def test_the_median_module_has_90_lines_at_most():
    assert statistics.median(count_lines(path) for path in modules(*PRODUCT)) <= MAX_MEDIAN_LINES
