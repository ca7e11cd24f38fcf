"""What the bridge needs of a platform to carry out corrections."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from bridge.model import CorrectableOrder, CorrectableRecord
from bridge.ports.connectors import Connector


@runtime_checkable
class ChangesCustomers(Connector, Protocol):
    """A connector whose system lets a customer be corrected. Values are by correctable field."""

    def read_correctable_record(self, customer_id: str, *, shop: str) -> CorrectableRecord | None:
        """Return the customer as it is now, with its orders on their way; None if it is unknown. Raises as `gather`."""
        ...

    def correct_customer(
        self, customer_id: str, record: CorrectableRecord, values: Mapping[str, str], *, shop: str
    ) -> Mapping[str, str]:
        """Write values to a customer that is as in `record`; return the code of each that the system refuses, by field.

        Raises as `gather`. Repeating is safe.
        """
        ...

    def correct_order(self, order: CorrectableOrder, values: Mapping[str, str], *, shop: str) -> str:
        """Write values to an order on its way; return the code of a refusal, '' for none. Raises as `gather`."""
        ...
