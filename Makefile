# sightline: `make demo` to see it work, `make test` to check all of it.

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
LOCK   := requirements.lock
DATA   ?= ../shared/data

.PHONY: demo test lint bench lock first-model second-model clean

# Search the photos that scikit-image, scikit-learn and matplotlib carry, or your own:
#   make demo PHOTOS=~/Pictures QUERY="birthday cake"
demo: $(VENV)/.demo
	$(BIN)/python examples/demo.py $(if $(PHOTOS),--photos "$(PHOTOS)") $(if $(QUERY),--query "$(QUERY)")

test: $(VENV)/.dev lint
	$(BIN)/coverage erase
	$(BIN)/pytest --cov --cov-report=term -n auto --dist loadfile

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# What prints the figures that the README quotes; half an hour on a quiet machine.
bench: $(VENV)/.dev
	$(BIN)/python benchmarks/scan.py
	$(BIN)/python benchmarks/query_latency.py
	$(BIN)/python benchmarks/index_throughput.py
	$(BIN)/python benchmarks/reindex.py
	$(BIN)/python benchmarks/index_memory.py

# Train the first bundled model again, from the photos in DATA (about ten minutes on two cores).
first-model: $(VENV)/.dev
	$(BIN)/python -m sightline.training.first --data $(DATA) --out build/first

# Train the bundled model again (an afternoon on two cores; --steps in the recipe for a trial).
second-model: $(VENV)/.dev
	$(BIN)/python -m sightline.training.second --data $(DATA) --out build/second --threads 2

# The same versions everywhere: pip takes the lock as constraints.
lock: $(VENV)/.dev
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --no-annotate \
		--no-header --no-emit-index-url --no-emit-find-links --upgrade --output-file $(LOCK)

$(VENV)/.demo: pyproject.toml $(LOCK)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[demo]" --constraint $(LOCK)
	touch $@

$(VENV)/.dev: pyproject.toml $(LOCK)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[dev]" --constraint $(LOCK)
	touch $@ $(VENV)/.demo

clean:
	rm -rf $(VENV) build dist demo-library demo-sheet.html
