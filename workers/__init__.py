"""The patient half: jobs, the worker that runs them, the clock that finds what is due."""
