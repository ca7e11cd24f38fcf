"""Whichever webhooks came, a reconciliation gives the same index as if all had come."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from bridge.model import ReconciliationState
from bridge.store.schema import index_tables
from bridge.store.schema.retention_tables import vault_documents
from bridge.store.schema.tables import deliveries
from tests.kit.suite.examples import count_examples

INVENTED_ORDERS = 10
EMPTIED = (
    index_tables.customers,
    index_tables.contact_keys,
    index_tables.merges,
    index_tables.orders,
    index_tables.parcels,
    index_tables.reconciliations,
    vault_documents,
    deliveries,
)


def list_webhooks(world):
    """Return every webhook about orders that the shop would have sent, in its order."""
    found = [("customers/create", {"person": one}) for one in world.people if one.id]
    for order in world.orders:
        found.append(("orders/create", {"order": order}))
        found += [("fulfillments/create", {"parcel": parcel}) for parcel in order.parcels]
        found += [("fulfillments/update", {"parcel": parcel}) for parcel in order.parcels]
        found += [("returns/request", {"order": order})] if order.returns else []
        found += [("refunds/create", {"order": order})] if order.refunds else []
        found += [("orders/paid", {"order": order}), ("orders/updated", {"order": order})]
    return found


def empty(case):
    with case.services.store.transaction() as tx:
        for table in EMPTIED:
            tx.session.connection.execute(delete(table))


def deliver_and_reconcile(case, webhooks):
    empty(case)
    for topic, selection in webhooks:
        case.deliver(topic, **selection)
    case.index()
    assert case.reconcile().state is ReconciliationState.DONE
    return case.read_index()


@settings(max_examples=count_examples(8), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(random=st.randoms(use_true_random=False), share=st.floats(0, 1))
def test_any_subset_of_webhooks_and_a_reconciliation_give_the_same_index(case, random, share):
    webhooks = list_webhooks(case.world)
    in_any_order = random.sample(webhooks, round(share * len(webhooks)))
    found = deliver_and_reconcile(case, in_any_order)
    assert found == deliver_and_reconcile(case, webhooks)


def test_all_webhooks_leave_only_what_no_webhook_said(case):
    """Parcels that come back stand in no webhook that is indexed, and of the dispute none was sent."""
    for topic, selection in list_webhooks(case.world):
        case.deliver(topic, **selection)
    case.index()
    before = case.read_index()
    run = case.reconcile()
    after = case.read_index()
    returned = {key for key in after.keys() - before.keys() if key.startswith("parcel ")}
    assert after.keys() - before.keys() == returned
    assert {key: after[key] for key in before if before[key] != after[key]}.keys() <= {
        key for key in after if key.startswith("order ") and "dispute/" in str(after[key][-1]["matters"])
    }
    assert (run.counts.missing, run.counts.documents) == (0, 0)
