# The verbs of a contributor. Each one first makes .venv, if it is missing or older than what it is made from.
# Pass more to a verb with ARGS, e.g. `make test ARGS="-k recall -x"`; name the interpreter with PYTHON=python3.12.

VENV    := .venv
BIN     := $(VENV)/bin
PY      := $(BIN)/python
STAMP   := $(VENV)/.installed
RELEASE := $(VENV)/.release
PIP     := $(PY) -m pip --quiet --disable-pip-version-check
RUN     := $(PY) -m chatd.demo
PYTHONS := $(if $(PYTHON),$(PYTHON),python3 python3.12 python3.11 python3.13 python3.14 python)

.DEFAULT_GOAL := help
.PHONY: help run test check fmt bench chaos docs docs-links dist sbom audit venv
.SUFFIXES:

help: ## list the verbs
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

run: $(STAMP) ## start a server with a small demo community
	$(RUN) $(ARGS)

# Files go to as many processes as there are cores, up to four; each starts a PostgreSQL of its own. They go in the order
# of tests/conftest.py, which begins with the long ones: so no process ends long before another.
test: check ## the checks, then every test
	$(PY) -m pytest --numprocesses=auto --maxprocesses=4 --dist=loadfile --no-loadscope-reorder $(ARGS)

check: $(STAMP) ## lint, format, types and import rules; changes nothing
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(PY) -m mypy
	$(BIN)/lint-imports --no-logo

fmt: $(STAMP) ## format the code and mend what the linter can mend by itself
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(STAMP) ## measure speed and size; prints figures
	$(PY) -m bench $(ARGS)

chaos: $(STAMP) ## kill the server again and again and check that nothing is lost (long)
	$(PY) -m tests.chaos $(ARGS)

docs: $(STAMP) ## build the documents in both languages; any warning fails
	$(PY) -m docs $(ARGS)

docs-links: $(STAMP) ## ask for every address outside that the documents name (needs a network)
	$(PY) -m docs --links $(ARGS)

dist: $(STAMP) ## build wheel and sdist of the server and of the SDK into dist/
	$(PY) deploy/dist.py

sbom: $(RELEASE) dist ## write dist/chatd.cdx.json: everything that an installed chatd consists of (CycloneDX)
	$(PY) deploy/sbom.py

audit: $(RELEASE) ## ask the advisory database about the libraries that are pinned (needs a network)
	$(PY) -m pip_audit --strict --no-deps --disable-pip -r constraints.txt --progress-spinner off $(ARGS)

venv: $(STAMP) ## only make .venv

# What a release is made with. Kept apart: whoever changes the code needs none of it.
$(RELEASE): $(STAMP)
	@echo "installing what a release is made with"
	@$(PIP) install -c constraints.txt --no-build-isolation -e '.[dev,release]'
	@touch $@

# `python3.12` may exist and not run (a version manager's shim), so each candidate is asked, not looked for.
# The build back end comes first, pinned as well, so that nothing is fetched outside constraints.txt.
$(STAMP): pyproject.toml constraints.txt
	@set -eu; \
	if ! $(PY) -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then \
	    found=; \
	    for candidate in $(PYTHONS); do \
	        if $$candidate -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then \
	            found=$$candidate; break; \
	        fi; \
	    done; \
	    if [ -z "$$found" ]; then \
	        echo "chatd needs Python 3.11 or newer, and none of these is one: $(PYTHONS)." >&2; \
	        echo "Install it, or name it: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)" >&2; \
	        exit 1; \
	    fi; \
	    echo "making $(VENV) with $$($$found -V)"; \
	    $$found -m venv --clear $(VENV) || { \
	        echo "$$found cannot make a virtual environment; on Debian and Ubuntu: apt-get install python3-venv" >&2; \
	        exit 1; \
	    }; \
	fi
	@echo "installing chatd and its tools into $(VENV)"
	@$(PIP) install -c constraints.txt hatchling
	@$(PIP) install -c constraints.txt --no-build-isolation -e '.[dev]'
	@touch $@
