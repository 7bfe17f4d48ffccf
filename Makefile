# Needs only make and Python 3.11 to 3.14. Every verb but clean installs first, which does nothing while the lock stays the same.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
# Many containers set it. A test run starts Python a hundred times, and each would compile all modules anew.
unexport PYTHONDONTWRITEBYTECODE

# The first Python that is new enough and able to make a venv (Debian ships ensurepip apart). PYTHON=... overrides it.
PYTHON ?= $(shell for candidate in python3.13 python3.12 python3.11 python3; do \
	$$candidate -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' 2>/dev/null \
	&& echo $$candidate && break; done)

VENV := .venv
BIN := $(VENV)/bin
# The stamps carry a checksum of what they stand for, so a pull or a checkout that changes it installs again.
LOCKED := $(VENV)/.locked-$(shell cksum < requirements.lock | tr ' ' '-')
INSTALLED := $(VENV)/.installed-$(shell cat requirements.lock pyproject.toml | cksum | tr ' ' '-')

CODE := $(wildcard shared services scenario tests benchmarks)
SHARD ?=
# Each worker takes whole files of tests and has servers of its own, about 1 GB. 0: all in one process, as bare pytest.
WORKERS ?= logical
SIDE_BY_SIDE := -n $(WORKERS) --maxprocesses 4
DAY_FLAGS := $(if $(SEED),--seed $(SEED)) $(if $(INSTANCE),--instance $(INSTANCE)) $(if $(SCALE),--scale $(SCALE))

.PHONY: help which-python install run day test test-all check fix bench new-service clean lock

help: ## list the verbs (this is also what bare `make` does)
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

which-python:
	@test -n "$(PYTHON)" || { echo "No Python 3.11 to 3.14 with venv and ensurepip found. Install one" \
		"(Debian: apt-get install python3-venv) or name it: make PYTHON=python3.12"; exit 1; } >&2
	@echo $(PYTHON)

install: $(INSTALLED) ## install the exact versions of requirements.lock into .venv

# Made from scratch when the lock changes: what the lock dropped must not linger and hide a missing dependency.
$(LOCKED):
	@python=$$($(MAKE) --silent which-python) \
		&& echo "installing into $(VENV) with $$($$python --version); the first time takes a minute or two" \
		&& $$python -m venv --clear $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
	@touch $@

$(INSTALLED): $(LOCKED)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-index --no-deps --no-build-isolation --editable .
	@rm -f $(VENV)/.installed-* && touch $@

run: install ## start the whole system, play a day through it, print addresses, then serve
	@$(BIN)/python -m scenario run

day: install ## play one day, check every figure and stop; SEED=7 INSTANCE=mine SCALE=10
	@$(BIN)/python -m scenario day $(DAY_FLAGS)

test: install ## run the tests, without the slow ones; starts what it needs; WORKERS=1
	@$(BIN)/python -m pytest $(SIDE_BY_SIDE)

test-all: install ## run every test; SHARD=2/3 runs the second third
	@$(BIN)/python -m pytest $(SIDE_BY_SIDE) -m "" $(if $(SHARD),-p tests.sharding --shard $(SHARD))

check: install ## imports, style, format, types, docs made from code; edits nothing
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/ruff check $(CODE)
	@$(BIN)/ruff format --check $(CODE)
	@$(BIN)/mypy $(CODE)
	@$(BIN)/python -m shared.contracts.generate --check
	@$(BIN)/python -m shared.access.generate --check
	@$(BIN)/python -m shared.error_pages --check

fix: install ## repair style and format where a tool can, write docs made from code
	@$(BIN)/ruff check --fix $(CODE) || true
	@$(BIN)/ruff format $(CODE)
	@$(BIN)/python -m shared.contracts.generate
	@$(BIN)/python -m shared.access.generate
	@$(BIN)/python -m shared.error_pages

bench: install ## run the benchmarks
	@$(BIN)/python -m benchmarks

new-service: install ## one more service, small and whole: make new-service NAME=lockers
	@$(BIN)/python -m shared.new_service '$(NAME)'
	@$(BIN)/ruff check --quiet --fix services/$(NAME) tests/$(NAME)
	@$(BIN)/python -m shared.contracts.generate
	@$(BIN)/python -m shared.access.generate
	@$(BIN)/python -m shared.error_pages
	@$(BIN)/python -m tests.contracts.write_samples

clean: ## stop and remove what runs and was written here, caches too; keeps .venv
	@test ! -x $(BIN)/python || $(BIN)/python -m shared.embedded clean --all
	@rm -rf .yizhan .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis build dist
	@find . -path ./$(VENV) -prune -o -type d -name __pycache__ -prune -exec rm -rf {} +

lock: install ## write requirements.lock anew from pyproject.toml; UPGRADE=1 takes newer versions
	@$(BIN)/python -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --all-extras \
		--no-emit-index-url --custom-compile-command "make lock" $(if $(UPGRADE),--upgrade) \
		--output-file requirements.lock pyproject.toml
