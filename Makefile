.PHONY: help demo test check-more test-all lint lint-page bench study clean

PYTHON ?= python3
REAL ?= ../shared/real
BIN := .venv/bin
INSTALLED := .venv/.installed

help: ## say what there is
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

$(INSTALLED): pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[train,dev]"
	@touch $@

demo: $(INSTALLED) ## the whole story on made-up patients, in demo/
	$(BIN)/nasion demo --out demo

test: $(INSTALLED) ## the tests, a few minutes
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 -m "not more and not slow"

check-more: $(INSTALLED) ## what takes longer: processes that meet or are killed, whole stories, all exports
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 -m "more and not slow"

test-all: $(INSTALLED) ## the slow ones too
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2

lint: $(INSTALLED) ## style and types, of the page's scripts too where there is npm
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	@if command -v npm >/dev/null; then $(MAKE) -s lint-page; \
	else echo "the page's scripts are not checked: there is no npm"; fi

lint-page: .ci/page/node_modules/.installed ## style and types of the page's scripts
	npm run -s --prefix .ci/page check

.ci/page/node_modules/.installed: .ci/page/package-lock.json
	npm ci --prefix .ci/page --no-audit --no-fund --silent
	@touch $@

bench: $(INSTALLED) ## the measurements of docs/
	$(BIN)/python benchmarks/realism.py $(REAL)
	$(BIN)/python benchmarks/discriminator.py $(REAL)
	$(BIN)/python benchmarks/open_set.py $(REAL)
	$(BIN)/python benchmarks/edges.py $(REAL)
	$(BIN)/python benchmarks/faithfulness.py $(REAL)
	test -f bench/recordings/patient-001.edf || $(BIN)/nasion simulate bench --patients 0 --hours 24 --seed 7
	$(BIN)/python benchmarks/reading.py bench/recordings/patient-001.edf bench/readings
	$(BIN)/python benchmarks/review.py bench/readings/day
	$(BIN)/python benchmarks/stays.py bench/stays

study: $(INSTALLED) ## the tables of docs/log.md on imbalance, similarity, extractors and WaveNets (hours; resumable)
	$(BIN)/python benchmarks/ablations.py study

clean: ## forget the environment and the demo
	rm -rf .venv demo bench .ci/page/node_modules
