"""Read `[access]` of the merchant's file: what a data subject's copy shows, and what it says of the use of data.

Reports what is misspelt. Never states anything in the merchant's place: what is missing stays missing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from config.toml_reader import TomlTable

MASK_THIRD_PERSONS, SHOW_THIRD_PERSONS = "mask", "show"
DECISIONS_DESCRIBED, NO_DECISIONS = "described", "none"


@dataclass(frozen=True, kw_only=True, slots=True)
class AutomatedDecision:
    """One decision about persons that a program makes or prepares, in the merchant's words (GDPR Art 15(1)(h)).

    `human_review` says what a person does when somebody objects; '' where the merchant has not said.
    """

    about: str
    purpose: str
    logic: str
    inputs: tuple[str, ...]
    effect: str
    human_review: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class AccessRules:
    """What a data subject's copy shows and says; names are those of `[access]`.

    `third_persons` says whether others that an order names, such as who got a gift, are masked or shown. `source` and
    `activities` say by category where its data comes from and what is done with it. `automated_decisions` is
    `described` (in `decisions`), `none`, or '' where the merchant has not said.
    """

    third_persons: str = SHOW_THIRD_PERSONS
    source: Mapping[str, str] = field(default_factory=dict)
    activities: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    automated_decisions: str = ""
    decisions: tuple[AutomatedDecision, ...] = ()

    def list_missing_statements(self, category_ids: Collection[str]) -> list[tuple[str, str]]:
        """Return the (table, key) of every statement that is missing for these categories."""
        stated: tuple[tuple[str, Mapping[str, object]], ...] = (
            ("source", self.source),
            ("activities", self.activities),
        )
        missing = [(f"access.{name}", each) for name, texts in stated for each in category_ids if not texts.get(each)]
        is_decided = self.automated_decisions == NO_DECISIONS or self.decisions
        return [*missing, *([] if is_decided else [("access.automated_decisions", "stated")])]


def read_access_rules(access: TomlTable) -> AccessRules:
    """Return `[access]`; faults go into the report."""
    source, activities = access.get_table("source"), access.get_table("activities")
    automated = access.get_table("automated_decisions")
    decisions = tuple(_read_decision(table) for table in automated.get_table_list("decision", named_by="about"))
    stated = automated.get_choice("stated", ("", NO_DECISIONS, DECISIONS_DESCRIBED), "")
    if decisions and stated != DECISIONS_DESCRIBED:
        automated.add_fault("stated", f'must be "{DECISIONS_DESCRIBED}" where a decision is described')
    automated.report_unknown_keys()
    return AccessRules(
        third_persons=access.get_choice("third_persons", (MASK_THIRD_PERSONS, SHOW_THIRD_PERSONS), SHOW_THIRD_PERSONS),
        source={name: source.get_text(name, "") for name in source.list_keys()},
        activities={name: _read_texts(activities, name) for name in activities.list_keys()},
        automated_decisions=stated,
        decisions=decisions,
    )


def _read_texts(table: TomlTable, key: str) -> tuple[str, ...]:
    """Return the texts that say something: a blank one states nothing."""
    return tuple(text.strip() for text in table.get_texts(key) if text.strip())


def _read_inputs(decision: TomlTable) -> tuple[str, ...]:
    inputs = _read_texts(decision, "inputs")
    if not inputs:
        decision.add_fault("inputs", "must name at least one: what the decision looks at")
    return inputs


def _read_decision(table: TomlTable) -> AutomatedDecision:
    decision = AutomatedDecision(
        about=table.get_text("about"),
        purpose=table.get_text("purpose"),
        logic=table.get_text("logic"),
        inputs=_read_inputs(table),
        effect=table.get_text("effect"),
        human_review=table.get_text("human_review", ""),
    )
    table.report_unknown_keys()
    return decision
