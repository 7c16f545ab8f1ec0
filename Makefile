# Everything that takes more than one go command. Only Go and make are needed; what wants more says so and is skipped.

GO          ?= go
FUZZTIME    ?= 20s
BENCHTIME   ?= 1s
BENCH       ?= .
BENCH_OUT   ?= bench/results/bench.txt
PEER_PYTHON ?= python3
GAZE_DATA   ?= ../shared/data
PROGRAM     ?= gzpt-train
MINUTES     ?= 20
SEED        ?= 1
# Tests whose packages lint, noasm or cuda-test vets: go test would vet them again, once for every set of tags and flags.
TEST        := $(GO) test -vet=off
VET         := GO_VET="$$($(GO) tool -n vet)" $(GO) vet -vettool='$(CURDIR)/.ci/vet'
# The packages whose tests take longest come first, so that no core has nothing to do at the end.
PACKAGES    := ./nn ./cuda ./cmd/gzpt-train ./...
TORTURE     := CGO_ENABLED=0 $(GO) run ./bench/torture

# Linters are built once, pinned, into .tools.
STATICCHECK_VERSION := v0.8.2
STATICCHECK         := .tools/staticcheck-$(STATICCHECK_VERSION)
CUDA_TOOLS          := .tools/cuda-13.5.37
NVDISASM            := .tools/nvdisasm-13.5.37

# What stands for the CUDA driver's library when the tagged build is linked; docs/gpu.md.
CUDA_LIBRARY := .tools/libcuda
CUDA_BUILD   := CGO_ENABLED=1 CGO_CFLAGS="-O2 -g '-I$(CURDIR)/cuda/mumax/libcuda'" CGO_LDFLAGS="'-L$(CURDIR)/$(CUDA_LIBRARY)'"

.NOTPARALLEL:
.DEFAULT_GOAL := help
.PHONY: help build demo study methods measures test machine lint assembler unit tiers noasm portable race short-demo short-torture torture fuzz bench bench-peer bench-gaze check-export check-weights pages bench-contrast cuda cuda-test cuda-tools goldens gpu-bundle ptx clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## gzpt-train: static, whatever C compiler the machine has; PROGRAM=file
	CGO_ENABLED=0 $(GO) build -o $(PROGRAM) ./cmd/gzpt-train

demo: ## train on phantom images with gaze, with permuted gaze and without; print one table
	$(GO) run ./cmd/gzpt-train

study: ## does gaze help on real images? four relations, three seeds each; STUDY_DATA=folder; may be stopped and repeated
	$(GO) run ./bench/study

methods: ## four methods with no, permuted and real gaze on phantoms, three seeds each, to bench/results; may be stopped and repeated
	$(GO) run ./bench/study --phantoms 1000 --method byol,simsiam,simclr,moco --runs runs/methods --out bench/results/methods.md

measures: ## what every measure of gaze is worth on real recordings and what it costs, to bench/results; GAZE_DATA=folder
	$(GO) run ./bench/measures --data $(GAZE_DATA)

test: machine lint assembler unit tiers noasm portable race cuda-test short-demo short-torture ## everything that continuous integration checks
	@echo "make test: all passed"

machine: ## the line that belongs to every number: processor, cores, tiers, Go
	@$(GO) run ./bench/machine

lint: $(STATICCHECK) ## gofmt, go vet, staticcheck, tidy go.mod
	@echo "== gofmt"
	@unformatted="$$(gofmt -l .)"; if [ -n "$$unformatted" ]; then echo "gofmt would change:"; echo "$$unformatted"; exit 1; fi
	@echo "== go vet"
	@$(VET) ./...
	@echo "== staticcheck $(STATICCHECK_VERSION)"
	@$(STATICCHECK) ./...
	@echo "== go mod tidy"
	@$(GO) mod tidy -diff

$(STATICCHECK):
	@mkdir -p .tools
	GOBIN=$(CURDIR)/.tools $(GO) install honnef.co/go/tools/cmd/staticcheck@$(STATICCHECK_VERSION)
	@mv .tools/staticcheck $@

assembler: ## NVIDIA's assembler and compiler for the tests of cuda, where pip can install them
	@$(MAKE) --no-print-directory cuda-tools || echo "no ptxas and nvcc here: the tests of cuda that want them are skipped and say so"

# -count=1: go test takes up an old result though ../shared has changed, or the environment of a process that a test starts.
unit: ## tests; the suites of the devices run on every tier by themselves
	@echo "== go test"
	@[ -d ../shared ] || echo "no ../shared beside the project: tests on real images and on PyTorch's recorded numbers are skipped"
	$(TEST) -count=1 -timeout 30m $(PACKAGES)

# The last tier is the one that unit has run on.
tiers: ## the command's tests once more for every tier of the machine but the best, forced by GZPT_CPU
	@tiers="$$($(GO) run ./bench/machine -tiers)" || exit 1; running=; \
	for tier in $${tiers% *}; do \
		echo "== go test with GZPT_CPU=$$tier"; \
		GZPT_CPU=$$tier $(TEST) -short -count=1 ./cmd/gzpt-train & running="$$running $$!"; \
	done; \
	for process in $$running; do wait $$process || exit 1; done

# What knows no assembly, as ./kernels and ./nn, is the same with the tag as without: unit has tested it on the portable device. Here are what
# the tag changes, and a program that has it: it trains on, from a checkpoint of another, and relates.
noasm: ## build and test without assembly
	@echo "== -tags noasm"
	$(VET) -tags noasm ./...
	$(TEST) -short -tags noasm ./asm/... ./cuda/ptxsim/internal/arith
	$(TEST) -short -count=1 -tags noasm -run 'TestOldRunGoesOn|TestRelate$$|TestForcedTierMustExist' ./cmd/gzpt-train

# Without optimising: nothing of it runs here, and Go's own library is compiled for it as well.
portable: ## build and vet for an architecture without assembly
	@echo "== GOARCH=arm64"
	GOARCH=arm64 $(GO) build -gcflags='all=-N -l' ./...
	GOARCH=arm64 $(VET) -gcflags='all=-N -l' ./...

# In these packages nothing runs at a time.
SERIAL := bench/(gpu|machine|measures|pages|peer|ptx|study)|cmd/gzpt-train/internal/(memory|relatefolder|relatepage|words)|cuda/(sass|ptxsim/internal/arith)|gaze/(fixations|formats|internal/spec)|kernels/(augment|checksum|filelock|input|npy|plain)|nn/(data/picture|evaluate|internal/named|rundir|safetensors|tensorfile|torchfile)

# A program that ends waits a second for reports under way, as long as nothing is said: sixty programs of tests.
race: ## tests under the race detector, the long ones shortened
	@echo "== go test -race"
	GORACE=atexit_sleep_ms=100 $(TEST) -race -short -timeout 30m $$($(GO) list $(PACKAGES) | grep -vE '^gzpt/($(SERIAL))$$')

cuda: $(CUDA_LIBRARY)/libcuda.a ## build gzpt-train for NVIDIA GPUs: needs gcc, no CUDA and no GPU; the program is under the GPL then (NOTICE)
	$(CUDA_BUILD) $(GO) build -tags cuda -o gzpt-train ./cmd/gzpt-train

$(CUDA_LIBRARY)/libcuda.a: $(wildcard cuda/mumax/libcuda/*.[ch])
	@mkdir -p $(CUDA_LIBRARY)
	$(CC) -O2 -fPIC -Wall -Wextra -Werror -c -o $(CUDA_LIBRARY)/libcuda.o cuda/mumax/libcuda/libcuda.c
	@rm -f $@ && $(AR) rcs $@ $(CUDA_LIBRARY)/libcuda.o

cuda-test: $(CUDA_LIBRARY)/libcuda.a $(STATICCHECK) ## the build for NVIDIA GPUs, its driver and its command, on an interpreter in place of the GPU
	@echo "== -tags cuda"
	$(CUDA_BUILD) $(VET) -tags cuda ./cuda/mumax/... ./cmd/... ./nn
	$(CUDA_BUILD) $(VET) -tags cuda,gpu ./cuda/mumax/... ./cmd/... ./nn
	$(CUDA_BUILD) $(STATICCHECK) -tags cuda ./cuda/mumax/... ./cmd/...
	$(CUDA_BUILD) $(TEST) -race -short -count=1 -tags cuda ./cuda/mumax
	$(CUDA_BUILD) $(TEST) -count=1 -tags cuda -run 'TestSimulatedGPU|TestLibraryIsFoundAtRunTime' ./cmd/gzpt-train

goldens: ## PyTorch's recorded networks and the first step of its trainings on the interpreter, in every precision of a GPU, and random trainings: minutes
	$(GO) test -count=1 -timeout 1h -v ./nn -run 'TestGoldenOnInterpreter|TestRandomTrainingsOnInterpreter' -goldens

# GPU_TAGS=cuda makes a bundle that runs on the interpreter (GPU_SMALL=1 bench/gpu.sh), to try the way.
GPU_TAGS ?= cuda,gpu
gpu-bundle: $(CUDA_LIBRARY)/libcuda.a ## programs that prove and measure gzpt on a machine with an NVIDIA GPU, into .gpu: bench/gpu.sh
	@rm -rf .gpu && mkdir -p .gpu/golden
	@[ ! -d ../shared/golden ] || cp ../shared/golden/*.json .gpu/golden/
	$(CUDA_BUILD) $(GO) test -c -tags $(GPU_TAGS) -ldflags='-s -w' -o .gpu/mumax.test ./cuda/mumax
	$(CUDA_BUILD) $(GO) test -c -tags $(GPU_TAGS) -ldflags='-s -w' -o .gpu/nn.test ./nn
	$(CUDA_BUILD) $(GO) test -c -tags $(GPU_TAGS) -ldflags='-s -w' -o .gpu/gzpt-train ./cmd/gzpt-train
	CGO_ENABLED=0 $(GO) build -ldflags='-s -w' -o .gpu/measure ./bench/gpu
	@du -sh .gpu

short-demo: ## the demo, a few steps of it
	@echo "== demo, short"
	$(GO) run ./cmd/gzpt-train --epochs 1 --quiet

torture: ## kills, full disks, damage and more against golden bits, to bench/results; MINUTES=20, SEED=1; may be stopped and repeated. TRIAL=name repeats one
	@if [ -n "$(TRIAL)" ]; then $(TORTURE) --trial '$(TRIAL)'; else $(TORTURE) --minutes $(MINUTES) --seed $(SEED) --out bench/results/torture.md; fi

# In a folder of its own, so that it goes on with nothing.
short-torture:
	@echo "== torture, half a minute of it"
	@folder="$$(mktemp -d)" || exit 1; trap 'rm -rf "$$folder"' EXIT; $(TORTURE) --minutes 0.5 --folder "$$folder"

fuzz: ## run every fuzz target for FUZZTIME (20s)
	@for package in $$($(GO) list ./...); do \
		for target in $$($(GO) test -list '^Fuzz' $$package | grep '^Fuzz'); do \
			echo "== $$package $$target"; \
			$(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 1s $$package || exit 1; \
		done; \
	done

bench: ## go test -bench over the operations and the whole step, to bench/results/bench.txt; BENCH=regexp, BENCHTIME=1s
	@{ $(GO) run ./bench/machine && \
	$(GO) test -run '^$$' -bench '$(BENCH)' -benchtime $(BENCHTIME) -timeout 0 ./bench; } | tee $(BENCH_OUT)

bench-peer: ## training steps and convolutions beside PyTorch, in turns, to bench/results; PEER_PYTHON=python3, PEER_FLAGS
	$(GO) run ./bench/peer --python $(PEER_PYTHON) --convolutions $(PEER_FLAGS)

bench-gaze: ## gaze measures beside the libraries that Python users have, in turns, to bench/results; PEER_PYTHON=python3, PEER_FLAGS
	$(GO) run ./bench/peer --python $(PEER_PYTHON) --gaze $(PEER_FLAGS)

bench-contrast: ## the contrastive loss beside PyTorch, eager and compiled, in turns, to bench/results; PEER_PYTHON=python3, PEER_FLAGS
	$(GO) run ./bench/peer --python $(PEER_PYTHON) --contrast $(PEER_FLAGS)

check-export: ## does torchvision load the backbone of RUN=folder, and compute its features? PEER_PYTHON=python3
	@features="$$(mktemp -d)" || exit 1; trap 'rm -rf "$$features"' EXIT; \
	$(GO) run ./cmd/gzpt-train embed --run $(RUN) --pixels --out "$$features/run" && \
	$(PEER_PYTHON) bench/peer/check_export.py $(RUN)/exported/backbone.safetensors --features "$$features/run"

check-weights: ## do PyTorch's files of torchvision's networks give torchvision's features? PEER_PYTHON=python3
	@program="$$(mktemp -d)" || exit 1; trap 'rm -rf "$$program"' EXIT; \
	$(GO) build -o "$$program/gzpt-train" ./cmd/gzpt-train && \
	$(PEER_PYTHON) bench/peer/check_weights.py --program "$$program/gzpt-train"

cuda-tools: $(CUDA_TOOLS)/nvidia/cu13/bin/ptxas ## ptxas and nvcc, pinned, into .tools: no GPU, no toolkit; the tests of cuda/ptxsim then use them

$(CUDA_TOOLS)/nvidia/cu13/bin/ptxas: cuda/internal/toolkit/requirements.txt
	sh cuda/internal/toolkit/install.sh $(CUDA_TOOLS) $(PEER_PYTHON)

ptx: cuda-tools $(NVDISASM)/nvidia/cu13/bin/nvdisasm ## registers, spills, instructions and predicted times of the GPU kernels, to bench/results/ptx.md; fails on spills
	$(GO) run ./bench/ptx

$(NVDISASM)/nvidia/cu13/bin/nvdisasm: cuda/internal/toolkit/nvdisasm.txt
	sh cuda/internal/toolkit/install.sh $(NVDISASM) $(PEER_PYTHON) nvdisasm.txt nvdisasm

pages: ## copy the recorded results into the README and docs
	$(GO) run ./bench/pages

clean: ## remove what make built
	rm -rf .tools .gpu gzpt-train
