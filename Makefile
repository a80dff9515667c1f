# Run "make" or "make help" for what there is.
.DEFAULT_GOAL := help

# Tools that are run, not depended on, at fixed versions.
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.6.1
GOFUMPT     := mvdan.cc/gofumpt@v0.8.0
GOVULNCHECK := golang.org/x/vuln/cmd/govulncheck@v1.9.0

# How long each fuzz target is run, and how many at once.
FUZZTIME ?= 20s
FUZZJOBS ?= 2

DEMO := $(HOME)/codeocean-demo

help: ## what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## the program, ./codeoceanfs
	go build -trimpath -o codeoceanfs .

demo: deps-mount build ## mount sample assets at ~/codeocean-demo, and show them; needs no account
	@./codeoceanfs umount "$(DEMO)" 2>/dev/null || true
	@./codeoceanfs demo "$(DEMO)"
	@test/show "$(DEMO)"
	@echo "It stays mounted: look around in $(DEMO). To end it: make demo-stop"

demo-stop: ## unmount what "make demo" mounted
	./codeoceanfs umount "$(DEMO)"

test: deps-test ## all tests, under the race detector
	go test -race -timeout 15m ./...

# ROWS chooses rows by a regular expression of network/asset/row, and prints
# them only: make bench ROWS='s3/external/.*sequence' ROUNDS=5
ROWS :=
ROUNDS := 3

bench: deps-test ## the read path against curl, the disk, other mounts; writes test/bench.txt (a quarter of an hour)
	CODEOCEANFS_BENCH_ROWS='$(ROWS)' CODEOCEANFS_BENCH_ROUNDS=$(ROUNDS) CODEOCEANFS_BENCH_TABLE='$(if $(ROWS),,bench.txt)' \
		go test -run '^$$' -bench '^BenchmarkReading$$' -benchtime 1x -timeout 60m ./test
	@test -n '$(ROWS)' || cat test/bench.txt

bench-core: ## the cache alone, ten times; compare two outputs with golang.org/x/perf/cmd/benchstat
	@go test -run '^$$' -bench Core -benchtime 200ms -count 10 ./cache/...

RELIABILITY := TestFaultCatalogue|TestSecurity|TestKilled|TestKilledNeighbour|TestModel|TestSoak|TestMistakes

reliability: deps-test ## all faults at full length, kills, the model, the soak; writes test/reliability.txt (half an hour)
	CODEOCEANFS_TEST_FULL=1 CODEOCEANFS_TEST_FIGURES=reliability.txt \
		go test -run '^($(RELIABILITY))$$' -count=1 -timeout 90m -parallel 4 ./test

soak: deps-test ## 20 minutes of readers, faults and requests at once
	CODEOCEANFS_TEST_SOAK=20m go test -run '^TestSoak$$' -v -count=1 -timeout 40m ./test

fuzz: ## every fuzz target for 20 s (FUZZTIME)
	@FUZZTIME=$(FUZZTIME) FUZZJOBS=$(FUZZJOBS) test/fuzz

check: ## dependencies as they were published, known holes in them, and a look by fuzzing
	go mod verify
	@GOVULNCHECK=$(GOVULNCHECK) test/vulncheck
	@FUZZTIME=$(FUZZTIME) FUZZJOBS=4 test/fuzz

lint: ## vet, staticcheck, gofumpt; silence is success
	go vet ./...
	go run $(STATICCHECK) -checks all ./...
	@out=$$(go run $(GOFUMPT) -l .); test -z "$$out" || { echo "gofumpt would change:"; echo "$$out"; exit 1; }

fmt: ## format
	go run $(GOFUMPT) -w .

clean: ## remove what was built
	rm -f codeoceanfs

# What mounting and testing need beside Go: the race detector a C compiler, the
# tests curl, rsync, Python, and the shells and editors that make requests. Both
# do nothing where it is there.
deps-mount:
	@test/deps fuse3

deps-test:
	@test/deps fuse3 gcc libc6-dev curl rsync python3-venv jq vim zsh

.PHONY: help build demo demo-stop test bench bench-core reliability soak fuzz check lint fmt clean deps-mount deps-test
