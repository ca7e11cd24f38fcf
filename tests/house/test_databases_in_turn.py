"""What `make test` leaves to `make test-deep`: half of the runs of a step's tests, and no test."""

from types import SimpleNamespace

from tests.kit.suite.databases_in_turn import split_turns


def split(*nodeids):
    run, left_out = split_turns([SimpleNamespace(nodeid=each) for each in nodeids])
    return [item.nodeid for item in run], [item.nodeid for item in left_out]


def on_both(name, *cases):
    return [f"{name}[{'-'.join(filter(None, (case, db)))}]" for case in cases or ("",) for db in ("sqlite", "postgres")]


def test_each_test_runs_once_and_the_cases_of_a_function_meet_both_databases():
    alone, cases = "tests/steps/a/test_a.py::test_one", "tests/steps/a/test_a.py::test_many"
    run, left_out = split(*on_both(alone), *on_both(cases, "x", "y", "z"))
    assert len(run) == len(left_out) == 4
    assert {each.replace("sqlite", "").replace("postgres", "") for each in run} == {
        f"{alone}[]", f"{cases}[x-]", f"{cases}[y-]", f"{cases}[z-]",
    }  # fmt: skip
    assert {database for database in ("sqlite", "postgres") for each in run if cases in each and database in each} == {
        "sqlite",
        "postgres",
    }


def test_what_is_no_pair_or_shows_the_databases_themselves_is_never_left_out():
    kept = [
        *on_both("tests/store/test_a.py::test_one"),
        *on_both("tests/steps/erasure/test_short_transactions.py::test_one"),
        "tests/steps/a/test_a.py::test_pure",
        "tests/steps/a/test_a.py::test_one_database[sqlite]",
        "tests/steps/a/test_a.py::test_word[postgres]",
    ]
    assert split(*kept) == (kept, [])
