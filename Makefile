# What can be done here. `make` or `make help` lists it.

PORT ?= 8501
VERSION ?= v1
SECONDS ?= 300
# The Python that makes .venv: the first fitting one on the machine unless named, as in: make run PYTHON=python3.12
PYTHON ?=
export PYTHON

STARTER := $(shell command -v python3 || command -v python3.13 || command -v python3.12 || command -v python3.11)
PREPARE := $(STARTER) scripts/prepare.py
BIN := .venv/bin
# A browser window opens where there is a screen; the address is printed everywhere.
HEADLESS := $(shell if [ -n "$$DISPLAY$$WAYLAND_DISPLAY" ] || [ "$$(uname)" = Darwin ]; then echo false; else echo true; fi)
WORKERS := $(shell n=$$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2); [ $$n -gt 4 ] && echo 4 || echo $$n)

.PHONY: help python run setup test lint format train reproduce notebooks lock upgrade readme bench fuzz clean

help:  ## list what can be done
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' Makefile

python:
	@[ -n "$(STARTER)" ] || { echo "There is no python3 here. Install Python 3.11 to 3.13 (Debian and Ubuntu: sudo apt install python3 python3-venv; macOS: brew install python@3.13)." >&2; exit 1; }

run: python  ## open the dashboard (PORT=8501)
	@$(PREPARE) serve
	@exec $(BIN)/streamlit run app.py --server.port $(PORT) --server.headless $(HEADLESS) --server.showEmailPrompt false

setup: python  ## prepare .venv for development
	@$(PREPARE) dev

test: setup  ## lint, types and tests
	@$(MAKE) --no-print-directory lint
	$(BIN)/pytest -n $(WORKERS) --dist loadfile $(ARGS)

lint: setup  ## lint, format and types, changing nothing
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

format: setup  ## put the code in the house's format
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

train: setup  ## train a version from its recipe, export and evaluate it (VERSION=v1)
	$(BIN)/braintumor train $(VERSION)

reproduce: setup  ## from the raw data: fetch, audit, split, train v1 and v4 in all ways they are compared, study them
	$(BIN)/braintumor data fetch
	$(BIN)/braintumor data fetch --masks
	$(BIN)/braintumor data audit
	$(BIN)/braintumor data split
	$(BIN)/braintumor train v1
	$(BIN)/braintumor train v1 --protocol random
	$(BIN)/braintumor train v1 --protocol official
	$(BIN)/braintumor train v4
	$(BIN)/braintumor train v4 --protocol official
	for seed in 2 3 4 5; do $(BIN)/braintumor train v4 --seed $$seed && $(BIN)/braintumor study v4-seed$$seed || exit 1; done
	$(BIN)/braintumor train v4_without_sartaj
	$(BIN)/braintumor hypotheses
	$(BIN)/braintumor study v1
	$(BIN)/braintumor study v4
	@$(MAKE) --no-print-directory readme

notebooks: setup  ## run the notebooks on the real set and keep their outputs
	$(BIN)/python scripts/run_notebooks.py

lock: setup  ## resolve pyproject.toml; write uv.lock, requirements and Pipfiles
	$(BIN)/python scripts/lock.py
	@$(PREPARE) dev

upgrade: setup  ## the same with the newest allowed versions
	$(BIN)/python scripts/lock.py --upgrade
	@$(PREPARE) dev

readme: setup  ## write the results table of README.md from outputs
	$(BIN)/python scripts/readme_results.py

bench: setup  ## measure reading and exploring against the original way, and the pages in Chromium
	$(BIN)/braintumor bench
	$(BIN)/python benchmarks/view_switches.py
	$(BIN)/python benchmarks/reading_room.py

fuzz: setup  ## search for files that reading does not survive (SECONDS=300)
	$(BIN)/python -m tests.hostile.fuzz --seconds $(SECONDS)

clean:  ## remove .venv and caches; data and outputs stay
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .benchmarks dist
	find src app_pages benchmarks scripts tests -name __pycache__ -type d -prune -exec rm -rf {} +
