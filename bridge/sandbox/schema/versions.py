"""The versions of the Admin API that the stand-in knows, and what the older versions lack.

Two were cut from Shopify's own schema; the older three are the earlier of them without later fields.
https://shopify.dev/docs/api/usage/versioning
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from graphql import GraphQLSchema

OLDER_VERSIONS: Final = ("2025-10", "2026-01", "2026-04")
# `Type.field`, or a whole type: then no field leads to it, and no fragment may name it.
ADDED_IN_VERSION: Final[Mapping[str, tuple[str, ...]]] = {
    "2026-01": ("BankAccount", "OrderInput.phone", "QueryRoot.bulkOperation", "QueryRoot.bulkOperations"),
    "2026-07": (
        "Customer.identityProviderSubjects",
        "Customer.taxSettings",
        "CustomerInput.whatsAppMarketingConsent",
        "CustomerPhoneNumber.whatsAppMarketingConsent",
        "CustomerWhatsAppMarketingConsent",
        "IdentityProviderSubject",
        "Metaobject.values",
        "Mutation.customerWhatsAppMarketingConsentUpdate",
        "Order.attribution",
        "Order.cartToken",
        "Order.checkoutToken",
        "TaxSettings",
    ),
}


def list_later_additions(version: str) -> tuple[str, ...]:
    """Return the names that were added after this version."""
    return tuple(name for added_in, names in ADDED_IN_VERSION.items() if added_in > version for name in names)


def remove_later_additions(schema: GraphQLSchema, version: str) -> None:
    """Remove from a schema, in place, what this version does not have."""
    for name in list_later_additions(version):
        type_name, _, field = name.partition(".")
        if field:
            getattr(schema.type_map.get(type_name), "fields", {}).pop(field, None)
            continue
        removed_type = schema.type_map.pop(type_name, None)
        for one in schema.type_map.values():
            members = getattr(one, "types", None)
            if members and removed_type in members:
                one.types = tuple(member for member in members if member is not removed_type)  # type: ignore[attr-defined]  # a union
