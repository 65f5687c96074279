# Two promises: `make demo` and `make test` do all of their own set-up.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
MUSIC  ?=
OUT    ?= demo-output

.PHONY: demo test check setup system clean

setup: $(VENV)/.installed

$(VENV)/.installed: pyproject.toml .ci/system
	@bash .ci/system
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet -e '.[dev]'
	@touch $@

demo: setup
	$(BIN)/antiphon demo --out "$(OUT)" $(if $(MUSIC),--music "$(MUSIC)")

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: check
	$(BIN)/python -m pytest

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache
