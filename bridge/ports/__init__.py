"""Protocols of what has two implementations: other people's systems, clock, queue, mail and the ledger."""

from bridge.ports.call_limits import CallLimits, PointsReport
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
from bridge.ports.surroundings import AlertReceiver, Clock, Mailbox, Mailer, Queue, TimestampAuthority

__all__ = [
    "AlertReceiver",
    "CallLimits",
    "Canceller",
    "Clock",
    "Connector",
    "CopiesAllParcels",
    "Eraser",
    "Ledger",
    "ListsOrders",
    "Mailbox",
    "Mailer",
    "NamesShops",
    "Platform",
    "PointsReport",
    "Queue",
    "TimestampAuthority",
    "Tracker",
]
