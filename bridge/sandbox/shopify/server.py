"""The endpoints of the stand-in: tokens, Admin GraphQL, and the files of bulk operations.

Its paths are `/{shop}/admin/…`, or `/admin/…` for the first shop. It checks in Shopify's order: token, body,
document, variables, price, bucket, rights. https://shopify.dev/docs/api/admin-graphql#endpoints
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from typing import TYPE_CHECKING, Any

from bridge.sandbox.faults import CallRecord
from bridge.sandbox.http_messages import Request, Response
from bridge.sandbox.httpd import StandIn
from bridge.sandbox.schema import VERSIONS
from bridge.sandbox.schema.personal import list_protected_fields
from bridge.sandbox.shopify.access import list_remaining_scopes
from bridge.sandbox.shopify.bulk import run_bulk_query
from bridge.sandbox.shopify.bulk.state import BULK_FILES_PATH
from bridge.sandbox.shopify.engine import cost
from bridge.sandbox.shopify.engine.answer_faults import AnswerFaults
from bridge.sandbox.shopify.engine.documents import DOCUMENT_CACHE
from bridge.sandbox.shopify.engine.run import AccessRights, FieldError, PlanExecution
from bridge.sandbox.shopify.mutations import Mutations, answer_unknown_mutation
from bridge.sandbox.shopify.oauth import TOKEN_LIFETIME_S, TokenServer
from bridge.sandbox.shopify.query_root import QueryRoot
from bridge.sandbox.shopify.records.parts import read_gid_number
from bridge.sandbox.shopify.records.shop_extras import link_records
from bridge.sandbox.shopify.state import MERCHANT_REQUESTER, Shop

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bridge.sandbox.shopify.engine.plan import Plan
    from bridge.sandbox.world.models import World

ADMIN_PATH = re.compile(r"(?:/(?P<shop>[a-z0-9-]+\.myshopify\.com))?/admin/(?P<rest>.+)")
GRAPHQL_PATH = re.compile(r"api/(?P<version>\d{4}-\d{2}|unstable)/graphql\.json")
CURSOR_VARIABLE = re.compile("after|cursor", re.IGNORECASE)
OPERATION_NAME = re.compile(r"\b(?:query|mutation)\s+(\w+)")
BAD_TOKEN_BODY = {"errors": "[API] Invalid API key or access token (unrecognized login or wrong password)"}
EXPIRED_FILE_BODY = b"<?xml version='1.0' encoding='UTF-8'?><Error><Code>ExpiredToken</Code></Error>"
CLIENT_ID, CLIENT_SECRET = "sandbox-client", "sandbox-secret"


def resolve_version(version: str) -> str:
    """Return the version that answers: an unknown or expired one falls forward to the oldest, as at Shopify."""
    if version in VERSIONS:
        return version
    return VERSIONS[-1] if version > VERSIONS[-1] else VERSIONS[0]  # "unstable" sorts after every date


def describe_graphql_call(request: Request) -> CallRecord:
    """Return the call named by its operation; variables only as cursors and a digest, since they may be personal."""
    body = request.json if isinstance(request.json, dict) else {}
    named = OPERATION_NAME.search(str(body.get("query", "")))
    variables = body.get("variables") or {}
    name = body.get("operationName") or (named[1] if named else request.path.rpartition("/admin/")[2])
    cursors = tuple(str(value) for key, value in variables.items() if value and CURSOR_VARIABLE.search(key))
    digest = hashlib.sha256(json.dumps([name, variables], sort_keys=True).encode()).hexdigest()[:16]
    return CallRecord(name=name, cursors=cursors, digest=digest)


class ShopifyStandIn(StandIn):
    """The stand-in for the invented shops. `url` is the value for SHOPIFY_BASE_URL."""

    def __init__(
        self,
        *worlds: World,
        port: int = 0,
        host: str = "127.0.0.1",
        client_id: str = CLIENT_ID,
        client_secrets: Sequence[str] = (CLIENT_SECRET,),
        expires_in: float = TOKEN_LIFETIME_S,
        maximum: float = 20_000,
        restore_rate: float = 10_000,
    ) -> None:
        """Prepare the shops. A standard shop has `maximum` 2000 and `restore_rate` 100."""
        self.shops = {world.shop: Shop(world, time.monotonic) for world in worlds}
        for shop in self.shops.values():
            link_records(shop)
        self.token_servers = {
            name: TokenServer(client_id=client_id, client_secrets=tuple(client_secrets), now_s=time.monotonic)
            for name in self.shops
        }
        for token_server in self.token_servers.values():
            token_server.token_lifetime_s = expires_in
        self._bucket_settings = (maximum, restore_rate)
        self._buckets: dict[str, cost.CostBucket] = {}
        self._document_cache = DOCUMENT_CACHE
        controls = {
            "redact": lambda given: self._find_shop(given).redact_customer(read_gid_number(f"/{given['customer_id']}")),
            "forget": lambda given: self._find_shop(given).forget_customer(read_gid_number(f"/{given['customer_id']}")),
            "erasure": self._control_erasure,
            "bulk": lambda given: self._find_shop(given).bulk_operations.configure(given),
            "uninstall": lambda given: setattr(self._find_token_server(given), "installed", False),
            "tokens": self._control_tokens,
            "bucket": self._control_bucket,
            "reset": self._reset_shops,
        }
        super().__init__(
            "shopify",
            self._handle_shop_request,
            port=port,
            host=host,
            describe=describe_graphql_call,
            controls=controls,
        )
        for shop in self.shops.values():
            shop.bulk_operations.base_url = self.base_url

    @property
    def url(self) -> str:
        """Return the setting that leads the bridge to it."""
        return f"{self.base_url}/{{shop}}"

    def _find_shop(self, settings: Mapping[str, Any]) -> Shop:
        return self.shops[settings.get("shop") or next(iter(self.shops))]

    def _find_token_server(self, settings: Mapping[str, Any]) -> TokenServer:
        return self.token_servers[settings.get("shop") or next(iter(self.token_servers))]

    def _control_erasure(self, settings: Mapping[str, Any]) -> None:
        """Set the delay, make requests fail, or request a customer's erasure as the merchant."""
        shop = self._find_shop(settings)
        if "fail" in settings:
            shop.erasure_fails = bool(settings["fail"])
        elif settings.get("customer_id"):
            shop.request_erasure(
                read_gid_number(f"/{settings['customer_id']}"), requester=str(settings.get("by", MERCHANT_REQUESTER))
            )
        else:
            shop.erasure_delay_s = settings.get("delay_s")

    def _control_tokens(self, settings: Mapping[str, Any]) -> dict[str, Any] | None:
        """Set how long new tokens last, admit a fixed one, expire all, or return a refreshable pair."""
        token_server = self._find_token_server(settings)
        token_server.token_lifetime_s = float(settings.get("expires_in", token_server.token_lifetime_s))
        token_server.offline_lifetime_s = float(settings.get("hour_s", token_server.offline_lifetime_s))
        token_server.refresh_lifetime_s = float(settings.get("refresh_lasts_s", token_server.refresh_lifetime_s))
        token_server.authorization_codes |= {str(settings["code"])} if settings.get("code") else set()
        token_server.fixed_tokens |= {str(settings["fixed"])} if settings.get("fixed") else set()
        if settings.get("expire"):
            token_server.expire_tokens()
        return token_server.issue_token_pair() if settings.get("refreshable") else None

    def _control_bucket(self, settings: Mapping[str, Any]) -> None:
        """Set the points of all shops, or those of one that is named."""
        if "shop" in settings:
            size = {"maximum": float(settings["maximum"]), "restore_rate": float(settings["restore_rate"])}
            self._buckets[str(settings["shop"])] = cost.CostBucket(**size, now_s=time.monotonic)
            return
        self._bucket_settings = (
            float(settings.get("maximum", self._bucket_settings[0])),
            float(settings.get("restore_rate", self._bucket_settings[1])),
        )
        self._buckets.clear()

    def _reset_shops(self, _: Mapping[str, Any]) -> None:
        self._buckets.clear()
        for token_server in self.token_servers.values():
            token_server.installed = True
        for shop in self.shops.values():
            shop.reset()

    def _handle_shop_request(self, request: Request) -> Response:
        if request.path.startswith(BULK_FILES_PATH) and request.method == "GET":
            return self._send_bulk_file(request.path)
        found = ADMIN_PATH.fullmatch(request.path)
        name = (found["shop"] or next(iter(self.shops))) if found else ""
        if found is None or name not in self.shops:
            return Response.from_value({"errors": "Not Found"}, 404)
        if found["rest"] == "oauth/access_token" and request.method == "POST":
            return self._grant_token(name, request)
        graphql = GRAPHQL_PATH.fullmatch(found["rest"])
        if graphql is None or request.method != "POST":
            return Response.from_value({"errors": "Not Found"}, 404)
        token = request.headers.get("x-shopify-access-token", "")
        if request.faults.consume(("token_expired",), request.path, describe_graphql_call(request).name):
            self.token_servers[name].expire_tokens()
        if not self.token_servers[name].is_valid_token(token):
            return Response.from_value(BAD_TOKEN_BODY, 401)
        version = resolve_version(graphql["version"])
        answer = self._answer_graphql(name, version, request)
        return Response(status=answer.status, body=answer.body, headers={"X-Shopify-API-Version": version})

    def _grant_token(self, shop_domain: str, request: Request) -> Response:
        form = request.json if isinstance(request.json, dict) else request.form
        answer, status = self.token_servers[shop_domain].grant_token({key: str(value) for key, value in form.items()})
        return Response.from_value(answer, status)

    def _send_bulk_file(self, path: str) -> Response:
        """Return the file of a bulk operation; it needs no token, and is refused after it expired."""
        name, _, token = path.removeprefix(BULK_FILES_PATH).removesuffix(".jsonl").partition("/")
        found = self.shops[name].bulk_operations.read_file(token) if name in self.shops else None
        if found is None:
            return Response(status=403, body=EXPIRED_FILE_BODY, content_type="application/xml; charset=UTF-8")
        return Response(body=found, content_type="application/jsonl")

    def _answer_graphql(self, shop_domain: str, version: str, request: Request) -> Response:
        body = request.json
        if not isinstance(body, dict) or not isinstance(body.get("query"), str):
            return Response.from_value({"errors": {"query": "Required parameter missing or invalid"}}, 400)
        document = self._document_cache.get_document(version, body["query"])
        if document.errors:
            return Response.from_value({"errors": document.errors})
        operation = document.find_operation(body.get("operationName"))
        if operation is None:
            return Response.from_value({"errors": [{"message": "An operation name is required"}]})
        variables, errors = document.coerce_variables(operation, body.get("variables") or {})
        if errors:
            return Response.from_value({"errors": errors})
        return self._execute_plan(shop_domain, version, request, document.get_plan(operation, variables), variables)

    def _execute_plan(
        self, shop_domain: str, version: str, request: Request, plan: Plan, variables: Mapping[str, Any]
    ) -> Response:
        about, shop = (request.path, describe_graphql_call(request).name), self.shops[shop_domain]
        denied = {fault.scope for fault in request.faults.consume_all("deny_scope", *about)}
        unapproved = request.faults.consume_all("deny_field", *about)
        withheld: frozenset[str] = frozenset().union(
            *({one.field} if one.field else list_protected_fields(one.group) for one in unapproved)
        )
        scopes = list_remaining_scopes(denied)
        rights = AccessRights(granted_scopes=frozenset(scopes), withheld_fields=withheld)
        faults = AnswerFaults.consume(request.faults, *about)
        run = PlanExecution(variables, rights, faults)
        try:
            price = cost.price_plan(plan, run.coerce_args)
        except FieldError as error:
            return Response.from_value({"errors": [{"message": error.message, "extensions": {"code": error.code}}]})
        if price > cost.MAX_COST:
            return Response.from_value({"errors": [_make_cost_error(price)]})
        bucket = self._get_bucket(shop_domain)
        paid, status = bucket.pay(price, force_refusal=bool(request.faults.consume(("throttle",), *about)))
        charge: dict[str, Any] = {"requestedQueryCost": price, "actualQueryCost": None, "throttleStatus": status}
        if not paid:
            documentation = "https://shopify.dev/api/usage/rate-limits"
            throttled = {"code": "THROTTLED", "documentation": documentation}
            errors = [{"message": "Throttled", "extensions": throttled}]
            return Response.from_value({"errors": errors, "extensions": {"cost": charge}})
        self.calls.charge_points(price)
        shop.complete_due_erasures()
        roots = QueryRoot(shop, granted=frozenset(scopes), shop_scopes=scopes)
        root = roots.build_root_record()
        if plan.is_mutation:
            mutations = Mutations(roots).build_fields()
            mutations["bulkOperationRunQuery"] = lambda args: run_bulk_query(
                shop, self._document_cache, version, args, rights=rights, root=roots.build_root_record()
            )
            root = {one.name: answer_unknown_mutation for one in plan.root.fields_for("Mutation")} | mutations
        data = {} if faults.find(("empty_data",), "", "") else run.execute(plan, root)
        charge["actualQueryCost"] = price
        extensions: dict[str, Any] = {"cost": charge}
        if roots.warnings:
            extensions["search"] = roots.warnings
        error_fields = {"errors": run.errors} if run.errors else {}
        return Response.from_value({"data": data, **error_fields, "extensions": extensions})

    def _get_bucket(self, shop_domain: str) -> cost.CostBucket:
        if shop_domain not in self._buckets:
            maximum, restore_rate = self._bucket_settings
            self._buckets[shop_domain] = cost.CostBucket(
                maximum=maximum, restore_rate=restore_rate, now_s=time.monotonic
            )
        return self._buckets[shop_domain]


def _make_cost_error(price: int) -> dict[str, Any]:
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
