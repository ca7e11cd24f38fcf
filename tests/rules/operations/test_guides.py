"""Every reason to wait, state of a task, failure and condition has a page, and the page names the command."""

import inspect
import re
from pathlib import Path

import click
import pytest

from bridge import errors
from bridge.cli import commands
from bridge.model import Outcome, TaskState, WaitReason
from bridge.rules.operations.conditions import CONDITION_GUIDES, Condition, FoundCondition
from bridge.rules.operations.guides import SHORTFALL_GUIDES, TASK_STATE_GUIDES, WAIT_GUIDES, find_failure_guide
from bridge.rules.operations.task_troubles import LACKING, needs_person
from bridge.rules.requests.failure_classes import FAILURE_CLASSES

RUNBOOKS = Path(__file__).parents[3] / "docs" / "runbooks"
FAILURES = [each for each in vars(errors).values() if inspect.isclass(each) and issubclass(each, errors.BridgeError)]
PROGRAMS = ("python -m workers.schedule", "python -m workers.run")


def list_command_names(group=commands, prefix=""):
    for name, command in group.commands.items():
        yield f"{prefix}{name}"
        if isinstance(command, click.Group):
            yield from list_command_names(command, f"{prefix}{name} ")


def find_commands_in(text):
    """The commands of the bridge that a guide tells to type, the longest names first."""
    found = []
    for name in sorted(list_command_names(), key=len, reverse=True):
        if re.search(rf"\b{re.escape(name)}\b", text):
            found.append(name)
            text = text.replace(name, "")
    return found


def check_guide(guide):
    page = (RUNBOOKS / f"{guide.page}.md").read_text(encoding="utf-8")
    named = find_commands_in(guide.command)
    assert named or any(program in guide.command for program in PROGRAMS), guide.command
    for name in named:
        assert f"bridge {name}" in page or f"`{name}" in page, f"{guide.page} does not name {name}"


@pytest.mark.parametrize("reason", WaitReason)
def test_every_reason_to_wait_has_a_page_that_names_its_command(reason):
    check_guide(WAIT_GUIDES[reason])
    assert f"`{reason}`" in (RUNBOOKS / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("state", TaskState)
def test_every_state_of_a_task_has_a_page_that_names_its_command(state):
    check_guide(TASK_STATE_GUIDES[state])
    assert f"`{state}`" in (RUNBOOKS / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", FAILURES)
def test_every_class_of_failure_has_a_page_that_names_its_command(kind):
    check_guide(find_failure_guide(kind))


@pytest.mark.parametrize("condition", Condition)
def test_every_condition_has_a_page_that_names_its_command(condition):
    check_guide(CONDITION_GUIDES[condition])


@pytest.mark.parametrize("outcome", [*Outcome, LACKING])
def test_every_shortfall_has_a_page_that_names_its_command(outcome):
    found = FoundCondition(condition=Condition.REQUEST_INCOMPLETE, reason=outcome, ids=("req_1",))
    check_guide(found.guide)
    assert "dsr replay req_1" in found.command
    assert set(SHORTFALL_GUIDES) <= set(Outcome)


@pytest.mark.parametrize("reason", WaitReason)
@pytest.mark.parametrize("state", [TaskState.FAILED, TaskState.WAITING, TaskState.RETRY])
def test_a_reason_needs_a_person_by_its_guide_and_a_request_that_ended_waits_for_nobody(reason, state):
    assert needs_person(state, reason, is_request_done=False) is WAIT_GUIDES[reason].needs_person
    expected = WAIT_GUIDES[reason].needs_person and state is TaskState.FAILED
    assert needs_person(state, reason, is_request_done=True) is expected
    assert needs_person(state, None, is_request_done=False) is False


GUIDES = [
    guide for table in (WAIT_GUIDES, TASK_STATE_GUIDES, SHORTFALL_GUIDES, CONDITION_GUIDES) for guide in table.values()
]
SHOWN_COMMANDS = sorted(
    {guide.command for guide in (*GUIDES, *map(find_failure_guide, FAILURES))}
    | {each.command for each in FAILURE_CLASSES.values()}
)


def find_command(name):
    command = commands
    for word in name.split():
        command = command.commands[word]
    return command


@pytest.mark.parametrize("shown", SHOWN_COMMANDS)
def test_the_options_of_a_command_that_is_shown_can_be_typed(shown):
    for name in find_commands_in(shown):
        after = re.search(rf"\b{re.escape(name)}((?: --[a-z-]+(?: [a-z_]+)?)*)", shown)
        for option, value in re.findall(r"(--[a-z-]+)(?: ([a-z_]+))?", after[1]):
            known = {each: parameter for parameter in find_command(name).params for each in parameter.opts}
            assert option in known, f"{name} {option}"
            if not known[option].is_flag:
                known[option].type.convert(value, known[option], None)
