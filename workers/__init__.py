"""The background processes: jobs, the worker that runs them, the clock that enqueues due rows."""
