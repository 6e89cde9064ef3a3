# `make` lists the targets. Every target makes the virtual environment it needs.
PYTHON ?= python3
VENV := .venv
DEMO := .venv-demo
BIN := $(VENV)/bin
JOBS ?= 2
CODE := proxmox_mpc tests migrations examples
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help demo test test-all check lint format types layers security audit bench capabilities docs clean

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/.ready: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "pmpc needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable . --group dev
	@touch $@

$(DEMO)/.ready: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "pmpc needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(DEMO)
	$(DEMO)/bin/python -m pip install --quiet --constraint constraints.txt --editable .
	@touch $@

demo: $(DEMO)/.ready ## the main job on the embedded simulator, step by step
	PATH="$(CURDIR)/$(DEMO)/bin:$$PATH" bash examples/demo.sh

test: $(VENV)/.ready ## the test suite, with samples of the big matrices
	$(BIN)/python -m pytest -n $(JOBS) -q

test-all: $(VENV)/.ready ## the test suite with the whole matrices
	$(BIN)/python -m pytest -n $(JOBS) -q --whole

check: lint types layers security audit docs test ## everything that a change must pass

lint: $(VENV)/.ready ## ruff: rules and format
	$(BIN)/ruff check $(wildcard $(CODE))
	$(BIN)/ruff format --check $(wildcard $(CODE))

format: $(VENV)/.ready ## rewrite the code in its format
	$(BIN)/ruff check --fix $(wildcard $(CODE))
	$(BIN)/ruff format $(wildcard $(CODE))

types: $(VENV)/.ready ## mypy --strict
	$(BIN)/mypy

layers: $(VENV)/.ready ## import-linter: imports point down only
	$(BIN)/lint-imports

security: $(VENV)/.ready ## bandit
	$(BIN)/bandit --quiet --recursive --configfile pyproject.toml proxmox_mpc

audit: $(VENV)/.ready ## pip-audit; says so where the vulnerability service cannot be reached
	$(BIN)/python -m tests.tools.audit constraints.txt

bench: $(VENV)/.ready ## ratios of speed and memory
	$(BIN)/python -m tests.benchmarks

capabilities: $(VENV)/.ready ## which capability ids are proven, from a run of the tests
	$(BIN)/python -m pytest -n $(JOBS) -q --capabilities

docs: $(VENV)/.ready ## check that the reference in docs/ is what the commands say (WRITE=1 writes it)
	$(BIN)/python -m tests.tools.reference $(if $(WRITE),--write)

clean: ## remove what the other targets made
	rm -rf $(VENV) $(DEMO) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache demo-lab capabilities.json
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
