# Two commands matter: `make demo` and `make test`. Both prepare .venv from the locked, hashed requirements first;
# a second run works offline.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help demo test test-slow chaos check format lock docs bench apache-kafka clean

help:  ## what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Tidings needs Python 3.11 or newer: make PYTHON=python3.12 …")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(READY)

demo: $(READY)  ## the whole service on this machine, with a Slack sandbox to look at (ARGS="--for 20 --json")
	$(BIN)/tidings demo $(ARGS)

test: $(READY)  ## every test, with coverage (ARGS="-k outbox")
	$(BIN)/pytest -n 3 --dist worksteal --cov --cov-report=term -m "not slow and not apache_kafka" $(ARGS)

test-slow: $(READY)  ## the few tests that make test leaves out for their length
	$(BIN)/pytest -n 2 --dist worksteal -m "slow and not apache_kafka" -q $(ARGS)

CHAOS_SEEDS ?= 11 12 13 14
CHAOS_MINUTES ?= 2.5

chaos: $(READY)  ## kill and cut the service for ten minutes, four seeds (CHAOS_SEEDS="1 2" CHAOS_MINUTES=5 ARGS=--split)
	for seed in $(CHAOS_SEEDS); do $(BIN)/tidings chaos --minutes $(CHAOS_MINUTES) --seed $$seed $(ARGS) || exit 1; done

check: $(READY)  ## format, lint, types, layering
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(READY)  ## let ruff format and mend what it can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(READY)  ## write the generated files anew: schemas, .env.example, manifest, settings table
	$(BIN)/tidings docs

bench: $(READY)  ## every benchmark, each beside its floor
	$(BIN)/tidings bench all

apache-kafka: $(READY)  ## the walk and the conformance checks on a real Apache Kafka (JDK and Maven)
	$(BIN)/pytest -n 2 --dist worksteal -m apache_kafka -rs $(ARGS)

lock:  ## resolve requirements.lock anew (needs uv)
	uv pip compile pyproject.toml --universal --python-version 3.11 --extra embedded --group dev --generate-hashes \
		--no-header --output-file requirements.lock --quiet

clean:  ## remove what the commands above made
	rm -rf $(VENV) .tidings .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .coverage* htmlcov
