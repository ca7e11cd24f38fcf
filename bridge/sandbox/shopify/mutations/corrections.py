"""The mutations that correct a customer, its default address and an order.

Shopify refuses an e-mail address or a phone that another customer has, and what is none, with a message and no code.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from bridge.sandbox.shopify.mutations.changes import make_user_error
from bridge.sandbox.shopify.mutations.consent import CUSTOMER_EMAIL_PATTERN
from bridge.sandbox.shopify.records.parts import Record, make_gid, read_gid_number

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bridge.sandbox.shopify.query_root import QueryRoot

CUSTOMER_FIELDS: Final = frozenset({"email", "firstName", "lastName", "note", "phone", "tags", "locale"})
ORDER_FIELDS: Final = frozenset({"email", "note", "phone", "tags", "poNumber", "customAttributes", "shippingAddress"})
PHONE_PATTERN: Final = re.compile(r"\+[1-9]\d{6,14}")
CONTACTS: Final = {
    "email": ("defaultEmailAddress", "emailAddress", CUSTOMER_EMAIL_PATTERN),
    "phone": ("defaultPhoneNumber", "phoneNumber", PHONE_PATTERN),
}


class CorrectionMutations:
    """The corrections of one call."""

    def __init__(self, query_root: QueryRoot) -> None:
        """Prepare the mutations. `query_root` finds the objects to change."""
        self._query_root = query_root
        self._shop = query_root.shop

    def build_fields(self) -> Record:
        """Return the fields of the mutation root that are handled in this class."""
        return {
            "customerUpdate": self.update_customer,
            "customerAddressCreate": self.create_address,
            "customerAddressUpdate": self.update_address,
            "orderUpdate": self.update_order,
        }

    def update_customer(self, args: Mapping[str, Any]) -> Record:
        """Change a customer, all of what is given or nothing."""
        given = {name: value for name, value in args["input"].items() if name in CUSTOMER_FIELDS}
        found = self._query_root.find_customer(read_gid_number(args["input"]["id"]))
        if found is None:
            return make_user_error("id", "Customer does not exist", "INVALID")
        values = dict(given)
        for field, (contact, name, pattern) in CONTACTS.items():
            if not given.get(field):
                continue
            text = str(given[field]).casefold() if field == "email" else re.sub(r"[\s-]", "", str(given[field]))
            if not pattern.fullmatch(text):
                return make_user_error(field, f"{field.title()} is invalid", "INVALID")
            if self._is_taken(field, text, found["id"]):
                return make_user_error(field, f"{field.title()} has already been taken", "TAKEN")
            values |= {field: text, contact: (found[contact] or {"marketingState": "NOT_SUBSCRIBED"}) | {name: text}}
        self._shop.write_fields(found["id"], values)
        return {"customer": self._query_root.find_customer(read_gid_number(found["id"]))}

    def _is_taken(self, field: str, text: str, owner: str) -> bool:
        return any(
            self._shop.read_contact(one, field) == text and make_gid("Customer", one.id) != owner
            for one in self._shop.people
            if one.id not in self._shop.redacted_customer_ids | self._shop.unknown_customer_ids
        )

    def update_address(self, args: Mapping[str, Any]) -> Record:
        """Change the given parts of an address of a customer; the others stay."""
        found = self._query_root.find_customer(read_gid_number(args["customerId"]))
        address = (found or {}).get("defaultAddress")
        if found is None or not address or address["id"] != args["addressId"]:
            return make_user_error("addressId", "Address does not exist", "INVALID")
        return self._save_address(found, address | _read_address(args["address"]))

    def create_address(self, args: Mapping[str, Any]) -> Record:
        """Add an address to a customer that has none."""
        found = self._query_root.find_customer(read_gid_number(args["customerId"]))
        if found is None:
            return make_user_error("customerId", "Customer does not exist", "INVALID")
        number = f"gid://shopify/MailingAddress/{read_gid_number(found['id'])}?model_name=CustomerAddress"
        return self._save_address(
            found, {"__typename": "MailingAddress", "id": number} | _read_address(args["address"])
        )

    def _save_address(self, customer: Record, address: Record) -> Record:
        lists = {"addressesV2": [address], "addresses": [address]}
        self._shop.write_fields(customer["id"], {"defaultAddress": address, **lists})
        return {"address": address}

    def update_order(self, args: Mapping[str, Any]) -> Record:
        """Change an order: given attributes, tags and shipping address replace the former ones."""
        given = {name: value for name, value in args["input"].items() if name in ORDER_FIELDS}
        found = self._query_root.find_order(read_gid_number(args["input"]["id"]))
        if found is None:
            return make_user_error("id", "Order does not exist", "INVALID")
        if given.get("shippingAddress"):
            if not given["shippingAddress"].get("address1"):
                return make_user_error("shippingAddress", "Enter an address", "INVALID")
            given["shippingAddress"] = (found["shippingAddress"] or {}) | _read_address(given["shippingAddress"])
        self._shop.write_fields(found["id"], given)
        return {"order": self._query_root.find_order(read_gid_number(found["id"]))}


def _read_address(given: Mapping[str, Any]) -> Record:
    code = {"countryCodeV2": given["countryCode"]} if given.get("countryCode") else {}
    name = " ".join(filter(None, (given.get("firstName"), given.get("lastName"))))
    return {**given, **code, **({"name": name} if name else {})}
