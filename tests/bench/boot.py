"""What it costs to be there: boot, idle memory, packages."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from packaging.requirements import Requirement

from bridge.sandbox.processes import ROOT
from tests.bench.bench_env import Scene, world
from tests.bench.figures import Figure
from tests.bench.memory import pss_mb, rss_mb

if TYPE_CHECKING:
    from collections.abc import Iterator

SETTLED_S = 1.0


def measure(*, quick: bool) -> Iterator[Figure]:
    """Time from the command to the first 200 of /healthz; then what idle processes share the machine's memory by."""
    with Scene() as scene:
        yield Figure(
            measure="boot of web to healthy",
            unit="s",
            runs=[_boot(scene, workers=0, clock=False) for _ in range(2 if quick else 5)],
        )
        yield Figure(
            measure="boot of web, worker and clock at once",
            unit="s",
            runs=[_boot(scene) for _ in range(1 if quick else 3)],
        )
        scene.bridge.start()
        shop = world(1, 10)
        scene.post("orders/create", shop, person=shop.people[-1])
        scene.until(
            "an idle worker", lambda: scene.number("SELECT count(*) FROM deliveries WHERE state = 'received'") == 0
        )
        time.sleep(SETTLED_S)
        master, *children = scene.bridge.pids("web")
        people = {"web master": [master], "web process": children}
        people |= {"worker": scene.bridge.pids("worker"), "clock": scene.bridge.pids("clock")}
        for name, pids in people.items():
            yield Figure(measure=f"idle memory: {name}", unit="MB PSS", runs=[max(map(pss_mb, pids))])
            yield Figure(measure=f"idle memory: {name}, RSS", unit="MB", runs=[max(map(rss_mb, pids))])
    yield Figure(measure="runtime packages", unit="", runs=[packages()])


def _boot(scene: Scene, **which: object) -> float:
    began = time.perf_counter()
    scene.bridge.start(**which)
    took = time.perf_counter() - began
    scene.bridge.stop(grace_s=5)
    return took


def packages() -> int:
    """Packages that this machine would install, of those in the hashed list."""
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    named = [Requirement(line.rstrip(" \\")) for line in lines if line[:1].isalnum()]
    return sum(one.marker is None or one.marker.evaluate() for one in named)
