"""Fixtures of all tests: both databases, a frozen clock where wanted, services of real parts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bridge.ports import Services
from bridge.store import Keyring, SqlStore
from bridge.store.migrations.upgrade import upgrade_database
from tests.factories import make_services
from tests.fakes import FakeCarrier, FakePlatform, FakeQueue
from tests.servers import Postgres


class SetClock:
    """A clock that stands until it is moved."""

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
    url = postgres.create_database("template_head")
    store = SqlStore(
        url, keyring=Keyring([("k1", b"1" * 32)], b"p" * 32, b"s" * 32), now=lambda: datetime.now(UTC)
    )
    upgrade_database(store.engine)
    store.close()
    return "template_head"


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sqlite") / "head.db"
    store = SqlStore(
        f"sqlite:///{path}",
        keyring=Keyring([("k1", b"1" * 32)], b"p" * 32, b"s" * 32),
        now=lambda: datetime.now(UTC),
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
    postgres: Postgres = request.getfixturevalue("postgres")
    template = request.getfixturevalue("postgres_template")
    name = f"test_{abs(hash(request.node.nodeid)):x}"
    yield postgres.create_database(name, template=template)
    postgres.drop_database(name)


@pytest.fixture
def store(database_url: str, vault: Keyring, clock: SetClock) -> Iterator[SqlStore]:
    """The memory over both databases, on the set clock."""
    made = SqlStore(database_url, keyring=vault, now=clock.now)
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
    """What a step is given: the real memory, stand-ins for everybody else."""
    return make_services(store, clock, queue, platform, carrier)
