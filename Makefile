# Waferscope's commands; `make` alone lists them. All of them work in ./.venv, which they make when it is missing.
#
#   PORT=8501          where `make app` listens
#   ADDRESS=localhost  on which address; 0.0.0.0 opens the app to the network, which WAFERSCOPE_ACCOUNTS=on has to allow
#   HOSTS=fab.example  under which names browsers then reach it, beside localhost and this machine's addresses
#   PYTHON=python3.12  the interpreter that .venv is made from; unset: the first of Python 3.11, 3.12 and 3.13 that runs
#   TORCH_INDEX=URL    a package index with another build of torch, for example CPU-only; unset: the default build
#   ARGS=...           what to add to pytest's command line, for example ARGS="-k lake"

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: app demo train-setup test test-fast check fix bench screenshots lock help chromium postgresql

PORT ?= 8501
ADDRESS ?= localhost
HOSTS ?= $(WAFERSCOPE_HOSTS)
FITS := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do \
  "$$p" -c '$(FITS)' > /dev/null 2>&1 && echo "$$p" && break; done)
TORCH_INDEX ?=
ARGS ?=
PY := .venv/bin/python
PIP := $(PY) -m pip install --disable-pip-version-check
PYTEST := OMP_NUM_THREADS=1 $(PY) -m pytest -n 2 --dist loadfile

app: .venv/app.stamp  ## Start the app on http://localhost:8501 (PORT=...), with a demo fab when there are no wafers yet
	@$(PY) -m jobs.demo
	@$(if $(filter-out localhost 127.0.0.1 ::1,$(ADDRESS)),$(if $(HOSTS),,echo "Browsers reach the app under localhost and this\
	machine's addresses. Name the hosts that it has beside these: make app ADDRESS=$(ADDRESS) HOSTS=fab.example,10.1.2.3"))
	@WAFERSCOPE_HOSTS='$(HOSTS)' $(PY) -m streamlit run app.py --server.address $(ADDRESS) --server.port $(PORT)

demo: .venv/app.stamp  ## Fill an empty lake with the demo fab: about 2,000 synthetic wafers, segmented
	@$(PY) -m jobs.demo

train-setup: .venv/train.stamp  ## Install what training and Grad-CAM need on top of the app: torch, several GB

test: .venv/dev.stamp chromium postgresql  ## Run every test, those in a real browser and on PostgreSQL included
	@$(PYTEST) $(ARGS)

test-fast: .venv/dev.stamp  ## Run the tests that need neither a browser nor seconds each
	@$(PYTEST) -m "not slow and not browser" $(ARGS)

check: .venv/dev.stamp  ## Check format, style, types, import rules, pins and licences; changes nothing
	@$(PY) -m ruff format --check .
	@$(PY) -m ruff check .
	@$(PY) -m mypy
	@$(PY) -m pytest tests/test_architecture.py tests/test_requirements.py

fix: .venv/dev.stamp  ## Format, and mend what the linter can mend by itself
	@$(PY) -m ruff check --fix .
	@$(PY) -m ruff format .

bench: .venv/dev.stamp  ## Print the benchmark table (minutes; wants an idle machine)
	@$(PY) -m benchmarks

screenshots: .venv/dev.stamp chromium  ## Take the pictures of docs/images again, from a demo fab made for it
	@$(PY) -m docs.take_screenshots

lock: .venv/dev.stamp  ## Write constraints.txt from what .venv holds (use a fresh .venv)
	@{ head -n 1 constraints.txt; \
	  $(PY) -m pip freeze --all -r requirements-app.txt -r requirements.txt -r requirements-dev.txt | sed '1,/^## The following/d; /^pip==/d'; \
	} > constraints.new && mv constraints.new constraints.txt

help:  ## List the commands
	@sed -n 's/^\([a-z-]*\):.*##/  make \1:/p' Makefile | awk -F: '{ printf "%-20s%s\n", $$1, substr($$0, length($$1) + 2) }'

.venv/bin/python:
	@"$(PYTHON)" -c '$(FITS)' 2> /dev/null || { \
	  echo "Waferscope needs Python 3.11, 3.12 or 3.13, and $(if $(PYTHON),'$(PYTHON)' is none of them,none of them is here)." \
	    "Install one, or name it: make app PYTHON=/path/to/python3.12"; \
	  exit 1; }
	@"$(PYTHON)" -m venv .venv || { \
	  rm -rf .venv; \
	  echo "Python's venv module does not work here. On Debian: apt-get install python3-venv"; \
	  exit 1; }

# The app, then what training adds, then what tests and checks add: each stamp is newer than what it installed.
.venv/app.stamp: requirements-app.txt constraints.txt | .venv/bin/python
	@echo "Installing what requirements-app.txt names into .venv. The first time takes a minute or two."
	@$(PIP) -r requirements-app.txt -c constraints.txt
	@touch $@

.venv/train.stamp: requirements.txt .venv/app.stamp
	@echo "Installing what requirements.txt names into .venv. The first time takes minutes: torch alone is several GB."
	@$(PIP) $(if $(TORCH_INDEX),--extra-index-url "$(TORCH_INDEX)") -r requirements.txt -c constraints.txt
	@touch $@

.venv/dev.stamp: requirements-dev.txt .venv/train.stamp
	@echo "Installing what requirements-dev.txt names into .venv."
	@$(PIP) -r requirements-dev.txt -c constraints.txt
	@touch $@

# Where Chromium can't be had, the tests that need it are skipped, but not in continuous integration (CI=true).
chromium:
	@{ command -v chromium || command -v chromium-browser || command -v google-chrome; } > /dev/null || { \
	  [ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null && { \
	    echo "Installing Chromium for the browser tests."; \
	    apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core > /dev/null; }; } \
	  || { echo "The browser tests need Chromium. On Debian, as root: apt-get install chromium"; [ -z "$$CI" ]; }

# Likewise PostgreSQL: without its server only SQLite is tested.
postgresql:
	@{ command -v initdb || ls /usr/lib/postgresql/*/bin/initdb; } > /dev/null 2>&1 || { \
	  [ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null && { \
	    echo "Installing PostgreSQL for the tests of the app database."; \
	    apt-get update -qq && apt-get install -y -qq --no-install-recommends postgresql > /dev/null; }; } \
	  || { echo "Tests on PostgreSQL need its server. On Debian, as root: apt-get install postgresql"; [ -z "$$CI" ]; }
