"""Every metric that the rules and the dashboard name is served, and every page that a rule names is there."""

import json
import re

import pytest
import yaml
from prometheus_client.mmap_dict import MmapedDict, mmap_key

from bridge.errors import StoreUnavailable
from bridge.rules.operations.conditions import Condition
from bridge.web import create_app
from tests.test_docs import ROOT

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
METRIC = re.compile(r"\bbridge_[a-z_]+")
RULES = ROOT / "docs/monitoring/alerts.yml"
DASHBOARD = ROOT / "docs/monitoring/dashboard.json"


def list_expressions():
    for group in yaml.safe_load(RULES.read_text())["groups"]:
        yield from (rule["expr"] for rule in group["rules"])
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        yield from (target["expr"] for target in panel["targets"])


def read_metrics(services):
    app = create_app(services, services.store)
    return app.test_client().get("/metrics").text


def list_served(text):
    """Names of metrics: families, and their samples."""
    families = set(re.findall(r"^# TYPE (\w+)", text, re.MULTILINE))
    return families | {f"{name.removesuffix('_total')}_total" for name in families}


def test_every_metric_that_is_named_is_served(services):
    served = list_served(read_metrics(services))
    named = {name for expression in list_expressions() for name in METRIC.findall(expression)}
    assert len(named) > 15
    assert named - served == set()


def test_every_metric_that_a_page_names_is_served(services):
    watched = (ROOT / "docs/deploying.md").read_text().partition("## Watch it")[2].partition("\n## ")[0]
    named = set(METRIC.findall(watched + (ROOT / "docs/monitoring.md").read_text()))
    served = list_served(read_metrics(services))
    # some are there only once there is something to tell
    later = set(METRIC.findall("".join(path.read_text() for path in (ROOT / "bridge/web").glob("*metrics*.py"))))
    assert named - served - later == set()


def test_every_condition_has_a_series_whether_it_is_there_or_not(services):
    text = read_metrics(services)
    for condition in Condition:
        assert f'bridge_conditions{{condition="{condition}"' in text


@pytest.mark.parametrize("word", ["alert", "expr", "annotations"])
def test_every_rule_is_whole_and_its_page_is_there(word, database_url):
    for group in yaml.safe_load(RULES.read_text())["groups"]:
        for rule in group["rules"]:
            assert rule[word]
            assert (ROOT / "docs/runbooks" / f"{rule['annotations']['page']}.md").is_file()


def test_a_topic_that_was_last_seen_long_ago_is_told_from_the_database(services):
    text = read_metrics(services)
    assert 'bridge_last_received_timestamp_seconds{topic="customers/redact"}' in text


def test_while_the_database_is_away_the_page_says_so(services, monkeypatch):
    def fail():
        raise StoreUnavailable("database: away")

    monkeypatch.setattr(services.store, "read", fail)
    text = read_metrics(services)
    assert "bridge_database_up 0.0" in text
    assert "bridge_redis_up" in text
    assert "bridge_rows" not in text


def test_a_process_whose_file_is_still_empty_hides_nobody_elses_counters(services, monkeypatch, tmp_path):
    """A process makes its file and fills it afterwards; it may also be killed between the two."""
    folder = tmp_path / "counters"
    folder.mkdir()
    (folder / "counter_1.db").touch()
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(folder))
    with_values = MmapedDict(str(folder / "counter_2.db"))
    name = mmap_key("bridge_deliveries", "bridge_deliveries_total", ["topic"], ["other"], "Webhooks")
    with_values.write_value(name, 3.0, 0.0)
    with_values.close()
    assert 'bridge_deliveries_total{topic="other"} 3.0' in read_metrics(services)
