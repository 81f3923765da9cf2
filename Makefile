# Two commands do everything on a fresh machine: `make demo` runs the main job, `make test` the tests.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin

.PHONY: demo test install lint types contracts clean

demo: install
	@$(BIN)/loa demo var/demo

test: install lint types contracts
	@$(BIN)/python -m pytest

install: $(VENV)/.installed

# Reinstalled only when what is to be installed changed; the mark is written last, so a broken install is tried again.
$(VENV)/.installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit("Loa cần Python 3.11 trở lên / Loa needs Python 3.11 or newer: make PYTHON=python3.11 ...") if sys.version_info < (3, 11) else None'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Đang cài đặt vào $(VENV) ... / Installing into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[audio,espeak,piper,listen,sftp,test]'
	@touch $@

lint: install
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: install
	@$(BIN)/mypy

contracts: install
	@$(BIN)/lint-imports

clean:
	rm -rf $(VENV) var .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
