"""Decides which categories of the retention file a processor's record is of: their holds bind its copy. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.model import ReferenceKind
from bridge.rules.erasure.remaining_data import CONTACT_CATEGORY
from bridge.rules.notices.timing import SHIPMENT_CATEGORY

if TYPE_CHECKING:
    from config.merchant_file.processors import Processor
    from config.retention_file.retention import Retention


def list_record_categories(processor: Processor | None, kind: ReferenceKind, retention: Retention) -> tuple[str, ...]:
    """Return the categories of which `data` says that the processor has them, and which restrict what is held.

    What is kept sealed, pseudonymised or as proof is kept by the merchant, and binds no copy elsewhere. Without such a
    category a record of an order counts as a shipment, one of a data subject as contact data.
    """
    stated = processor.data if processor else ()
    bound = tuple(
        name for name in stated if name in retention.categories and retention.categories[name].held_action == "restrict"
    )
    by_order = kind in (ReferenceKind.ORDER, ReferenceKind.WAYBILL)
    return bound or (SHIPMENT_CATEGORY if by_order else CONTACT_CATEGORY,)
