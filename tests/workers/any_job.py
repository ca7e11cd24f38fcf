"""The real worker, which here also runs the functions that these tests bring."""

from tests.workers import failing
from workers import run

run.BridgeWorker.functions = {
    *run.BridgeWorker.functions,
    *(f"{failing.__name__}.{name}" for name in vars(failing)),
}

if __name__ == "__main__":
    run.main()
