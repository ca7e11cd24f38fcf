"""A web process whose event loop stands still ends, so that the server starts another."""

import asyncio
import subprocess
import sys
import time

from bridge.web.server.stalls import BEAT_INTERVAL_S, EXIT_CODE, StallWatch

STALLING = """
import asyncio, sys, time
from bridge import logs
from bridge.web.server.stalls import StallWatch
logs.configure_logging("INFO", "json")
async def main():
    StallWatch(limit_s=1.8).start(asyncio.get_running_loop())
    await asyncio.sleep(2.5)
    print("still here", flush=True)
    time.sleep(30)
asyncio.run(main())
"""


def test_a_loop_that_stands_still_ends_the_process_and_one_that_waits_does_not():
    done = subprocess.run([sys.executable, "-c", STALLING], capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == EXIT_CODE
    assert done.stdout.startswith("still here")
    assert '"event": "web.stalled"' in done.stdout


def test_after_the_end_of_the_loop_nothing_is_watched():
    async def run():
        watch = StallWatch(limit_s=0.1)
        watch.start(asyncio.get_running_loop())
        watch.stop()

    asyncio.run(run())
    time.sleep(BEAT_INTERVAL_S + 0.2)  # this process would have ended
