# What one types here. Nothing is needed but make and Python 3.11 or newer; the rest goes into .venv.
#
#   make demo     LeNet-5: shown, checked, counted, compiled, trained on real digits, asked about one
#   make test     the tests
#   make lint     ruff, pyright, import-linter
#   make fuzz     the fuzz tests at full size: 20,000 random nets (half an hour)
#   make fuzz-backend  5,000 random nets run forward and backward against PyTorch (hours; begun again, it goes on)
#   make bench    the benchmarks, against PyTorch, ONNX Runtime and OpenVINO
#   make docs     the documentation, in docs/_build/html
#   make clean    remove what these made, except .venv
#
# Another interpreter: make demo PYTHON=/path/to/python3.12

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
INSTALL := $(PIP) install --quiet
PYTEST_ARGS ?=

.PHONY: help demo test fuzz fuzz-backend lint ruff format pyright imports bench docs clean
.DELETE_ON_ERROR:

help:
	@sed -n 's/^#   //p' Makefile

# --- the environment ---------------------------------------------------------------------------------------
# A stamp is touched when its step is complete, so an interrupted step is simply done again.

define FIND_PYTHON
old=; bare=
for name in $${PYTHON:-python3 python3.13 python3.12 python3.11 python}; do
    version=$$("$$name" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || continue
    if ! "$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
        old="$$old $$name is Python $$version."
    elif ! "$$name" -c 'import ensurepip, venv' 2>/dev/null; then
        bare="$$bare $$version"
    else
        echo "$$name"; exit 0
    fi
done
if [ -n "$$bare" ]; then
    set -- $$bare
    echo "Python $$1 is here but cannot make virtual environments: its venv or ensurepip module is missing."
    echo "On Debian and Ubuntu:  sudo apt install python$$1-venv"
else
    echo "cnnspec needs Python 3.11 or newer; none was found.$$old"
    echo "Install one (https://www.python.org/downloads/), or name it:  make demo PYTHON=/path/to/python3.12"
fi >&2
exit 1
endef
export FIND_PYTHON
export PYTHON

# An environment that works is kept; one whose interpreter has gone, or that is half made, is made anew.
$(VENV)/.made:
	@if ! $(BIN)/python -c 'import sys, pip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    python=$$(sh -c "$$FIND_PYTHON") && echo "Making $(VENV) with $$("$$python" --version) ..." && \
	    "$$python" -m venv --clear $(VENV); \
	fi
	@$(INSTALL) 'pip>=25.1' # older ones do not know --group
	@touch $@

$(VENV)/.core: pyproject.toml | $(VENV)/.made
	@echo "Installing cnnspec and what it needs into $(VENV) (once) ..."
	@$(INSTALL) --editable .
	@$(BIN)/python -m compileall -q cnnspec
	@touch $@

# On Linux the package index's torch brings gigabytes for graphics cards; the oracles need the CPU build,
# which PyTorch's own index has.
TORCH_INDEX := https://download.pytorch.org/whl/cpu
define CPU_TORCH
import sys, urllib.request
try:
    if sys.platform == "linux":
        urllib.request.urlopen("$(TORCH_INDEX)/torch/", timeout=5).close()
        print("--extra-index-url=$(TORCH_INDEX)")
except OSError:
    pass
endef
export CPU_TORCH

$(VENV)/.test: pyproject.toml $(VENV)/.core
	@echo "Installing the test tools and the oracles (PyTorch, ONNX Runtime) into $(VENV) (once) ..."
	@$(INSTALL) --group test $$($(BIN)/python -c "$$CPU_TORCH")
	@touch $@

$(VENV)/.lint: pyproject.toml $(VENV)/.test
	@$(INSTALL) --group lint
	@touch $@

$(VENV)/.bench: pyproject.toml $(VENV)/.test
	@$(INSTALL) --group bench
	@touch $@

$(VENV)/.docs: pyproject.toml $(VENV)/.core
	@$(INSTALL) --group docs
	@touch $@

# --- the work ----------------------------------------------------------------------------------------------

DEMO := build/demo
WEIGHTS := $(DEMO)/lenet5.safetensors
# Show a command as one would type it, then run it.
say = @printf '\n$$ %s\n' '$(1)'
run = $(call say,cnnspec $(1)) && $(BIN)/cnnspec $(1)

demo: $(VENV)/.core
	@mkdir -p $(DEMO)
	$(call say,cat specs/lenet5.cnn) && cat specs/lenet5.cnn
	$(call run,check specs/lenet5.cnn)
	$(call run,show specs/lenet5.cnn)
	$(call run,train specs/lenet5.cnn --data digits --save $(WEIGHTS))
	$(call run,run specs/lenet5.cnn --weights $(WEIGHTS) --input docs/seven.png)
	@printf '\nThe same commands are yours after:  source $(BIN)/activate\n'

test: $(VENV)/.test
	$(BIN)/python -m pytest $(PYTEST_ARGS)

fuzz: $(VENV)/.test
	CNNSPEC_FUZZ=20000 $(BIN)/python -m pytest tests/fuzz tests/specs/test_closed_forms.py $(PYTEST_ARGS)

fuzz-backend: $(VENV)/.test
	CNNSPEC_FUZZ=4000 $(BIN)/python -m pytest tests/backend/fast/test_single_layers.py tests/backend/test_random_nets.py $(PYTEST_ARGS)
	PYTHONPATH=tests $(BIN)/python -m backend.campaign --nets 5000 --log build/campaign.jsonl

lint: ruff format pyright imports
ruff: $(VENV)/.lint
	$(BIN)/ruff check .
format: $(VENV)/.lint
	$(BIN)/ruff format --check .
pyright: $(VENV)/.lint
	$(BIN)/pyright
imports: $(VENV)/.lint
	$(BIN)/lint-imports

bench: $(VENV)/.bench
	$(BIN)/python benchmarks/startup.py
	$(BIN)/python benchmarks/symbolic.py
	$(BIN)/python benchmarks/memory.py
	$(BIN)/python benchmarks/fast/report.py
	$(BIN)/python benchmarks/fast/report.py --again

docs: $(VENV)/.docs
	$(BIN)/python docs/lectures/gallery.py
	$(BIN)/python docs/layer_reference.py
	$(BIN)/python docs/finding_reference.py
	$(BIN)/python docs/zoo_reference.py
	$(BIN)/sphinx-build --quiet -W --keep-going -b html docs docs/_build/html
	@echo "docs/_build/html/index.html"

clean:
	rm -rf build dist docs/_build .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find cnnspec tests benchmarks docs -name __pycache__ -prune -exec rm -rf {} +
