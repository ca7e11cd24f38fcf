"""The demo: a story in chapters, shown by the real processes against stand-ins. Never imported by production code."""
