"""Gets as much of a document's answer as Shopify serves, and names every field that it does not serve.

A field whose absence hides others is left out of the document, which is sent again; nothing else is lost with it. A field
that fails inside Shopify is requested once more alone. https://shopify.dev/docs/api/admin-graphql#status-and-error-codes
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from bridge.connectors.shopify.api import documents, reply_data
from bridge.connectors.shopify.api.answers import (
    FIELD_FAILED,
    NOT_APPROVED,
    AbsentField,
    GraphQLReply,
    TransientFailure,
)
from bridge.connectors.shopify.api.selections import FieldUse
from bridge.errors import ConnectorRefused

MAX_ROUNDS = 12  # of one document, each with fewer fields
MAX_FIELDS_ALONE = 5  # of one answer that are requested again alone; more of them by the whole document


@dataclass(kw_only=True)
class DocumentCall:
    """One document with its variables. `closed` are the fields that are left out, with the reason; `send` runs a query.

    `shrink` as `ParsedDocument.render`. `hopeless` are paths that failed with other rows: they are not requested again.
    """

    name: str
    version: str
    variables: Mapping[str, Any]
    closed: dict[str, str]
    shrink: int
    hopeless: Collection[tuple[str, ...]]
    send: Callable[[str, Mapping[str, Any]], GraphQLReply]

    def run(self, *, keeps_failed: bool) -> GraphQLReply:
        """Return the reply, with every field that is missing. Raises as `send`.

        Unless it `keeps_failed` fields, it does not go on without them: the caller treats them as an outage.
        """
        denied, failed, is_repeated = list[AbsentField](), list[AbsentField](), False
        for _ in range(MAX_ROUNDS):
            try:
                reply = self._send_open_fields()
            except TransientFailure as fault:  # several times: Shopify cannot serve the fields that it names
                if not keeps_failed or not self._close_fields(fault.failed):
                    raise
                failed += fault.failed
                continue
            denied += reply.denied
            hides_fields = bool(_select_hiding(reply.data, reply.failed))
            if self._close_fields(_select_hiding(reply.data, reply.denied)):
                continue
            if not hides_fields or not keeps_failed:
                break
            if is_repeated:
                self._close_fields(_select_hiding(reply.data, reply.failed))
                failed += reply.failed
            is_repeated = True
        else:
            raise ConnectorRefused("shopify: too many fields are missing")
        failed += self._repeat_alone(reply) if keeps_failed else reply.failed
        failed += reply_data.list_lost_rows(reply.data)
        for one in self._list_closed_paths():
            (failed if one.reason == FIELD_FAILED else denied).append(one)
        reply_data.mark_hidden_owners(reply.data, (*denied, *failed))
        return replace(reply, denied=tuple(denied), failed=tuple(failed), closed_fields=self.closed)

    def _send_open_fields(self) -> GraphQLReply:
        """Return the reply to the document without the closed fields; an empty one if none is left."""
        query = documents.build_document_without(self.name, self.version, frozenset(self.closed), self.shrink)
        roots = [
            use
            for use in documents.list_fields(self.name, self.version)
            if len(use.path) == 1 and use.location not in self.closed and self._is_included(use)
        ]
        if not query or not roots:
            return GraphQLReply(data={})
        reply = _name_denied_roots(self.send(query, self.variables), roots)
        lost = reply_data.list_lost_roots(reply.data, roots, (*reply.denied, *reply.failed))
        return replace(reply, failed=(*reply.failed, *lost))

    def _is_included(self, use: FieldUse) -> bool:
        return all(map(self.variables.get, use.flags))

    def _close_fields(self, absent: Collection[AbsentField]) -> bool:
        """Leave these fields out from now on, and return whether any was not yet."""
        found = {
            location: one.reason
            for one in absent
            # a record without its id is of no use: its parent is left out
            for location in documents.locate_fields(
                self.name, self.version, one.keys[:-1] if one.keys[-1:] == ("id",) else one.keys
            )
            if location not in self.closed
        }
        self.closed |= found
        return bool(found)

    def _list_closed_paths(self) -> Iterator[AbsentField]:
        """Yield what is missing from the answer because its field is closed."""
        for use in documents.list_fields(self.name, self.version) if self.closed else ():
            if use.location in self.closed and self._is_included(use):
                yield AbsentField(path=use.path, reason=self.closed[use.location])

    def _repeat_alone(self, reply: GraphQLReply) -> list[AbsentField]:
        """Request each failed field once more, put what comes into the data, and return what stays missing."""
        lost = [one for one in reply.failed if one.keys not in self.hopeless]
        hopeless = [one for one in reply.failed if one.keys in self.hopeless]
        nodes = {one: reply_data.find_record_around(reply.data, one.path) for one in lost}
        alone = [one for one in lost if nodes[one][0]]
        alone = alone if len(alone) <= MAX_FIELDS_ALONE else []
        found = {one: self._read_alone(one, *nodes[one]) for one in alone}
        if len(lost) > len(alone):
            with suppress(TransientFailure):
                again = self._send_open_fields()
                absent = {one.path for one in (*again.failed, *again.denied)}
                found |= {one: reply_data.get_value(again.data, one.path) for one in lost if one.path not in absent}
        return hopeless + [
            one
            for one in lost
            if found.get(one, reply_data.NOT_REACHED) is reply_data.NOT_REACHED
            or not reply_data.put_value(reply.data, one.path, found[one])
        ]

    def _read_alone(self, absent: AbsentField, gid: str, node_length: int) -> Any:
        """Return the value of one field of one record; NOT_REACHED if it fails again."""
        node_keys = sum(isinstance(part, str) for part in absent.path[:node_length])
        document = documents.parse_fields(self.name, self.version)
        query = document.render_node(absent.keys, node_keys, gid.split("/")[3], frozenset(self.closed))
        with suppress(TransientFailure, ConnectorRefused):
            reply = self.send(query, {**self.variables, "nodeId": gid})
            if not reply.denied and not reply.failed:
                return reply_data.get_value(reply.data.get("node"), absent.path[node_length:])
        return reply_data.NOT_REACHED


def _select_hiding(data: Any, absent: Collection[AbsentField]) -> list[AbsentField]:
    """Return the absent fields that removed their parent from the data too."""
    return [one for one in absent if one.path and reply_data.get_value(data, one.path) is reply_data.NOT_REACHED]


def _name_denied_roots(reply: GraphQLReply, roots: Collection[FieldUse]) -> GraphQLReply:
    """Return the reply with the fields of the first level in place of a denial of everything.

    Without any approval of protected customer data (level 2), Shopify answers `{"data": {}}`.
    https://shopify.dev/docs/apps/launch/protected-customer-data
    """
    reasons = [one.reason for one in reply.denied if not one.path]
    if not reply.data and not reply.denied and not reply.failed:
        reasons = [NOT_APPROVED]
    missing = [root for root in roots if root.path[0] not in reply.data]
    if not reasons or not missing:
        return reply
    denied = [one for one in reply.denied if one.path]
    return replace(reply, denied=(*denied, *(AbsentField(path=root.path, reason=reasons[0]) for root in missing)))
