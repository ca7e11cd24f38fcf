"""The demo's chapter about a person who writes to the shop: the plan is shown and approved before anything is erased."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bridge.sandbox.demo.console import chapter, count, fact, must

if TYPE_CHECKING:
    from bridge.sandbox.demo.demo_env import DemoEnvironment
    from bridge.sandbox.world.models import Person

DEEDS = ("principal.erased", "instruction.opened", "document.sealed")


def run_approval_chapter(demo: DemoEnvironment) -> None:
    """Open an erasure by hand; show its plan; approve it; check that the deed is what the plan said."""
    person = _choose_person(demo)
    chapter(7, f"{person.first} writes to the shop and asks for erasure")
    words = ("--customer-id", str(person.id), "--shop", demo.world.shop, "--reason", "a letter", "--yes")
    opened = demo.run_command("dsr", "open", "erasure", *words)
    request_id = opened["id"]
    demo.wait_until("the request that waits", lambda: _show(demo, request_id)["state"] == "awaiting_approval")
    must(
        not _list_deeds(_show(demo, request_id)),
        "The shop opened the request. The bridge reads for it, and changes nothing before somebody approves its plan.",
    )
    plan = demo.run_command("dsr", "plan", request_id)
    erased = {(line["what"], line["count"]) for line in _list_erased(plan)}
    must(
        erased and plan["letters"],
        f"`dsr plan` shows what it will do: {count(len(plan['plan']['lines']), 'line')}, of which"
        f" {len(erased)} erase something here, and {count(len(plan['letters']), 'instruction')} to companies.",
    )
    must(not _list_deeds(_show(demo, request_id)), "Looking at the plan changed nothing either.")
    demo.run_command("dsr", "approve", request_id, "--plan", plan["digest"], "--as", "devi", "--yes")
    fact(
        "Devi approved this plan, by its digest. A real shop then waits 48 hours, in which the person can take it back."
    )
    demo.wait_until("the approved erasure", lambda: _show(demo, request_id)["closed_at"])
    shown = _show(demo, request_id)
    done = {(line["what"], line["count"]) for line in _list_erased(demo.run_command("dsr", "plan", request_id))}
    order = [row["fact"] for row in shown["facts"] if row["fact"] in ("plan.approved", "deed.begun", *DEEDS)]
    must(
        order[:2] == ["plan.approved", "deed.begun"],
        "Nothing was done before the approval: the evidence shows the order.",
    )
    must(done == erased, "What was erased is what the plan had said, line by line.")


def _choose_person(demo: DemoEnvironment) -> Person:
    others = (demo.world.asha.id, demo.world.bikram.id)
    return next(one for one in demo.world.people if one.id not in others and demo.world.list_orders(one))


def _show(demo: DemoEnvironment, request_id: str) -> Any:
    return demo.run_command("dsr", "show", request_id)


def _list_deeds(shown: Any) -> list[str]:
    return [row["fact"] for row in shown["facts"] if row["fact"] in DEEDS]


def _list_erased(plan: Any) -> list[Any]:
    return [line for line in plan["plan"]["lines"] if (line["system"], line["action"]) == ("bridge", "erase")]
