"""`vault waive`: record that a merchant does not want its documents back."""

from __future__ import annotations

import click

from bridge.cli.context import exit_with_error, open_command_context
from bridge.cli.options import JSON_OPTION, REASON_OPTION, SHOP_OPTION
from bridge.cli.printing import show
from bridge.cli.vault.vault_view import (
    NO_OPEN_ERASURE,
    REFERENCE_OPTION,
    describe_next_step,
    refuse_unless_processor,
    require_reference,
)
from bridge.errors import PayloadInvalid
from bridge.model import ShopExitDecision
from bridge.steps.shops.record_handover import record_handover


@click.command()
@SHOP_OPTION
@REFERENCE_OPTION
@REASON_OPTION
@JSON_OPTION
def waive(shop: str, reference: str, reason: str, as_json: bool) -> None:
    """Record that the merchant waived the return of its documents in writing. They are then destroyed."""
    require_reference(reference)
    with open_command_context() as context:
        refuse_unless_processor(context)
        with context.store.transaction() as tx:
            try:
                request_ids = record_handover(
                    shop,
                    ShopExitDecision.WAIVED,
                    reference=reference,
                    actor=context.operator,
                    tx=tx,
                    waiver=reference,
                    reason=reason,
                )
            except PayloadInvalid:
                exit_with_error(NO_OPEN_ERASURE.format(shop=shop))
    show(
        {"shop": shop, "reference": reference, "requests": request_ids},
        as_json,
        f"The waiver is recorded as evidence. {describe_next_step(request_ids)}",
    )
