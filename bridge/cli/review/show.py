"""`review show`: show one review; which order it concerns only with a reason, which is recorded."""

from __future__ import annotations

from functools import partial

import click

from bridge.cli.command import json_command
from bridge.cli.context import open_command_context
from bridge.cli.options import REVEAL_REASON_OPTION, require_reveal_reason
from bridge.cli.printing import print_fields, show
from bridge.cli.review.review_view import build_review_rows
from bridge.cli.shared.ids import REVIEW_ID, exit_with_unknown_id
from bridge.model import Fact
from bridge.rules.requests.order_reviews import ORDER_REVIEW_KIND
from bridge.rules.requests.same_person import SEVERAL_CUSTOMERS
from bridge.steps.access.doubtful_orders import find_doubtful_order
from bridge.steps.erasure.customers.customer_tasks import find_blocked_customer
from bridge.steps.erasure.precheck import PRECHECK_REVIEW_KIND
from bridge.steps.requests.doubtful_customers import find_doubtful_customer


@json_command("show", example="review show rev_01M84N6EY20CZ9W2PB73FKRKAY")
@click.argument("review_id", type=REVIEW_ID, metavar="ID")
@click.option("--reveal", is_flag=True, help="Show which order or customer it concerns. This is recorded as evidence.")
@REVEAL_REASON_OPTION
def show_review_command(review_id: str, reveal: bool, reason: str) -> None:
    """Show one review.

    --reveal names its order as long as the index knows it; `review find` finds the reviews of an order number.
    """
    require_reveal_reason(reveal, reason)
    with open_command_context() as context, context.store.transaction() as tx:
        review = tx.reviews.find_review(review_id) or exit_with_unknown_id("rev", review_id)
        [shown] = build_review_rows([review], tx)
        if reveal:
            shown["order_id"], shown["order_name"] = tx.reviews.find_order_of_review(review_id)
            if review.kind == ORDER_REVIEW_KIND and not shown["order_id"]:
                shown["order_id"] = find_doubtful_order(review, tx)
            if review.kind == PRECHECK_REVIEW_KIND:
                shown["customer_id"] = find_blocked_customer(review, tx)
            if review.kind == SEVERAL_CUSTOMERS:
                doubt = find_doubtful_customer(review, tx)
                shown["customer_id"] = doubt.id if doubt else ""
                shown["found_by"] = ", ".join(dict.fromkeys(of for of, _ in doubt.found_by)) if doubt else ""
            about = {"shop": review.shop, "request_id": review.request_id, "what": "review", "review": review_id}
            tx.evidence.append_fact(Fact.PERSONAL_DATA_REVEALED, actor=context.operator, **about, reason=reason)
    show(shown, partial(print_fields, width=12))
