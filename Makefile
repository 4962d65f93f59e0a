# `make` alone prints the targets. You need Go, make and git; `make test` installs everything else (see scripts/test).

.DEFAULT_GOAL := help
SHELL         := /bin/bash
MAKEFLAGS     += --no-builtin-rules

# The program has no C code, and it is built without Gin's msgpack, which it does not use.
export CGO_ENABLED ?= 0
TAGS               := nomsgpack
VERSION            := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
LINTER             := .cache/tools/golangci-lint

.PHONY: help
help: ## print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: build ## start the service for development at http://127.0.0.1:8470 (SQLite in ./data); ARGS="--listen …" adds flags
	exec bin/latchkey serve --dev $(ARGS)

.PHONY: demo
demo: build ## start the service and a media server with a family, and print what to try; ARGS="--listen …" adds flags
	exec bin/latchkey demo $(ARGS)

.PHONY: build
build: ## build bin/latchkey, one file without dependencies, and the list of its parts
	VERSION='$(VERSION)' scripts/build bin/latchkey
	VERSION='$(VERSION)' scripts/parts bin/latchkey >bin/latchkey.cdx.json

.PHONY: release
release: ## build the programs, packages, lists of parts and checksums of a release into dist/; VERSION=1.4.0
	scripts/release '$(VERSION)'

.PHONY: test
test: ## all tests: unit, contract on SQLite and MariaDB, site, guard, browser; installs what they need
	scripts/test all

.PHONY: test-fast
test-fast: ## the tests for after each change: only SQLite, no long tests; PKG=./models for one package
	scripts/test fast $(PKG)

.PHONY: check
check: $(LINTER) ## format, lint, import rules, tidy modules, generated files, known weaknesses (if their database is within reach)
	scripts/check $(LINTER)

.PHONY: fmt
fmt: $(LINTER) ## format the Go code
	$(LINTER) fmt

.PHONY: generate
generate: docs ## write the generated files again
	go generate -tags $(TAGS),e2e ./...

.PHONY: docs
docs: ## write docs/configuration.md and packaging/completion again, from the settings and the commands
	go test -tags $(TAGS) -count 1 -run '^TestDocsAreCurrent$$' ./config -update
	go test -tags $(TAGS) -count 1 -run '^TestCompletionFilesAreCurrent$$' ./cmd/latchkey -update

.PHONY: faults
faults: ## the long fault tests: kills, databases and mail servers that stop, races (up to an hour)
	scripts/test faults

.PHONY: test-galera
test-galera: ## the tests of the database on a Galera cluster of three nodes, with connections spread over them
	scripts/test galera

.PHONY: fuzz
fuzz: ## every fuzz test for ten seconds; FUZZTIME=1m for longer
	scripts/fuzz $(or $(FUZZTIME),10s)

.PHONY: bench
bench: build ## measure the service against a floor, in less than ten minutes; ARGS="-accounts 1000" and more: docs/performance.md
	go build -tags $(TAGS) -o .cache/bench/bench ./cmd/bench
	.cache/bench/bench -output .cache/bench/bench.md $(ARGS)

.PHONY: screenshots
screenshots: ## let the browser tests take the pictures in docs/images again
	scripts/test screenshots

.PHONY: clean
clean: ## remove the built files and the tools' cache, but not ./data
	rm -rf bin .cache coverage

# The linter's version is in tools/go.mod, a separate module, so that its dependencies are not dependencies of the service.
$(LINTER): tools/go.mod tools/go.sum
	go build -C tools -o ../$@ github.com/golangci/golangci-lint/v2/cmd/golangci-lint

# nfpm makes packages. It has a module of its own, so that neither changes the versions that the other is built with.
.cache/tools/nfpm: tools/nfpm/go.mod tools/nfpm/go.sum
	go build -C tools/nfpm -o ../../$@ github.com/goreleaser/nfpm/v2/cmd/nfpm
