# Everything a newcomer needs: `make iris` and `make test` set themselves up.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

PEERS := .venv-peers

.PHONY: help iris sizes test fuzz check format docs docs-fast docs-serve benchmark benchmark-peers clean

help:
	@echo "make iris       set up and run the main job: EM on IRIS, tables and pictures"
	@echo "make sizes      set up and compare a mixture with K-means on uneven clusters"
	@echo "make test       set up and run the whole test suite"
	@echo "make fuzz       fits of anything to anything, new examples each time (an hour or more)"
	@echo "make check      format, lint and type checks"
	@echo "make format     format the code"
	@echo "make docs       build the documentation site with its gallery, in site/"
	@echo "make docs-fast  the same without running the gallery's examples"
	@echo "make docs-serve build it and serve it at http://127.0.0.1:8000"
	@echo "make benchmark  measure an EM iteration beside scikit-learn (some minutes)"
	@echo "make benchmark-peers  the same beside all peers (benchmarks/README.md)"
	@echo "make clean      remove the virtual environment and caches"

iris: $(VENV)/installed
	@$(BIN)/gaussmix iris

sizes: $(VENV)/installed
	@$(BIN)/gaussmix sizes

test: $(VENV)/installed-test
	$(BIN)/python -m pytest

fuzz: $(VENV)/installed-test
	GAUSSMIX_FUZZ=$${GAUSSMIX_FUZZ:-20000} $(BIN)/python -m pytest -n auto --dist load tests/test_fuzz.py

check: $(VENV)/installed-check
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: $(VENV)/installed-check
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

benchmark: $(VENV)/installed
	$(BIN)/python benchmarks/iteration.py --peers gaussmix scikit-learn --no-save

benchmark-peers: $(PEERS)/installed
	$(PEERS)/bin/python benchmarks/iteration.py --no-save

$(PEERS)/installed: pyproject.toml
	@echo "setting up $(PEERS) ..."
	@$(PYTHON) -m venv $(PEERS)
	@$(PEERS)/bin/python -m pip install --quiet --upgrade 'pip>=25.1'
	@$(PEERS)/bin/python -m pip install --quiet --editable '.[plot]' --group benchmark
	@touch $@

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "gaussmix needs Python 3.11 or later; say which: make PYTHON=python3.12 ..."; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
	  { echo "cannot create $(VENV): on Debian and Ubuntu, apt install python3-venv"; exit 1; }
	@$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'

$(VENV)/installed: pyproject.toml | $(BIN)/python
	@echo "setting up $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --editable '.[cli]'
	@touch $@

$(VENV)/installed-test: pyproject.toml | $(VENV)/installed
	@$(BIN)/python -m pip install --quiet --group test
	@touch $@

$(VENV)/installed-check: pyproject.toml | $(VENV)/installed-test
	@$(BIN)/python -m pip install --quiet --group check
	@touch $@

clean:
	rm -rf $(VENV) $(PEERS) .pytest_cache .mypy_cache .ruff_cache .hypothesis

# -- the documentation site: nothing is fetched but packages --------------------------------

SPHINX := .venv-docs/bin/python -m sphinx -W --keep-going -q

docs: .venv-docs/installed
	@$(SPHINX) -j 2 docs site
	@echo "site/index.html"

docs-fast: .venv-docs/installed
	@$(SPHINX) -j 2 -D plot_gallery=0 -d site/.doctrees-fast docs site/fast

docs-serve: docs
	@.venv-docs/bin/python -m http.server --directory site --bind 127.0.0.1 8000

.venv-docs/installed: pyproject.toml
	@echo "setting up .venv-docs ..."
	@$(PYTHON) -m venv .venv-docs
	@.venv-docs/bin/python -m pip install --quiet --upgrade 'pip>=25.1'
	@.venv-docs/bin/python -m pip install --quiet --editable '.[cli,fast]' --group docs
	@touch $@
