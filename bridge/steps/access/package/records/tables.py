"""Define the flat tables of a package: their columns in plain words, with terms of the Data Privacy Vocabulary.

Each table becomes `records/<name>.csv` and `.json` and rows of the column dictionary. `rows.py` fills the columns.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from bridge.steps.access.package.records.own_tables import OWN_TABLES_BY_KIND
from bridge.steps.access.package.records.table_model import FlatTable, define_table
from bridge.steps.access.package.text import format_csv_line

_ORDER_COLUMNS = ("order | Order name", "order_id | Shopify's number of the order | pd:Identifier")
_ADDRESS_COLUMNS = (
    "company | Company",
    "address1 | Address, first line | pd:PhysicalAddress",
    "address2 | Address, second line | pd:PhysicalAddress",
    "city | City",
    "province | State",
    "province_code | Code of the State",
    "zip | PIN or postal code | pd:PostalCode",
    "country | Country",
    "country_code | Code of the country",
    "phone | Phone | pd:TelephoneNumber",
    "latitude | Latitude the platform worked out | pd:Location",
    "longitude | Longitude the platform worked out | pd:Location",
)

FLAT_TABLES: tuple[FlatTable, ...] = (
    define_table(
        "profile | Your customer profile | customer_profile",
        "customer_id | Shopify's number of your profile | pd:Identifier",
        "name | Name | pd:Name",
        "first_name | First name | pd:Name",
        "last_name | Last name | pd:Name",
        "email | E-mail | pd:EmailAddress",
        "phone | Phone | pd:TelephoneNumber",
        "language | Language",
        "note | Note kept with your profile",
        "tags | Tags given to your profile",
        "orders | Number of orders | pd:Purchase",
        "amount_spent | Spent in all | pd:Purchase",
        "currency | Currency of the amount",
        "created_at | Profile made on",
        "updated_at | Profile last changed on",
        holds_whole_records=True,
    ),
    define_table(
        "addresses | Addresses | address",
        "kept_with | Kept with your profile, an order or a draft order",
        "kept_with_ref | Which one",
        "use | Saved, delivery or billing address",
        "name | Name on the address | pd:Name",
        *_ADDRESS_COLUMNS,
    ),
    define_table(
        "orders | Orders | order_lines",
        *_ORDER_COLUMNS,
        "created_at | Ordered on",
        "cancelled_at | Cancelled on",
        "email | E-mail given | pd:EmailAddress",
        "phone | Phone given | pd:TelephoneNumber",
        "total | Total | pd:Purchase",
        "currency | Currency of the total",
        "payment_status | Payment status",
        "delivery_status | Delivery status",
        "note | Note of the order | pd:Communication",
        "attributes | Further particulars, such as a gift message | pd:Communication",
        "tags | Tags given to the order",
        "ip_address | Internet address it was placed from | pd:IPAddress",
        "language | Language",
        holds_whole_records=True,
    ),
    define_table(
        "order_lines | What was ordered | order_lines",
        "document | Order or draft order",
        *_ORDER_COLUMNS,
        "title | Article | pd:Purchase",
        "variant | Variant",
        "sku | Article number",
        "quantity | Quantity",
        "price | Price of one",
        "currency | Currency of the price",
        "attributes | Particulars such as an engraving | pd:Communication",
    ),
    define_table(
        "payments | Payments (numbers masked) | payment_reference",
        *_ORDER_COLUMNS,
        "kind | Kind, such as sale or refund | pd:Transactional",
        "status | Status",
        "gateway | Payment service",
        "method | Means of payment",
        "account | Number of the means of payment, last four only | pd:FinancialAccountNumber",
        "amount | Amount | pd:Transactional",
        "currency | Currency of the amount",
        "reference | Reference of the payment",
        "processed_at | Done on",
    ),
    define_table(
        "refunds | Refunds | payment_reference",
        *_ORDER_COLUMNS,
        "refund_id | Shopify's number of the refund",
        "created_at | Made on",
        "amount | Amount | pd:Transactional",
        "currency | Currency of the amount",
        "note | Note | pd:Communication",
    ),
    define_table(
        "returns | Returns | order_lines",
        *_ORDER_COLUMNS,
        "return | Name of the return",
        "status | Status",
        "created_at | Opened on",
        "quantity | Articles sent back",
        "notes | What was said about it | pd:Communication",
        "tracking | Numbers of the parcels",
    ),
    define_table(
        "draft_orders | Draft orders | order_lines",
        "draft_order | Name of the draft",
        "draft_order_id | Shopify's number of the draft | pd:Identifier",
        "created_at | Made on",
        "status | Status",
        "email | E-mail | pd:EmailAddress",
        "phone | Phone | pd:TelephoneNumber",
        "note | Note | pd:Communication",
        "attributes | Further particulars | pd:Communication",
        "tags | Tags",
        holds_whole_records=True,
    ),
    define_table(
        "shipments | Parcels | shipment",
        "told_by | System this line comes from",
        "carrier | Carrier, as the system names it",
        "carrier_id | Carrier, as we know it",
        "account_holder | Who has the contract with the carrier",
        "waybill | Number of the parcel | pd:Identifier",
        "order | Order name",
        "status | Status",
        "status_at | Status since",
        "shipped_on | First day it is known to have been with the carrier",
        "last_on | Last day anything is known of it",
        "cod_amount | Cash to be collected",
        "invoice_value | Invoice value stated to the carrier",
        "currency | Currency of the amounts",
        "name | Name on the parcel | pd:Name",
        "address | Address on the parcel | pd:PhysicalAddress",
        "city | City",
        "state | State",
        "pin | PIN code | pd:PostalCode",
        "country | Country",
        "phones | Phones on the parcel | pd:TelephoneNumber",
        "received_by | Handed over to | pd:Name",
        "not_found | The carrier did not know the number",
        portable=False,
        holds_whole_records=True,
    ),
    define_table(
        "shipment_events | Where your parcels were | shipment",
        "carrier | Carrier",
        "waybill | Number of the parcel | pd:Identifier",
        "at | When",
        "status | What happened",
        "place | Where | pd:Location",
        "remark | Remark",
        portable=False,
    ),
    define_table(
        "consents | Consents to marketing | marketing_consent",
        "channel | E-mail, SMS or WhatsApp",
        "state | State of the consent | pd:PrivacyPreference",
        "method | How it was given",
        "at | Last changed on",
        "collected_from | Where it was given",
    ),
    *OWN_TABLES_BY_KIND.values(),
)
FLAT_TABLES_BY_NAME = {table.name: table for table in FLAT_TABLES}
COLUMN_NAMES = {table.name: tuple(column.name for column in table.columns) for table in FLAT_TABLES}
CSV_HEADERS = {name: format_csv_line(columns) for name, columns in COLUMN_NAMES.items()}

_PHONE_NOTE = "international form; an apostrophe stands in front, so that spreadsheets do not calculate with it"
_COLUMN_NOTES = {"phone": _PHONE_NOTE, "phones": _PHONE_NOTE}
_EVERY_CELL_NOTE = (
    "a cell that begins with = + - @, a tab or a line break has an apostrophe in front, which is not part of "
    "the value; plain negative numbers and phone numbers have none; a very long text is cut and whole in the .json file"
)


@cache
def render_column_dictionary() -> str:
    """Return the column dictionary as CSV; it is the same in every package."""
    return "".join(map(format_csv_line, _list_column_notes()))


def _list_column_notes() -> Iterator[tuple[str, ...]]:
    yield ("file", "column", "label", "dpv_term", "note")
    yield ("every CSV file", "every column", "Text, in UTF-8", "", _EVERY_CELL_NOTE)
    for table in FLAT_TABLES:
        for column in table.columns:
            note = _COLUMN_NOTES.get(column.name, "")
            yield (f"records/{table.name}.csv", column.name, column.label, column.dpv_term, note)
