"""`vault waive`: record that a merchant does not want its documents back."""

from __future__ import annotations

from bridge.cli.command import json_command
from bridge.cli.context import exit_with_error, open_command_context
from bridge.cli.options import REASON_OPTION, SHOP_OPTION
from bridge.cli.printing import show
from bridge.cli.vault import vault_view as view
from bridge.errors import PayloadInvalid
from bridge.model import ShopExitDecision
from bridge.steps.shops.record_handover import record_handover


@json_command(
    example="vault waive --shop minimiss-demo.myshopify.com --reference W-17 --reason 'waiver of 12 Nov' --yes",
    irreversible="The documents of the shop are destroyed without being returned.",
)
@SHOP_OPTION
@view.REFERENCE_OPTION
@REASON_OPTION
def waive(shop: str, reference: str, reason: str) -> None:
    """Record that the merchant waived the return of its documents in writing. They are then destroyed."""
    view.require_reference(reference)
    with open_command_context() as context:
        view.refuse_unless_processor(context)
        decision, actor = ShopExitDecision.WAIVED, context.operator
        with context.store.transaction() as tx:
            try:
                request_ids = record_handover(
                    shop, decision, reference=reference, actor=actor, tx=tx, waiver=reference, reason=reason
                )
            except PayloadInvalid:
                exit_with_error(view.NO_OPEN_ERASURE.format(shop=shop))
    message = f"The waiver is recorded as evidence. {view.describe_next_step(request_ids)}"
    show({"shop": shop, "reference": reference, "requests": request_ids}, message)
