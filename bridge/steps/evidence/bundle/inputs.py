"""Define the input of an evidence bundle. Plain values only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bridge.model import Event, PrivacyRequest, SignedHead, Task


@dataclass(frozen=True, kw_only=True, slots=True)
class BundleInputs:
    """What is recorded of one request.

    `facts` are the request's own; `rows` are all facts in the bundle, which may include those of other requests
    between them. `deliveries` are the webhooks that the facts name, without bodies. `heads` are the signed heads to
    show. `public_key` is base64; `timezone` is an IANA name.
    """

    request: PrivacyRequest
    tasks: Sequence[Task]
    facts: Sequence[Event]
    rows: Sequence[Event]
    heads: Sequence[SignedHead]
    deliveries: Sequence[Mapping[str, Any]]
    certificate: Mapping[str, Any] | None
    plan: Mapping[str, Any] | None
    public_key: str
    timezone: str
