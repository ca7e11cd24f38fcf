"""A worker that starts over a restored backup notices before its first job, without a clock."""

from contextlib import closing

from bridge.model import Fact, LedgerHead
from bridge.sandbox.processes import Bridge
from bridge.sandbox.processes.embedded_redis import Valkey
from bridge.steps.recovery.ledger_gate import read_ledger_gate
from tests.e2e import processes
from tests.factories import NOW


def test_a_worker_looks_before_its_first_job_and_then_refuses_all(tmp_path):
    with Valkey() as valkey:
        ledger = f"sqlite:///{tmp_path}/away/ledger.db"
        environ = processes.environment(f"sqlite:///{tmp_path}/bridge.db", valkey.url, BRIDGE_LEDGER_URL=ledger)
        processes.migrate(environ)
        with processes.services(environ) as services, closing(services.ledger):
            with services.store.transaction() as tx:
                tx.evidence.append_fact(Fact.TASK_DONE, shop=processes.SHOP)
            services.ledger.append_head(LedgerHead(at=NOW, seq=9, hash="9" * 64, signature="signed"))
            with Bridge(environ, logs=tmp_path) as bridge:
                bridge.start(web=True, workers=1)
                processes.until("the worker has looked", lambda: read_ledger_gate(services=services))
                shop = {"shop_domain": processes.SHOP, "shop_id": 1}
                assert processes.post(bridge.url, "shop/redact", shop).status == 200
                log = tmp_path / "worker.1.log"
                processes.until("it refuses", lambda: "job.blocked" in log.read_text())
        output = processes.say(environ, "inbox", "list", "--json").json
        assert [row["state"] for row in output] == ["received"], "kept, and not worked on"
