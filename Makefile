# make demo   play with the bot in the browser: no account, no key, nothing to pay
# make run    the bot itself, with the settings of .env
# make test   every test          make lint   formatting, types, arrows between modules
# make bench  CPU a photo and memory, against the plainest bot that does the job
# make clean  remove what make made (never your .env or database)
#
# ARGS go to the command: make demo ARGS="--port 8080", make test ARGS="tests/unit -k ledger".
# PYTHON chooses an interpreter: make test PYTHON=python3.13
#
# New locks, with uv: UV="uv pip compile pyproject.toml --universal --generate-hashes --no-header --no-annotate"
#   $UV --python-version 3.11 --group build -o requirements.lock
#   $UV --python-version 3.11 --group build --group dev --constraint requirements.lock -o requirements-dev.lock

.PHONY: demo run test lint bench clean chromium
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory
# Compiled modules are kept: tests start many processes, and each would compile everything anew.
unexport PYTHONDONTWRITEBYTECODE

SUPPORTED := import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info < (3, 14))
PYTHON ?= $(firstword $(foreach name,python3.13 python3.12 python3.11 python3,\
            $(shell $(name) -c '$(SUPPORTED)' 2>/dev/null && echo $(name))))
VENV := .venv
PIP := $(VENV)/bin/python -m pip -qq --disable-pip-version-check --no-input
INSTALL_SELF := $(PIP) install --no-deps --no-build-isolation --editable .
ARGS ?=

demo: $(VENV)/runtime
	@$(VENV)/bin/snapshop demo $(ARGS)

run: $(VENV)/runtime
	@$(VENV)/bin/snapshop run $(ARGS)

test: $(VENV)/dev chromium
	@$(VENV)/bin/python -m pytest -q -n 4 --maxschedchunk 1 -rfEs $(ARGS)

bench: $(VENV)/dev
	@$(VENV)/bin/python -m tests.benchmarks.compare $(ARGS)

lint: $(VENV)/dev
	@$(VENV)/bin/ruff format --check --quiet --output-format concise . || \
	  { echo "Not formatted: $(VENV)/bin/ruff format . does it."; exit 1; }
	@$(VENV)/bin/ruff check --quiet .
	@$(VENV)/bin/mypy
	@$(VENV)/bin/lint-imports --no-logo

clean:
	@rm -rf $(VENV) .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache build dist *.egg-info
	@find bots core migrations tests -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

# A stamp each for what the bot needs and for what its developers need on top: installed again when a lock or
# pyproject.toml is newer. What developers need has everything that the bot needs, in the same versions.
$(VENV)/runtime: requirements.lock pyproject.toml | $(VENV)/bin/python
	@echo "Installing what the bot needs (once) …"
	@$(PIP) install --require-hashes -r requirements.lock
	@$(INSTALL_SELF)
	@touch $@

$(VENV)/dev: requirements-dev.lock pyproject.toml | $(VENV)/bin/python
	@echo "Installing what tests and checks need (once) …"
	@$(PIP) install --require-hashes -r requirements-dev.lock
	@$(INSTALL_SELF)
	@touch $@ $(VENV)/runtime

$(VENV)/bin/python:
	@if [ -z "$(PYTHON)" ]; then \
	  echo "Snapshop needs Python 3.11, 3.12 or 3.13 with its venv module, and found none here."; \
	  echo "On Debian or Ubuntu: apt-get install python3 python3-venv. Elsewhere: python.org/downloads."; \
	  echo "If you have one under another name: make $(or $(MAKECMDGOALS),demo) PYTHON=/path/to/python3"; \
	  exit 1; fi
	@if ! "$(PYTHON)" -c '$(SUPPORTED)' 2>/dev/null; then \
	  echo "$(PYTHON) is not Python 3.11, 3.12 or 3.13 with its venv module, which Snapshop needs."; \
	  echo "On Debian or Ubuntu: apt-get install python3 python3-venv."; \
	  exit 1; fi
	@"$(PYTHON)" -m venv $(VENV)

# The tests of the sandbox's page use a real browser.
chromium:
	@if command -v chromium >/dev/null; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  echo "Installing chromium for the tests in a browser (once) …"; \
	  { apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends chromium; } \
	    >/dev/null 2>&1 || echo "CHROMIUM COULD NOT BE INSTALLED: nothing will be tested in a browser."; \
	else echo "CHROMIUM IS MISSING: nothing will be tested in a browser. On Debian: apt-get install chromium"; fi
