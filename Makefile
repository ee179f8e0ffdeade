# Development commands. `make` or `make help` lists them.

PORT ?= 8501
VERSION ?= v1
SECONDS ?= 300
# The Python that creates .venv (default: the first suitable one on the machine). Example: make run PYTHON=python3.12
PYTHON ?=
export PYTHON

STARTER := $(shell command -v python3 || command -v python3.13 || command -v python3.12 || command -v python3.11)
PREPARE := $(STARTER) -m scripts.setup_env
BIN := .venv/bin
# Open a browser window if there is a display; the address is always printed. To open none: make run HEADLESS=true
HEADLESS := $(shell if [ -n "$$DISPLAY$$WAYLAND_DISPLAY" ] || [ "$$(uname)" = Darwin ]; then echo false; else echo true; fi)
# Tests in one file share fixtures, so each file runs in one process. Files keep their order: sorted by the number of their
# tests, which is the default, the few longest tests would come last and leave processes idle.
PARALLEL = -n $(WORKERS) --dist loadfile --no-loadscope-reorder
WORKERS := $(shell n=$$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2); [ $$n -gt 4 ] && echo 4 || echo $$n)

.PHONY: help python run setup test test-slow lint format train reproduce reproduce-all notebooks docs lock upgrade readme bench fuzz clean

help:  ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

python:
	@[ -n "$(STARTER)" ] || { echo "python3 was not found. Install Python 3.11 to 3.13 (Debian and Ubuntu: sudo apt install python3 python3-venv; macOS: brew install python@3.13)." >&2; exit 1; }

run: python  ## open the dashboard (PORT=8501)
	@$(PREPARE) serve
	@exec $(BIN)/braintumor serve --port $(PORT) $(if $(filter false,$(HEADLESS)),--open)

setup: python  ## prepare .venv for development
	@$(PREPARE) dev

test: setup  ## check lint and types, then run all tests except the slow ones
	@$(MAKE) --no-print-directory lint
	$(BIN)/pytest -m "not slow" $(PARALLEL) $(ARGS)

test-slow: setup  ## run the tests marked slow: trainings, notebooks, docs site and others
	$(BIN)/pytest -m slow $(PARALLEL) $(ARGS)

lint: setup  ## check lint, format and types without changing files
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

format: setup  ## fix lint errors and format the code
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

train: setup  ## train, export and evaluate a version from its recipe (VERSION=v1)
	$(BIN)/braintumor train $(VERSION)

reproduce: setup  ## retrain a version from raw data in a separate folder and compare it with the committed one (VERSION=v1)
	$(BIN)/braintumor reproduce $(VERSION)

reproduce-all: setup  ## retrain and re-evaluate everything in outputs from raw data (most of a day)
	$(BIN)/python -m scripts.reproduce_all
	$(BIN)/python -m scripts.update_docs

notebooks: setup  ## run the notebooks on the real data set and save their outputs
	$(BIN)/python scripts/run_notebooks.py

docs: setup  ## build the documentation and API reference into docs/_build/html; warnings are errors
	$(BIN)/sphinx-build --fail-on-warning --keep-going --quiet --conf-dir docs --doctree-dir docs/_build/trees . docs/_build/html
	@echo "Open docs/_build/html/docs/index.html"

lock: setup  ## resolve pyproject.toml and write uv.lock, requirements and Pipfiles
	$(BIN)/python -m scripts.lock
	@$(PREPARE) dev

upgrade: setup  ## like lock, with the newest allowed versions
	$(BIN)/python -m scripts.lock --upgrade
	@$(PREPARE) dev

readme: setup  ## update the generated parts of README and docs from outputs
	$(BIN)/python -m scripts.update_docs

bench: setup  ## benchmark prediction, exploration and training against the original project, and the pages in Chromium
	$(BIN)/python -m benchmarks.baseline
	$(BIN)/python benchmarks/startup.py
	$(BIN)/python benchmarks/first_paint.py
	$(BIN)/python benchmarks/visualizer_switches.py
	$(BIN)/python benchmarks/detection_page.py

fuzz: setup  ## search for files that crash the scan reader (SECONDS=300)
	$(BIN)/python -m tests.fuzz.fuzz --seconds $(SECONDS)

clean:  ## remove .venv and caches, but not data and outputs
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .benchmarks dist docs/_build docs/reference
	find src app_pages benchmarks scripts tests -name __pycache__ -type d -prune -exec rm -rf {} +
