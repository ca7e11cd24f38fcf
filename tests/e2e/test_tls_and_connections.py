"""As a host such as Heroku has it: TLS to Postgres and to Redis, and twenty connections for all processes together."""

from __future__ import annotations

import threading
import time
from urllib.parse import urlsplit

import psycopg
import pytest
import redis

from bridge.errors import StoreUnavailable
from bridge.store import Keyring, SqlStore
from config.hosting import require_database_tls
from tests.e2e.conftest import founded
from tests.kit.fronts.mail_server import certificates
from tests.kit.fronts.tls_front import TlsFront
from tests.servers import own_name, redis_server
from workers.connection import connect_redis

HOST = "db.example.com"
ESSENTIAL_CONNECTIONS = 20


@pytest.fixture(scope="module")
def tls(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificates")
    context, _ = certificates(folder, HOST)
    return context, folder / "cert.pem"


@pytest.fixture
def postgres_by_tls(postgres, postgres_template, tls):
    front = TlsFront(tls[0], f"{postgres.data_folder.parent}/.s.PGSQL.5432", is_postgres=True)
    postgres.create_database("tls", template=postgres_template)
    yield front
    front.close()


def ask_database(url):
    keyring = Keyring([("k1", b"1" * 32)], b"p" * 32, b"s" * 32)
    store = SqlStore(url, keyring=keyring, now=lambda: None)
    try:
        store.ping()
        with store.engine.connect() as connection:
            return connection.connection.driver_connection.info.get_parameters(), (
                connection.connection.driver_connection.pgconn.ssl_in_use
            )
    finally:
        store.close()


def test_production_reaches_postgres_by_tls_and_by_its_root_where_that_is_given(postgres_by_tls, tls):
    base = f"postgresql+psycopg://postgres@{HOST}:{postgres_by_tls.port}/{own_name('tls')}?hostaddr=127.0.0.1"
    given, is_encrypted = ask_database(require_database_tls(base))
    assert (given["sslmode"], is_encrypted) == ("require", True)
    given, is_encrypted = ask_database(require_database_tls(f"{base}&sslrootcert={tls[1]}"))
    assert (given["sslmode"], is_encrypted) == ("verify-full", True)
    assert postgres_by_tls.encrypted >= 2


def test_another_name_than_the_certificates_is_refused_with_a_root(postgres_by_tls, tls):
    url = f"postgresql+psycopg://postgres@other.example.com:{postgres_by_tls.port}/{own_name('tls')}?hostaddr=127.0.0.1"
    with pytest.raises(StoreUnavailable):
        ask_database(require_database_tls(f"{url}&sslrootcert={tls[1]}"))


@pytest.mark.parametrize("for_worker", [True, False])
def test_redis_with_a_certificate_of_its_own_is_reached_only_where_the_setting_says_so(tls, for_worker):
    with redis_server() as url:
        path = urlsplit(url).path
        front = TlsFront(tls[0], path, is_postgres=False)
        try:
            address = f"rediss://127.0.0.1:{front.port}"
            with connect_redis(address, for_worker=for_worker, tls="no-verify") as client:
                assert client.ping()
            with (
                connect_redis(address, for_worker=for_worker) as client,
                pytest.raises(redis.ConnectionError) as refused,
            ):
                client.ping()
            assert "certificate" in str(refused.value).lower()
        finally:
            front.close()


def test_web_worker_and_clock_together_stay_within_twenty_connections(tmp_path_factory, postgres):
    """WEB_CONCURRENCY of its default, one process of each line of the Procfile, under a burst of webhooks."""
    url = postgres.create_database("counted")
    own = psycopg.connect(postgres.url("postgres").replace("+psycopg", ""), autocommit=True)
    with own, founded(tmp_path_factory.mktemp("counted"), url, WEB_CONCURRENCY="2") as town:
        counts, ends = [], threading.Event()

        def count():
            while not ends.wait(0.05):
                counts.append(
                    own.execute(
                        "SELECT count(*) FROM pg_stat_activity WHERE datname = %s", [own_name("counted")]
                    ).fetchone()[0]
                )

        def burst(number):
            for order in town.world.orders[number::8]:
                town.post("orders/create", order=order)

        counter = threading.Thread(target=count)
        counter.start()
        try:
            posters = [threading.Thread(target=burst, args=(number,)) for number in range(8)]
            for each in posters:
                each.start()
            for person in town.world.people[:3]:
                town.post("customers/data_request", person=person)
            for each in posters:
                each.join()
            town.settled()
            time.sleep(1)
        finally:
            ends.set()
            counter.join()
        of_this_test = town.services.store.engine.pool.checkedin() + town.services.store.engine.pool.checkedout()
    assert max(counts) - of_this_test <= ESSENTIAL_CONNECTIONS, max(counts)
    assert max(counts) >= 5, "all processes are connected"
