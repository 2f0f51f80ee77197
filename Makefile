# Almanac's commands. `make demo` and `make test` need nothing but a Swift toolchain.

SWIFT ?= swift
SWIFT_VERSION := 6.2
# What pkg-config calls the system libraries, with the Debian package that brings each.
LIBRARIES := lmdb:liblmdb-dev libzstd:libzstd-dev zlib:zlib1g-dev openblas:libopenblas-dev re2:libre2-dev
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
PORT ?= 8086
BINARY := .build/release/almanac

.PHONY: demo demo-stop test build deps toolchain serve bench soak format lint docs clean

demo: build
	@$(BINARY) demo --port $(PORT)

demo-stop:
	@$(BINARY) demo --stop

build: deps
	$(SWIFT) build -c release --product almanac

# What waits for trainings runs after the suites that compute on both cores: trainings are the last to get one.
# Then the real program is started, timed and killed.
TRAINING := AlmanacEngineTests|AlmanacServerTests
test: deps
	$(SWIFT) build --build-tests
	$(SWIFT) test --skip-build --skip "AlmanacCommandTests|$(TRAINING)"
	$(SWIFT) test --skip-build --filter "$(TRAINING)"
	$(SWIFT) test --skip-build --filter AlmanacCommandTests

serve: build
	$(BINARY) serve --listen 127.0.0.1:$(PORT)

# The long proofs: what has more rounds in them, and the real signals where they are. The fuzzer of queries
# runs alone: it judges how long each one takes. What trains is left to `test`: trainings are the last to get
# a core, and beside the others they get none.
soak: build
	$(SWIFT) build --build-tests
	ALMANAC_SOAK=1 $(SWIFT) test --skip-build --filter "AlmanacStoreTests|AlmanacQueryTests"
	ALMANAC_SOAK=1 $(SWIFT) test --skip-build --filter QueryFuzzTests
	ALMANAC_SOAK=1 ALMANAC_BINARY=$(BINARY) $(SWIFT) test --skip-build --filter AlmanacCommandTests
	ALMANAC_SOAK=1 $(SWIFT) test -c release -Xswiftc -enable-testing \
	  --filter "AlmanacNeuralTests|OutlierAlarmRateTests"

bench: deps
	$(SWIFT) package --package-path Benchmarks benchmark

# The system libraries, where one is missing; and the toolchain, which only you can install.
deps: toolchain
	@missing=""; \
	command -v pkg-config >/dev/null 2>&1 || missing="pkg-config"; \
	for pair in $(LIBRARIES); do \
	  pkg-config --exists "$${pair%%:*}" 2>/dev/null || missing="$$missing $${pair##*:}"; \
	done; \
	if [ -n "$$missing" ]; then \
	  echo "installing $$missing"; \
	  $(SUDO) apt-get update -qq && \
	  DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -y -qq --no-install-recommends $$missing; \
	fi

toolchain:
	@command -v $(SWIFT) >/dev/null 2>&1 || { \
	  echo "Almanac needs Swift $(SWIFT_VERSION) or later: https://www.swift.org/install"; exit 1; }
	@found=$$($(SWIFT) --version 2>/dev/null | sed -n 's/.*Swift version \([0-9]*\.[0-9]*\).*/\1/p'); \
	[ "$$(printf '%s\n%s\n' "$(SWIFT_VERSION)" "$$found" | sort -V | head -n 1)" = "$(SWIFT_VERSION)" ] || { \
	  echo "Almanac needs Swift $(SWIFT_VERSION) or later, this is $$found: https://www.swift.org/install"; exit 1; }

format:
	$(SWIFT) format -i -r Package.swift Sources Tests Benchmarks

lint:
	$(SWIFT) format lint -r --strict Package.swift Sources Tests Benchmarks

docs:
	ALMANAC_DOCS=1 $(SWIFT) package generate-documentation --target AlmanacQuery

clean:
	rm -rf .build Benchmarks/.build demo-data
