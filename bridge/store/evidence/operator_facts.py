"""The chain of facts as a transaction offers it: what an operator writes does not name the person it is about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bridge.errors import KeyMissing, PersonalTextRefused, SealBroken
from bridge.model import Event, Fact
from bridge.rules.index.identity import CONTACT_FIELDS, list_normal_forms
from bridge.rules.scanning.personal_text import has_value_of_person
from bridge.store.evidence.chain import EvidenceRows
from bridge.store.requests.requests import RequestRows

OPERATOR_TEXT_FIELDS = ("reason", "note", "reference", "waiver", "channel")


class OperatorEvidenceRows(EvidenceRows):
    """The chain of facts, closed to the identifiers that a request names."""

    def append_fact(
        self, fact: Fact, *, shop: str, actor: str = "bridge", request_id: str = "", subject: str = "", **detail: Any
    ) -> Event:
        """Append one fact. Raises PersonalTextRefused where an operator's text repeats an identifier of the request."""
        if request_id and actor.startswith("operator:"):
            self._refuse_identifiers(request_id, detail)
        return super().append_fact(fact, shop=shop, actor=actor, request_id=request_id, subject=subject, **detail)

    def _refuse_identifiers(self, request_id: str, detail: Mapping[str, Any]) -> None:
        texts = {name: str(detail[name]) for name in OPERATOR_TEXT_FIELDS if detail.get(name)}
        try:
            request = RequestRows(self._session).get_request(request_id) if texts else None
        except (KeyMissing, SealBroken):  # nothing can be compared with what nobody can read
            return
        if request is None:
            return
        principal = request.principal
        values = [*principal.customer_ids, *principal.order_ids]
        values += [form for field in CONTACT_FIELDS for form in list_normal_forms(field, getattr(principal, field))]
        for name, text in texts.items():
            if has_value_of_person(text, values):
                raise PersonalTextRefused(
                    f"--{name} repeats an identifier of the data subject: write what happened instead"
                )
