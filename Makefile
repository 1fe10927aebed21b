# The house's doors. Every target that needs the environment makes it first, when it is missing or its pins have changed.

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

.PHONY: help setup run check test bench bench-overhead bench-scale chaos spike load soak lock clean

help:
	@echo "make setup   the environment in .venv, from pinned and hashed packages"
	@echo "make run     the whole engine on this machine, taking in and deciding transactions"
	@echo "make check   ruff, mypy, import-linter, pins, sizes"
	@echo "make test    the whole suite, on real servers it starts itself"
	@echo "make bench   figures of this machine, to benchmarks/latest.json, and what is predicted of it, to benchmarks/capacity.json"
	@echo "make bench-overhead  what metrics and sampled traces cost, in one run"
	@echo "make chaos   ten minutes in which everything fails, and then the audit"
	@echo "make bench-scale  more processes, a cluster, months of rows, caches, to benchmarks/scale.json"
	@echo "make spike   ten times what the engine can do, for a minute, to benchmarks/spike.json"
	@echo "make load    k6 against BASE_URL with API_KEY: SCRIPT=smoke, load (by default), stress, spike or soak"
	@echo "make soak    the same load for 20 minutes (MINUTES=), and whether memory and latency stay as they are"
	@echo "make lock    pins anew, after a change of dependencies in pyproject.toml (needs uv)"
	@echo "make clean   removes the environment, caches and builds; never data"

setup: $(READY)

$(READY): requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "riskengine needs Python 3.11 or newer; '$(PYTHON)' is not. Try: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }
	@echo "making the environment in .venv (once, about a minute)"
	@$(PYTHON) -m venv --clear .venv || { \
		echo "Python cannot make environments here; on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

run: $(READY)
	$(BIN)/riskengine demo

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python scripts/check_pins.py
	$(BIN)/python scripts/check_sizes.py

# Each process has servers of its own; a file's tests share what they start, so they stay together. Three: they mostly wait.
test: $(READY)
	$(BIN)/pytest --numprocesses 3 --dist loadfile

bench: $(READY)
	$(BIN)/python -m benchmarks
	$(BIN)/python -m benchmarks.capacity
	$(BIN)/python scripts/capacity_page.py

bench-overhead: $(READY)
	$(BIN)/python -m benchmarks.overhead

bench-scale: $(READY)
	$(BIN)/python -m benchmarks.scale --page docs/sql.md
	$(BIN)/python scripts/scale_model.py

chaos: $(READY)
	$(BIN)/riskengine chaos --minutes 10

spike: $(READY)
	$(BIN)/python -m benchmarks.spike

SCRIPT ?= load
load: $(READY)
	$(BIN)/k6 run --no-usage-report loadtests/$(SCRIPT).js

MINUTES ?= 20
soak: $(READY)
	$(BIN)/python -m benchmarks.soak --minutes $(MINUTES)

PINS := --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate

lock:
	uv pip compile pyproject.toml --output-file requirements.lock $(PINS) --group dev \
		--extra archive --extra embedded --extra kubernetes --extra model --extra otlp --extra whatif
	uv pip compile pyproject.toml --output-file deploy/requirements.lock $(PINS) --constraint requirements.lock \
		--extra archive --extra kubernetes --extra model --extra otlp
	echo hatchling | uv pip compile - --output-file deploy/build.lock $(PINS) --constraint requirements.lock

clean:
	rm -rf .venv dist build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find src tests scripts benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
