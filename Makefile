# Every target sets up what it needs: Python 3.11 or newer, make and git are enough.

VENV := .venv
RUN := $(VENV)/bin/python
PYTHON ?= $(shell for name in python3.13 python3.12 python3.11 python3 python; do \
	command -v $$name >/dev/null 2>&1 && $$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$name; break; }; done)
SPEC ?=
OUT ?=
CHECK ?=
ONLY ?=

.DEFAULT_GOAL := help
.PHONY: help demo test conformance compatibility lint format types imports generate check-generated update-spec bench bench-sync docs build clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-16s %s\n", $$1, $$2 }'

# The stamp is newer than pyproject.toml when the environment has all that pyproject.toml asks for.
$(VENV)/.ready: pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed; name it with make PYTHON=/path/to/python"; exit 1; }
	@echo "Setting up $(VENV) with $(PYTHON)"
	@$(PYTHON) -m venv $(VENV)
	@$(RUN) -m pip install -qq --disable-pip-version-check --upgrade "pip>=25.1"
	@$(RUN) -m pip install -qq --disable-pip-version-check --editable ".[testing,aiohttp,http2,sync,postgresql,report]" --group dev
	@touch $@

demo: $(VENV)/.ready ## Show the sync and the report against a simulated Sendcloud: no account, no network
	@$(RUN) -m examples.demo

test: $(VENV)/.ready ## Run the tests
	@$(RUN) -m pytest -n auto

# Nothing of these packages but their own code is run, and no file with addresses is left behind.
conformance/node_modules/.ready: conformance/package.json
	@command -v npm >/dev/null 2>&1 || { echo "Node.js with npm is needed to run Prism"; exit 1; }
	@npm install --prefix conformance --no-package-lock --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null
	@touch $@

conformance: $(VENV)/.ready conformance/node_modules/.ready ## Hold the client to Prism, and the simulated Sendcloud to Schemathesis
	@$(RUN) -m pytest conformance -n 0

compatibility: $(VENV)/.ready ## Run the tests on the oldest and newest versions, on each Python found, and on aiohttp
	@$(RUN) -m nox

lint: $(VENV)/.ready ## Check style, formatting and the rules of imports between layers
	@$(RUN) -m ruff check .
	@$(RUN) -m ruff format --check .
	@$(VENV)/bin/lint-imports --no-cache

format: $(VENV)/.ready ## Format the code
	@$(RUN) -m ruff check --fix .
	@$(RUN) -m ruff format .

types: $(VENV)/.ready ## Check types: mypy --strict and pyright in strict mode
	@$(RUN) -m mypy
	@$(RUN) -m pyright

generate: $(VENV)/.ready ## Generate the client from the contract; SPEC=some.yml OUT=some/dir for another
	@$(RUN) -m generator generate $(if $(SPEC),--spec "$(SPEC)") $(if $(OUT),--out "$(OUT)")

check-generated: $(VENV)/.ready ## Fail if the committed client is not what the contract gives
	@$(RUN) -m generator check

update-spec: $(VENV)/.ready ## Take in a new contract, SPEC=file or URL; CHECK=1 only tells whether there is one
	@$(RUN) -m generator update $(if $(SPEC),--spec "$(SPEC)") $(if $(CHECK),--check)

# The peers are of no use but here.
$(VENV)/.bench: $(VENV)/.ready
	@$(RUN) -m pip install -qq --disable-pip-version-check --group bench
	@touch $@

bench: $(VENV)/.bench ## Measure everything as ratios in one run; ONLY="walks imports" for parts of it
	@$(RUN) -m benchmarks $(ONLY)

docs: $(VENV)/.ready ## Build the documentation site into build/docs/
	@$(RUN) -m sphinx --quiet --fresh-env --fail-on-warning --keep-going --nitpicky --doctree-dir build/doctrees docs build/docs
	@echo "The site is in build/docs: open build/docs/index.html"

bench-sync: $(VENV)/.ready ## Measure the sync of a million logs into SQLite, without limits and with
	@$(RUN) -m benchmarks.sync

build: $(VENV)/.ready ## Build the wheel and the source archive into dist/
	@$(RUN) -m pip install -qq --disable-pip-version-check build
	@$(RUN) -m build --outdir dist .

clean: ## Remove what the targets made
	rm -rf $(VENV) .nox dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis .schemathesis *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
