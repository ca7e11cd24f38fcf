"""Finds out which customers at the platform the data subject of an erasure is, before anything is erased.

Every identifier of the request is looked up. Customers that are one person by the rule get their own tasks; one that may
be somebody else is laid before an operator, and nothing of it is touched until then, neither there nor here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from bridge.model import (
    Absence,
    CustomerSearchProgress,
    CustomerVerdict,
    DoubtedCustomer,
    Gap,
    Lease,
    Outcome,
    PlatformCustomer,
    Principal,
    PrivacyRequest,
    RequestKind,
    Task,
    TaskAction,
    TaskState,
    get_progress,
)
from bridge.ports import Platform
from bridge.rules.requests.lifecycle import PLATFORM
from bridge.rules.requests.same_person import (
    NOT_LOOKED_UP,
    SEVERAL_CUSTOMERS,
    collect_doubts,
    judge_customers,
    list_contacts,
    names_several,
    remove_contacts,
    restore_contacts,
    settle_principal,
)
from bridge.services import Services
from bridge.steps.erasure.customers.customer_tasks import (
    has_open_platform_task,
    reopen_shared_tasks,
    sync_customer_tasks,
)
from bridge.steps.new_tasks import build_task
from bridge.steps.requests.doubtful_customers import (
    apply_customer_decisions,
    is_customer_decided,
    open_customer_reviews,
)
from bridge.steps.task_results import SYSTEM_ERRORS, after_failure, fail_task, finish_task, record_task_result

if TYPE_CHECKING:
    from bridge.store import Tx


def plan_customer_search(request: PrivacyRequest, tasks: Sequence[Task], services: Services) -> Task | None:
    """Return a search for customers, if the request was opened by hand, may lead to several, and has none.

    One that Shopify sent names exactly one customer, and stays about it.
    """
    is_by_hand = request.kind is RequestKind.ERASURE and request.source.is_merchants
    actions = {task.action for task in tasks}
    has_search = TaskAction.FIND_CUSTOMERS in actions or TaskAction.REQUEST_PLATFORM_ERASURE not in actions
    if not is_by_hand or has_search or not names_several(request.principal):
        return None
    return build_task(request.id, PLATFORM, TaskAction.FIND_CUSTOMERS, services)


def find_customers(request: PrivacyRequest, task: Task, lease: Lease, *, services: Services) -> Task:
    """Search once. Return the task as saved. Raises LeaseLost and StoreUnavailable."""
    progress = get_progress(task, CustomerSearchProgress)
    asked_for = [contact for doubt in progress.doubts for contact in doubt.found_by]
    principal, platform = restore_contacts(request.principal, asked_for), services.connectors.get(PLATFORM)
    found: Sequence[PlatformCustomer] = ()
    after = replace(task, state=TaskState.PENDING)  # not as an earlier try left it
    if not isinstance(platform, Platform):
        after = fail_task(task, Outcome.DENIED, "not_configured", services.clock.now())
    else:
        try:
            found = platform.list_customers(principal, shop=request.shop)
        except SYSTEM_ERRORS as fault:
            after = after_failure(task, fault, services)
    with services.store.transaction() as tx:
        tx.requests.verify_lease(lease)
        if after.state is TaskState.RETRY:
            tx.tasks.save_task(after)
        else:
            after = _save_customers(request, principal, after, found, tx, services)
        counts = {"customers": get_progress(after, CustomerSearchProgress).customers}
        record_task_result(request, after, tx, outcome=after.outcome, reason=after.last_error, **counts)
    return after


def _save_customers(
    request: PrivacyRequest,
    principal: Principal,
    task: Task,
    found: Sequence[PlatformCustomer],
    tx: Tx,
    services: Services,
) -> Task:
    """Return the task as saved, done or failed, with what was decided about each customer."""
    doubted = collect_doubts(judge_customers(principal, found))
    principal = apply_customer_decisions(request, principal, doubted, tx)
    judgements = judge_customers(principal, found)
    settled, doubts = settle_principal(principal, judgements), list(collect_doubts(judgements))
    known = {doubt.id for doubt in doubts} | {one.customer.id for one in judgements}
    doubts += [one for one in get_progress(task, CustomerSearchProgress).doubts if one.id and one.id not in known]
    of_index = _list_doubts_of_index(request, settled, tx)
    settled = apply_customer_decisions(request, settled, of_index, tx)
    doubts += [one for one in of_index if not is_customer_decided(request, one, tx)]
    settled = remove_contacts(settled, [contact for doubt in doubts for contact in doubt.found_by])
    verdicts = [one.verdict for one in judgements]
    progress = CustomerSearchProgress(
        customers=verdicts.count(CustomerVerdict.SAME),
        left_out=verdicts.count(CustomerVerdict.FOREIGN),
        doubts=tuple(doubts),
    )
    task = replace(task, progress=progress, gaps=build_customer_gaps(task, doubts))
    if task.state is not TaskState.FAILED:
        outcome = Outcome.FOUND if progress.customers else Outcome.ABSENT
        task = finish_task(replace(task, attempts=task.attempts + 1), outcome, services.clock.now())
    tx.tasks.save_task(task)
    sync_customer_tasks(request, settled, tx=tx, services=services)
    is_wider = set(settled.customer_ids) - set(request.principal.customer_ids) and request.principal.customer_id
    if is_wider or set(list_contacts(settled)) - set(list_contacts(request.principal)):
        reopen_shared_tasks(request, tx)
        tx.approvals.close_gate(request.id)  # where a person approved the plan, it was about fewer customers
    if settled != request.principal:
        tx.request_changes.replace_principal(request, settled)
    open_customer_reviews(request, doubts, tx)
    tasks = tx.tasks.list_tasks(request.id)
    is_erased = any(one.action is TaskAction.ERASE and one.state is TaskState.DONE for one in tasks)
    if is_erased and not doubts and not has_open_platform_task(tasks):
        tx.request_changes.replace_principal(request, None)
    return task


def build_customer_gaps(task: Task, doubts: Sequence[DoubtedCustomer]) -> tuple[Gap, ...]:
    """Return a gap for the customers in doubt, and one where the platform could not be asked."""
    gaps = []
    if task.state is TaskState.FAILED:
        absence = Absence.UNREACHED if task.outcome is Outcome.UNREACHED else Absence.DENIED
        gaps.append(Gap(system=PLATFORM, absence=absence, what="further customers", reason=NOT_LOOKED_UP))
    if doubts:
        what = f"{len(doubts)} further customer{'' if len(doubts) == 1 else 's'}"
        gaps.append(Gap(system=PLATFORM, absence=Absence.UNATTRIBUTED, what=what, reason=SEVERAL_CUSTOMERS))
    return tuple(gaps)


def _list_doubts_of_index(request: PrivacyRequest, principal: Principal, tx: Tx) -> list[DoubtedCustomer]:
    """Return a doubt for each e-mail address that the index knows of another customer that the platform did not show.

    The index holds no names: it cannot tell whether both are one person. Without a customer number the customer of the
    first address is the data subject.
    """
    lookup = tx.person_lookup
    own = set(lookup.derive_search_keys(request.shop, principal)["customer"])
    own |= {lookup.follow_merges(request.shop, key) for key in own}
    doubts = []
    for position, contact in enumerate(list_contacts(principal)):
        if contact[0] != "email":
            continue
        keys = lookup.derive_search_keys(request.shop, Principal(email=contact[1]))["email"]
        found = lookup.find_customers_by(request.shop, "email", keys)
        if position == 0 and not principal.customer_id:
            own = found
        if found - own:
            doubts.append(DoubtedCustomer(id="", found_by=(contact,), reason="index", beside=principal.customer_id))
    return doubts
