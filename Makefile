# sightline: `make demo` to see it work, `make test` to check all of it.

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
LOCK   := requirements.lock
DATA   ?= ../shared/data
CHECKPOINT ?= $(lastword $(sort $(wildcard build/second-work/last-*.pt)))

.PHONY: demo test lint bench lock first-model second-model third-model float-model evaluation experiments inspection-experiments clean

# Search the photos that scikit-image, scikit-learn and matplotlib carry, or your own:
#   make demo PHOTOS=~/Pictures QUERY="birthday cake"
demo: $(VENV)/.demo
	$(BIN)/python examples/demo.py $(if $(PHOTOS),--photos "$(PHOTOS)") $(if $(QUERY),--query "$(QUERY)")

test: $(VENV)/.dev lint
	$(BIN)/coverage erase
	$(BIN)/pytest --cov --cov-report=term -n auto --dist loadfile --no-loadscope-reorder

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# What prints the figures that the README quotes; half an hour on a quiet machine.
bench: $(VENV)/.dev
	$(BIN)/python benchmarks/towers.py
	$(BIN)/python benchmarks/scan.py
	$(BIN)/python benchmarks/query_latency.py
	$(BIN)/python benchmarks/index_throughput.py
	$(BIN)/python benchmarks/reindex.py
	$(BIN)/python benchmarks/index_memory.py

# The figures of docs/evaluation.md: gold_queries.json over the photos in DATA.
RETRIEVAL = $(BIN)/sightline eval gold_queries.json --photos $(DATA) --model second \
	--captions $(DATA)/flickr8k/dev.jsonl --captions $(DATA)/coco/dev.jsonl --captions $(DATA)/world/dev.jsonl
evaluation: $(VENV)/.dev
	$(RETRIEVAL) --out build/evaluation

# The same with the questions of experiments/*.toml (a quarter of an hour).
experiments: $(VENV)/.dev
	$(RETRIEVAL) $(foreach file,$(sort $(wildcard experiments/*.toml)),--experiment $(file)) \
		--ranker random --ranker popular --ranker filenames --out build/experiments

# The bundled model without 8-bit weights, from a checkpoint of its recipe, to compare with.
float-model: $(VENV)/.dev
	$(BIN)/sightline export $(CHECKPOINT) --dev $(DATA)/flickr8k/dev.jsonl --dev $(DATA)/coco/dev.jsonl \
		--float --name second-float --out build/second-float

# Inspectors against inspection_labels.json, the questions of experiments/inspection/*.toml.
inspection-experiments: $(VENV)/.dev
	$(BIN)/sightline eval inspection_labels.json --images $(DATA)/inspection \
		$(foreach file,$(sort $(wildcard experiments/inspection/*.toml)),--experiment $(file)) \
		--out build/inspection-experiments

# Train the first bundled model again, from the photos in DATA (about ten minutes on two cores).
first-model: $(VENV)/.dev
	$(BIN)/python -m sightline.training.first --data $(DATA) --out build/first

# Train the bundled model again (under two hours on two cores; --steps in the recipe for a trial).
second-model: $(VENV)/.dev
	$(BIN)/python -m sightline.training.second --data $(DATA) --out build/second --threads 2

# Teach a smaller tower what the second model sees (an hour and a quarter, after second-model).
third-model: $(VENV)/.dev
	$(BIN)/python -m sightline.training.third --data $(DATA) --out build/third --threads 2

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
