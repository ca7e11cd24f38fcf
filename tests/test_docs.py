"""The pages say what the code does.

Every setting, command, state, fact and error has its words; every link leads somewhere; every command that is shown
can be typed. `python -m tests.test_docs > docs/data-map.md` makes the data map.
"""

from __future__ import annotations

import ast
import io
import re
import shlex
import sys
import tomllib
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from enum import StrEnum
from pathlib import Path

import click
import pytest

from bridge import errors, model
from bridge.cli import commands
from bridge.cli.shopify_app import EXAMPLE_URL, build_app_toml
from bridge.connectors import http
from bridge.errors import StoreFault
from bridge.rules.requests import lifecycle
from bridge.rules.requests.deadlines import LAW_CLOCK, POLICY_CLOCK, SHOPIFY_CLOCK
from bridge.rules.webhooks import topics
from bridge.rules.webhooks.topics import INDEXED_TOPIC_PREFIXES, MANDATORY_TOPICS, find_header_mismatch
from bridge.steps.requests.process import MAX_ATTEMPTS
from bridge.steps.shops import record_uninstalls
from bridge.store.schema.tables import metadata
from bridge.store.webhooks import inbox
from bridge.store.webhooks.inbox import ENQUEUE_GRACE_S, REENQUEUE_AFTER_S
from config import settings

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
RUNBOOKS = sorted(path for path in (ROOT / "docs" / "runbooks").glob("*.md") if path.name != "README.md")
SECTIONS = ("Meaning", "Impact", "What the bridge does by itself", "What to do")
FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
DATA_MAP = ROOT / "docs" / "data-map.md"
KINDS = {
    "none": "nothing personal",
    "pseudonym": "a keyed HMAC, or what holds one: nobody without the key can tell who it is",
    "sealed": "AES-256-GCM: unreadable without the key ring or the person's own key",
    "secret": "a person's key, wrapped by the key ring",
}


def text(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def words_in_code(page: str) -> set[str]:
    """What stands between backticks, outside of fences."""
    return set(re.findall(r"`([^`\n]+)`", FENCE.sub("", text(page))))


def data_map() -> str:
    """The page, from the words that stand at the columns."""
    lines = [
        "# Data map",
        "",
        "Every column of the database and what kind of data it holds. Made from `bridge/store/schema/tables.py`: do not edit, run",
        "`python -m tests.test_docs > docs/data-map.md`.",
        "",
        "| kind | means |",
        "|---|---|",
        *(f"| `{kind}` | {meaning} |" for kind, meaning in KINDS.items()),
        "",
    ]
    for table in metadata.sorted_tables:
        by_kind: dict[str, list[str]] = {}
        for column in table.columns:
            by_kind.setdefault(column.info["data"], []).append(f"`{column.name}`")
        rows = [f"| `{kind}` | {' '.join(by_kind[kind])} |" for kind in KINDS if kind in by_kind]
        lines += [f"## {table.name}", "", "| kind | columns |", "|---|---|", *rows, ""]
    return "\n".join(lines).rstrip("\n") + "\n"


def test_the_data_map_is_what_the_tables_say() -> None:
    stale = "docs/data-map.md is stale; make it anew: python -m tests.test_docs > docs/data-map.md"
    assert DATA_MAP.is_file(), stale
    assert DATA_MAP.read_text(encoding="utf-8") == data_map(), stale


# --- Every word of the code has its place -------------------------------------------------------------


def settings_page() -> str:
    """Return the page of all variables, from the settings themselves."""
    required = set(settings.Settings.unset_required({}))
    rows = [
        f"| `{name}` | {f'`{default}`' if default else ''} | {'yes' if name in required else ''} | {meaning.replace('|', '&#124;')} |"
        for name, default, meaning in settings.list_variables()
    ]
    lines = [
        "# Settings",
        "",
        "Every variable that the bridge reads. Made from `config/settings.py`: do not edit, run",
        "`python -m tests.test_docs settings > docs/settings.md`. Empty counts as unset; production refuses to start without the required ones.",
        "What belongs together, and what to choose, is in [deploying](deploying.md).",
        "",
        "| variable | default | required | meaning |",
        "|---|---|---|---|",
        *rows,
    ]
    return "\n".join(lines) + "\n"


def test_the_page_of_settings_is_what_the_code_reads() -> None:
    stale = "docs/settings.md is stale; make it anew: python -m tests.test_docs settings > docs/settings.md"
    assert text("docs/settings.md") == settings_page(), stale


@pytest.mark.parametrize(
    "states",
    [
        model.DeliveryState,
        model.RequestState,
        model.TaskState,
        model.RequestKind,
        model.RequestSource,
        model.TaskAction,
        model.Outcome,
        model.Absence,
    ],
)
def test_every_state_is_explained_in_the_data_flow(states: type[StrEnum]) -> None:
    assert {state.value for state in states} - words_in_code("docs/dataflow.md") == set()


def test_every_fact_is_in_the_evidence_page_and_no_other_is() -> None:
    table = re.findall(r"^\| `([a-z_]+\.[a-z_]+)` \|", text("docs/evidence.md"), re.MULTILINE)
    assert sorted(table) == sorted(fact.value for fact in model.Fact)


def needing_a_person() -> set[str]:
    found = {StoreFault.__name__}
    for value in vars(errors).values():
        if isinstance(value, type) and issubclass(value, errors.NeedsOperator):
            found.add(value.__name__)
    return found - {errors.NeedsOperator.__name__}


def test_every_error_that_needs_a_person_has_a_runbook() -> None:
    index = words_in_code("docs/runbooks/README.md")
    assert needing_a_person() - index == set()
    result = {word for page in RUNBOOKS for word in words_in_code(name(page))}
    assert needing_a_person() - result == set()


@pytest.mark.parametrize("page", RUNBOOKS, ids=name)
def test_a_runbook_says_what_it_means_what_it_costs_and_what_to_do(page: Path) -> None:
    body = page.read_text(encoding="utf-8")
    assert re.findall(r"^\*\*(.+?)\.?\*\*", body, re.MULTILINE) == list(SECTIONS)
    assert FENCE.search(body), "a command to copy"
    assert f"({page.name})" in text("docs/runbooks/README.md")


def test_every_reason_to_reject_is_in_its_runbook() -> None:
    sources = [
        ROOT / "bridge" / "rules" / "webhooks" / f"{stem}.py" for stem in ("topics", "payload", "mandatory_bodies")
    ]
    calls = re.compile(r'PayloadInvalid\("(\w+)"\)|return "(\w+)"')
    reasons = {one or two for path in sources for one, two in calls.findall(path.read_text(encoding="utf-8"))}
    reasons |= set(re.findall(r'reason="(\w+)"', (ROOT / "bridge/store/erasure/erase_person.py").read_text()))
    reasons |= {topics.BODY_OF_ANOTHER_TOPIC, topics.TOPIC_MALFORMED, topics.SHOP_MALFORMED, inbox.DISMISSED}
    reasons |= {record_uninstalls.STILL_INSTALLED, record_uninstalls.BODY_REPEATED}
    assert len(reasons) > 20
    assert reasons - words_in_code("docs/runbooks/rejected-delivery.md") == set()


# --- The numbers are the code's -----------------------------------------------------------------------


def span(seconds: float) -> str:
    hours, rest = divmod(round(seconds), 3600)
    return f"{hours} h {rest // 60} min {rest % 60} s"


def test_the_retries_add_up_to_what_is_said() -> None:
    page = text("docs/dataflow.md")
    attempts = settings.Settings.from_env({}).connector_attempts
    task = sum(lifecycle.compute_retry_pause_s(number, None) for number in range(1, attempts))
    request = sum(lifecycle.compute_retry_pause_s(number, None) for number in range(1, MAX_ATTEMPTS + 1))
    assert f"{attempts} attempts, {span(task)} of pauses | task `failed`" in page
    deliveries = f"{len(lifecycle.TASK_RETRY_PAUSES_S) + 1} attempts, {span(sum(lifecycle.TASK_RETRY_PAUSES_S))} | delivery `failed`"
    assert deliveries in page
    assert f"{MAX_ATTEMPTS} attempts over {span(request)}, the ninth gives up" in page
    assert MAX_ATTEMPTS == 8, "the pages say: the ninth"
    assert "10 s, 60 s, 5 min, 30 min, 2 h" in page
    assert lifecycle.TASK_RETRY_PAUSES_S == (10, 60, 300, 1_800, 7_200)
    assert lifecycle.POLL_PAUSES_S == (3_600, 86_400)
    assert f"within {lifecycle.POLL_MAX_DAYS} days" in page
    assert f"{ENQUEUE_GRACE_S:g} s after it came, enqueued again each {REENQUEUE_AFTER_S:g} s" in page
    assert f"{http.CALL_RETRY_PAUSES_S[0]:g} s, {http.CALL_RETRY_PAUSES_S[1]:g} s" in page
    assert f"up to {http.MAX_RETRY_WAIT_S:g} s | {http.MAX_CALL_ATTEMPTS} attempts" in page


def test_every_clock_is_on_the_page() -> None:
    assert {LAW_CLOCK, POLICY_CLOCK, SHOPIFY_CLOCK} - words_in_code("docs/dataflow.md") == set()


# --- What is shown can be typed -----------------------------------------------------------------------


def shown_commands() -> Iterator[tuple[str, str]]:
    """(page, command line) of every `bin/bridge …` in a fence or between backticks.

    Not of docs/commands.md, whose examples tests/cli/test_manners.py types.
    """
    for page in PAGES:
        if page.name == "commands.md":
            continue
        body = page.read_text(encoding="utf-8")
        for _, block in FENCE.findall(body):
            for line in block.splitlines():
                _, found, rest = line.partition("bin/bridge ")
                if found:
                    yield name(page), re.split(r"\s+[|<>&#]|[\"')]*$", rest, maxsplit=1)[0]
        for word in re.findall(r"`bin/bridge ([^`\n]+)`", FENCE.sub("", body)):
            yield name(page), word


@pytest.mark.parametrize(("page", "line"), sorted(set(shown_commands())))
def test_a_command_that_is_shown_can_be_typed(page: str, line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It names a command, its options exist, and its arguments are of the right kind; nothing is run."""
    monkeypatch.chdir(ROOT)
    command: click.Command = commands
    context = click.Context(commands, info_name="bridge")
    words = shlex.split(line)
    while isinstance(command, click.Group) and words:
        found = command.get_command(context, words.pop(0))
        assert found is not None, f"{page}: no command `{line}`"
        command = found
    if not words:  # a command that is only named
        words = ["--help"]
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        try:
            command.make_context(command.name, words, parent=context)
        except click.exceptions.Exit:
            return
        except click.UsageError as wrong:
            pytest.fail(f"{page}: `{line}`: {wrong.format_message()}")


def all_commands(group: click.Group, before: str = "") -> Iterator[str]:
    for word, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from all_commands(command, f"{before}{word} ")
        else:
            yield before + word


def test_every_command_is_shown_somewhere() -> None:
    lines = {line for _, line in shown_commands()}
    missing = {each for each in all_commands(commands) if not any(line.startswith(each) for line in lines)}
    assert missing == set()


def test_every_make_target_that_is_shown_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", text("Makefile"), re.MULTILINE))
    shown = {
        target for page in PAGES for target in re.findall(r"(?:^|`)make ([a-z-]+)", page.read_text(), re.MULTILINE)
    }
    assert shown - targets == set()
    assert {"demo", "test", "run", "check", "bench", "help"} <= shown


def test_every_url_of_the_app_s_configuration_is_a_topic_that_is_handled() -> None:
    for page in ("docs/deploying.md",):
        (block,) = (body for kind, body in FENCE.findall(text(page)) if kind == "toml")
        subscriptions = tomllib.loads(block)["webhooks"]["subscriptions"]
        privacy = {topic for each in subscriptions for topic in each.get("compliance_topics", ())}
        assert privacy == set(MANDATORY_TOPICS), page
        for each in subscriptions:
            topics = each.get("topics", []) + each.get("compliance_topics", [])
            if set(topics) == set(MANDATORY_TOPICS):  # the body decides which of them it is
                assert each["uri"].endswith("/webhooks/compliance"), page
                continue
            (topic,) = topics
            assert each["uri"].endswith(f"/webhooks/{topic}"), page
            agreed = find_header_mismatch(topic=topic, topic_header=topic, shop="a.myshopify.com", known_shops=())
            assert agreed == "", page
            assert topic in MANDATORY_TOPICS or topic.startswith(INDEXED_TOPIC_PREFIXES), page


def test_the_app_s_configuration_is_the_one_that_the_command_prints() -> None:
    (block,) = (body for kind, body in FENCE.findall(text("docs/deploying.md")) if kind == "toml")
    assert block == build_app_toml(EXAMPLE_URL, "")


# --- The first page is for a stranger -----------------------------------------------------------------


def test_the_readme_is_short_and_begins_with_a_command_and_pictures() -> None:
    lines = text("README.md").splitlines()
    assert len(lines) <= 130
    assert next(number for number, line in enumerate(lines, 1) if line.startswith("make ")) <= 15
    pictures = set(re.findall(r"!\[[^\]]+\]\((docs/pictures/[^)]+)\)", text("README.md")))
    assert pictures == {name(path) for path in (ROOT / "docs" / "pictures").glob("*.png")}
    for picture in pictures:
        content = (ROOT / picture).read_bytes()
        assert content.startswith(b"\x89PNG"), picture
        assert len(content) < 150_000, picture


# --- Links lead somewhere -----------------------------------------------------------------------------


def anchors(page: Path) -> set[str]:
    """The anchors GitHub makes of a page's headings."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    for link in LINK.findall(FENCE.sub("", page.read_text(encoding="utf-8"))):
        if link.startswith(("https://", "http://")):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{name(page)}: {link} leads nowhere"
        if anchor:
            assert anchor in anchors(target), f"{name(page)}: {link}: no such heading"


# --- The demo that is shown is the demo ---------------------------------------------------------------


def pattern(node: ast.expr) -> str:
    """What an expression prints, as a pattern: its words as they stand, anything where a value comes."""
    if isinstance(node, ast.Constant):
        return re.escape(str(node.value))
    if isinstance(node, ast.JoinedStr):
        return "".join(pattern(part) if isinstance(part, ast.Constant) else ".*" for part in node.values)
    if isinstance(node, ast.BinOp):
        return pattern(node.left) + pattern(node.right)
    if isinstance(node, ast.IfExp):
        return f"(?:{pattern(node.body)}|{pattern(node.orelse)})"
    return ".*"


def demo_lines() -> list[str]:
    """A pattern for each line that a run which holds prints, in no order."""
    trees = [
        ast.parse(text(f"bridge/sandbox/demo/{name}.py"))
        for name in ("__main__", "demo_approval", "demo_mail", "demo_notices", "demo_tax", "demo_verification")
    ]
    parts = [each for tree in trees for each in tree.body]
    result = [each for each in parts if isinstance(each, ast.FunctionDef) and each.name != "_keep_running"]
    made = []
    for call in (node for each in result for node in ast.walk(each) if isinstance(node, ast.Call)):
        output = call.func.id if isinstance(call.func, ast.Name) else ""
        if output == "fact" and isinstance(call.args[0], ast.Name):
            continue
        if output in {"fact", "must"}:
            made.append(r"   ✓ " + pattern(call.args[output == "must"]))
        elif output == "chapter":
            made.append(pattern(call.args[0]) + r"\. " + pattern(call.args[1]))
        elif output == "say" and call.args and not isinstance(call.args[0], ast.Name):
            made.append(pattern(call.args[0]).replace(re.escape("\n"), ""))
    return [each for each in made if "The\\ demo\\ failed" not in each and re.sub(r"[.*\s✓]", "", each)]


def test_the_output_of_the_demo_that_is_shown_is_the_demo_s() -> None:
    """Every line shown is one the demo prints, and every line it prints is shown."""
    _, _, rest = text("docs/demo.md").partition("<!-- demo:start -->")
    block = rest.partition("<!-- demo:end -->")[0]
    shown = [line for line in FENCE.findall(block)[0][1].splitlines() if line.strip()]
    patterns = demo_lines()
    assert len(patterns) > 20
    again = "; paste a new run of `make demo` between the markers of docs/demo.md"
    unknown = [line for line in shown if not any(re.fullmatch(each, line) for each in patterns)]
    assert unknown == [], f"the demo does not say this{again}"
    unseen = [each for each in patterns if not any(re.fullmatch(each, line) for line in shown)]
    assert unseen == [], f"the demo says this too{again}"


if __name__ == "__main__":
    print(settings_page() if "settings" in sys.argv else data_map(), end="")  # noqa: T201 - its output is the page
