# make demo   the main job on a picture that ships with the project; no server, no GPU, no account
# make test   every test;  make check   every lint;  make benchmark   every measured comparison
# make up     everything on this machine: server, work pools, workers, engine server, API;  make down   stops it
# make api    the HTTP API alone, with a Prefect server of its own unless PREFECT_API_URL names one; Ctrl-C ends it
# make hostile   20,000 hostile inputs against everything that takes any;  make sbom   the bill of materials of the lock
# make lock   renew the pinned dependencies;  make clean   remove the environment

PYTHON ?= python3
BIN := .venv/bin
COMPILE := .venv/bin/pip-compile --quiet --generate-hashes --strip-extras --unsafe-package torch --no-emit-index-url --no-emit-find-links
export PREFECT_SERVER_ANALYTICS_ENABLED := false
export DO_NOT_TRACK := 1

export EDIT_FLOWS_RUN ?= $(CURDIR)/.run
export EDIT_FLOWS_PREFECT_PORT ?= 4200
export EDIT_FLOWS_ENGINE_PORT ?= 8300
export EDIT_FLOWS_HTTP_PORT ?= 8500
export EDIT_FLOWS_SERVED ?= classical
export EDIT_FLOWS_INBOX ?= $(EDIT_FLOWS_RUN)/drop
export EDIT_FLOWS_WATCH ?= true
SUPERVISOR := -c deployments/supervisord.conf

.PHONY: up down api demo test check lock benchmark hostile sbom clean

.venv/core: requirements/core.txt pyproject.toml
	$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11) and 'Python 3.11 or newer is needed: make PYTHON=python3.11')"
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --no-deps --require-hashes -r requirements/core.txt
	touch $@

.venv/dev: requirements/dev.txt requirements/torch.txt .venv/core
	$(BIN)/pip install --quiet --no-deps --require-hashes -r requirements/dev.txt
	$(BIN)/pip install --quiet -r requirements/torch.txt
	touch $@

demo: .venv/core
	$(BIN)/python -m flows edit examples/poster-ko.png \
	  "Change the text '안녕하세요' to '환영합니다' while maintaining the original font style"

test: .venv/dev
	$(BIN)/pytest --cov=flows --cov=tasks --cov-report=term

check: .venv/dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/codespell

benchmark: .venv/dev
	$(BIN)/python -m tests.benchmarks.classification
	$(BIN)/python -m tests.benchmarks.overhead
	$(BIN)/python -m tests.benchmarks.hotpaths
	$(BIN)/python -m tests.benchmarks.lettering
	$(BIN)/python -m tests.benchmarks.preservation
	$(BIN)/python -m tests.benchmarks.framing
	$(BIN)/python -m tests.benchmarks.calibrate
	$(BIN)/python -m tests.benchmarks.ab
	$(BIN)/python -m tests.benchmarks.batch
	$(BIN)/python -m tests.benchmarks.result_cache
	$(BIN)/python -m tests.benchmarks.pools
	$(BIN)/python -m tests.benchmarks.api
	$(BIN)/python -m tests.benchmarks.ladder

hostile: .venv/dev
	$(BIN)/python -m tests.hostile --cases 20000

sbom: .venv/dev
	$(BIN)/python -m cyclonedx_py requirements requirements/core.txt --pyproject pyproject.toml --output-reproducible --validate -o sbom.json

up: .venv/dev
	mkdir -p $(EDIT_FLOWS_RUN)/drop/inbox/warm $(EDIT_FLOWS_RUN)/drop/inbox/watercolour $(EDIT_FLOWS_RUN)/drop/recipes
	cp -n examples/recipes/*.yaml $(EDIT_FLOWS_RUN)/drop/recipes
	$(BIN)/supervisord $(SUPERVISOR)
	PREFECT_API_URL=http://127.0.0.1:$(EDIT_FLOWS_PREFECT_PORT)/api $(BIN)/python -m deployments.setup --wait
	@echo "ready: http://127.0.0.1:$(EDIT_FLOWS_PREFECT_PORT)  (logs in $(EDIT_FLOWS_RUN), make down stops it)"
	@echo "API: http://127.0.0.1:$(EDIT_FLOWS_HTTP_PORT)/docs, what waits for a person: http://127.0.0.1:$(EDIT_FLOWS_HTTP_PORT)/review"
	@echo "pictures put into $(EDIT_FLOWS_INBOX)/inbox/RECIPE are edited within a minute"

down:
	$(BIN)/supervisorctl $(SUPERVISOR) stop all
	$(BIN)/supervisorctl $(SUPERVISOR) shutdown

api: .venv/dev
	$(BIN)/python -m deployments.api --port $(EDIT_FLOWS_HTTP_PORT)

lock: .venv/dev
	$(COMPILE) --output-file requirements/core.txt pyproject.toml
	$(COMPILE) --extra server --extra api --extra cuda --extra scale --extra docker --extra kubernetes --extra campaigns --extra test --extra lint --constraint requirements/core.txt --constraint requirements/torch.txt --output-file requirements/dev.txt pyproject.toml

clean:
	rm -rf .venv
