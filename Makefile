# Needs nothing but make, git and Python 3.11 or newer: every target sets up .venv first.

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.requirements
PYTHON = $(shell for python in python3.11 python3 python; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$python; break; }; done)
LOCK := $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes -q --no-header
# an extra is installed beside requirements.txt: its file names nothing that stands there
NOT_AGAIN = $(shell sed -n 's/^\([A-Za-z0-9._-]*\)==.*/--no-emit-package \1/p' requirements.txt)

# Compiled files are kept: the tests start hundreds of processes, each of which would compile everything anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo test test-long test-deep run check bench bench-burst torture coverage docs slug lock clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(STAMP) ## Set up, and show the whole story against stand-ins of Shopify and the carriers
	@$(BIN)/python -m bridge demo

PYTEST := $(BIN)/python -m pytest -n auto --dist loadscope --no-loadscope-reorder

test: $(STAMP) ## Set up, and run the tests on every core, with a real Redis and a real Postgres, but for the long ones
	@$(PYTEST) --long without

test-long: $(STAMP) ## The long ones: whole deployments, killed and taken over, browsers, the commands of each host
	@$(PYTEST) --long only

test-deep: $(STAMP) ## All tests, each test of a step on both databases, and thrice the examples of a property
	@$(PYTEST) --deep

run: $(STAMP) ## Web, worker, clock and an embedded Redis in this terminal; SANDBOX=1 adds the stand-ins
	@$(BIN)/python -m bridge serve $(if $(SANDBOX),--sandbox)

# Many machines reach no vulnerability service: the audit then says NOT DONE and the check goes on. Set it to 0 where nothing may
# be released without an audit: then the check fails.
AUDIT_MAY_BE_SKIPPED ?= 1

check: $(STAMP) ## Format, lint, types, import contracts, sizes, words, dead code, spelling, known vulnerabilities
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python -m pytest -q tests/house tests/config/test_settings_are_read.py
	$(BIN)/vulture
	$(BIN)/codespell
	AUDIT_MAY_BE_SKIPPED=$(AUDIT_MAY_BE_SKIPPED) $(BIN)/python .ci/audit.py requirements.txt

bench: $(STAMP) ## Measure the budgets on this machine
	@$(BIN)/python -m tests.bench

bench-burst: $(STAMP) ## A sale in a thousand shops: what is refused, what waits, when it is worked off
	@$(BIN)/python -m tests.bench.burst

torture: $(STAMP) ## Kill and disturb complete installations under load, then check that nothing was lost or done twice
	@$(BIN)/python -m tests.torture

coverage: $(STAMP) ## How much of the personal data in Shopify's schema is asked for
	@$(BIN)/python -m tests.coverage

docs: $(STAMP) ## Build the site of the docs with search in dist/site; fails on a link that leads nowhere
	@$(BIN)/python .ci/docs_site.py

slug: $(STAMP) ## Measure what a host installs; fails over 45 packages or 110 MB
	@$(BIN)/python .ci/slug.py

lock: $(STAMP) ## Compile the hashed requirement files, those of the extras too
	$(LOCK) requirements.in -o requirements.txt
	$(LOCK) pyproject.toml --extra sentry -c requirements.txt $(NOT_AGAIN) -o requirements-sentry.txt
	$(LOCK) pyproject.toml --extra otel -c requirements.txt $(NOT_AGAIN) -o requirements-otel.txt
	$(LOCK) requirements-dev.in -c requirements-sentry.txt -c requirements-otel.txt -o requirements-dev.txt

clean: ## Remove what the targets made; var/ (keys and data of development) stays
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Made anew when a requirement file changes, so that nothing is installed that is not written there.
# --no-deps: the lock is complete. A pip that resolves it again stumbles over coverage[toml] on the day coverage has a newer release.
$(STAMP): requirements.txt requirements-dev.txt
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed: no python3.11 or python3 on PATH is" >&2; exit 1; }
	@echo "Setting up $(VENV) with $(PYTHON), once: 1 to 3 minutes, about 750 MB"
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python .ci/install.py requirements-dev.txt
	@$(BIN)/python -m pip check --quiet --disable-pip-version-check
	@touch $@
