"""The values seeded for Asha, which a complete access request must find.

`list_seeded_values` names a value for each personal field of the schema that a query can reach. Indistinct values are
left out: enums, booleans, months, and `COMMON`. No other customer has seeded values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from bridge.sandbox.schema.personal import INDISTINCT_KINDS as COMMON_KINDS
from bridge.sandbox.schema.personal import list_personal_fields, load_personal_fields
from bridge.sandbox.shopify.records.defaults import list_default_values
from bridge.sandbox.shopify.records.parts import Record, make_gid

if TYPE_CHECKING:
    from bridge.sandbox.world.models import World

INDISTINCT_FIELDS: Final = frozenset(
    {"Customer.numberOfOrders", "LineItem.quantity", "AbandonedCheckoutLineItem.quantity"}
)
# Values of the invented records themselves, which differ from every seeded value.
SELF_DESCRIBED_FIELDS: Final = frozenset(
    {
        "Customer.canDelete",
        "Customer.dataSaleOptOut",
        "Customer.state",
        "Customer.verifiedEmail",
        "CustomerEmailAddress.marketingState",
        "Fulfillment.displayStatus",
        "Fulfillment.status",
        "Order.displayFinancialStatus",
        "Order.displayFulfillmentStatus",
        "Order.tags",
        "OrderTransaction.kind",
        "OrderTransaction.status",
        "Return.status",
        *INDISTINCT_FIELDS,
    }
)


class RecordSeeder:
    """A builder of records with the seeded value of each personal field of a type."""

    def __init__(self, world: World) -> None:
        """Prepare the seeder. Ids are Asha's own: two shops share none."""
        self.owner_id = 8_800_000_000_000 + world.asha.id % 1_000_000_000 * 10_000 if world.people else 0
        self.default_fields = (
            frozenset(list_default_values(world)) | SELF_DESCRIBED_FIELDS if world.people else SELF_DESCRIBED_FIELDS
        )

    def __call__(self, *types: str, kind: str = "", sibling: int = 0, **more: Any) -> Record:
        """Return a record with the personal fields of these types; it is a `kind`, or the first of them.

        `sibling` distinguishes several records of one type. Raises KeyError for a type without personal fields.
        """
        kind = kind or types[0]
        record = self.make_bare_record(kind, sibling=sibling)
        for type_name in types:
            record |= {
                one.field: one.make_value(self.owner_id) for one in list_personal_fields(type_name) if one.field != "id"
            }
        return record | more

    def make_bare_record(self, kind: str, *, sibling: int = 0, **more: Any) -> Record:
        """Return a record without personal fields of its own, as a parent of others."""
        return {"__typename": kind, "id": self.make_id(kind, sibling), **more}

    def make_id(self, type_name: str, sibling: int = 0) -> str:
        """Return the id of Asha's object of this type, the same each time."""
        at = next((one.index for one in load_personal_fields() if (one.type_name, one.kind) == (type_name, "id")), None)
        if at is None:  # no id is personal in this type: any number that only Asha has will do
            at = 400 + sum(type_name.encode()) % 500
        return make_gid(type_name, self.owner_id + 10 * at + sibling)

    @property
    def segment_id(self) -> str:
        """Return the segment of which Asha is a member."""
        return self.make_id("SegmentMembership").replace("SegmentMembership", "Segment")

    def overlay(self, record: Record, type_name: str, **more: Any) -> Record:
        """Return a record with seeded values on top, except where the invented record has its own."""
        seeded = {
            one.field: one.make_value(self.owner_id)
            for one in list_personal_fields(type_name)
            if one.name not in self.default_fields
        }
        return record | seeded | more


def list_seeded_values(world: World) -> dict[str, str]:
    """Return the value that must be found for each `Type.field`; empty if Asha has no seeded values."""
    if not world.asha.rich:
        return {}
    default_values, seeder = list_default_values(world), RecordSeeder(world)
    found: dict[str, str] = {}
    for one in load_personal_fields():
        if one.kind in COMMON_KINDS or one.name in INDISTINCT_FIELDS:
            continue
        found[one.name] = default_values.get(one.name) or one.text or str(one.make_value(seeder.owner_id))
    return found | {"SegmentMembership.segmentId": seeder.segment_id}
