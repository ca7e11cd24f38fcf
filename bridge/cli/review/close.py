"""`review close`: close a review that a person has dealt with."""

from __future__ import annotations

import click

from bridge.cli.command import json_command
from bridge.cli.context import exit_with_error, open_command_context
from bridge.cli.options import free_text_option
from bridge.cli.printing import show
from bridge.cli.shared.ids import REVIEW_ID, exit_with_unknown_id
from bridge.errors import NeedsOperator
from bridge.model import Review
from bridge.rules.identity.minor_reviews import MINOR_REVIEW_KIND
from bridge.rules.notices.parcel_reviews import PARCEL_REVIEW_KIND, ParcelDecision
from bridge.rules.requests.order_reviews import ORDER_REVIEW_KIND, OrderDecision
from bridge.rules.requests.same_person import SEVERAL_CUSTOMERS
from bridge.steps.access.doubtful_orders import decide_order_review
from bridge.steps.index.doubt_parcels import decide_parcel_review
from bridge.steps.requests.doubtful_customers import decide_customer_review, find_doubtful_customer
from bridge.store import Tx

DECIDERS = {ORDER_REVIEW_KIND: decide_order_review, SEVERAL_CUSTOMERS: decide_customer_review}


@json_command(
    example="review close rev_01M84N6EY20CZ9W2PB73FKRKAY --reason 'note was cleaned' --yes",
    irreversible="A closed review is not opened again, and what it decides is acted on.",
    asks=lambda given: given["decision"] is not None,
)
@click.argument("review_id", type=REVIEW_ID, metavar="ID")
@free_text_option("--reason", "What was done about it. It is recorded as evidence: no names.")
@click.option(
    "--release",
    "decision",
    flag_value=ParcelDecision.RELEASED.value,
    help="A parcel, order or customer in doubt is the data subject's.",
)
@click.option(
    "--refuse",
    "decision",
    flag_value=ParcelDecision.REFUSED.value,
    help="A parcel, order or customer in doubt is another person's.",
)
def close(review_id: str, reason: str, decision: str | None) -> None:
    """Close one review after a person has looked and acted.

    A review of an order in doubt (`order_in_doubt`) needs --release, if it is the data subject's, or --refuse; the access
    request then runs again with the decision. So does a review of a customer in doubt (`several_customers`): an erasure asks
    Shopify for a customer that is released, and leaves out one that is refused. A review of a parcel in doubt needs --release (its processors get a notice when it is due, and access packages have its
    record) or --refuse (no notice goes out). `dsr replay` then completes an access request that waited for it. That a person is
    under 18 (`minor`) is decided by `dsr identified`, not here.
    """
    with open_command_context() as context, context.store.transaction() as tx:
        review = tx.reviews.find_review(review_id) or exit_with_unknown_id("rev", review_id)
        is_decided = _needs_decision(review, tx)
        if is_decided != (decision is not None):
            needed = "is needed" if is_decided else "are for parcels, orders and customers only"
            raise click.UsageError(f"--release or --refuse {needed}")
        if review.closed_at is not None:
            exit_with_error(f"{review_id} is closed already.", "`bridge review list` lists the open reviews.")
        if review.kind == MINOR_REVIEW_KIND and tx.identity_checks.find_open_check(review.request_id):
            who_asked = f"`bridge dsr identified {review.request_id}` says who asked, and closes it."
            exit_with_error(f"{review_id} is about a person under 18, and a parent or guardian is awaited.", who_asked)
        shown: dict[str, object] = {"id": review_id, "closed": True}
        by = {"actor": context.operator, "reason": reason}
        if decision is None:
            tx.reviews.close_review(review_id, **by)
        elif review.kind in DECIDERS:
            shown |= {"decision": decision, "request_id": _decide(review, OrderDecision(decision), tx=tx, **by)}
        else:
            count = decide_parcel_review(review, ParcelDecision(decision), **by, tx=tx, services=context.services)
            shown |= {"decision": decision, "entries": count}
    show(shown, f"{review_id} is closed" + (f": {decision}." if decision else "."))


def _needs_decision(review: Review, tx: Tx) -> bool:
    """Return whether a decision ends the review. One of an earlier release names no customer."""
    if review.kind == SEVERAL_CUSTOMERS:
        return find_doubtful_customer(review, tx) is not None
    return review.kind in (PARCEL_REVIEW_KIND, ORDER_REVIEW_KIND)


def _decide(review: Review, decision: OrderDecision, *, actor: str, reason: str, tx: Tx) -> str:
    try:
        return DECIDERS[review.kind](review, decision, actor=actor, reason=reason, tx=tx)
    except NeedsOperator as fault:
        exit_with_error(f"{review.id}: {fault}.")
