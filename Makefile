# Two commands for a newcomer: `make run` and `make test`. `make check` is what a change must pass.
# `make seed` makes our own small model from nothing: data, training, files, figures.
.PHONY: run test check runtimes seed format lint types layers docs data slow soak bench fix clean

BIN := .venv/bin
SOURCES := src tests scripts benchmarks examples models/freehold-seed/recipe
ENGINES := transformers onnxruntime litert

run: .venv/run-ready
	@sh scripts/first_run.sh

test: .venv/dev-ready
	$(BIN)/pytest -m "not slow and not runtime" -n auto --dist worksteal

seed:
	@sh scripts/make_seed.sh

soak: .venv/dev-ready
	$(BIN)/pytest -m slow tests/store tests/sources tests/actions
	PYTHONPATH=src:. $(BIN)/python benchmarks/fuzz_headers.py 100000

slow: .venv/dev-ready
	FREEHOLD_EXAMPLES=thorough $(BIN)/pytest

# Build the runtimes of all engines, some GB, and run the tests that need them.
runtimes: .venv/dev-ready
	for engine in $(ENGINES); do FREEHOLD_RUNTIMES=.venv/runtimes $(BIN)/freehold runtime install $$engine || exit 1; done
	FREEHOLD_RUNTIMES=.venv/runtimes FREEHOLD_OUTCOMES=1 $(BIN)/pytest -m runtime tests/runtimes
	$(BIN)/python scripts/generate_docs.py

check: format lint types layers test docs data

format: .venv/dev-ready
	$(BIN)/ruff format --check $(SOURCES)

lint: .venv/dev-ready
	$(BIN)/ruff check $(SOURCES)

types: .venv/dev-ready
	$(BIN)/mypy

layers: .venv/dev-ready
	$(BIN)/pytest tests/test_layers.py tests/test_size.py tests/test_exports.py

docs: .venv/dev-ready
	$(BIN)/python scripts/generate_docs.py --check
	$(BIN)/pytest tests/docs

data: .venv/dev-ready
	$(BIN)/freehold facts validate

fix: .venv/dev-ready
	$(BIN)/ruff check --fix $(SOURCES)
	$(BIN)/ruff format $(SOURCES)
	$(BIN)/python scripts/generate_docs.py

bench: .venv/dev-ready
	$(BIN)/python benchmarks/start.py
	PYTHONPATH=src:. $(BIN)/python benchmarks/headers.py

.venv/run-ready: pyproject.toml constraints.txt scripts/environment.sh
	@sh scripts/environment.sh run
	@touch $@

.venv/dev-ready: pyproject.toml constraints.txt scripts/environment.sh
	@sh scripts/environment.sh dev
	@touch $@

clean:
	rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
