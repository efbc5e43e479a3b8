# Everything runs in .venv, which is made when it is missing.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test check bench clean

$(BIN)/installed: pyproject.toml hatch_build.py $(wildcard src/gapless/native/*.[ch])
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test,check]'
	touch $@

demo: $(BIN)/installed
	rm -rf runs/demo
	$(BIN)/gapless search --space darts --data digits --method darts --run runs/demo --seed 0
	$(BIN)/gapless audit runs/demo --sample 6 --budget 4m

test: $(BIN)/installed
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist worksteal

check: $(BIN)/installed
	$(BIN)/ruff check src tests examples benchmarks hatch_build.py
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(BIN)/installed
	$(BIN)/python -m benchmarks.run

clean:
	rm -rf .venv runs
