"""A worker that starts over a restored backup notices before its first job, with no clock beside it."""

from contextlib import closing

from bridge.model import Fact, Head
from bridge.sandbox.embedded import Valkey
from bridge.sandbox.processes import Bridge
from bridge.steps.gate import barred
from tests.e2e import house
from tests.factories import NOW


def test_a_worker_looks_before_its_first_job_and_then_refuses_all(tmp_path):
    with Valkey() as valkey:
        ledger = f"sqlite:///{tmp_path}/away/ledger.db"
        environ = house.environment(f"sqlite:///{tmp_path}/bridge.db", valkey.url, BRIDGE_LEDGER_URL=ledger)
        house.migrate(environ)
        with house.services(environ) as services, closing(services.ledger):
            with services.store.transaction() as tx:
                tx.evidence.append(Fact.TASK_DONE, shop=house.SHOP)
            services.ledger.put_head(Head(at=NOW, seq=9, hash="9" * 64, signature="signed"))
            with Bridge(environ, logs=tmp_path) as bridge:
                bridge.start(web=True, workers=1)
                house.until("the worker has looked", lambda: barred(services=services))
                shop = {"shop_domain": house.SHOP, "shop_id": 1}
                assert house.post(bridge.url, "shop/redact", shop).status == 200
                log = tmp_path / "worker.1.log"
                house.until("it refuses", lambda: "job.barred" in log.read_text())
        said = house.say(environ, "inbox", "list", "--json").json
        assert [row["state"] for row in said] == ["received"], "kept, and not worked on"
