# The fuzz targets, one program each. In: tests/fuzz/targets/*.cpp. Out: $(B)/fuzz/<target>. In flavour fuzz libFuzzer drives
# them; in the others support/replay.cpp, which only plays files back: the kept corpus needs no clang.

FUZZ_TARGETS := $(patsubst tests/fuzz/targets/%.cpp,%,$(filter tests/fuzz/targets/%,$(FUZZ_SOURCES)))
FUZZ_PROGRAMS := $(FUZZ_TARGETS:%=$(B)/fuzz/%)
FUZZ_REPLAY := tests/fuzz/support/replay.cpp
# Everything a target may take from outside the library; the linker takes only what is used, so that coverage is the target's.
FUZZ_LIBRARY := $(B)/lib/libfuzzed.a
FUZZ_MAIN = $(if $(filter fuzz,$(FLAVOUR)),-fsanitize=fuzzer,$(B)/obj/$(FUZZ_REPLAY:.cpp=.o))

.PHONY: fuzz-programs
fuzz-programs: $(FUZZ_PROGRAMS)
$(FUZZ_LIBRARY): $(call objects,$(WEBSOCKET_SOURCES) $(call module_sources,$(MODULES)) $(TESTED_UTILS) \
                   $(filter-out tests/fuzz/targets/% $(FUZZ_REPLAY),$(FUZZ_SOURCES)))
	$(call say,AR ,$@)
	$(archive)
$(FUZZ_PROGRAMS): $(B)/fuzz/%: $(B)/obj/tests/fuzz/targets/%.o $(B)/obj/$(FUZZ_REPLAY:.cpp=.o) $(FUZZ_LIBRARY) $(LIBMARMOSET)
	$(call say,LD ,$@)
	$(Q)mkdir -p $(@D); $(LINK_PROGRAM) -o $@ $< $(FUZZ_MAIN) \
	    -Wl,--start-group $(FUZZ_LIBRARY) $(LIBMARMOSET) -Wl,--end-group $(LIBS) $(MODULE_LIBS)

# For tests/fuzz/run --prove: how each source is compiled, and a target some of whose objects are faulty ones. Those come
# before the libraries, which are asked only for what is missing.
.PHONY: fuzz-with-faults
fuzz-with-faults:
	$(Q)$(LINK_PROGRAM) -o $(FUZZ_PROGRAM) $(FUZZ_OBJECTS) $(FUZZ_MAIN) \
	    -Wl,--start-group $(FUZZ_LIBRARY) $(LIBMARMOSET) -Wl,--end-group $(LIBS) $(MODULE_LIBS)
$(B)/fuzz/commands.json: FORCE
	@mkdir -p $(@D)
	@$(file >$@,[$(subst } {,}$(comma)$(newline) {,$(foreach s,$(SOURCES),$(call compile_entry,$(s))))])
