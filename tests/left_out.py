"""Fields with personal data in Shopify's schema that are left out on purpose, and why.

Read by people: `docs/coverage.md` is printed from it. Nothing is decided by it at run time.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class ExcludedFields:
    """Fields of one type that are not asked for."""

    type_name: str
    fields: tuple[str, ...]
    reason: str


# Held of a person, and reached by another name.
DUPLICATE_FIELDS = (
    ExcludedFields(
        type_name="CustomerJourney",
        fields=("customerOrderIndex", "daysToConversion"),
        reason="Reached by the deprecated `Order.customerJourney` only; `Order.customerJourneySummary`, which is "
        "read, says the same.",
    ),
    ExcludedFields(
        type_name="LocalizationExtension",
        fields=("key", "title", "value"),
        reason="Reached by the deprecated `Order.localizationExtensions` only; `Order.localizedFields`, which is "
        "read, holds the same rows.",
    ),
)

# Marked by Shopify as protected, but no record that is held: made for one question, or another view of what is read.
UNSTORED_FIELDS = (
    ExcludedFields(
        type_name="CustomerMergePreviewAlternateFields",
        fields=("email", "firstName", "lastName", "phoneNumber"),
        reason="What a merge of two named customers would keep. Nothing is stored, and the second customer is "
        "another person; `Customer.mergeable`, which is read, says whether a merge is under way.",
    ),
    ExcludedFields(
        type_name="CustomerMergePreviewDefaultFields",
        fields=("displayName", "email", "firstName", "lastName"),
        reason="As above.",
    ),
    ExcludedFields(
        type_name="CustomerSegmentMember",
        fields=("displayName", "firstName", "lastName"),
        reason="The customer's own name, seen from a segment. The customer's segments are read with the customer.",
    ),
    ExcludedFields(
        type_name="CalculatedDraftOrder",
        fields=("phone",),
        reason="Given by a mutation that calculates, never by a query. The draft order itself is read.",
    ),
    ExcludedFields(
        type_name="OrderStagedChangeAddShippingLine",
        fields=("phone",),
        reason="A change of an order that nobody has committed; it ends with the editing session that began it.",
    ),
)
