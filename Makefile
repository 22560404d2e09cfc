# `make run` serves with the demo; `make test` runs every test on both databases.
PYTHON ?= python3
BIN := .venv/bin
# Tests commit to disk thousands of times: memory spares the wait where there is a folder in it.
SPOOL := $(shell test -w /dev/shm && echo /dev/shm || echo /tmp)/thucdia-tests-$(shell id -u)
# What workbooks and the demonstration came to in this run, for all workers.
export THUCDIA_TEST_WORKBOOKS := $(SPOOL)-workbooks
# A worker takes whole files, so that what a file sets up for all its tests is set up once; two of
# them: a third on two processors only takes their caches from the others, and all end later.
PYTEST := $(BIN)/pytest -q -n 2 --dist loadfile --no-loadscope-reorder --basetemp=$(SPOOL)

INSTALL := $(BIN)/pip install --quiet --disable-pip-version-check
# Of core or dev; and what else pip is told where it installs what is pinned.
define SET_UP
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Cần Python 3.11 trở lên / Python 3.11 or later is needed")'
	$(PYTHON) -m venv .venv
	$(INSTALL) --require-hashes $(2) -r requirements/pip.txt
	$(INSTALL) --require-hashes $(2) -r requirements/$(1).txt
	PYTHONWARNINGS='ignore:Editable installation' $(INSTALL) --no-deps --no-build-isolation --editable .
	@touch .venv/.ready $@
endef

# What is compiled is kept, whatever the shell says: hundreds of processes start in the tests.
export PYTHONDONTWRITEBYTECODE =

.PHONY: run setup setup-dev test check fix messages bench lock vendor clean

run: setup
	$(BIN)/thucdia serve

setup: .venv/.ready

.venv/.ready: requirements/core.txt requirements/pip.txt pyproject.toml
	$(call SET_UP,core)

setup-dev: .venv/.ready-dev

# What is never imported is never compiled: a third of the wait.
.venv/.ready-dev: requirements/dev.txt requirements/pip.txt pyproject.toml
	$(call SET_UP,dev,--no-compile)

# Everything but the tests marked slow, java or browser; on SQLite.
check: setup-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	rm -rf $(THUCDIA_TEST_WORKBOOKS)
	$(PYTEST) -m "not slow and not java and not browser"

# Every test, on SQLite and then, those that the database may decide, on PostgreSQL.
test: setup-dev
	$(BIN)/python tools/need_chromium.py
	rm -rf $(THUCDIA_TEST_WORKBOOKS)
	$(PYTEST)
	THUCDIA_TEST_DB=postgres $(PYTEST) tests

fix: setup-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# Gathers the texts of the pages into the English catalogue, then compiles it. Run it after writing
# a text in `_()`, fill the empty msgstr in messages.po, and run it again.
EN := server/translations/en/LC_MESSAGES/messages
messages: $(BIN)/pybabel
	@mkdir -p build
	$(BIN)/pybabel -q extract -F babel.cfg --no-location --sort-output --no-wrap -o build/messages.pot server
	$(BIN)/pybabel -q update -l en -i build/messages.pot -o $(EN).po --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date --no-wrap
	$(BIN)/pybabel compile --statistics -l en -i $(EN).po -o $(EN).mo

$(BIN)/pybabel:
	$(MAKE) setup

bench: setup-dev
	$(BIN)/python -m bench

# Pins with hashes and without index addresses; needs `pip install uv`.
lock:
	for name in pip core dev; do \
	  uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header --python-version 3.11 \
	    requirements/$$name.in -o requirements/$$name.txt; \
	done

vendor:
	$(BIN)/python tools/vendor.py

clean:
	rm -rf .venv build *.egg-info .mypy_cache .ruff_cache .pytest_cache
