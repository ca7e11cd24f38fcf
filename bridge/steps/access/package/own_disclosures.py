"""Read what was given to authorities about the data subject, as findings, as far as the law lets it be told.

What is secret leaves no trace: no record, no count, no gap (DPDP Act s.11(2); policy s.7).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from bridge.model import Finding, PrivacyRequest
from bridge.rules.retention.statutory_last_days import local_day
from bridge.services import Services
from bridge.steps.access.package.plain_language import CATEGORY_PHRASES, describe_code
from bridge.steps.access.package.records.own_tables import DATA_SEPARATOR, FOUND_BY, OwnKind

if TYPE_CHECKING:
    from bridge.store import Tx


def read_disclosures(
    request: PrivacyRequest, order_keys: Collection[str], *, tx: Tx, services: Services
) -> Iterator[Finding]:
    """Yield what was disclosed of the request's person, or of an order with one of these pseudonyms, and is not secret."""
    keys = tx.disclosures.derive_keys(request.shop, request.principal, request.subject)
    keys |= {(request.shop, key) for key in order_keys}
    for one in tx.disclosures.list_disclosures_of(keys, disclosable_at=services.clock.now()):
        what = one.particulars
        body = {
            "disclosure": one.id,
            "authority": what.authority,
            "at": local_day(one.given_at, services.retention.calendar).isoformat(),
            "what": DATA_SEPARATOR.join(describe_code(each, CATEGORY_PHRASES) for each in what.categories),
            "law": what.law,
            "country": what.country,
        }
        yield Finding(kind=OwnKind.DISCLOSURE.value, ref=one.id, matched_by=FOUND_BY, body=body)
