# Two commands are all a newcomer needs: `make run` and `make test`.
SHELL := /bin/bash
RELEASE := swift build -c release --static-swift-stdlib -Xswiftc -enforce-exclusivity=unchecked
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
# What a build needs beside Swift, and what the tests need beside that.
BUILD_PACKAGES := libuv1-dev libhiredis-dev libsqlite3-dev zlib1g-dev pkg-config
TEST_PACKAGES := curl git chromium nginx haproxy redis-server python3-redis
SOURCES := Sources Tests Benchmarks Fuzz/Sources Package.swift Fuzz/Package.swift

.PHONY: run build test worlds test-tsan test-asan fuzz format lint bench bench-micro bench-peers reference clean

# Builds the release and starts it on its embedded default: http://127.0.0.1:8080
run: build
	exec .build/release/fanfare serve $(ARGS)

build: .build/packages-for-build
	$(RELEASE) --product fanfare

# Everything that can be proven without other machines.
test: .build/packages-for-test
	swift build --build-tests
	Tests/run.sh

# Whole clusters in a simulation, each from a seed, on all cores: make worlds COUNT=100000
# One of them again, with its story: make worlds SEED=318 COUNT=1
worlds: .build/packages-for-test
	swift build -c release --build-tests -Xswiftc -enable-testing --scratch-path .build-worlds
	Tests/worlds.sh $(or $(SEED),1) $(or $(COUNT),$(if $(SEED),1,10000)) .build-worlds/release

# The same suite under the sanitizers, each in a build of its own. The address sanitizer leaves
# leaks alone: the test runner itself has some.
test-tsan: .build/packages-for-test
	swift test --sanitize=thread --scratch-path .build-tsan --skip BrowserTests

test-asan: .build/packages-for-test
	ASAN_OPTIONS=detect_leaks=0 swift test --sanitize=address --scratch-path .build-asan \
	  --skip BrowserTests

# make fuzz TARGET=FuzzRequestHead SECONDS=300
# The others: FuzzChunkedBody, FuzzCursor, FuzzWebSocket.
fuzz: .build/packages-for-build
	Fuzz/run.sh $(TARGET) $(SECONDS)

format:
	swift format format --in-place --recursive $(SOURCES)

lint:
	swift format lint --strict --recursive $(SOURCES)

# Prints what the server costs beside what the machine itself costs, and proves that it keeps its
# promises under load: make bench SCENARIOS="S1 S1w1" RUNS=5 LENGTH=1 TRANSPORT=sse
bench: .build/packages-for-build
	SCENARIOS="$(SCENARIOS)" RUNS="$(RUNS)" LENGTH="$(LENGTH)" TRANSPORT="$(TRANSPORT)" \
	  Benchmarks/run.sh

# The steps of the event path one by one, with their allocations.
bench-micro: .build/packages-for-build
	Benchmarks/micro.sh

# The comparison for nginx with nchan, for node with ws and for Celery, where they are installed.
bench-peers: .build/packages-for-build
	SCENARIOS="$(SCENARIOS)" RUNS="$(RUNS)" LENGTH="$(LENGTH)" TRANSPORT="$(TRANSPORT)" \
	  Benchmarks/peers.sh

# Writes the configuration reference that `fanfare config reference` prints.
reference:
	swift build --product fanfare
	.build/debug/fanfare config reference > Documentation/configuration.md

clean:
	rm -rf .build .build-tsan .build-asan .build-micro .build-worlds Fuzz/.build

.build/packages-for-build: Makefile
	@dpkg -s $(BUILD_PACKAGES) > /dev/null 2>&1 \
	  || ($(SUDO) apt-get update && $(SUDO) apt-get install -y $(BUILD_PACKAGES))
	@mkdir -p .build && touch $@

.build/packages-for-test: .build/packages-for-build
	@dpkg -s $(TEST_PACKAGES) > /dev/null 2>&1 \
	  || ($(SUDO) apt-get update && $(SUDO) apt-get install -y $(TEST_PACKAGES))
	@touch $@
