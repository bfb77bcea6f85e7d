# make run     install if needed, prepare the database, start web and worker
# make test    install if needed, run every test (and again on DATABASE_URL, when given)
# make help    the other targets

PORT ?= 8000
HOST ?= 127.0.0.1
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
MANAGE = .venv/bin/python manage.py

.PHONY: run setup runtime test check lint types docs messages lock bench bench-kills clean help

run: runtime
	@set -a; if [ -f .env ]; then . ./.env; fi; set +a; \
	PORT=$(PORT) exec $(MANAGE) serve --host $(HOST) --port $(PORT)

setup:
	@$(if $(PYTHON),$(PYTHON),$(error Python 3.11 or newer is needed: apt-get install python3 python3-venv, or brew install python@3.12)) ci/setup --dev

runtime:
	@$(if $(PYTHON),$(PYTHON),$(error Python 3.11 or newer is needed: apt-get install python3 python3-venv, or brew install python@3.12)) ci/setup

test: setup
	@ci/test $(ARGS)

check: setup
	@ci/check full

lint: setup
	@ci/check lint

types: setup
	@.venv/bin/mypy

bench: setup
	@.venv/bin/python ci/bench.py $(ARGS)

bench-kills: setup
	@KILLS=50 .venv/bin/python -m pytest tests/flows/test_kills.py -q -s -p no:logging

docs: setup
	@.venv/bin/python ci/docs.py

messages: setup
	@.venv/bin/python ci/messages.py

lock:
	@ci/lock

help:
	@echo "make run     start the product on http://$(HOST):$(PORT)/ (PORT=, HOST= change that)"
	@echo "make setup   only install: .venv with everything to run and to develop"
	@echo "make test    every test; ARGS='-k deal' chooses; DATABASE_URL= REDIS_URL= add a second round"
	@echo "make check   lint, types, contracts, drift, then the tests"
	@echo "make lint    the same without the tests"
	@echo "make bench   measure what is promised, ARGS=job or ARGS=records a part of it; bench-kills: 50 kills"
	@echo "make docs    write the generated pages under docs/ again"
	@echo "make messages  gather the texts to translate and compile the catalogues under locale/"
	@echo "make lock    pin requirements*.in again, with hashes"
	@echo "make clean   remove .venv and caches; ./data stays"

clean:
	rm -rf .venv staticfiles .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
