"""What `make test` leaves to `make test-long` exists, and continuous integration runs both."""

from pathlib import Path

from tests.kit.suite.long_tests import LONG_TESTS, is_long

ROOT = Path(__file__).parents[2]


def test_each_name_is_of_tests_that_are_there():
    assert [name for name in LONG_TESTS if not (ROOT / name).exists()] == []
    assert is_long("tests/e2e/test_serve.py::test_one")
    assert not is_long("tests/steps/test_e2e.py::test_one")


def test_continuous_integration_runs_the_short_and_the_long_ones():
    commands = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert {"make check", "make test", "make test-long"} <= set(commands)
    targets = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert "--long without\n" in targets
    assert "--long only\n" in targets
