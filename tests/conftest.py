"""Fixtures of all tests: both databases, a clock that is set, services over a real store, and a check for leaks."""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from bridge.services import Services
from bridge.store import Keyring, SqlStore
from bridge.store.migrations.upgrade import upgrade_database
from tests.authority import Authority
from tests.factories import make_services
from tests.fakes import FakeCarrier, FakePlatform, FakeQueue
from tests.kit.suite.databases_in_turn import split_turns
from tests.kit.suite.examples import DEEP, count_examples
from tests.kit.suite.long_tests import is_long
from tests.kit.suite.parsed_files import share_parsed_files
from tests.kit.suite.scheduling import FileScheduling
from tests.kit.suite.shared_statements import share_statements
from tests.kit.suite.uncached_loggers import uncache_loggers
from tests.leaks import OpenResources, SessionResources, find_leaks
from tests.servers import EmptiedDatabase, Postgres

_session_resources = SessionResources()
# In this order: their tests start many processes or wait long.
SLOWEST = (
    "tests/workers/test_sharing.py",
    "tests/torture/",
    "tests/e2e/",
    "tests/workers/",
    "tests/store/pooling/",
    "tests/web/",
    "tests/config/test_hosts.py",
    "tests/cli/init/",
    "tests/cli/start/",
    "tests/browser/",
    "tests/sandbox/",
    "tests/steps/",
    "tests/connectors/",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--deep", action="store_true", help="each test of a step on both databases, thrice the examples: make test-deep"
    )
    parser.addoption(
        "--long",
        choices=("with", "without", "only"),
        default="with",
        help="what becomes of tests of whole deployments, which take half of all time: make test-long runs only these",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Watch session fixtures. Hooks of this file itself are not called for them."""
    config.pluginmanager.register(_session_resources)
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # a shell starts what runs in its background so, and no program that the tests start could be interrupted
        signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ["BRIDGE_ENV_FILE"] = os.devnull  # the `.env` of who runs the tests is not theirs
    # thousands of tests keep many objects: looking for garbage as often as a small program does is a sixth of their time
    gc.set_threshold(20_000, 20, 50)
    share_statements()
    share_parsed_files()
    uncache_loggers()
    # a slow machine is no fault of what is tested
    if config.option.deep:
        os.environ[DEEP] = "1"
    settings.register_profile("untimed", deadline=None, max_examples=count_examples(100))
    settings.load_profile("untimed")


def pytest_xdist_auto_num_workers() -> int:
    """Use two processes more than there are cores: many tests wait for a server, a browser or a deadline."""
    return min(os.cpu_count() or 1, 8) + 2


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> FileScheduling:
    return FileScheduling(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let tests take turns with the databases, and begin with what takes longest, so that nobody waits for the last of it."""
    if not config.option.deep and not any("::" in word for word in config.args):
        items[:], left_out = split_turns(items)
        config.hook.pytest_deselected(items=left_out)
    if config.option.long != "with":
        is_only = config.option.long == "only"
        config.hook.pytest_deselected(items=[item for item in items if is_long(item.nodeid) != is_only])
        items[:] = [item for item in items if is_long(item.nodeid) == is_only]
    items.sort(
        key=lambda item: next((at for at, start in enumerate(SLOWEST) if item.nodeid.startswith(start)), len(SLOWEST))
    )


def pytest_collection_finish() -> None:
    """Leave what was collected out of every later search for garbage: it lives as long as the process."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="module", autouse=True)
def _nothing_stays_open() -> Iterator[None]:
    """Fail the last test of a module where threads or file descriptors of it stay open."""
    before = OpenResources.read()
    yield
    leaks = find_leaks(before | _session_resources.opened)
    assert not leaks, f"the module leaves open: {leaks}"


class SetClock:
    """A clock that shows one moment until it is set to another."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at


@pytest.fixture
def clock() -> SetClock:
    return SetClock(datetime(2026, 11, 22, 10, 0, tzinfo=UTC))


@pytest.fixture(scope="session")
def vault() -> Keyring:
    return Keyring([("k1", b"1" * 32)], b"p" * 32, b"s" * 32)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with Postgres() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_template(postgres: Postgres) -> str:
    """A database at head that each test's own is copied from."""
    url = postgres.create_database("head")
    store = SqlStore(url, keyring=Keyring([("k1", b"1" * 32)], b"p" * 32, b"s" * 32), now=lambda: datetime.now(UTC))
    upgrade_database(store.engine)
    store.close()
    return "head"


@pytest.fixture(scope="session")
def postgres_database(postgres: Postgres, postgres_template: str) -> Iterator[EmptiedDatabase]:
    """The database of this process, emptied for each test."""
    with closing(EmptiedDatabase(postgres, "test", postgres_template)) as database:
        yield database


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sqlite") / "head.db"
    store = SqlStore(
        f"sqlite:///{path}", keyring=Keyring([("k1", b"1" * 32)], b"p" * 32, b"s" * 32), now=lambda: datetime.now(UTC)
    )
    upgrade_database(store.engine)
    store.close()
    return path


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path, sqlite_template: Path) -> Iterator[str]:
    """A fresh database at head, once of each kind."""
    if request.param == "sqlite":
        path = tmp_path / "bridge.db"
        path.write_bytes(sqlite_template.read_bytes())
        yield f"sqlite:///{path}"
        return
    database: EmptiedDatabase = request.getfixturevalue("postgres_database")
    yield database.prepare()


@pytest.fixture
def store(database_url: str, vault: Keyring, clock: SetClock) -> Iterator[SqlStore]:
    """The store over both databases, on the set clock. How fast the machine is changes nothing."""
    made = SqlStore(database_url, keyring=vault, now=clock.now, elapsed_s=lambda: 0.0)
    yield made
    made.close()


@pytest.fixture
def queue() -> FakeQueue:
    return FakeQueue()


@pytest.fixture
def platform() -> FakePlatform:
    return FakePlatform()


@pytest.fixture
def carrier() -> FakeCarrier:
    return FakeCarrier("delhivery")


@pytest.fixture
def services(
    store: SqlStore, clock: SetClock, queue: FakeQueue, platform: FakePlatform, carrier: FakeCarrier
) -> Services:
    """What a step is given: the real store, and fakes of all other systems."""
    return make_services(store, clock, queue, platform, carrier)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    """A timestamp authority that openssl answers for."""
    with Authority(tmp_path_factory.mktemp("authority")) as authority:
        yield authority
