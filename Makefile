# Two promises: `make demo` and `make test` do all of their own set-up.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
MUSIC  ?=
OUT    ?= demo-output

.PHONY: demo test check setup setup-dev clean

demo: setup
	$(BIN)/antiphon demo --out "$(OUT)" $(if $(MUSIC),--music "$(MUSIC)")

test: setup-dev
	@$(BIN)/python -m tests.warm & $(MAKE) check; checked=$$?; wait; exit $$checked
	run=$$(mktemp -d) && trap 'rm -rf "$$run"' EXIT && export ANTIPHON_TEST_RUN="$$run" && \
	$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder -m "not alone" && \
	$(BIN)/python -m pytest -m alone

check: setup-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# What a user needs, and what a developer needs as well.
setup: $(VENV)/.installed
setup-dev: $(VENV)/.installed-dev

$(VENV)/.installed: pyproject.toml .ci/system
	@PYTHON="$(PYTHON)" bash .ci/system
	@echo "setting up $(VENV); this takes a minute or two, once"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet -e .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	@CI="$(CI)" PYTHON="$(PYTHON)" bash .ci/system
	$(BIN)/python -m pip install --quiet -e '.[dev]'
	@touch $@

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache
