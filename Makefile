# make demo   installs into .venv and runs the whole road       make test   installs and passes the tests
# make bench  times extraction against other tools, on CLIPS
# DATA        a folder with a folder of videos a gloss, for make demo
# PYTHON      3.10, 3.11 or 3.12; found by itself where it is on the PATH
# TORCH_ARGS  arguments for pip that choose a torch, such as the index of its CPU wheels

PYTHON ?= $(shell for python in python3.11 python3.12 python3.10 python3; do \
	$$python -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 12))' 2>/dev/null && echo $$python && break; done)
TORCH_ARGS ?=
SHARED := ../shared/data/asl30/videos
DATA ?= $(if $(wildcard $(SHARED)),demo/clips)
VIDEO ?= $(if $(filter demo/clips,$(DATA)),demo/new.mp4,$(firstword $(wildcard $(DATA)/*/*.*)))
CLIPS ?= $(foreach gloss,$(wildcard $(SHARED)/*),$(firstword $(wildcard $(gloss)/*.mp4)))

export PATH := $(CURDIR)/.venv/bin:$(PATH)

.PHONY: test test-all lint bench demo demo-data clean

test: .venv/installed
	pytest

test-all: .venv/installed lint
	pytest -m ""

lint: .venv/installed
	ruff check .
	ruff format --check .

bench: .venv/installed
	python benchmarks/extraction.py $(CLIPS)

demo: .venv/installed demo-data
	slr extract-pose $(DATA)
	slr train $(DATA) --epochs 40
	slr evaluate $(DATA)
	slr predict $(VIDEO)
	slr export-onnx
	slr predict --model model.onnx $(VIDEO)
	@echo "Now with your own videos:  slr train FOLDER   slr predict VIDEO   slr export-onnx"

# Four glosses of twelve clips, and one clip that training does not see.
demo-data:
ifeq ($(DATA),)
	@echo "There are no clips here for a demo: name a folder that has a folder of videos a gloss, make demo DATA=..." >&2; exit 2
else ifeq ($(DATA),demo/clips)
	@for gloss in book drink help mom; do \
		mkdir -p demo/clips/$$gloss && ls $(CURDIR)/$(SHARED)/$$gloss/*.mp4 | head -12 | xargs -I{} ln -sf {} demo/clips/$$gloss/; \
	done; ln -sf "$$(ls $(CURDIR)/$(SHARED)/book/*.mp4 | tail -1)" demo/new.mp4
endif

.venv/installed: pyproject.toml
ifeq ($(PYTHON),)
	@echo "MediaPipe needs Python 3.10, 3.11 or 3.12, and none was found: install one, or name it, make PYTHON=..." >&2; exit 2
endif
	$(PYTHON) -m venv .venv
	.venv/bin/pip install --quiet $(TORCH_ARGS) "torch>=2.4,<2.14"
	.venv/bin/pip install --quiet -e ".[train,dev]"
	touch $@

clean:
	rm -rf .venv build dist demo runs model.onnx
