"""One complete installation that is disturbed: stand-ins, mail, Redis, database, and the bridge's processes."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bridge.sandbox.mail import Mailbox
from bridge.sandbox.merchant_files import write_merchant_files
from bridge.sandbox.processes import COMMANDS
from bridge.sandbox.sandbox import UNINSTALLED_SHOP
from bridge.sandbox.world import INVENTED_SHOP
from tests import servers
from tests.e2e.conftest import Town, founded

LATENCY_S = 0.1  # so that signals meet jobs that run
WANTED = {"web": 1, "worker": 2, "clock": 1}
LETTER_TERMS = {"digest_hours": 0, "answer_days": 15, "remind_days": [7], "read_back_hours": 1}


@dataclass(frozen=True, kw_only=True)
class Installation:
    """What is disturbed. `postgres` is None where the database is SQLite."""

    town: Town
    mailbox: Mailbox
    postgres: servers.Postgres | None
    offset_file: Path

    def keep_running(self) -> dict[str, int]:
        """Start what is missing; return the exit codes of what had ended by itself."""
        bridge = self.town.bridge
        codes = bridge.pop_exit_codes()
        running = [name.partition(".")[0] for name in bridge.list_running()]
        for kind, wanted in WANTED.items():
            for _ in range(wanted - running.count(kind)):
                bridge.start_process(kind)
        return codes

    def move_clock(self, seconds: float) -> None:
        """Move the clock of every process; 0 is the machine's own."""
        replacement = self.offset_file.with_suffix(".new")
        replacement.write_text(str(seconds))
        replacement.replace(self.offset_file)

    @property
    def clock_offset_s(self) -> float:
        """Return by how many seconds the clocks are moved."""
        return float(self.offset_file.read_text())


@contextmanager
def install(folder: Path, postgres: servers.Postgres | None) -> Iterator[Installation]:
    """Start an installation in a folder, with a database of its own."""
    offset_file = folder / "clock-offset"
    offset_file.write_text("0")
    shifted = (sys.executable, "-m", "tests.torture.shifted_clock", str(offset_file))
    commands = {kind: (*shifted, command[-1]) if kind in WANTED else command for kind, command in COMMANDS.items()}
    database = postgres.create_database("torture") if postgres else f"sqlite:///{folder}/bridge.db"
    with ExitStack() as parts:
        mailbox = Mailbox().start()
        parts.callback(mailbox.stop)
        (folder / "merchant").mkdir()
        files = write_merchant_files(
            folder / "merchant", shops=[INVENTED_SHOP, UNINSTALLED_SHOP], notice_terms=LETTER_TERMS
        )
        more = {
            "SMTP_URL": mailbox.url,
            "MAIL_FROM": "Mini Miss <privacy@example.in>",
            "LEASE_S": "2",
            "SWEEP_EVERY_S": "0.3",
            "WEB_CONCURRENCY": "2",
        }
        town = parts.enter_context(
            founded(folder, database, commands=commands, workers=WANTED["worker"], **files, **more, ACCEPT_WAIT_S="2")
        )
        for server in town.stand_ins.servers:
            server.latency_s = LATENCY_S
        yield Installation(town=town, mailbox=mailbox, postgres=postgres, offset_file=offset_file)
