# Waferscope's commands; `make` alone lists them. All of them work in ./.venv, which they make when it is missing.
#
#   PORT=8501          where `make app` listens
#   ADDRESS=localhost  on which address; 0.0.0.0 opens the app, which has no accounts, to the network
#   PYTHON=python3.11  the interpreter that .venv is made from
#   TORCH_INDEX=URL    a package index with another build of torch, for example CPU-only; unset: the default build
#   ARGS=...           what to add to pytest's command line, for example ARGS="-k lake"

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: app demo test check bench screenshots lock help chromium

PORT ?= 8501
ADDRESS ?= localhost
PYTHON ?= $(shell command -v python3.11 || echo python3)
TORCH_INDEX ?=
ARGS ?=
PY := .venv/bin/python
PIP := $(PY) -m pip install --disable-pip-version-check

app: .venv/app.stamp  ## Start the app on http://localhost:8501 (PORT=...), with a demo fab when there are no wafers yet
	@$(PY) -m jobs.demo
	@$(PY) -m streamlit run app.py --server.address $(ADDRESS) --server.port $(PORT)

demo: .venv/app.stamp  ## Fill an empty lake with the demo fab: about 2,000 synthetic wafers, segmented
	@$(PY) -m jobs.demo

test: .venv/dev.stamp chromium  ## Run every test, those in a real browser included
	@OMP_NUM_THREADS=1 $(PY) -m pytest -n 2 --dist loadfile $(ARGS)

check: .venv/dev.stamp  ## Format, lint, check types, then run every test
	@$(PY) -m ruff format .
	@$(PY) -m ruff check --fix .
	@$(PY) -m mypy
	@$(MAKE) --no-print-directory test

bench: .venv/dev.stamp  ## Print the benchmark table (minutes; wants an idle machine)
	@$(PY) -m benchmarks

screenshots: .venv/dev.stamp chromium  ## Take the pictures of docs/images again, from a demo fab made for it
	@$(PY) -m docs.take_screenshots

lock: .venv/dev.stamp  ## Write constraints.txt from what .venv holds (use a fresh .venv)
	@{ head -n 1 constraints.txt; \
	  $(PY) -m pip freeze --all -r requirements.txt -r requirements-dev.txt | sed '1,/^## The following/d; /^pip==/d'; \
	} > constraints.new && mv constraints.new constraints.txt

help:  ## List the commands
	@sed -n 's/^\([a-z]*\):.*##/  make \1:/p' Makefile | awk -F: '{ printf "%-20s%s\n", $$1, substr($$0, length($$1) + 2) }'

.venv/bin/python:
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || { \
	  echo "Waferscope needs Python 3.11, and '$(PYTHON)' is not that. Install it, or name it: make app PYTHON=/path/to/python3.11"; \
	  exit 1; }
	@"$(PYTHON)" -m venv .venv || { \
	  rm -rf .venv; \
	  echo "Python's venv module does not work here. On Debian: apt-get install python3.11-venv"; \
	  exit 1; }

.venv/app.stamp: requirements.txt constraints.txt | .venv/bin/python
	@echo "Installing what requirements.txt names into .venv. The first time takes minutes: torch alone is several GB."
	@$(PIP) $(if $(TORCH_INDEX),--extra-index-url "$(TORCH_INDEX)") -r requirements.txt -c constraints.txt
	@touch $@

.venv/dev.stamp: requirements-dev.txt .venv/app.stamp
	@echo "Installing what requirements-dev.txt names into .venv."
	@$(PIP) -r requirements-dev.txt -c constraints.txt
	@touch $@

chromium:
	@command -v chromium > /dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null && { \
	    echo "Installing Chromium for the browser tests."; \
	    apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core > /dev/null; }; } \
	  || { echo "The browser tests need Chromium. On Debian, as root: apt-get install chromium"; exit 1; }
