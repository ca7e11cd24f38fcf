"""Raw bodies and packages are deleted after their maximum age; the fact has the count."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType

import pytest

from bridge.model import DeliveryState
from bridge.steps.retention.accept_policy import activate_or_review_policy
from bridge.steps.retention.expire_bodies import expire_bodies_and_packages
from tests.factories import NOW, make_delivery, make_request, opened
from tests.kit.stored import list_fact_details, write_package

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def aged(services):
    """Store a rejected body and a package."""
    services.store.accept_delivery(make_delivery(state=DeliveryState.REJECTED, reason="not_json"))
    request = make_request()
    with services.store.transaction() as tx:
        opened(tx, request)
        with write_package(tx, request.id) as out:
            out.write(b"Asha")


@pytest.mark.usefixtures("aged")
def test_each_kind_is_deleted_on_its_day_with_a_fact(services, clock):
    clock.at = NOW + timedelta(days=14)
    assert expire_bodies_and_packages(services=services) == {"raw_bodies": 0, "packages": 0, "request_details": 0}
    clock.at = NOW + timedelta(days=15)
    assert expire_bodies_and_packages(services=services) == {"raw_bodies": 0, "packages": 1, "request_details": 0}
    clock.at = NOW + timedelta(days=91)
    assert expire_bodies_and_packages(services=services) == {"raw_bodies": 1, "packages": 0, "request_details": 0}
    assert expire_bodies_and_packages(services=services) == {"raw_bodies": 0, "packages": 0, "request_details": 0}
    assert list_fact_details(services.store) == [
        ("package.destroyed", {"count": 1}),
        ("raw_body.destroyed", {"count": 1}),
    ]


@pytest.mark.usefixtures("aged")
@pytest.mark.parametrize("days", [0, -1, "14", None])
def test_an_unreadable_age_falls_back_to_the_default(services, clock, days):
    category = services.retention.categories["access_package"]
    changed = replace(category, max_age=MappingProxyType({"days": days}))
    retention = replace(services.retention, categories={"access_package": changed})
    clock.at = NOW + timedelta(days=15)
    assert expire_bodies_and_packages(services=replace(services, retention=retention)) == {
        "raw_bodies": 0,
        "packages": 1,
        "request_details": 0,
    }


@pytest.mark.usefixtures("aged")
def test_while_a_file_is_not_accepted_the_longer_age_counts(services, clock):
    assert activate_or_review_policy(services=services)
    package, body = (services.retention.categories[name] for name in ("access_package", "webhook_payload"))
    categories = {
        **services.retention.categories,
        "access_package": replace(package, max_age={"days": 1}),
        "webhook_payload": replace(body, max_age_failed={"days": 200}),
    }
    typo = replace(services, retention=replace(services.retention, categories=categories, sha256="b" * 64))
    assert not activate_or_review_policy(services=typo)
    clock.at = NOW + timedelta(days=13)
    assert expire_bodies_and_packages(services=typo) == {"raw_bodies": 0, "packages": 0, "request_details": 0}
    clock.at = NOW + timedelta(days=91)
    assert expire_bodies_and_packages(services=typo) == {"raw_bodies": 0, "packages": 1, "request_details": 0}
    clock.at = NOW + timedelta(days=201)
    assert expire_bodies_and_packages(services=typo) == {"raw_bodies": 1, "packages": 0, "request_details": 0}
