"""The pages say what `docs/bench.json` says, and what is typed by hand between the markers is found."""

import copy
import re

import pytest

from bridge.sandbox.processes import ROOT
from tests.bench import __main__ as bench
from tests.bench import results, tables
from tests.bench.figures import BUDGETS, Figure

AGAIN = "make them anew: python -m tests.bench.tables"
NEEDS_NODE = re.compile(r"node|Node")
NAMES = sorted({name for template in tables.TEMPLATES.values() for name in tables.NAMED.findall(template)})


def read_results():
    return tables.Results(results.read_document())


def read_page(page):
    return (ROOT / page).read_text(encoding="utf-8")


@pytest.mark.parametrize("page", tables.PAGES)
def test_a_page_shows_what_the_file_of_the_bench_says(page):
    text = read_page(page)
    assert tables.BLOCK.search(text), "it has a block"
    assert tables.render_page(text, read_results()) == text, AGAIN


def test_every_marker_opens_a_known_block_and_every_block_is_shown():
    shown = [name for page in tables.PAGES for _, name, _, _ in tables.BLOCK.findall(read_page(page))]
    opened = sum(read_page(page).count("<!-- bench:") for page in tables.PAGES)
    assert opened == len(shown), "each is closed"
    assert set(shown) == {"machine", *tables.TEMPLATES}


@pytest.mark.parametrize("name", NAMES)
def test_every_figure_that_a_table_names_was_measured(name):
    found = read_results()
    if name not in found.values and set(found.parts) != set(tables.ALL_PARTS):
        pytest.skip("some parts are not measured yet, and the page says which")
    if name not in found.values:
        assert NEEDS_NODE.search(name), f"nothing is called {name}"
        assert not any(NEEDS_NODE.search(each) for each in found.values), "the other figures of the peer are there"
        return
    assert found.values[name] is not None


@pytest.mark.parametrize("name", NAMES)
def test_a_figure_that_changes_changes_each_page_that_shows_it(name):
    document = copy.deepcopy(results.read_document())
    for part in document["parts"].values():
        for figure in part["figures"]:
            if figure["measure"] == name:
                figure["value"] = figure["value"] * 2 + 4
                break
        else:
            continue
        break
    else:
        pytest.skip("not measured: no peer, or a part that is not measured yet")
    changed = tables.Results(document)
    for page in tables.PAGES:
        text = read_page(page)
        shows = any(
            name in tables.NAMED.findall(tables.TEMPLATES.get(block, ""))
            for _, block, _, _ in tables.BLOCK.findall(text)
        )
        assert (tables.render_page(text, changed) != text) is shows


def test_what_is_typed_into_a_block_is_found():
    text = read_page("docs/performance.md")
    block = tables.BLOCK.search(text, text.index("bench:accepts") - 10)
    assert block[2] == "accepts"
    for tampered in (block[0].replace("|", "| ", 1), block[1] + block[4], block[0].replace("ms", "s", 1)):
        assert tables.render_page(text.replace(block[0], tampered), read_results()) == text


def test_the_file_has_only_whole_parts_without_a_fault():
    parts = results.read_document()["parts"]
    assert {*bench.PARTS, "burst"} == set(tables.ALL_PARTS)
    assert set(parts) <= set(tables.ALL_PARTS)
    for name, part in parts.items():
        assert part["figures"], name
        assert {"date", "machine", "versions", "beside_others"} <= set(part)
        for figure in part["figures"]:
            assert figure["fault"] == ""
            assert figure["value"] is None or figure["runs"]


def test_no_figure_of_a_budget_is_forgotten():
    found = read_results()
    if set(found.parts) != set(tables.ALL_PARTS):
        pytest.skip("some parts are not measured yet, and the page says which")
    assert set(BUDGETS) - set(found.values) == set()


def test_a_run_of_some_parts_keeps_the_others(tmp_path, monkeypatch):
    path = tmp_path / "docs" / "bench.json"
    monkeypatch.setattr(results, "DOCUMENT", path)
    monkeypatch.setattr(results, "RUNS", tmp_path / "runs")
    old, new = ({"date": day, "figures": [Figure(measure=day, unit="s", runs=[1]).as_json()]} for day in "ab")
    assert results.write_result({"boot": old, "accept": old}, for_docs=True) == path
    results.write_result({"boot": new}, for_docs=True)
    assert results.read_document(path)["parts"] == {"boot": new, "accept": old}
    other = results.write_result({"boot": old}, for_docs=False)
    assert other.parent == tmp_path / "runs"
    assert results.read_document(other)["parts"] == {"boot": old}
    assert results.read_document(path)["parts"] == {"boot": new, "accept": old}


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (2020.4, "2,020"),
        (27.04, "27"),
        (5.46, "5.5"),
        (3, "3"),
        (0.333, "0.33"),
        (0, "0"),
        (1.1, "1.10"),
        (1188, "1,188"),
    ],
)
def test_a_number_has_as_many_digits_as_it_deserves(value, shown):
    assert tables.show_number(value) == shown


def test_a_row_of_a_peer_that_is_not_installed_is_left_out_and_a_single_gap_is_named():
    document = {"parts": {"x": {"figures": [Figure(measure="accepts", unit="/s", runs=[1, 2, 9]).as_json()]}}}
    found = tables.Results(document)
    assert tables._fill("| ours | {accepts} |", found) == "| ours | 2 |"
    assert tables._fill("| peer | {accepts of the peer} ms |", found) is None
    assert tables._fill("| both | {accepts} | {accepts of the peer} |", found) == "| both | 2 | not measured |"
    assert tables._fill("| [boot of web to healthy] s |", found) == "| ≤ 1.5 s |"
    assert tables._fill("| ([more](performance.md)) |", found) == "| ([more](performance.md)) |"
