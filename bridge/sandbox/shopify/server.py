"""The stand-in's endpoints: tokens, Admin GraphQL, and the files of bulk operations.

Reached at `/{shop}/admin/…`, or at `/admin/…` for the first shop. Judges in Shopify's order: token, body,
document, variables, price, bucket, rights. https://shopify.dev/docs/api/admin-graphql#endpoints
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from typing import TYPE_CHECKING, Any

from bridge.sandbox.faults import Call
from bridge.sandbox.httpd import Request, Response, StandIn
from bridge.sandbox.schema import VERSIONS
from bridge.sandbox.schema.personal import protected
from bridge.sandbox.shopify.access import granted_without
from bridge.sandbox.shopify.bulk import run_query
from bridge.sandbox.shopify.bulk.state import FILES
from bridge.sandbox.shopify.engine import cost
from bridge.sandbox.shopify.engine.documents import Library
from bridge.sandbox.shopify.engine.run import Rights, Run, Said
from bridge.sandbox.shopify.mutations import Mutations, unknown
from bridge.sandbox.shopify.oauth import TOKEN_LASTS_S, Door
from bridge.sandbox.shopify.query_root import Roots
from bridge.sandbox.shopify.records.parts import number_of
from bridge.sandbox.shopify.records.shop_extras import tie
from bridge.sandbox.shopify.state import MERCHANT, Shop

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bridge.sandbox.shopify.engine.plan import Plan
    from bridge.sandbox.world.models import World

PATH = re.compile(r"(?:/(?P<shop>[a-z0-9-]+\.myshopify\.com))?/admin/(?P<rest>.+)")
GRAPHQL = re.compile(r"api/(?P<version>\d{4}-\d{2}|unstable)/graphql\.json")
CURSOR = re.compile("after|cursor", re.IGNORECASE)
OPERATION = re.compile(r"\b(?:query|mutation)\s+(\w+)")
BAD_TOKEN = {"errors": "[API] Invalid API key or access token (unrecognized login or wrong password)"}
EXPIRED = b"<?xml version='1.0' encoding='UTF-8'?><Error><Code>ExpiredToken</Code></Error>"
CLIENT_ID, CLIENT_SECRET = "sandbox-client", "sandbox-secret"


def spoken(version: str) -> str:
    """Give the version that answers: an unknown or expired one falls forward to the oldest, as at Shopify."""
    if version in VERSIONS:
        return version
    return VERSIONS[-1] if version > VERSIONS[-1] else VERSIONS[0]  # "unstable" sorts after every date


def describe(request: Request) -> Call:
    """Name a call by its operation; variables only as cursors and a digest, for they may be a person's."""
    asked = request.json if isinstance(request.json, dict) else {}
    named = OPERATION.search(str(asked.get("query", "")))
    given = asked.get("variables") or {}
    name = asked.get("operationName") or (named[1] if named else request.path.rpartition("/admin/")[2])
    cursors = tuple(str(value) for key, value in given.items() if value and CURSOR.search(key))
    digest = hashlib.sha256(json.dumps([name, given], sort_keys=True).encode()).hexdigest()[:16]
    return Call(name=name, cursors=cursors, digest=digest)


class ShopifyStandIn(StandIn):
    """Shopify for the invented shops. `url` is what SHOPIFY_BASE_URL should be."""

    def __init__(
        self,
        *worlds: World,
        port: int = 0,
        host: str = "127.0.0.1",
        client_id: str = CLIENT_ID,
        client_secrets: Sequence[str] = (CLIENT_SECRET,),
        expires_in: float = TOKEN_LASTS_S,
        maximum: float = 20_000,
        restore_rate: float = 10_000,
    ) -> None:
        """Open the shops. A standard one has `maximum` 2000 and `restore_rate` 100."""
        self.shops = {world.shop: Shop(world, time.monotonic) for world in worlds}
        for shop in self.shops.values():
            tie(shop)
        self.doors = {
            name: Door(client_id=client_id, secrets_known=tuple(client_secrets), now_s=time.monotonic)
            for name in self.shops
        }
        for door in self.doors.values():
            door.lasts_s = expires_in
        self._bucket = (maximum, restore_rate)
        self._buckets: dict[str, cost.Bucket] = {}
        self._library = Library()
        controls = {
            "redact": lambda given: self._shop(given).redact(number_of(f"/{given['customer_id']}")),
            "forget": lambda given: self._shop(given).forget(number_of(f"/{given['customer_id']}")),
            "erasure": self._erasure,
            "bulk": lambda given: self._shop(given).bulk.dial(given),
            "uninstall": lambda given: setattr(self._door(given), "installed", False),
            "tokens": self._tokens,
            "bucket": self._dial,
            "reset": self._reset,
        }
        super().__init__("shopify", self._answer, port=port, host=host, describe=describe, controls=controls)
        for shop in self.shops.values():
            shop.bulk.base_url = self.base_url

    @property
    def url(self) -> str:
        """The setting that makes the bridge come here."""
        return f"{self.base_url}/{{shop}}"

    def _shop(self, given: Mapping[str, Any]) -> Shop:
        return self.shops[given.get("shop") or next(iter(self.shops))]

    def _door(self, given: Mapping[str, Any]) -> Door:
        return self.doors[given.get("shop") or next(iter(self.doors))]

    def _erasure(self, given: Mapping[str, Any]) -> None:
        """Set the delay, make requests fail, or let the merchant ask for a customer's erasure."""
        shop = self._shop(given)
        if "fail" in given:
            shop.erasure_fails = bool(given["fail"])
        elif given.get("customer_id"):
            shop.ask_erasure(number_of(f"/{given['customer_id']}"), by=str(given.get("by", MERCHANT)))
        else:
            shop.erasure_delay_s = given.get("delay_s")

    def _tokens(self, given: Mapping[str, Any]) -> dict[str, Any] | None:
        """Set how long new tokens last, admit a fixed one, end all that were granted, or give a refreshable pair."""
        door = self._door(given)
        door.lasts_s = float(given.get("expires_in", door.lasts_s))
        door.hour_s = float(given.get("hour_s", door.hour_s))
        door.refresh_lasts_s = float(given.get("refresh_lasts_s", door.refresh_lasts_s))
        door.codes |= {str(given["code"])} if given.get("code") else set()
        door.fixed |= {str(given["fixed"])} if given.get("fixed") else set()
        if given.get("expire"):
            door.expire()
        return door.pair() if given.get("refreshable") else None

    def _dial(self, given: Mapping[str, Any]) -> None:
        self._bucket = (
            float(given.get("maximum", self._bucket[0])),
            float(given.get("restore_rate", self._bucket[1])),
        )
        self._buckets.clear()

    def _reset(self, _: Mapping[str, Any]) -> None:
        self._buckets.clear()
        for door in self.doors.values():
            door.installed = True
        for shop in self.shops.values():
            shop.reset()

    def _answer(self, request: Request) -> Response:
        if request.path.startswith(FILES) and request.method == "GET":
            return self._file(request.path)
        found = PATH.fullmatch(request.path)
        name = (found["shop"] or next(iter(self.shops))) if found else ""
        if found is None or name not in self.shops:
            return Response.of({"errors": "Not Found"}, 404)
        if found["rest"] == "oauth/access_token" and request.method == "POST":
            return self._grant(name, request)
        graphql = GRAPHQL.fullmatch(found["rest"])
        if graphql is None or request.method != "POST":
            return Response.of({"errors": "Not Found"}, 404)
        token = request.headers.get("x-shopify-access-token", "")
        if request.faults.take(("token_expired",), request.path, describe(request).name):
            self.doors[name].expire()
        if not self.doors[name].admits(token):
            return Response.of(BAD_TOKEN, 401)
        version = spoken(graphql["version"])
        answer = self._graphql(name, version, request)
        return Response(status=answer.status, body=answer.body, headers={"X-Shopify-API-Version": version})

    def _grant(self, name: str, request: Request) -> Response:
        form = request.json if isinstance(request.json, dict) else request.form
        answer, status = self.doors[name].grant({key: str(value) for key, value in form.items()})
        return Response.of(answer, status)

    def _file(self, path: str) -> Response:
        """Give the file of a bulk operation; it needs no token, and is refused once its time is over."""
        name, _, token = path.removeprefix(FILES).removesuffix(".jsonl").partition("/")
        found = self.shops[name].bulk.file(token) if name in self.shops else None
        if found is None:
            return Response(status=403, body=EXPIRED, content_type="application/xml; charset=UTF-8")
        return Response(body=found, content_type="application/jsonl")

    def _graphql(self, name: str, version: str, request: Request) -> Response:
        asked = request.json
        if not isinstance(asked, dict) or not isinstance(asked.get("query"), str):
            return Response.of({"errors": {"query": "Required parameter missing or invalid"}}, 400)
        document = self._library.get(version, asked["query"])
        if document.errors:
            return Response.of({"errors": document.errors})
        operation = document.operation(asked.get("operationName"))
        if operation is None:
            return Response.of({"errors": [{"message": "An operation name is required"}]})
        variables, errors = document.variables(operation, asked.get("variables") or {})
        if errors:
            return Response.of({"errors": errors})
        return self._run(name, version, request, document.plan(operation, variables), variables)

    def _run(
        self, name: str, version: str, request: Request, plan: Plan, variables: Mapping[str, Any]
    ) -> Response:
        about, shop = (request.path, describe(request).name), self.shops[name]
        denied = {fault.scope for fault in request.faults.take_all("deny_scope", *about)}
        unapproved = request.faults.take_all("deny_field", *about)
        withheld: frozenset[str] = frozenset().union(
            *({one.field} if one.field else protected(one.group) for one in unapproved)
        )
        scopes = granted_without(denied)
        rights = Rights(granted=frozenset(scopes), withheld=withheld)
        run = Run(variables, rights)
        try:
            price = cost.requested(plan, run.args)
        except Said as said:
            return Response.of({"errors": [{"message": said.message, "extensions": {"code": said.code}}]})
        if price > cost.MAX_COST:
            return Response.of({"errors": [_too_costly(price)]})
        bucket = self._bucket_of(name)
        paid, status = bucket.pay(price, refuse=bool(request.faults.take(("throttle",), *about)))
        charge: dict[str, Any] = {
            "requestedQueryCost": price,
            "actualQueryCost": None,
            "throttleStatus": status,
        }
        if not paid:
            documentation = "https://shopify.dev/api/usage/rate-limits"
            throttled = {"code": "THROTTLED", "documentation": documentation}
            said_so = [{"message": "Throttled", "extensions": throttled}]
            return Response.of({"errors": said_so, "extensions": {"cost": charge}})
        shop.settle()
        roots = Roots(shop, granted=frozenset(scopes), shop_scopes=scopes)
        root = roots.query()
        if plan.mutation:
            known = Mutations(roots).record()
            known["bulkOperationRunQuery"] = lambda args: run_query(
                shop, self._library, version, args, rights=rights, root=roots.query()
            )
            root = {one.name: unknown for one in plan.root.fields_for("Mutation")} | known
        data = run.execute(plan, root)
        charge["actualQueryCost"] = price
        extensions: dict[str, Any] = {"cost": charge}
        if roots.warnings:
            extensions["search"] = roots.warnings
        errors = {"errors": run.errors} if run.errors else {}
        return Response.of({"data": data, **errors, "extensions": extensions})

    def _bucket_of(self, name: str) -> cost.Bucket:
        if name not in self._buckets:
            maximum, restore_rate = self._bucket
            self._buckets[name] = cost.Bucket(
                maximum=maximum, restore_rate=restore_rate, now_s=time.monotonic
            )
        return self._buckets[name]


def _too_costly(price: int) -> dict[str, Any]:
    documentation = "https://shopify.dev/api/usage/rate-limits"
    return {
        "message": f"Query cost is {price}, which exceeds the single query max cost limit ({cost.MAX_COST}).",
        "extensions": {
            "code": "MAX_COST_EXCEEDED",
            "cost": price,
            "maxCost": cost.MAX_COST,
            "documentation": documentation,
        },
    }
