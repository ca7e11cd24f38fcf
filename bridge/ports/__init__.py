"""Protocols of what has two implementations: other people's systems, clock, queue, mail and the ledger."""

from bridge.ports.connectors import (
    Canceller,
    Connector,
    CopiesAllParcels,
    Eraser,
    ListsOrders,
    NamesShops,
    Platform,
    Tracker,
)
from bridge.ports.ledger import Ledger
from bridge.ports.surroundings import AlertReceiver, Clock, Mailer, Queue, TimestampAuthority

__all__ = [
    "AlertReceiver",
    "Canceller",
    "Clock",
    "Connector",
    "CopiesAllParcels",
    "Eraser",
    "Ledger",
    "ListsOrders",
    "Mailer",
    "NamesShops",
    "Platform",
    "Queue",
    "TimestampAuthority",
    "Tracker",
]
