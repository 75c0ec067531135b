# Every target creates the environment that it needs. Requirements: Python 3.11 or newer, make and git.

VENV := .venv
BIN := $(VENV)/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
RUN := $(BIN)/python
PYTHON ?= $(shell for name in python3.13 python3.12 python3.11 python3 python; do \
	command -v $$name >/dev/null 2>&1 && $$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$name; break; }; done)
# Tests wait for processes, sockets and servers, so one more of them runs than there are cores.
WORKERS ?= $(shell $(PYTHON) -c 'import os; print(1 + (os.cpu_count() or 1))')
SPEC ?=
OUT ?=
OVERLAY ?=
PACKAGE ?=
CHECK ?=
DRY_RUN ?=
FORCE ?=
REPORT ?=
ONLY ?=
SAMPLE ?= 300
SEED ?= 1
SESSION ?=
SKIP_UNSUPPORTED ?=
TAG ?=
FOLDER ?= ../shared/specs

# Tests start hundreds of Python processes, and without cached bytecode each of them would compile the package again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo test test-long coverage conformance compatibility lint format types imports generate check-generated update-spec specs bench bench-sync mutants hostile docs screenshots build release-check clean

help: ## List all targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-16s %s\n", $$1, $$2 }'

# The file .ready is newer than pyproject.toml if all dependencies in pyproject.toml are installed.
$(VENV)/.ready: pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer was not found. Set it with: make PYTHON=/path/to/python"; exit 1; }
	@echo "Setting up $(VENV) with $(PYTHON). The installation takes about a minute and prints nothing."
	@$(PYTHON) -m venv $(VENV)
	@$(RUN) -m pip install -qq --disable-pip-version-check --upgrade "pip>=25.1"
	@$(RUN) -m pip install -qq --disable-pip-version-check --editable ".[testing,aiohttp,http2,sync,postgresql,redis,report,worker]" --group dev
	@touch $@

demo: $(VENV)/.ready ## Run a sync and a report against a simulated Sendcloud (no account, no network)
	@$(RUN) -m examples.demo

# One process runs all tests of a file, so that expensive fixtures of modules, such as a browser, are set up once.
test: $(VENV)/.ready ## Run the tests
	@$(RUN) -m pytest -n $(WORKERS) --dist loadfile -m "not long"

# The mark `hypothesis` selects the properties, which `make test` checks with few examples.
test-long: $(VENV)/.ready ## Run the soak and kill tests, and properties with many examples: up to 20 minutes on two cores
	@$(RUN) -m pytest -n $(WORKERS) -m "long or hypothesis" --hypothesis-profile=many --maxschedchunk=1 --timeout=900 --session-timeout=1800

coverage: $(VENV)/.ready ## Run the tests with branch coverage; fail below 94 percent of hand-written code
	@$(RUN) -m pytest -n $(WORKERS) --dist loadfile -m "not long" --cov --cov-report=term

# --ignore-scripts: no install script runs. --no-package-lock: a lock file would contain the URLs of the registry in use.
conformance/node_modules/.ready: conformance/package.json
	@command -v npm >/dev/null 2>&1 || { echo "Node.js with npm is required to run Prism"; exit 1; }
	@npm install --prefix conformance --no-package-lock --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null
	@touch $@

conformance: $(VENV)/.ready conformance/node_modules/.ready ## Test the client against Prism, and the simulated Sendcloud with Schemathesis
	@$(RUN) -m pytest conformance -n 0

# With SESSION, a missing Python is an error; otherwise its session is skipped.
compatibility: $(VENV)/.ready ## Run the tests with other versions of Python and dependencies; SESSION=newest-3.13 for one
	@$(RUN) -m nox $(if $(SESSION),--session "$(SESSION)" --error-on-missing-interpreters)

lint: $(VENV)/.ready ## Check code style, formatting and the import rules between packages
	@$(RUN) -m ruff check .
	@$(RUN) -m ruff format --check .
	@$(BIN)/lint-imports --no-cache

format: $(VENV)/.ready ## Format the code
	@$(RUN) -m ruff check --fix .
	@$(RUN) -m ruff format .

types: $(VENV)/.ready ## Check types with mypy --strict and pyright strict
	@$(RUN) -m mypy
	@$(RUN) -m pyright

generate: $(VENV)/.ready ## Generate the client; SPEC=file.yml OUT=dir PACKAGE=name OVERLAY=file.yml (or none) SKIP_UNSUPPORTED=1 for another document
	@$(RUN) -m generator generate $(if $(SPEC),--spec "$(SPEC)") $(if $(OUT),--out "$(OUT)") $(if $(PACKAGE),--package "$(PACKAGE)") $(if $(SKIP_UNSUPPORTED),--skip-unsupported) $(if $(filter none,$(OVERLAY)),--no-overlay,$(if $(OVERLAY),--overlay "$(OVERLAY)"))

check-generated: $(VENV)/.ready ## Fail if the committed client differs from the generated one
	@$(RUN) -m generator check

# make ends with 2 whatever the exit code of the program is; scripts that need it run the program itself.
update-spec: $(VENV)/.ready ## Adopt a new OpenAPI document, SPEC=file or URL; CHECK=1 or DRY_RUN=1 only report, REPORT=file, FORCE=1
	@$(RUN) -m generator update $(if $(SPEC),--spec "$(SPEC)") $(if $(CHECK),--check) $(if $(DRY_RUN),--dry-run) $(if $(FORCE),--force) $(if $(REPORT),--report "$(REPORT)")

specs: $(VENV)/.ready ## Generate, type-check and call every OpenAPI document in FOLDER (default ../shared/specs)
	@$(RUN) -m specs "$(FOLDER)"

# Only the benchmarks need the peers.
$(VENV)/.bench: $(VENV)/.ready
	@$(RUN) -m pip install -qq --disable-pip-version-check --group bench
	@touch $@

bench: $(VENV)/.bench ## Run all benchmarks and print ratios to peers; ONLY="iterations imports" for some parts
	@$(RUN) -m benchmarks $(ONLY)

# Only the mutation tests need cosmic-ray.
$(VENV)/.mutants: $(VENV)/.ready
	@$(RUN) -m pip install -qq --disable-pip-version-check --group mutants
	@touch $@

mutants: $(VENV)/.mutants ## Run mutation tests, at most 40 minutes; SAMPLE=300 SEED=1 ONLY=sync/ for some files
	@$(RUN) -m mutants --sample "$(SAMPLE)" --seed "$(SEED)" --only "$(ONLY)"

hostile: $(VENV)/.ready ## Run the client against a hostile server on both transports; ONLY="gzip" for some scenarios
	@$(RUN) -m hostile --only "$(ONLY)"

docs: $(VENV)/.ready ## Build the documentation site into build/docs/
	@$(RUN) -m sphinx --quiet --fresh-env --fail-on-warning --keep-going --nitpicky --doctree-dir build/doctrees docs build/docs
	@echo "Documentation built. Open build/docs/index.html"

screenshots: $(VENV)/.ready ## Create the screenshot of the report in docs/images/ with Chromium
	@$(RUN) docs/screenshots.py

bench-sync: $(VENV)/.ready ## Benchmark syncs at the size of a company: a table with targets, speed, calls and drivers; about 45 minutes
	@$(RUN) -m benchmarks.sync_at_size
	@$(RUN) -m benchmarks.sync
	@$(RUN) -m benchmarks.sync_source
	@$(RUN) -m benchmarks.drivers

# Only building and checking distributions needs the packages of the group `release`.
$(VENV)/.release: $(VENV)/.ready
	@$(RUN) -m pip install -qq --disable-pip-version-check --group release
	@touch $@

build: $(VENV)/.release ## Build the wheel and the source distribution into dist/
	@$(RUN) -m build --outdir dist .

release-check: export TAG := $(TAG)
release-check: $(VENV)/.release ## Build and check the distributions in dist/; TAG=v1.2.3 also checks the tag and its date
	@$(RUN) -m release --tag "$$TAG"

clean: ## Remove the environment, build output and caches
	rm -rf $(VENV) .nox dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis .schemathesis *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
