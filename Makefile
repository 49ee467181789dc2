# Weir's commands. `make help` lists them.
#
# Everything that is built without the race detector is built with the same
# flags, so that `make run`, `make build`, `make check` and `make lint` share
# one build cache.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

export GOTOOLCHAIN := local

# Modules of their own, which ./... does not see.
MODULES := lib/testkit/sdktest

PLAIN := CGO_ENABLED=0 GOFLAGS='-trimpath -buildvcs=false'
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
COMMIT := $(shell git rev-parse --short=12 HEAD 2>/dev/null)
LDFLAGS := -s -w -X main.version=$(VERSION) -X main.commit=$(COMMIT)

# SQLite is C translated to Go. Under the race detector it runs 18 times
# slower, so it alone is built without; our own code stays instrumented.
RACE := CGO_ENABLED=1 GOFLAGS=-buildvcs=false
RACEFLAGS := -race \
	-gcflags='modernc.org/sqlite/lib=-race=false -d=checkptr=0' \
	-gcflags='modernc.org/libc=-race=false -d=checkptr=0'

LINT := $(PLAIN) go tool -modfile=$(CURDIR)/.ci/tools/go.mod golangci-lint

.PHONY: help
help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: ## build bin/weir
	$(PLAIN) go build -ldflags='$(LDFLAGS)' -o bin/weir ./functions/weir

.PHONY: run
run: build ## run the whole gateway on this machine (weir local)
	bin/weir local

.PHONY: test
test: ## run every test that needs only Go and a C compiler, with the race detector
	@command -v "$$(go env CC)" >/dev/null || { echo "make test: the race detector needs a C compiler, and $$(go env CC) is not there; install gcc or clang" >&2; exit 1; }
	$(RACE) go test $(RACEFLAGS) ./...
	@for m in $(MODULES); do \
		echo "$$m: go test -race ./..."; \
		(cd "$$m" && $(RACE) go test $(RACEFLAGS) ./...); \
	done

.PHONY: test-sdks
test-sdks: ## run the official npm SDKs against weir local; needs Node 20
	.ci/test-sdks

.PHONY: check
check: ## check formatting, vet, go.mod, import directions and generated files; fast
	.ci/check

.PHONY: lint
lint: ## run golangci-lint over every module
	$(LINT) run --config=$(CURDIR)/.golangci.yaml ./...
	@for m in $(MODULES); do \
		echo "$$m: golangci-lint"; \
		(cd "$$m" && $(LINT) run --config=$(CURDIR)/.golangci.yaml ./...); \
	done

.PHONY: test-aws
test-aws: ## run the store's and the pipeline's suites over HTTP against a DynamoDB emulator (DYNAMODB=dynoxide|local|URL)
	.ci/test-aws

.PHONY: bench-costs
bench-costs: ## measure the way from rows to cost cells, on SQLite and an emulator (lib/PERFORMANCE.md)
	BENCH=Books .ci/test-aws ./lib/accounting/costs

.PHONY: bench-dialects
bench-dialects: ## measure what a chunk of a stream costs, by pair of dialects (lib/PERFORMANCE.md)
	$(PLAIN) go test -run '^$$' -bench Pairs -benchtime 200000x -count 5 ./lib/dialect

.PHONY: fmt
fmt: ## format the code
	$(LINT) fmt --config=$(CURDIR)/.golangci.yaml ./...

.PHONY: clean
clean: ## remove what these commands made
	rm -rf bin .ci/.cache
