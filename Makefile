# Every target sets up what it needs; `make demo` and `make test` are all a newcomer has to know.
PYTHON ?= python3
VENV ?= .venv
EXTRAS ?=
# CPU-only wheels of PyTorch. Another mirror, or nothing at all, can be named here.
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu
TORCH_VERSION ?= 2.13.0
PYTEST_WORKERS ?= 3
PYTEST_ARGS ?=
# Seconds. The slowest test takes a minute; what hangs fails here, and shows where each thread stood.
TEST_TIMEOUT ?= 300

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
comma := ,
empty :=
extras = $(if $(strip $(1)),[$(strip $(1))],)
export TOKENIZERS_PARALLELISM := false
# Where it is set, every process of the tests would compile all of Recall and every test again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help install demo test soak bench interop lint format clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Recall needs Python 3.11 or newer; set PYTHON=/path/to/python3.11")'
	$(PYTHON) -m venv $(VENV)

# torch comes first and alone: a later "anything newer" from another package would bring CUDA along.
$(VENV)/.torch: constraints.txt | $(BIN)/python
	@echo "Installing torch $(TORCH_VERSION) (CPU build) ..."
	@$(PIP) install --quiet --no-deps --timeout 10 --retries 0 --index-url $(TORCH_INDEX) torch==$(TORCH_VERSION) 2>/dev/null \
	  || { echo "  $(TORCH_INDEX) cannot be used from here; trying plain pip"; $(PIP) install --quiet --no-deps torch==$(TORCH_VERSION); }
	@$(BIN)/python -c 'import importlib.metadata as m, sys; \
	  t = m.distribution("torch").locate_file("torch/version.py").read_text(); \
	  sys.exit(0 if "cuda: Optional[str] = None" in t or "cuda = None" in t else \
	  "this is a CUDA build of torch (several GB more); set TORCH_INDEX to a CPU wheel index that can be reached")' \
	  || { $(PIP) uninstall --quiet --yes torch; exit 1; }
	@touch $@

$(VENV)/.installed$(subst $(comma),-,$(EXTRAS)): pyproject.toml constraints.txt $(VENV)/.torch
	@echo "Installing Recall$(if $(EXTRAS), with $(EXTRAS),) ..."
	@$(PIP) install --quiet --constraint constraints.txt --editable '.$(call extras,$(EXTRAS))'
	@touch $@

install: $(VENV)/.installed$(subst $(comma),-,$(EXTRAS)) ## Make .venv and install Recall into it

demo: install ## Play the story in a local workspace and let you type to the bot
	@$(BIN)/recall demo

$(VENV)/.ready-to-test: pyproject.toml constraints.txt
	@$(MAKE) --no-print-directory install EXTRAS=test
	@touch $@

$(VENV)/.ready-to-lint: pyproject.toml constraints.txt
	@$(MAKE) --no-print-directory install EXTRAS=test,lint
	@touch $@

test: $(VENV)/.ready-to-test ## Run the test suite
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(PYTEST_WORKERS) --dist loadfile --no-loadscope-reorder --timeout $(TEST_TIMEOUT) -m "not soak and not bench and not interop" $(PYTEST_ARGS)

soak: $(VENV)/.ready-to-test ## Run the long fault, fuzz and concurrency counts
	OMP_NUM_THREADS=1 HYPOTHESIS_PROFILE=explore $(BIN)/python -m pytest -m "soak or not (bench or browser or processes or interop)" $(PYTEST_ARGS)

bench: $(VENV)/.ready-to-test ## Measure speeds and quality; prints the tables of the README
	$(BIN)/python -m pytest -m bench -s $(PYTEST_ARGS)

# Other people's programs, exactly those of package-lock.json. Without npm, or without a way to
# its packages, there is nothing to run against: that is said, and is no failure.
INTEROP := tests/interop
$(INTEROP)/node_modules/.ready: $(INTEROP)/package.json $(INTEROP)/package-lock.json
	@rm -f $@; if ! command -v npm >/dev/null; then echo "interop: npm is not installed"; \
	elif ! (cd $(INTEROP) && npm view emulate@0.12.2 version --fetch-retries=0 --fetch-timeout=10000 >/dev/null 2>&1); then \
	  echo "interop: npm cannot reach its packages from here"; \
	else cd $(INTEROP) && npm ci && touch node_modules/.ready; fi

interop: $(VENV)/.ready-to-test ## Run against an npm Slack emulator and Slack's Node client
	@$(MAKE) --no-print-directory $(INTEROP)/node_modules/.ready
	@if [ -e $(INTEROP)/node_modules/.ready ]; then \
	  OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m interop $(INTEROP) $(PYTEST_ARGS); \
	else echo "interop: SKIPPED"; fi

lint: $(VENV)/.ready-to-lint ## Check style, types, import rules and licences
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tests/licences.py

format: $(VENV)/.ready-to-lint ## Put the code into the house style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean: ## Remove what was built; data stays
	rm -rf $(VENV) $(INTEROP)/node_modules build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
