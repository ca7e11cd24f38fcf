"""In production no process starts while something is unset: exit code 1, and all of it is listed."""

import os

import pytest

from tests.e2e import processes

PROGRAMS = {
    "web": ("-m", "workers.web"),
    "worker": ("-m", "workers.run"),
    "clock": ("-m", "workers.schedule"),
    "doctor": ("-m", "bridge", "doctor"),
    "migrate": ("-m", "bridge", "migrate"),
}
BARE = {"PATH": os.defpath, "BRIDGE_ENV": "production"}
REQUIRED = (
    "DATABASE_URL",
    "REDIS_URL",
    "SHOPIFY_CLIENT_ID",
    "SHOPIFY_CLIENT_SECRETS",
    "BRIDGE_KEYS",
    "BRIDGE_PSEUDONYM_KEY",
    "BRIDGE_EVIDENCE_KEY",
)


@pytest.mark.parametrize("program", PROGRAMS)
def test_in_production_it_refuses_and_lists_all_that_is_unset(program):
    output = processes.run(BARE | {"BRIDGE_PSEUDONYM_KEY": "not-a-key-but-secret"}, *PROGRAMS[program])
    result = output.out + output.err
    assert output.code == 1
    for name in REQUIRED:
        wanted = "must be base64" if name == "BRIDGE_PSEUDONYM_KEY" else "is not set"
        assert f"{name} {wanted}" in result
    assert "legal_name" in result, "the merchant's file is part of the same list"
    assert "Traceback" not in result
    assert "not-a-key" not in result


def test_with_a_ring_without_redis_the_worker_says_what_to_do(tmp_path):
    environ = processes.environment(f"sqlite:///{tmp_path}/bridge.db", "")
    for program in ("worker", "clock"):
        output = processes.run(environ, *PROGRAMS[program])
        assert output.code == 1
        assert "REDIS_URL is not set" in output.err
        assert "Traceback" not in output.err
