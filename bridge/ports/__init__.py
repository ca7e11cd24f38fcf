"""Protocols of what has two implementations: other people's systems, clock, queue, mail and the ledger."""

from bridge.ports.call_limits import CallLimits, PointsReport
from bridge.ports.connectors import Canceller, Connector, CopiesAllParcels, Eraser, NamesShops, Platform, Tracker
from bridge.ports.ledger import Ledger
from bridge.ports.surroundings import Clock, Mailer, Queue, TimestampAuthority

__all__ = [
    "CallLimits",
    "Canceller",
    "Clock",
    "Connector",
    "CopiesAllParcels",
    "Eraser",
    "Ledger",
    "Mailer",
    "NamesShops",
    "Platform",
    "PointsReport",
    "Queue",
    "TimestampAuthority",
    "Tracker",
]
