# Zerobias in short errands; `make` lists them. Needs Python 3.11 or newer, nothing else: the virtual environment
# in .venv is made on first use and renewed when the pinned requirements change.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
CLIENTS := $(VENV)/.clients
PIP    := $(BIN)/python -m pip install --quiet --disable-pip-version-check

# Windows are drawn off screen, so that tests need no display.
export QT_QPA_PLATFORM ?= offscreen

.DEFAULT_GOAL := help
.PHONY: help setup clients demo test lint kills format clean bench

help:  ## list these errands
	@sed -n 's/^\([a-z]*\):.*  ## /  make \1\t/p' Makefile | expand -t 16

setup: $(READY)  ## make or renew the virtual environment in .venv

clients: $(CLIENTS)  ## add the programs of others that the simulated rack is tested with

demo: $(READY)  ## measure a day of simulated cryostat time: exponent, run file in runs/, figures in figures/
	$(BIN)/zerobias run examples/cu1.toml --simulate cu1 --seed 1 --out runs --yes
	$(BIN)/zerobias analyze "$$(ls -t runs/*_cu1.zerobias.sqlite | head -n 1)" --report figures

test: $(READY)  ## run all tests
	$(BIN)/python -m pytest -n 2

lint: $(READY)  ## check style, layout and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright

kills: $(READY)  ## kill a run thirty times, in every phase, and resume it
	$(BIN)/python tests/benchmarks/kill_campaign.py --kills 30

bench: $(READY)  ## measure all speeds beside the peers and write docs/benchmarks.md; some fifteen minutes
	$(BIN)/python tests/benchmarks/speed/bench.py

format: $(READY)  ## put the code into the common layout
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:  ## remove the virtual environment and what the tools leave behind; run files and figures stay
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .ruff_cache .hypothesis
	find acquisition analysis instruments simulators tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(READY): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "zerobias needs Python 3.11 or newer; name one with: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
	  || { echo "this Python cannot make virtual environments; on Debian: apt-get install python3-venv" >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) --require-hashes -r requirements.txt
	$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(CLIENTS): $(READY) requirements-clients.txt
	$(PIP) --require-hashes -r requirements-clients.txt
	@touch $@
