"""Shopify's search syntax: `email:'a@b.c' AND (id:1 OR id:2)`, bare words, `-` and NOT, comparisons.

Pure. A field the resource does not know is ignored and warned of, as Shopify does: the search then matches
more than was meant. https://shopify.dev/docs/api/usage/search-syntax
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

Facts = Mapping[str, Sequence[str]]
Test = Callable[[Facts], bool]
TOKEN = re.compile(
    r"""\s*(?:(?P<open>\()|(?P<close>\))|(?P<word>(?:AND|OR|NOT)\b)|(?P<minus>-)?
    (?:(?P<field>[a-z_]+):)?(?P<sign>>=|<=|>|<)?(?:'(?P<single>(?:[^'\\]|\\.)*)'|"(?P<double>(?:[^"\\]|\\.)*)"
    |(?P<bare>[^\s()]+)))""",
    re.VERBOSE,
)
SIGNS: Mapping[str, Callable[[str, str], bool]] = {
    ">=": lambda left, right: left >= right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    "<": lambda left, right: left < right,
}


class Search:
    """One parsed query. `warnings` names the fields that were ignored."""

    def __init__(self, text: str, known: frozenset[str]) -> None:
        """Parse. An unbalanced bracket ends the query early, as leniently as Shopify reads it."""
        self.warnings: list[str] = []
        self._known = known
        self._tokens = [match for match in TOKEN.finditer(text) if match[0].strip()]
        self._at = 0
        self._test = self._any() if self._tokens else _always

    def __call__(self, facts: Facts) -> bool:
        """Whether a resource with these facts is found."""
        return self._test(facts)

    def _peek(self, group: str) -> str:
        return (self._tokens[self._at][group] or "") if self._at < len(self._tokens) else ""

    def _any(self) -> Test:
        tests = [self._all()]
        while self._peek("word") == "OR":
            self._at += 1
            tests.append(self._all())
        return tests[0] if len(tests) == 1 else lambda facts: any(test(facts) for test in tests)

    def _all(self) -> Test:
        tests: list[Test] = []
        while self._at < len(self._tokens) and not self._peek("close") and self._peek("word") != "OR":
            if self._peek("word") == "AND":
                self._at += 1
                continue
            tests.append(self._one())
        return tests[0] if len(tests) == 1 else lambda facts: all(test(facts) for test in tests)

    def _one(self) -> Test:
        if self._peek("word") == "NOT":
            self._at += 1
            return _not(self._one())
        if self._peek("open"):
            self._at += 1
            inner = self._any()
            self._at += 1
            return inner
        token = self._tokens[self._at]
        self._at += 1
        test = self._term(token)
        return _not(test) if token["minus"] else test

    def _term(self, token: re.Match[str]) -> Test:
        quoted = token["single"] if token["single"] is not None else token["double"]
        value = re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else (token["bare"] or "")
        wanted, name = value.casefold(), token["field"]
        if name is None:
            return lambda facts: any(wanted in one.casefold() for many in facts.values() for one in many)
        if name not in self._known:
            self.warnings.append(name)
            return _always
        if token["sign"]:
            compare = SIGNS[token["sign"]]
            return lambda facts: any(compare(one, value) for one in facts.get(name, ()))
        if value == "*":
            return lambda facts: any(facts.get(name, ()))
        if quoted is None and value.endswith("*"):
            return lambda facts: any(one.casefold().startswith(wanted[:-1]) for one in facts.get(name, ()))
        return lambda facts: any(one.casefold() == wanted for one in facts.get(name, ()))


def _always(_: Facts) -> bool:
    return True


def _not(test: Test) -> Test:
    return lambda facts: not test(facts)
