"""From a clone to a release that passes, without an editor: `init` asks, writes, and production starts."""

from __future__ import annotations

import json
import os
import re
import secrets
import shlex
import stat
import subprocess
import sys
import tomllib

import pytest

from bridge.cli.init.questions import QUESTIONS
from config.env_file import read_env_file
from config.merchant_file.merchant import load_merchant
from config.retention_file.retention import load_retention
from tests.kit.hosts.clones import ANSWERS, copy_tracked_files, list_answer_flags, run_bridge, run_in_clone


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    return copy_tracked_files(tmp_path_factory.mktemp("clone"))


def test_a_server_starts_from_a_clone_with_the_answers_of_a_script(clone, postgres):
    url = postgres.create_database("init_server").replace("postgresql+psycopg://", "postgres://")
    answers = "".join(f"{name} = {json.dumps(answer)}\n" for name, answer in ANSWERS.items())
    (clone / "answers.toml").write_text(answers)
    made = run_bridge(clone, "init", "--for", "server", "--answers", "answers.toml", "--set", f"database_url={url}")
    assert made.returncode == 0, made.stderr
    assert "still open" not in made.stderr

    released = run_bridge(clone, "migrate")
    assert (released.returncode, released.stdout) == (0, "The database is at head.\n"), released.stderr
    settings = read_env_file(clone / ".env")
    assert settings["BRIDGE_ENV"] == "production"
    assert stat.S_IMODE((clone / ".env").stat().st_mode) == 0o600
    assert settings["BRIDGE_KEYS"].partition(":")[2] not in made.stdout + made.stderr

    merchant = load_merchant(clone / "var" / "merchant" / "merchant.toml")
    assert merchant.unset == ()
    assert merchant.shops == ("kiran-toys.myshopify.com", "kiran-outlet.myshopify.com")
    assert (merchant.officer.name, merchant.officer.designation) == ("Kiran Canaryson", "Grievance Officer")
    carriers = {each.id: each.privacy_contact for each in merchant.processors if "shipment" in each.data}
    assert carriers == {"delhivery": "privacy@delhivery.example.com", "aftership": ""}
    retention = load_retention(clone / "var" / "merchant" / "retention.toml")
    assert (retention.unset, retention.reviewed_by) == ((), "A. Counsel (invented)")
    assert (retention.merchant["warranty_days"], retention.merchant["return_window_days"]) == (0, 14)
    assert retention.merchant["home_state_code"] == "27"
    app = tomllib.loads((clone / "var" / "merchant" / "shopify.app.toml").read_text())
    assert app["client_id"] == "client"
    assert all(each["uri"].startswith("https://bridge.example.com/") for each in app["webhooks"]["subscriptions"])

    again = run_bridge(clone, "init", "--for", "server", "--force", *list_answer_flags(database_url=url))
    assert again.returncode == 0, again.stderr
    assert "its keys were kept" in again.stderr
    assert read_env_file(clone / ".env") == settings, "no key is ever made anew"
    refused = run_bridge(clone, "init", "--defaults")
    assert (refused.returncode, "--force" in refused.stderr) == (2, True)


def test_what_is_open_stops_a_server_and_is_named(clone, tmp_path):
    open_ones = run_bridge(
        clone, "init", "--for", "server", *list_answer_flags(reviewed_by="", policy_file="", carriers="bluedart"),
        "--folder", str(tmp_path / "files"), "--env-file", str(tmp_path / ".env"),
    )  # fmt: skip
    assert open_ones.returncode == 1
    named = re.findall(r"still open: .*/(\w+\.toml: .*) is not set", open_ones.stderr)
    assert sorted(named) == [
        "merchant.toml: [merchant] policy_sha256",
        "merchant.toml: [processor.bluedart] privacy_contact",
        "retention.toml: privacy_policy_sha256",
        "retention.toml: reviewed_by",
        "retention.toml: reviewed_on",
    ]


def test_development_goes_on_with_defaults_alone(clone, tmp_path):
    made = run_bridge(
        clone, "init", "--defaults", "--folder", str(tmp_path / "files"), "--env-file", str(tmp_path / ".env")
    )
    assert made.returncode == 0, made.stderr
    migrated = run_in_clone(
        clone, "python", "-m", "bridge", "migrate",
        environ={"BRIDGE_ENV_FILE": str(tmp_path / ".env"), "DATABASE_URL": f"sqlite:///{tmp_path}/bridge.db"},
    )  # fmt: skip
    assert (migrated.returncode, migrated.stdout) == (0, "The database is at head.\n"), migrated.stderr


def test_the_button_of_heroku_leads_to_a_release_that_passes(clone, postgres, tmp_path):
    """What a person types into the form of app.json comes from `init`; the rest is made as Heroku makes it."""
    printed = run_bridge(clone, "init", "--for", "heroku", *list_answer_flags(), "--folder", str(tmp_path / "files"))
    assert printed.returncode == 0, printed.stderr
    command, verb, *pairs = shlex.split(printed.stdout.replace("\\\n", ""))
    assert (command, verb) == ("heroku", "config:set")
    from_init = dict(pair.split("=", 1) for pair in pairs)
    form = json.loads((clone / "app.json").read_text())
    config = {}
    for name, spec in form["env"].items():
        if "value" in spec:
            config[name] = spec["value"]
        elif spec.get("generator") == "secret":
            config[name] = secrets.token_hex(32)
        elif spec.get("required", True):
            config[name] = from_init[name]
    assert {"BRIDGE_KEYS", "BRIDGE_PSEUDONYM_KEY", "BRIDGE_EVIDENCE_KEY"} <= config.keys()
    url = postgres.create_database("init_button").replace("postgresql+psycopg://", "postgres://")
    addons = {"DATABASE_URL": url, "REDIS_URL": "rediss://:p@redis.example.com:6380", "DYNO": "release.1"}
    procfile = dict(line.split(": ", 1) for line in (clone / "Procfile").read_text().splitlines())
    released = run_in_clone(clone, *shlex.split(procfile["release"]), environ=config | addons)
    assert (released.returncode, released.stdout) == (0, "The database is at head.\n"), released.stderr
    # the same by the commands that `init` prints, whose keys it made itself
    typed = run_in_clone(clone, *shlex.split(procfile["release"]), environ=from_init | addons)
    assert (typed.returncode, typed.stdout) == (0, "The database is at head.\n"), typed.stderr


def test_keys_of_a_host_are_printed_once(clone, tmp_path):
    words = ("init", "--for", "host", *list_answer_flags(), "--folder", str(tmp_path / "files"))
    first, again = run_bridge(clone, *words), run_bridge(clone, *words, "--force")
    names = [{line.partition("=")[0] for line in each.stdout.splitlines()} for each in (first, again)]
    assert (first.returncode, again.returncode) == (0, 0)
    assert names[0] - names[1] == {"BRIDGE_KEYS", "BRIDGE_PSEUDONYM_KEY", "BRIDGE_EVIDENCE_KEY", "METRICS_TOKEN"}
    assert "BRIDGE_MERCHANT_TOML" in names[1]
    assert "No keys are printed" in again.stderr


def test_a_wrong_answer_is_named_and_never_repeated(clone):
    wrong = {
        "legal_entity_type": "firm-secretword",
        "shops": "secretword.example.com",
        "website_url": "http://secretword.example.in",
        "officer_email": "secretword",
        "gstin": "secretword",
        "warranty_days": "secretword",
        "carriers": "secretword",
        "policy_file": "/secretword",
    }
    refused = run_bridge(clone, "init", *list_answer_flags(**wrong))
    assert refused.returncode == 2
    assert "secretword" not in refused.stderr
    assert all(f"{name} must" in refused.stderr for name in wrong), refused.stderr
    unknown = run_bridge(clone, "init", "--set", "officer_phon=1")
    assert (unknown.returncode, "officer_phon" in unknown.stderr) == (2, True)


def test_nobody_at_the_terminal_is_said_so(clone):
    refused = run_bridge(clone, "init")
    assert refused.returncode == 2
    assert "--answers FILE" in refused.stderr


def test_the_questions_are_a_file_of_answers(clone):
    printed = run_bridge(clone, "init", "--questions", "--for", "server")
    answers = tomllib.loads(printed.stdout)
    assert list(answers) == [each.name for each in QUESTIONS]
    assert answers["officer_designation"] == "Grievance Officer"
    assert len(re.findall(r"^# .+\. .+\.$", printed.stdout, re.MULTILINE)) == len(QUESTIONS), "each has its reason"


def test_a_person_at_a_terminal_is_asked_each_question_with_its_reason(clone, tmp_path):
    # a hidden answer cannot be typed ahead: the terminal forgets what it holds when the echo goes off
    asked = [each for each in QUESTIONS if not each.only_for and not each.is_secret]
    typed = [ANSWERS.get(each.name, "") for each in asked]
    legal_form = [each.name for each in asked].index("legal_entity_type")
    typed.insert(legal_form, "firm")  # asked again
    screen, terminal = os.openpty()
    try:
        words = (
            "init",
            "--set",
            "shopify_client_secret=s",
            "--folder",
            str(tmp_path / "files"),
            "--env-file",
            str(tmp_path / ".env"),
        )
        with subprocess.Popen(
            [sys.executable, "-m", "bridge", *words], cwd=clone, stdin=terminal, stdout=terminal,
            stderr=subprocess.PIPE, text=True, start_new_session=True,
        ) as process:  # fmt: skip
            os.write(screen, "".join(f"{answer}\n" for answer in typed).encode())
            _, output = process.communicate(timeout=20)
    finally:
        os.close(screen)
        os.close(terminal)
    assert process.returncode == 0, output
    assert "must be one of proprietorship" in output
    assert all(each.text in output and each.reason in output for each in asked)
    assert load_merchant(tmp_path / "files" / "merchant.toml").unset == ()
