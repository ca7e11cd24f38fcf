"""`.env`: what it sets, and when it is read."""

import os
import shlex
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.errors import SettingsInvalid
from config.env_file import add_env_file, format_env_lines, read_env_file

VALUES = st.text(st.characters(exclude_categories=("C", "Z"), exclude_characters="'\""), min_size=1, max_size=30)


def test_the_environment_wins_and_empty_counts_as_unset(tmp_path):
    path = tmp_path / ".env"
    path.write_text("# settings\n\nPORT=9000\nexport LOG_LEVEL='ERROR'\nSMTP_URL=smtp://a:b=c@h\nREDIS_URL=\n")
    read = add_env_file({"PORT": "9001", "LOG_LEVEL": "", "HOME": "/x"}, path)
    assert read == {"PORT": "9001", "LOG_LEVEL": "ERROR", "SMTP_URL": "smtp://a:b=c@h", "REDIS_URL": "", "HOME": "/x"}


@pytest.mark.parametrize("own", [{"DYNO": "web.1"}, {"RENDER": "true"}, {"BRIDGE_ENV": "production"}])
def test_a_host_and_a_production_that_is_stated_read_no_file(tmp_path, own):
    path = tmp_path / ".env"
    path.write_text("PORT=9000\n")
    assert add_env_file(own, path) == own


def test_another_file_can_be_named_and_none_need_be_there(tmp_path):
    path = tmp_path / "settings"
    path.write_text("PORT=9000\n")
    assert add_env_file({"BRIDGE_ENV_FILE": str(path)}, tmp_path / ".env")["PORT"] == "9000"
    assert add_env_file({}, tmp_path / "missing") == {}
    assert add_env_file({"BRIDGE_ENV_FILE": os.devnull}, path) == {"BRIDGE_ENV_FILE": os.devnull}


@pytest.mark.parametrize("line", ["secret-without-name", "1X=secret", "a b=secret", "=secret"])
def test_a_line_that_is_no_setting_is_named_by_its_number(tmp_path, line):
    path = tmp_path / ".env"
    path.write_text(f"PORT=9000\n{line}\n")
    with pytest.raises(SettingsInvalid) as caught:
        read_env_file(path)
    assert caught.value.faults == [f"{path}: line 2 must be NAME=value"]


@given(st.dictionaries(st.from_regex("[A-Z][A-Z0-9_]{0,9}", fullmatch=True), VALUES, max_size=4))
def test_what_is_written_is_read_again(tmp_path_factory, settings):
    path = tmp_path_factory.mktemp("env") / ".env"
    path.write_text(format_env_lines(settings))
    assert read_env_file(path) == settings


def test_a_shell_reads_the_same_as_the_bridge(tmp_path):
    settings = {"KEY": "k1:a+/=", "FILE": "/tmp/a b/$HOME `x`", "URL": "postgres://u:p#1@h/d?x=1&y=2"}
    path = tmp_path / ".env"
    path.write_text(format_env_lines(settings))
    script = f"set -a; . {shlex.quote(str(path))}; " + "; ".join(f'echo "${name}"' for name in settings)
    printed = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout
    assert printed.splitlines() == list(settings.values()) == list(read_env_file(path).values())
