"""The real worker, which here also runs the functions that these tests bring."""

from tests.workers import failing_jobs
from workers import run

run.BridgeWorker.functions = {
    *run.BridgeWorker.functions,
    *(f"{failing_jobs.__name__}.{name}" for name in vars(failing_jobs)),
}

if __name__ == "__main__":
    run.main()
