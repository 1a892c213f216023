# Marmoset's menu. In: config.mk (from ./configure, run by itself when missing). Out: build/<flavour>/. How things are
# compiled stands in utils/build/rules.mk, how they are installed in utils/build/install, what is tested in utils/build/check.
#
# Out of tree, configure writes a Makefile that sets S to the sources' folder and includes this one.

VERSION := 0.1.0
T := $(S)utils/build/

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules --no-print-directory
SHELL := /bin/sh
Q := $(if $(V),,@)
FORCE:
export S MAKE VERSION
.PHONY: FORCE all help run deps check check-unit check-cmocka check-scenario check-conformance check-browser faults asan tsan \
        lint format bench bench-programs scenario-programs cmocka-programs test-programs fuzz fuzz-proof install uninstall clean distclean

# These need packages before configure can succeed; deps installs only what is missing.
NEEDS_build := run check check-% faults asan tsan bench lint fuzz fuzz-proof
NEEDS_test := check check-% faults asan tsan bench
NEEDS_lint := lint format
NEEDS_fuzz := fuzz fuzz-proof
goals := $(or $(MAKECMDGOALS),all)
SECTIONS := $(strip $(foreach section,build test lint fuzz,$(if $(filter $(NEEDS_$(section)),$(goals)),$(section))))

ifneq ($(filter-out help deps format clean distclean,$(goals)),)
config.mk: $(S)configure
	$(if $(SECTIONS),@$(T)deps --if-missing $(SECTIONS))
	@eval "set -- $$(sed -n 's/^# arguments: //p' config.mk 2>/dev/null)"; $(or $(S),./)configure "$$@"
include config.mk
# Without config.mk make writes it by the rule above and starts again.
ifdef COMPILER
include $(T)rules.mk
endif
endif

all: $(ALL_PRODUCTS)   ## programs, modules and libraries of this flavour

help:                  ## this list
	@echo 'make [FLAVOUR=release|debug|asan|tsan] [V=1] [target]; ./configure --help for what is built and where it goes'
	@sed -n 's/^\([a-z_.-]*\):[^#=]*## \(.*\)/  \1\t\2/p' $(S)Makefile | expand -t 26
	@echo 'HOLD_UPS=100:120 holds all programs of check, faults, asan up: 100 of 1,000 system calls, each for up to 120 ms.'
	@echo 'Warnings are printed by make, and are errors in check, asan, tsan: those read what each compilation left behind.'

run: | need-packages   ## builds, starts websocket_echo and the server, prints the address to open
	+@$(MAKE) $(JOBS) all
	@$(T)run build/$(FLAVOUR)

deps:                  ## installs the packages of utils/build/packages.debian (apt)
	@$(T)deps build test lint fuzz

check: | need-packages ## all tests: unit, CMocka's, scenarios against the real server, conformance lists, the browser
	+@$(T)check release unit cmocka scenario conformance browser
check-unit: | need-packages      ## the unit tests
	+@$(T)check $(FLAVOUR) unit
check-scenario: | need-packages  ## the scenarios
	+@$(T)check $(FLAVOUR) scenario
check-conformance: | need-packages  ## the conformance lists
	+@$(T)check $(FLAVOUR) conformance
check-browser: | need-packages   ## the pages in Chromium
	+@$(T)check $(FLAVOUR) browser
check-cmocka: | need-packages    ## tests/support/cmocka.h against Debian's CMocka
	+@$(T)check $(FLAVOUR) cmocka
faults: | need-packages  ## the conformance lists must notice each of many faults
	+@$(T)check release faults
asan: | need-packages  ## unit tests, CMocka's, scenarios, conformance lists, the fuzz corpus with AddressSanitizer and UBSan
	+@$(T)check asan unit cmocka scenario conformance fuzz-corpus
tsan: | need-packages  ## the same with ThreadSanitizer
	+@$(T)check tsan unit scenario conformance
lint: | need-packages  ## who includes whom, clang-format, clang-tidy; ANALYSE=1 adds clang's analyser
	+@$(T)lint build/$(FLAVOUR)
format:                ## clang-format on every source
	@$(T)deps --if-missing lint
	@cd $(or $(S),.) && find $(SOURCE_FOLDERS) -name '*.cpp' -o -name '*.h' | xargs -r clang-format -i

bench: | need-packages ## measures us and the peers; ARGS=--quick takes a minute (tests/bench/README.md)
	+@$(MAKE) $(JOBS) all bench-programs build/node/installed
	@cd $(or $(S),.) && tests/bench/run --build $(abspath build/$(FLAVOUR)) $(ARGS)
bench-programs: $(BENCH_PROGRAMS)
scenario-programs: $(PLAIN_SERVER) $(RPC_TEST_FILES)
cmocka-programs: $(CMOCKA_PROGRAMS) $(CMOCKA_REFERENCES)
test-programs: all build/$(FLAVOUR)/tests/unit bench-programs scenario-programs cmocka-programs $(if $(filter asan,$(FLAVOUR)),fuzz-programs)

FUZZ_SECONDS := 300
fuzz: | need-packages  ## fuzzes every target for FUZZ_SECONDS, 2 at a time; 0: plays the kept corpus (tests/fuzz/README.md)
	+@$(MAKE) $(JOBS) FLAVOUR=fuzz fuzz-programs
	@$(or $(S),./)tests/fuzz/run --build build/fuzz --seconds $(FUZZ_SECONDS) $(ARGS)
fuzz-proof: | need-packages  ## puts faults into the sources, one at a time: each must be found
	+@$(MAKE) $(JOBS) FLAVOUR=fuzz fuzz-programs build/fuzz/fuzz/commands.json
	+@$(or $(S),./)tests/fuzz/run --build build/fuzz --prove $(ARGS)

install: all           ## into DESTDIR and the prefix of configure
	@$(INSTALL_ENVIRONMENT) $(T)install install build/$(FLAVOUR)
uninstall:             ## takes away what install put there; leaves the configuration
	@$(INSTALL_ENVIRONMENT) $(T)install uninstall build/$(FLAVOUR)

clean:                 ## removes build/
	rm -rf build
distclean: clean       ## ... and what configure wrote
	rm -f config.mk config.log compile_commands.json $(if $(S),Makefile)

SOURCE_FOLDERS := src modules utils tests
JOBS = $(if $(findstring -j,$(MAKEFLAGS)),,-j$(shell nproc))

.PHONY: need-packages
need-packages:
	$(if $(SECTIONS),@$(T)deps --if-missing $(SECTIONS))
