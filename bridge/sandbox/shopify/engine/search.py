"""Shopify's search syntax: `email:'a@b.c' AND (id:1 OR id:2)`, bare words, `-` and NOT, comparisons.

Pure. A field the resource does not know is ignored and warned of, as Shopify does: the search then matches
more than was meant. https://shopify.dev/docs/api/usage/search-syntax
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

SearchFacts = Mapping[str, Sequence[str]]
SearchPredicate = Callable[[SearchFacts], bool]
TOKEN_PATTERN = re.compile(
    r"""\s*(?:(?P<open>\()|(?P<close>\))|(?P<word>(?:AND|OR|NOT)\b)|(?P<minus>-)?
    (?:(?P<field>[a-z_]+):)?(?P<sign>>=|<=|>|<)?(?:'(?P<single>(?:[^'\\]|\\.)*)'|"(?P<double>(?:[^"\\]|\\.)*)"
    |(?P<bare>[^\s()]+)))""",
    re.VERBOSE,
)
COMPARISONS: Mapping[str, Callable[[str, str], bool]] = {
    ">=": lambda left, right: left >= right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    "<": lambda left, right: left < right,
}


class SearchQuery:
    """One parsed query. `warnings` names the ignored fields."""

    def __init__(self, text: str, known_fields: frozenset[str]) -> None:
        """Parse the text. An unbalanced bracket ends the query early, as at Shopify."""
        self.warnings: list[str] = []
        self._known_fields = known_fields
        self._tokens = [match for match in TOKEN_PATTERN.finditer(text) if match[0].strip()]
        self._position = 0
        self._predicate = self._parse_or() if self._tokens else _match_always

    def __call__(self, facts: SearchFacts) -> bool:
        """Return whether a resource with these facts matches."""
        return self._predicate(facts)

    def _peek_token(self, group: str) -> str:
        return (self._tokens[self._position][group] or "") if self._position < len(self._tokens) else ""

    def _parse_or(self) -> SearchPredicate:
        tests = [self._parse_and()]
        while self._peek_token("word") == "OR":
            self._position += 1
            tests.append(self._parse_and())
        return tests[0] if len(tests) == 1 else lambda facts: any(test(facts) for test in tests)

    def _parse_and(self) -> SearchPredicate:
        tests: list[SearchPredicate] = []
        while self._position < len(self._tokens) and not self._peek_token("close") and self._peek_token("word") != "OR":
            if self._peek_token("word") == "AND":
                self._position += 1
                continue
            tests.append(self._parse_factor())
        return tests[0] if len(tests) == 1 else lambda facts: all(test(facts) for test in tests)

    def _parse_factor(self) -> SearchPredicate:
        if self._peek_token("word") == "NOT":
            self._position += 1
            return _negate(self._parse_factor())
        if self._peek_token("open"):
            self._position += 1
            inner = self._parse_or()
            self._position += 1
            return inner
        token = self._tokens[self._position]
        self._position += 1
        test = self._build_term(token)
        return _negate(test) if token["minus"] else test

    def _build_term(self, token: re.Match[str]) -> SearchPredicate:
        quoted = token["single"] if token["single"] is not None else token["double"]
        value = re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else (token["bare"] or "")
        value_folded, name = value.casefold(), token["field"]
        if name is None:
            return lambda facts: any(
                value_folded in one.casefold() for fact_values in facts.values() for one in fact_values
            )
        if name not in self._known_fields:
            self.warnings.append(name)
            return _match_always
        if token["sign"]:
            compare = COMPARISONS[token["sign"]]
            return lambda facts: any(compare(*_align_numbers(one, value)) for one in facts.get(name, ()))
        if value == "*":
            return lambda facts: any(facts.get(name, ()))
        if quoted is None and value.endswith("*"):
            return lambda facts: any(one.casefold().startswith(value_folded[:-1]) for one in facts.get(name, ()))
        return lambda facts: any(one.casefold() == value_folded for one in facts.get(name, ()))


def _align_numbers(left: str, right: str) -> tuple[str, str]:
    """Return two values of the same length if both are numbers, so that 9 is less than 10."""
    if left.isdecimal() and right.isdecimal():
        width = max(len(left), len(right))
        return left.zfill(width), right.zfill(width)
    return left, right


def _match_always(_: SearchFacts) -> bool:
    return True


def _negate(predicate: SearchPredicate) -> SearchPredicate:
    return lambda facts: not predicate(facts)
