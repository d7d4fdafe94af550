# make demo   installs into .venv and runs the whole road       make test   installs and passes the tests
# make web    builds the page for browsers, which needs npm; make test does, too, where npm is
# make docs   builds the site of all pages, build/docs/index.html, which works from the disk
# make bench  times extraction against other tools, on CLIPS
# make hamnosys-model   trains the model for HamNoSys that comes with the package       make sample   films its video
# PYTHON      3.10, 3.11, 3.12 or 3.13; found by itself where it is on the PATH
# TORCH_ARGS  arguments for pip that choose a torch, such as the index of its CPU wheels

PYTHON ?= $(shell for python in python3.11 python3.12 python3.13 python3.10 python3; do \
	$$python -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null && echo $$python && break; done)
TORCH_ARGS ?=
CLIPS ?= $(foreach gloss,$(wildcard ../shared/data/asl30/videos/*),$(firstword $(wildcard $(gloss)/*.mp4)))

export PATH := $(CURDIR)/.venv/bin:$(PATH)

.PHONY: test test-all test-oldest web docs lint bench demo hamnosys-model sample clean

# Threads of torch wait for each other wherever the machine has something else to do; one a process does not.
test test-all: export OMP_NUM_THREADS ?= 1

test: .venv/installed
	$(BUILD_PAGE)
	pytest -n auto --dist worksteal

test-all: .venv/installed .venv/docs lint
	$(BUILD_PAGE)
	pytest -n auto --dist worksteal -m ""

# Where it cannot be built, as without a network, the tests of it are skipped.
BUILD_PAGE := $(if $(shell command -v npm),-@$(MAKE) --no-print-directory web)

web: web/dist/index.html

web/dist/index.html: $(wildcard web/*.* web/.npmrc web/src/*)
	cd web && npm ci --ignore-scripts && npm run build

docs: export NO_MKDOCS_2_WARNING = 1
docs: .venv/docs
	mkdocs build --strict

# What `pre-commit install` runs before each commit, on all files; and types, and docstrings.
lint: .venv/installed
	pre-commit run --all-files
	mypy
	pytest tests/test_docstrings.py

# The oldest releases that pyproject.toml allows, of what it names, in an environment of their own.
test-oldest: export PATH := $(CURDIR)/.venv-oldest/bin:$(PATH)
test-oldest: export OMP_NUM_THREADS ?= 1
test-oldest: .venv-oldest/installed
	pytest -n auto --dist worksteal

bench: .venv/installed
	python benchmarks/extraction.py $(CLIPS)
	python benchmarks/sizes.py $(wordlist 1,5,$(CLIPS))

hamnosys-model: .venv/installed
	python training/hamnosys_model.py

sample: .venv/installed
	slr synthesize hamfinger2345 hamthumboutmod hamextfingeru hampalmd hamshoulders hamlrat hammoveur hamlargemod \
		--seed 11 -o runs/sample
	cp runs/sample/clips/sign-signer0-0.mp4 src/slr_pose/media/sample.mp4

# Keypoints of many synthetic signers train; videos of one more, found by MediaPipe, are what it must read.
demo: .venv/installed
	@echo "Twelve made-up signs by synthetic signers: nobody's language, but the whole road."
	slr synthesize --signers 40 --clips 2 --pose-only -o runs/demo/train
	slr synthesize --seed 7 -o runs/demo/unseen
	slr train runs/demo/train/clips.csv --size tiny --epochs 20
	slr evaluate runs/demo/unseen/clips.csv --split all
	slr predict runs/demo/unseen/clips/kite-signer0-0.mp4 --top 2
	slr synthesize --seed 7 --sentence "KITE ISLAND ECHO" --pace 0.9 -o runs/demo/unseen
	slr annotate runs/demo/unseen/sentences/signer0-0.mp4 -o runs/demo/unseen/read.eaf -o runs/demo/unseen/read.srt
	slr export-onnx -o runs/demo/model.onnx
	slr predict --model runs/demo/model.onnx runs/demo/unseen/clips/kite-signer0-0.mp4 --top 2
	python demo/contact_sheet.py runs/demo/model.onnx runs/demo/unseen/clips.csv runs/demo/contact-sheet.png
	slr train-sentences demo/pairs.tsv --epochs 30
	slr translate island kite jump echo
	slr annotate runs/demo/unseen/sentences/signer0-0.mp4 --sentences
	@echo "These signs are synthetic. Now with your own videos, in a folder for each gloss:"
	@echo "    slr train FOLDER      slr predict VIDEO      slr annotate VIDEO -o VIDEO.eaf      slr export-onnx"

.venv/installed: pyproject.toml
ifeq ($(PYTHON),)
	@echo "slr-pose needs Python 3.10, 3.11, 3.12 or 3.13, and none was found: install one, or name it, make PYTHON=..." >&2; exit 2
endif
	$(PYTHON) -m venv .venv
	.venv/bin/pip install --quiet $(TORCH_ARGS) "torch>=2.8,<2.14"
	.venv/bin/pip install --quiet -e ".[sentences,dev]"
	touch $@

.venv/docs: .venv/installed
	.venv/bin/pip install --quiet -e ".[docs]"
	touch $@

.venv-oldest/installed: .venv/installed
	$(PYTHON) -m venv .venv-oldest
	uv pip compile --quiet --no-deps --resolution lowest-direct --extra sentences --python .venv-oldest/bin/python \
		pyproject.toml -o .venv-oldest/oldest.txt
	.venv-oldest/bin/pip install --quiet $(TORCH_ARGS) -c .venv-oldest/oldest.txt torch
	.venv-oldest/bin/pip install --quiet -c .venv-oldest/oldest.txt -e ".[sentences,dev]"
	touch $@

clean:
	rm -rf .venv .venv-oldest build dist runs model.onnx web/node_modules web/dist
