# Everything a person or a machine needs to do with this tree.
#   make demo    see it work, offline
#   make test    all tests, under the race detector; installs what they need
SHELL   := /bin/bash
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
LDFLAGS := -s -w -X main.version=$(VERSION)
FUZZTIME ?= 60s

.PHONY: build test test-full browser race fuzz lint golden bench bench-redis bench-serve chaos quality refit demo run image tools clean

build:
	CGO_ENABLED=0 go build -trimpath -ldflags '$(LDFLAGS)' -o bin/aggregator ./cmd/aggregator

demo: build
	./bin/aggregator demo

run: build
	./bin/aggregator run

# The quick battery and the race detector are one: a test that only passes
# without it does not pass.
test: tools lint race

race:
	go test -race ./...

# test-full adds what takes minutes: published feeds and our pages in a browser; ten thousand rules, a replay of a million
# decisions, and the figures beside bare GETs. (Fuzzing looks for what nobody knows yet: make fuzz.)
test-full: test browser chaos bench

# chaos runs three replicas over 300 outlets while replicas and Redis are killed,
# paused, cut off, failed over and wiped, and compares with one undisturbed process.
chaos: tools
	go vet -tags chaos ./cmd/aggregator
	go test -tags chaos -run Chaos -count 1 -timeout 15m -v ./cmd/aggregator

# browser opens what is published of hostile feeds in Chromium: nothing may run;
# and every page of ours, at two widths in two themes, which axe looks at, by
# keyboard and without scripts. Pictures of all are left in $(ARTIFACTS).
export ARTIFACTS ?= $(CURDIR)/artifacts
export AXE := $(CURDIR)/.cache/axe-core-4.14.1.js
browser:
	@$(MAKE) --no-print-directory tools COMMANDS="chromium npm" PACKAGES="chromium npm fonts-droid-fallback python3-feedparser"
	@$(MAKE) --no-print-directory $(AXE)
	go vet -tags browser ./cmd/aggregator
	go test -tags browser -run 'NoScriptRuns|PagesInBrowser' -timeout 15m ./cmd/aggregator

# axe-core (MPL-2.0) looks for what keeps people out; it is no part of this tree.
.cache/axe-core-%.js $(CURDIR)/.cache/axe-core-%.js:
	mkdir -p .cache && cd .cache && npm pack --silent axe-core@$* && tar -xzf axe-core-$*.tgz package/axe.min.js && mv package/axe.min.js axe-core-$*.js && rm -r package axe-core-$*.tgz

lint:
	@unformatted=$$(gofmt -l cmd internal deploy); if [ -n "$$unformatted" ]; then echo "gofmt -w $$unformatted"; exit 1; fi
	go vet ./...

# fuzz runs every fuzz target there is for FUZZTIME.
fuzz:
	@set -e; for pkg in $$(grep -rl --include=*_test.go '^func Fuzz' internal cmd | xargs -n1 dirname | sort -u); do \
	  for target in $$(grep -h '^func Fuzz' $$pkg/*_test.go | sed 's/^func \(Fuzz[A-Za-z0-9_]*\).*/\1/'); do \
	    echo "fuzz $$pkg $$target"; go test ./$$pkg -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME); \
	  done; done

# golden rewrites what is compared to the letter; read the diff.
golden:
	go test $$(grep -rl --include=*_test.go 'Bool("update"' internal cmd | xargs -n1 dirname | sort -u | sed "s,^,./,") -update

# bench prints what ten thousand rules cost beside ten, to file by and to check;
# how long a million decisions take to read at a start, whether sound sources are
# asked as ever while all hostile ones are at work, and how a pass over 2,000 feeds
# compares with asking for them at all.
bench: build
	go test -run '^$$' -bench Rules -benchtime 2s ./internal/topic
	go test -run '^$$' -bench Check -benchtime 3x ./cmd/aggregator
	go test -run '^$$' -bench Replay -benchtime 1x ./internal/poll
	go test -run '^$$' -bench OddAttack -benchtime 1x ./cmd/aggregator
	go test -run '^$$' -bench Passes -benchtime 1x -timeout 20m ./cmd/aggregator

# bench-redis has one poller fill bolt and Redis, and ask 2,000 sources again, and
# prints polls, stories and round trips, and what a story takes; what a source takes
# in Redis, and how long a million decisions take a new replica to read.
bench-redis: tools
	go test -run '^$$' -bench Stores -benchtime 1x -timeout 20m ./internal/poll
	go test -run '^$$' -bench 'Follow|Sources' -benchtime 1x ./internal/store/redis

# bench-serve drives the binary and nginx, with the same bytes, by wrk: a feed and
# 304s; and says whether a million requests leave anything in memory.
bench-serve:
	@$(MAKE) --no-print-directory tools COMMANDS="nginx wrk" PACKAGES="nginx-light wrk python3-feedparser"
	go vet -tags bench_serve ./cmd/aggregator
	go test -tags bench_serve -run ServeBesideNginx -count 1 -timeout 15m -v ./cmd/aggregator

# quality measures which stories are made of labelled sets of items, and which
# topics they are filed under, and writes docs/quality.md. The sets are not part of this tree; QUALITY_DATA is where
# they are.
QUALITY_DATA ?= ../shared/quality/data
quality:
	go run ./internal/quality -data $(QUALITY_DATA) -write docs/quality.md

# refit learns anew how alike two items must be, from the same sets.
refit:
	go run ./internal/quality -data $(QUALITY_DATA) -fit internal/near/data/models.json

image:
	docker build -f deploy/Dockerfile --build-arg VERSION=$(VERSION) -t aggregator:$(VERSION) .

# tools are the programs that the tests run beside ours, from Debian.
COMMANDS := gcc redis-server xmllint newsboat sfeed curl jing
PACKAGES := gcc libc6-dev redis-server libxml2-utils newsboat sfeed curl jing python3-feedparser
tools:
	@missing=; for c in $(COMMANDS); do command -v $$c >/dev/null || missing="$$missing $$c"; done; \
	/usr/bin/python3 -c 'import feedparser' 2>/dev/null || missing="$$missing python3-feedparser"; \
	[ -z "$$missing" ] && exit 0; \
	if [ "$$(id -u)" = 0 ]; then as=; elif sudo -n true 2>/dev/null; then as=sudo; \
	else echo "the tests need these programs, which are missing:$$missing"; echo "install them: apt-get install $(PACKAGES)"; exit 1; fi; \
	command -v apt-get >/dev/null || { echo "the tests need these programs, which are missing:$$missing"; exit 1; }; \
	echo "installing for the tests:$$missing"; \
	$$as apt-get update -qq && $$as env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(PACKAGES) >/dev/null && \
	for c in $(COMMANDS); do command -v $$c >/dev/null || { echo "$$c is still missing"; exit 1; }; done

clean:
	rm -rf bin artifacts .cache
