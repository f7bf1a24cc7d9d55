# hookrig: `make` lists what there is.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

VERSION ?= dev
DATA ?= $(or $(TMPDIR),/tmp)/hookrig-million
LINT := go tool -modfile=.tools/go.mod
# What staticcheck reads: all but the end-to-end suite, whose browser and container libraries take it longer than the rest.
LINTED = $(shell go list ./... | grep -v suites/acceptance)
# What the tests may not skip. CI sets it; on a laptop a missing part skips, with its reason.
export HOOKRIG_REQUIRE ?=
# Tests compile what is released, which is static: so they share its packages, which would be compiled twice. Only the race
# detector needs cgo.
export CGO_ENABLED := 0
# Containers without a reaper image, and ports looked for on this host (see CONTRIBUTING.md).
export TESTCONTAINERS_RYUK_DISABLED ?= true
export TESTCONTAINERS_HOST_OVERRIDE ?= 127.0.0.1

# Packages whose tests check properties: with a fixed seed in "make test", so that what passed passes again, with fresh ones in "make fuzz".
PROPERTIES = $(shell .tools/properties packages)
PROPERTY = $(shell .tools/properties tests)
PLAIN = $(filter-out $(PROPERTIES:./%=github.com/hookrig/hookrig/%),$(shell go list ./cmd/... ./fixtures/... ./internal/... ./mockserver/... ./scenarios/... ./suites/... | grep -v /suites/acceptance$$))
# Packages that the race detector is not run on: they start no goroutine, or only through packages that it is run on, and it
# takes up to twenty times as long; all that they import is compiled once more for it. What goroutines share of them, a
# catalogue and a jq program, has tests that run with it.
PURE = $(addprefix github.com/hookrig/hookrig/,cmd/hookrig cmd/hookrig/internal/markdown fixtures fixtures/signature \
	$(addprefix internal/,clip content expression handlers handlers/hmac handlers/secret handlers/stamped jq jsontext people pgtest redact sqlread strictyaml terminal) \
	$(addprefix mockserver/,burst/burstpage $(addprefix internal/,analysis analysis/diff analysis/drift benchmark export fault problem wire/http1)) \
	scenarios/exam scenarios/exam/sender \
	$(addprefix suites/,matchers openapi vendors conformance examples/go examples/go-plain acceptance/consumers acceptance/consumers/golang))
# "make lint" vets: that reads every library, which takes minutes on a new machine.
TEST := go test -vet=off
# The race detector leaves out SQLite itself, which is C translated to Go: the tests of its store then take 26 s, not 41.
RACE := CGO_ENABLED=1 $(TEST) -race -gcflags=modernc.org/sqlite/lib=-race=false -gcflags=modernc.org/libc=-race=false
# Specs at a time, and packages: most of them wait for a browser, a server or a time limit.
PROCS ?= 3
JOBS ?= 4
# Tests that fill a database with many captures: the race detector makes SQLite slow, and other tests of the same code run
# with it.
LARGE = ^(TestSearchThroughTextIndexes|TestTextIndexesOfAnOldFile|TestTextIndexSkipsBlocks|TestClearLongBin|TestClearShortensTheFile)$$
SEED := $(shell date +%s)

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: ## bin/hookrig: one static binary
	.tools/build bin/hookrig '$(VERSION)'

.PHONY: image
image: export TAGS ?= slim
image: build ## the container image hookrig:dev
	.tools/licenses bin/hookrig bin/licenses
	mkdir -p bin/data
	docker build -f Dockerfile.prebuilt -t hookrig:$(VERSION) .

.PHONY: deps
deps: ## install what the tests use and this Debian machine lacks (as root; elsewhere it only says so)
	@.ci/deps

.PHONY: test
test: deps checks unit suites ## checks, unit tests with the race detector, Ginkgo suites; not vet and staticcheck (lint) and random inputs (fuzz-short)

.PHONY: lint
lint: checks ## the checks, vet and staticcheck, which read every library that the program links: minutes the first time
	go vet ./...
	$(LINT) staticcheck $(LINTED)
	for module in .tools/bench suites/hookrig suites/acceptance/containers; do (cd $$module && go vet ./...); done

.PHONY: checks
checks: ## gofumpt, go.mod in order, names in the page's scripts
	@unformatted=$$($(LINT) gofumpt -l .tools/bench cmd fixtures internal mockserver scenarios suites); \
	if [ -n "$$unformatted" ]; then echo "not gofumpt-ed:"; echo "$$unformatted"; exit 1; fi
	go mod tidy -diff
	.tools/names

.PHONY: quick
quick: ## the inner loop: plain tests without the race detector, a browser, containers or PostgreSQL
	$(TEST) -p $(JOBS) -short $(filter-out github.com/hookrig/hookrig/suites/acceptance/% %/suites/conformance %/suites/openapi %/suites/vendors %/suites/examples/go %/suites/examples/go-plain,$(PLAIN))
	$(TEST) -p $(JOBS) -short $(PROPERTIES) -rapid.seed=1

.PHONY: unit
unit: ## plain tests, with the race detector where there are goroutines
	$(RACE) -p $(JOBS) $(filter-out $(PURE),$(PLAIN)) -skip '$(LARGE)'
	$(TEST) -p $(JOBS) $(filter $(PURE),$(PLAIN))
	cd .tools/bench && $(TEST) .
	$(TEST) ./mockserver/store/sqlite -run '$(LARGE)'
	$(RACE) -p $(JOBS) $(filter-out $(PURE:github.com/hookrig/hookrig/%=./%),$(PROPERTIES)) -rapid.seed=1
	$(RACE) ./internal/jq -run TestConcurrentRuns
	$(TEST) -p $(JOBS) $(filter $(PURE:github.com/hookrig/hookrig/%=./%),$(PROPERTIES)) -run '$(PROPERTY)' -rapid.seed=1 -rapid.checks=200
	$(TEST) -p $(JOBS) -short $(filter $(PURE:github.com/hookrig/hookrig/%=./%),$(PROPERTIES)) -skip '$(PROPERTY)' -rapid.seed=1

.PHONY: suites
suites: ## the Ginkgo suites, which build the binary and drive it and the Docker engine
	go tool ginkgo run --procs $(PROCS) --randomize-all --randomize-suites --fail-on-pending --fail-on-empty --keep-going --trace --vet=off --timeout 30m ./suites/acceptance
	for suite in hookrig acceptance/containers; do (cd suites/$$suite && go mod tidy -diff && $(TEST) -count=1 ./...); done

.PHONY: pictures
pictures: build ## draw the pictures of the pages anew, on ports 8080 and 8081
	HOOKRIG_PICTURES=$(CURDIR) HOOKRIG_REQUIRE=chromium go test ./suites/acceptance -ginkgo.focus 'pictures|the page of a burst'

.PHONY: bench
bench: build ## compare with wrk, vegeta and others, into BENCHMARKS.md: nine minutes (ROUNDS=5 SECONDS=4 ONLY=A,B BENCH=long)
	@mkdir -p bin/bench
	cd .tools/bench && go build -o ../../bin/bench/bench .
	@exec bin/bench/bench

.PHONY: bench-render
bench-render: ## write BENCHMARKS.md again from the last run of "make bench"
	cd .tools/bench && go build -o ../../bin/bench/bench .
	@exec bin/bench/bench -render

.PHONY: bench-go
bench-go: ## Go's benchmarks; ratios are within one run
	go test -run '^$$' -bench . -benchmem ./fixtures/... ./internal/... ./mockserver/...

.PHONY: bench-million
bench-million: ## newest page, search, waiting and memory among a million captures, kept in DATA (2.5 GB)
	@mkdir -p "$(DATA)"
	HOOKRIG_BENCH_DATA="$(DATA)" go test -run '^$$' -bench BenchmarkMillion -benchtime 200x -timeout 30m ./mockserver/internal/benchmark

.PHONY: fuzz
fuzz: ## every event for a thousand seeds, properties with fresh ones (CHECKS=20000), fuzz targets for a while (FUZZTIME=30s)
	go test -count 1 ./fixtures -run '^TestEveryEventOfEveryProvider$$'
	go test $(PROPERTIES) -run '$(PROPERTY)' -timeout 60m -rapid.seed=$(SEED) -rapid.checks=$(or $(CHECKS),20000)
	.tools/fuzz $(or $(FUZZTIME),30s)

.PHONY: fuzz-short
fuzz-short: ## 500 inputs for every fuzz target, without instrumentation
	GUIDED=no .tools/fuzz 500x

.PHONY: fmt
fmt: ## format
	$(LINT) gofumpt -w .tools/bench cmd fixtures internal mockserver scenarios suites
