# Facewire: the verbs. `make demo` needs Python 3.11 or newer and nothing else.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8765
RESULTS := benchmarks/results
WEB := clients/web
BUNDLE := $(WEB)/facewire_web/bundle/avatar.js

# Whatever pip wants to keep stays inside the checkout.
SCRATCH := $(CURDIR)/.cache/tmp
export PIP_CACHE_DIR := $(CURDIR)/.cache/pip
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_CONSTRAINT := $(CURDIR)/constraints.txt

PYTEST := $(BIN)/python -m pytest
# What no other program may disturb is in the other half, one test after the other.
OFFLINE := tests/engines tests/training $(filter-out %/test_soak.py,$(wildcard tests/benchmarks/test_*.py)) $(wildcard tests/test_*.py) \
    $(wildcard tests/runtime/test_*.py) tests/hostile tests/clients/blender tests/clients/unreal tests/clients/web/test_modules.py \
    $(addprefix tests/runtime/,animator audio face recordings settings wire cli/test_bench_quality.py cli/test_commands.py cli/test_usage.py)

.PHONY: help demo test test-offline test-streams bare style types web wheel release bench train-tools nvidia-client piper kokoro agent-frameworks clean

help: ## what there is to make
	@sed -n 's/^\([a-z0-9-]*\):.*## /  \1\t/p' Makefile | expand -t 22

demo: $(VENV)/.core ## watch the bundled clip drive a face, and hear a sentence spoken, with nothing but Python
	TMPDIR=$(SCRATCH) $(BIN)/facewire live --demo --port $(PORT) --out csv:face.csv --overwrite
	TMPDIR=$(SCRATCH) $(BIN)/facewire say --no-page "That was a face that hears. It can read aloud, too: make it say what you like."

test: $(VENV)/.all ## the whole test suite, two halves at a time; what pip cannot install is skipped with one line
	$(MAKE) --jobs 2 test-streams test-offline

test-streams: $(VENV)/.all ## what runs in real time, one after the other: servers, clients, browsers, sound
	PYTHONASYNCIODEBUG=1 $(PYTEST) tests $(OFFLINE:%=--ignore=%)

# Each half has a core: two threads would wait for each other, and for the other half, at every step.
test-offline: $(VENV)/.all ## models, training, faces, files, the docs; says what it found when it is done
	OMP_NUM_THREADS=1 $(PYTEST) $(OFFLINE) > $(VENV)/offline.log 2>&1; status=$$?; cat $(VENV)/offline.log; exit $$status

bare: $(VENV)/.all ## the tests that need browsers, sound or synthesisers, without any of them
	.ci/bare

style: $(VENV)/.dev ## format and lint
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(VENV)/.train ## mypy strict and pyright, over the training code too
	$(BIN)/mypy
	$(BIN)/pyright

web: $(BUNDLE) ## bundle what draws avatars of one's own on the page; needs Node.js with npm

wheel: $(VENV)/.dev web ## build dist/*.whl
	$(BIN)/python -m build --wheel

release: $(VENV)/.dev web ## build what is published, and try it in empty environments; publishing is up to you
	TMPDIR=$(SCRATCH) $(BIN)/python .ci/release.py

VOICE := $(BIN)/python -m facewire_training.evaluation.voice

bench: $(VENV)/.train ## measure what depends on the machine and write it into the docs: half an hour on one that does nothing else
	$(BIN)/facewire bench latency --engine phones --engine phones-batched --engine energy --requests 20 \
	    --json $(RESULTS)/latency-cpu.json
	$(BIN)/python benchmarks/session_cost.py --json $(RESULTS)/session-cost-cpu.json
	$(BIN)/python benchmarks/precisions.py --json $(RESULTS)/precisions-cpu.json
	$(BIN)/python benchmarks/output_cost.py --json $(RESULTS)/output-cost-cpu.json
	$(BIN)/facewire bench throughput --json $(RESULTS)/throughput-cpu.json
	$(BIN)/python benchmarks/compare_audio2face.py --json $(RESULTS)/audio2face-cpu.json
	$(BIN)/python benchmarks/agent_page.py --json $(RESULTS)/agent-page-cpu.json
	$(BIN)/python benchmarks/realtime_proxy.py --json $(RESULTS)/realtime-cpu.json
	$(BIN)/python benchmarks/speech_timeline.py --out docs/pictures/timeline.png --json $(RESULTS)/timeline-cpu.json
	$(VOICE) --json $(RESULTS)/voice.json
	$(VOICE) --rate 250 --json $(RESULTS)/voice-fast.json
	$(VOICE) --frame-rate 30 --json $(RESULTS)/voice-30fps.json
	$(VOICE) --voice hibari --live 20 --words --json $(RESULTS)/voice-natural.json
	$(BIN)/python -m facewire_training.evaluation.spoken.offsets --json $(RESULTS)/voice-offsets.json
	$(VOICE) --language en-gb --voice f2 --json $(RESULTS)/voice-breathy.json
	$(BIN)/facewire bench hostile --json $(RESULTS)/hostile-cpu.json
	$(BIN)/python benchmarks/make_docs.py

train-tools: $(VENV)/.train ## torch and what else training needs (1 GB and more)

# NVIDIA's packages want an older grpcio than ours.
nvidia-client: ## NVIDIA's own Audio2Face-3D client packages, in an environment of their own for the tests
	mkdir -p $(SCRATCH)
	$(PYTHON) -m venv .cache/nvidia-client
	PIP_CONSTRAINT= .cache/nvidia-client/bin/python -m pip install --quiet nvidia-audio2face-3d==1.3.0 nvidia-ace==1.0.0

# They want older versions of packages that we have, too.
AGENTS := .cache/agents
agent-frameworks: ## Pipecat and LiveKit Agents, in an environment of their own for the tests
	mkdir -p $(SCRATCH)
	$(PYTHON) -m venv $(AGENTS)
	PIP_CONSTRAINT= $(AGENTS)/bin/python -m pip install --quiet --editable ".[pipecat,livekit,tts]" \
	    pipecat-ai==1.14.0 livekit-agents==1.8.9 pytest pytest-asyncio pytest-timeout hypothesis

# Piper is under the GPL-3, and runs in a Python of its own.
piper: ## Piper, in an environment of its own for the tests
	mkdir -p $(SCRATCH)
	$(PYTHON) -m venv .cache/piper
	PIP_CONSTRAINT= .cache/piper/bin/python -m pip install --quiet "piper-tts[alignment]==1.8.0"

# Kokoro brings espeak-ng's reader, which is under the GPL-3, too; of torch there is one copy.
kokoro: $(VENV)/.train ## Kokoro, in an environment of its own for the tests
	$(PYTHON) -m venv .cache/kokoro
	$(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))' > \
	    "$$(.cache/kokoro/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/torch.pth"
	PIP_CONSTRAINT= .cache/kokoro/bin/python -m pip install --quiet kokoro==0.9.4

clean: ## remove everything that make made
	rm -rf $(VENV) .cache dist $(dir $(BUNDLE)) $(WEB)/node_modules

$(BUNDLE): $(WEB)/package-lock.json $(WEB)/build.mjs $(wildcard $(WEB)/facewire_web/avatar/*.js) $(WEB)/facewire_web/client/pose.js
	@command -v npm >/dev/null || { echo "avatars are bundled by Node.js 20 or newer with npm; install it, and run make again" >&2; exit 1; }
	npm ci --silent --no-audit --no-fund --prefix $(WEB)
	npm run --silent --prefix $(WEB) build

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Facewire needs Python 3.11 or newer; run make PYTHON=python3.11")'
	mkdir -p $(SCRATCH)
	$(PYTHON) -m venv $(VENV)

$(VENV)/.core: $(BIN)/python pyproject.toml constraints.txt
	TMPDIR=$(SCRATCH) $(BIN)/python -m pip install --quiet --editable ".[voice,mic]"
	touch $@

$(VENV)/.dev: $(BIN)/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --editable ".[mic,tts,voice]" --group dev
	touch $@ $(VENV)/.core

$(VENV)/.train: $(VENV)/.dev
	$(BIN)/python -m pip install --quiet --editable ".[mic,voice,train,tensorrt-rtx]"
	touch $@ $(VENV)/.all

# An extra that has no wheel for this machine is left out: the tests that need it say so.
$(VENV)/.all: $(VENV)/.dev
	for extra in models quality torch train tensorrt-rtx; do \
	    $(BIN)/python -m pip install --quiet --editable ".[mic,tts,voice,$$extra]" || echo "without [$$extra]"; \
	done
	touch $@
