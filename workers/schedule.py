"""The clock process: `python -m workers.schedule`.

Every few seconds it rings for rows that are due and that nobody came for; every hour it destroys what is over:
what is kept for a while, documents whose last day has passed, bank details of settled refunds, what reached its age;
and looks whether today's head of the evidence is signed.
Two clocks may run at once (deployments overlap): the one that holds the lock in the database does the work.
"""

from __future__ import annotations

import os
import secrets
import signal
import sys
import threading
from datetime import datetime, timedelta

import structlog

from bridge import logs
from bridge.bootstrap import make_services, make_store
from bridge.errors import BridgeError, SettingsInvalid
from bridge.ports import Services
from bridge.steps.evidence.sign_head import sign_head
from bridge.steps.recovery.ledger_gate import look
from bridge.steps.recovery.sync_ledger import carry
from bridge.steps.refunds.erase_settled import erase_settled
from bridge.steps.retention.expire import age
from bridge.steps.retention.expire_bodies import purge
from bridge.steps.retention.expire_documents import Released, release
from bridge.steps.webhooks.enqueue_due import sweep
from config.load import load_all
from workers.connection import connect
from workers.queues import Bell

log = structlog.get_logger()
PURGE_EVERY = timedelta(hours=1)
LOCK_FACTOR = 3  # the lock outlives a few missed turns, then another clock takes over


def main() -> None:
    """Tick until told to stop."""
    stop = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    try:
        loaded = load_all()
        logs.configure(loaded.settings.log_level, loaded.settings.log_format)
        store = make_store(loaded.settings)
        queue = Bell(connect(loaded.settings.redis_url, patient=False, tls=loaded.settings.redis_tls))
        services = make_services(loaded, queue, store)
    except (SettingsInvalid, BridgeError) as fault:
        faults = fault.faults if isinstance(fault, SettingsInvalid) else [str(fault)]
        sys.exit("\n".join(["The clock cannot start:", *(f"  {line}" for line in faults)]))
    holder = f"{os.getpid()}-{secrets.token_hex(4)}"
    every = loaded.settings.sweep_every_s
    purged: datetime | None = None
    while not stop.is_set():
        purged = tick(services, holder, every, purged)
        stop.wait(every)
    store.close()
    services.ledger.close()


def tick(services: Services, holder: str, every_s: float, purged: datetime | None) -> datetime | None:
    """One turn. Returns when it last was through with what is over. No fault ends the clock: the next turn tries again."""
    try:
        if not services.store.lock("clock", holder, max(LOCK_FACTOR * every_s, 5.0)):
            return purged
        if look(services=services):  # a restored backup: nothing is worked on until it was checked
            return purged
        sweep(services=services)
        carry(services=services)
        now = services.clock.now()
        if purged is None or now - purged >= PURGE_EVERY:
            return now if hourly(services=services) else purged
    except Exception as fault:  # noqa: BLE001 - a clock that dies of one bad turn would stop all retries
        log.warning("clock.turn_failed", fault=logs.place(fault))
    return purged


def hourly(*, services: Services) -> bool:
    """Destroy what is over, each kind whatever becomes of the others. False where more is to do at once."""
    more = False
    for step in (purge, release, erase_settled, age, sign_head):
        try:
            done = step(services=services)
        except Exception as fault:  # noqa: BLE001 - what cannot be destroyed must not keep the rest
            log.warning("clock.step_failed", step=step.__name__, fault=logs.place(fault))
        else:
            more |= isinstance(done, Released) and done.more
    return not more


if __name__ == "__main__":
    main()
