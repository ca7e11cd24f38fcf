"""Takes the points of one call, of the shop's bucket that all workers share, and waits until they are there.

A worker waits but shortly where nothing would be lost: what it cannot pay soon is scheduled in the database, and others
are served meanwhile. Only a step that has paid for calls which would be lost with it waits for longer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bridge.connectors.shopify.api.answers import QueryThrottled
from bridge.connectors.shopify.api.pricing import ShopBudget, read_points
from bridge.errors import ConnectorThrottled, SystemBusy
from bridge.ports import CallLimits

THROTTLE_BUDGET_S = 30.0  # the longest wait in one call; longer waits are scheduled in the database
SHORT_WAIT_S = 2.0  # where other workers share the points, and nothing would be lost
MIN_WAIT_S = 0.05
DEFAULT_WAIT_S = 1.0  # of a refusal that names no time


@dataclass(kw_only=True, slots=True)
class CallPayment:
    """The points of one call to a shop. `waited_s` are the seconds of all waits so far."""

    shop: str
    budget: ShopBudget
    limits: CallLimits | None
    sleep: Callable[[float], None]
    waited_s: float = 0.0

    def take_points(self, price: float, *, is_paid: bool, reserved_share: float = 0.0) -> None:
        """Take the points of a call of this price, once they are there. Raises SystemBusy if that takes too long.

        `is_paid`: Shopify refused the call, and said for how long it had to wait. `reserved_share` of the points is left
        to others.
        """
        if reserved_share and not is_paid and (left_wait_s := self.budget.compute_wait_s(price, reserved_share)) > 0:
            self._wait(left_wait_s, SystemBusy)
        while self.limits is not None:
            wait_s = self.limits.take_points(self.shop, price, has_begun=self.budget.has_begun)
            if wait_s is None:  # nobody knows: the points as this process knows them
                break
            if wait_s <= 0:
                return
            self._wait(max(wait_s, MIN_WAIT_S), SystemBusy)
        if not is_paid and (own_wait_s := self.budget.compute_wait_s(price)) > 0:
            self._wait(own_wait_s, SystemBusy)
        self.budget.reserve(price)

    def report_cost(self, price: float, cost: Mapping[str, Any]) -> None:
        """Tell other workers what Shopify reports of the points, after a call for which `price` was taken."""
        report = read_points(cost)
        if self.limits is not None and report is not None:
            self.limits.report_points(self.shop, price, report)

    def wait_after_refusal(self, fault: ConnectorThrottled) -> None:
        """Wait as long as Shopify wants. Raises SystemBusy, ConnectorThrottled if that takes too long."""
        wait_s = fault.retry_after_s if fault.retry_after_s is not None else DEFAULT_WAIT_S
        self._wait(wait_s, SystemBusy if isinstance(fault, QueryThrottled) else ConnectorThrottled)

    def _wait(self, wait_s: float, error: type[ConnectorThrottled]) -> None:
        is_short = self.limits is not None and not self.budget.has_begun
        if self.waited_s + wait_s > (SHORT_WAIT_S if is_short else THROTTLE_BUDGET_S):
            raise error("shopify: THROTTLED", retry_after_s=wait_s)
        self.sleep(wait_s)
        self.waited_s += wait_s
