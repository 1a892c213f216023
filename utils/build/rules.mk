# How everything is compiled and linked. In: config.mk, S (folder of the sources, empty in tree). Out: below build/<flavour>:
# obj/ bin/ lib/ modules/ include/ tests/ bench/. Source lists are the folders' contents.

B := build/$(FLAVOUR)
KNOWN_FLAVOURS := release debug asan tsan fuzz
$(if $(filter $(FLAVOUR),$(KNOWN_FLAVOURS)),,$(error FLAVOUR=$(FLAVOUR): there are $(KNOWN_FLAVOURS)))

# --- flags ------------------------------------------------------------------------------------------------------------
# Everything is position independent: most of it goes into shared objects too, and is then compiled once.
# -fno-semantic-interposition gives the calls inside them back to the optimiser.
# Lines and functions, for profiles and core files; variables, which would take half as long again to compile, are debug's.
OPTIMISE_release := -O2 -g1 -D_FORTIFY_SOURCE=2
OPTIMISE_debug := -Og -g3 -D_GLIBCXX_ASSERTIONS
OPTIMISE_asan := -Og -g1 -fno-omit-frame-pointer -D_GLIBCXX_ASSERTIONS
OPTIMISE_tsan := -O1 -g1 -fno-omit-frame-pointer
OPTIMISE_fuzz := -O1 -g1 -fno-omit-frame-pointer -D_GLIBCXX_ASSERTIONS
# The check of vtables needs free descriptors, which some scenarios take away; whoever uses a null pointer is caught without a
# check at each use, which takes a quarter of the compile time.
SANITIZE_asan := -fsanitize=address,undefined -fno-sanitize=vptr,null -fno-sanitize-recover=undefined
SANITIZE_tsan := -fsanitize=thread
SANITIZE_fuzz := -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined
SANITIZE := $(SANITIZE_$(FLAVOUR))
# libFuzzer is clang's, whatever compiles the rest.
ifeq ($(FLAVOUR),fuzz)
CXX := $(filter ccache,$(CXX)) clang++
CC := $(filter ccache,$(CC)) clang
COMPILER_TAG := clang
endif

COMMON := $(OPTIMISE_$(FLAVOUR)) $(SANITIZE) -fPIC -pthread $(HARDENING)
# gcc 12 sees overlapping copies in its own std::string (its bug 105329).
WARNINGS := -Wall -Wextra -Wpedantic $(if $(filter gcc-12,$(COMPILER_TAG)),-Wno-restrict \
    $(if $(SANITIZE),-Wno-array-bounds -Wno-stringop-overflow -Wno-stringop-overread -Wno-maybe-uninitialized))
CXX_FLAGS := -std=c++20 $(COMMON) $(WARNINGS) $(LIB_CPPFLAGS) $(LLHTTP_CPPFLAGS) $(USER_CPPFLAGS) $(USER_CXXFLAGS)
C_FLAGS := $(COMMON) -w -DLLHTTP_STRICT_MODE=1 $(LLHTTP_CPPFLAGS) $(USER_CPPFLAGS) $(USER_CFLAGS)
LINK := $(CXX) $(SANITIZE) -pthread $(HARDENING_LDFLAGS) $(USER_LDFLAGS)
LINK_PROGRAM := $(LINK) -pie
LINK_SHARED := $(LINK) -shared
BUILD_CONFIG := $(B)/obj/build_config.h
CONFIG_PATHS := $(B)/obj/config_paths.h

# --- sources ----------------------------------------------------------------------------------------------------------
sources = $(patsubst $(S)%,%,$(wildcard $(addprefix $(S),$(1))))
objects = $(patsubst %.cpp,$(B)/obj/%.o,$(1))

LIBRARY_FOLDERS := base auth jsonrpc log config net tls tls/mbedtls http websocket link module server
LIBRARY_SOURCES := $(filter-out src/server/main.cpp,$(call sources,$(LIBRARY_FOLDERS:%=src/%/*.cpp)))
WEBSOCKET_SOURCES := $(call sources,src/libwebsocket/*.cpp)
# A client's TLS, by mbedTLS; what only servers need of it stays out.
LIBWEBSOCKET_SOURCES := $(filter-out src/tls/server_% src/tls/ticket_% src/tls/mbedtls/server_%,\
    $(call sources,$(patsubst %,src/%/*.cpp,base log net tls tls/mbedtls http websocket link libwebsocket)))
# Stands in front of the C library's socket calls: in the shared library only, a program that links the archive keeps its own.
INTERPOSE_SOURCES := $(call sources,src/libwebsocket/interpose/*.cpp)
MAIN_SOURCES := src/server/main.cpp

module_name = $(patsubst modules/%/,%,$(1))
MODULES := $(filter-out $(WITHOUT_MODULES),$(sort $(foreach f,$(call sources,modules/*/*.cpp),$(call module_name,$(dir $(f))))))
STATIC := $(filter $(if $(filter all,$(STATIC_MODULES)),%,$(STATIC_MODULES)),$(MODULES))
SHARED := $(filter-out $(STATIC),$(MODULES))
module_sources = $(foreach name,$(1),$(call sources,modules/$(name)/*.cpp $(SOURCES_$(name))))
# A module that needs a library of its own says so in modules/<name>/module.mk: LIBS_<name> := -l..., and which of our sources
# use that library: SOURCES_<name>.
-include $(foreach name,$(MODULES),$(wildcard $(S)modules/$(name)/module.mk))

# Programs of the library's users: websocket_client is one end of the wire, the others are system servers.
UTILS := $(sort $(foreach f,$(call sources,utils/websocket_*/*.cpp),$(patsubst utils/%/,%,$(dir $(f)))))
UTILS_SOURCES := $(foreach name,$(UTILS),$(call sources,utils/$(name)/*.cpp))
# Libraries of a program's own: LIBS_<name>.
LIBS_websocket_client := $(EDIT_LIBS)
LIBS_websocket_chat := $(HIREDIS_LIBS)
# Libraries made for ouistiti find these functions in the program that loads them.
LIBS_websocket_jsonrpc := $(foreach f,jsonrpc_error_object jsonrpc_error_object_predefined,-Wl,--export-dynamic-symbol=$(f))
# What unit tests and fuzz targets may take of them: all but their main programs. They keep to a namespace of their own.
UTILS_TESTED := websocket_chat websocket_jsonrpc
TESTED_UTILS := $(filter-out %/main.cpp,$(foreach name,$(UTILS_TESTED),$(call sources,utils/$(name)/*.cpp)))
# Tools beside the server, made of the same library.
TOOLS := $(sort $(foreach f,$(call sources,utils/marmoset_*/*.cpp),$(patsubst utils/%/,%,$(dir $(f)))))
TOOLS_SOURCES := $(foreach name,$(TOOLS),$(call sources,utils/$(name)/*.cpp))
# Libraries that websocket_jsonrpc loads: utils/jsonrpc_<name>/ becomes jsonrpc/<name>.so, made of our library too.
RPC_LIBRARIES := $(sort $(foreach f,$(call sources,utils/jsonrpc_*/*.cpp),$(patsubst utils/jsonrpc_%/,%,$(dir $(f)))))
RPC_SOURCES := $(foreach name,$(RPC_LIBRARIES),$(call sources,utils/jsonrpc_$(name)/*.cpp))
UNIT_SOURCES := $(sort $(patsubst ./%,%,$(shell cd $(or $(S),.) && find tests/unit -name '*.cpp' 2>/dev/null))) \
                $(call sources,tests/support/*.cpp)
TEST_MODULE_SOURCES := $(call sources,tests/modules/*.cpp)
BENCH_SOURCES := $(call sources,tests/bench/*.cpp)
# Test files written for CMocka: each is built with tests/support/cmocka.h, and but those in own/ with Debian's libcmocka too.
CMOCKA_SOURCES := $(call sources,tests/support/cmocka/*.cpp)
CMOCKA_TESTS := $(call sources,$(foreach suffix,c cpp,tests/cmocka/*.$(suffix) tests/cmocka/own/*.$(suffix)))
FUZZ_SOURCES := $(call sources,tests/fuzz/targets/*.cpp tests/fuzz/support/*.cpp tests/support/scripted_peer.cpp)
SOURCES := $(sort $(LIBRARY_SOURCES) $(WEBSOCKET_SOURCES) $(INTERPOSE_SOURCES) $(MAIN_SOURCES) $(call module_sources,$(MODULES)) \
                  $(UTILS_SOURCES) $(TOOLS_SOURCES) $(RPC_SOURCES) $(UNIT_SOURCES) $(TEST_MODULE_SOURCES) $(BENCH_SOURCES) $(CMOCKA_SOURCES) \
                  $(filter %.cpp,$(CMOCKA_TESTS)) $(FUZZ_SOURCES))
OBJECTS := $(call objects,$(SOURCES))
LLHTTP_OBJECTS := $(patsubst %.c,$(B)/obj/llhttp/%.o,$(notdir $(LLHTTP_SOURCES)))
STATIC_LIST := $(B)/obj/static_modules.o
SOURCE_LIST := $(B)/obj/sources

# --- products ---------------------------------------------------------------------------------------------------------
LIBMARMOSET := $(B)/lib/libmarmoset.a
SERVER := $(B)/bin/marmoset
MODULE_FILES := $(SHARED:%=$(B)/modules/%.so)
PUBLIC_HEADERS := $(patsubst %,$(B)/include/marmoset/%.h,websocket_server websocket_client websocket_socket jsonrpc_library)
SO_VERSION := 0
LIBWEBSOCKET_FILE := libwebsocket.so.$(VERSION)
LIBWEBSOCKET := $(B)/lib/libwebsocket.a $(B)/lib/libwebsocket.so
UTILS_FILES := $(UTILS:%=$(B)/bin/%)
TOOLS_FILES := $(TOOLS:%=$(B)/bin/%)
RPC_FILES := $(RPC_LIBRARIES:%=$(B)/jsonrpc/%.so)
BENCH_PROGRAMS := $(patsubst tests/bench/%.cpp,$(B)/bench/%,$(BENCH_SOURCES))
UNIT := $(B)/tests/unit
TEST_MODULE_FILES := $(TEST_MODULE_SOURCES:%.cpp=$(B)/%.so)
# What the scenarios of libwebsocket.so are made of: a server that is linked with it and knows plain sockets only.
PLAIN_SERVER := $(B)/tests/plain_server
PLAIN_SERVER_SOURCES := $(call sources,tests/scenario/plain_server/*.c)
# RPC libraries of the scenarios, one a file.
RPC_TEST_SOURCES := $(call sources,tests/scenario/jsonrpc/*.c)
RPC_TEST_FILES := $(RPC_TEST_SOURCES:tests/scenario/jsonrpc/%.c=$(B)/tests/jsonrpc/%.so)
# Preloaded into everything that a suite starts: make check HOLD_UPS=100:120.
HOLD_UPS_LIBRARY := $(B)/tests/hold_ups.so
CMOCKA := $(B)/tests/libcmocka.a
CMOCKA_PROGRAMS := $(CMOCKA_TESTS:tests/%=$(B)/tests/%.ours)
CMOCKA_REFERENCES := $(patsubst tests/%,$(B)/tests/%.reference,$(filter-out tests/cmocka/own/%,$(CMOCKA_TESTS)))
ALL_PRODUCTS := $(LIBMARMOSET) $(SERVER) $(MODULE_FILES) $(LIBWEBSOCKET) $(UTILS_FILES) $(TOOLS_FILES) $(RPC_FILES) \
    compile_commands.json

# --- generated files, rewritten only when their text changes ----------------------------------------------------------
write_text = { mkdir -p $(@D); cat >$@.new; cmp -s $@.new $@ && rm $@.new || mv $@.new $@; }
build_tag := $(COMPILER_TAG)-c++20$(if $(SANITIZE),-$(FLAVOUR))
define build_config_text
// Written by make, included in front of every source. A change of flags changes this text, and so rebuilds what it must.
// $(CXX) $(CXX_FLAGS)
// $(CC) $(C_FLAGS)
#define MARMOSET_VERSION "$(VERSION)"
#define MARMOSET_BUILD_TAG "$(build_tag)"
$(subst $(newline) ,$(newline),$(foreach feature,$(FEATURES),#define MARMOSET_$(feature) 1$(newline)))
endef
# Only src/server and its tests see the paths: another prefix rebuilds a handful of files.
define config_paths_text
// Written by make: the built-in paths.
#define MARMOSET_PREFIX "$(prefix)"
#define MARMOSET_SYSCONFDIR "$(sysconfdir)"
#define MARMOSET_LIBDIR "$(libdir)"
#define MARMOSET_PKGLIBDIR "$(libdir)/marmoset"
#define MARMOSET_DATADIR "$(datadir)"
#define MARMOSET_LOCALSTATEDIR "$(localstatedir)"
#define MARMOSET_CONFIGFILE "$(sysconfdir)/marmoset/marmoset.conf"
#define MARMOSET_PIDFILE "$(runstatedir)/marmoset.pid"
endef
define static_modules_text
// Written by make: the modules linked in (configure --with-static-modules).
#include "module/abi.h"

extern "C" {
$(subst $(newline) ,$(newline),$(foreach name,$(STATIC),extern const MarmosetModule marmoset_module_$(name);$(newline)))
extern const MarmosetModule* const marmoset_static_modules[];
const MarmosetModule* const marmoset_static_modules[] = {$(foreach name,$(STATIC),&marmoset_module_$(name),) nullptr};
}
endef
define newline


endef
export build_config_text config_paths_text static_modules_text
$(BUILD_CONFIG): FORCE
	@printf '%s\n' "$$build_config_text" | $(write_text)
$(CONFIG_PATHS): FORCE
	@printf '%s\n' "$$config_paths_text" | $(write_text)
$(B)/obj/static_modules.cpp: FORCE
	@printf '%s\n' "$$static_modules_text" | $(write_text)
# What is linked: a source added or removed links anew, though no object is newer.
$(SOURCE_LIST): FORCE
	@printf '%s\n' $(SOURCES) | $(write_text)

# --- compiling --------------------------------------------------------------------------------------------------------
# Warnings are kept beside the object: make prints them, check and asan count them as failures, nothing is built twice.
compile = $(Q)mkdir -p $(@D); $(1) -MMD -MP -c $< -o $@ 2>$@.warnings; status=$$?; cat $@.warnings >&2; \
          test -s $@.warnings || rm -f $@.warnings; test $$status = 0 || { rm -f $@.warnings; exit 1; }
say = $(if $(V),,@echo '  $(1) $(patsubst $(S)%,%,$(2))')
COLOUR := $(if $(MAKE_TERMERR),-fdiagnostics-color=always)

# System servers see the public header and nothing else of ours.
includes = $(if $(filter utils/websocket_%,$(1)),-I$(B)/include $(if $(filter utils/websocket_jsonrpc/%,$(1)),-I$(S)src),-I$(S)src $(if $(filter tests/%,$(1)),-I$(or $(S),.)) \
             $(if $(filter tests/% utils/jsonrpc_%,$(1)),-I$(B)/include))
paths = $(if $(filter src/server/% tests/unit/server/% utils/websocket_jsonrpc/%,$(1)),-include $(CONFIG_PATHS))
# Half of the unit tests' compile time would go into optimising what runs once.
# What stands in front of recv() must not get the C library's own checking one from its headers.
own_flags = $(if $(filter tests/unit/%,$(1)),-O0 -U_FORTIFY_SOURCE) $(if $(filter tests/cmocka/%,$(1)),-I$(S)tests/support) \
            $(if $(filter src/libwebsocket/interpose/%,$(1)),-U_FORTIFY_SOURCE)
# $(2): what is included in front, $(BUILD_CONFIG) if empty.
compile_command = $(CXX) $(CXX_FLAGS) $(call own_flags,$(1)) -include $(or $(2),$(BUILD_CONFIG)) $(call paths,$(1)) $(call includes,$(1))

# The standard library's headers, parsed once: they are most of what a compilation reads. gcc takes the first of the folder's files
# that fits the flags, or none. With a compiler cache in front they are left out, so that a source that forgets an include is
# noticed; and where the optimiser looks for mistakes: what gcc warns of in the library's own code it shows then.
PRECOMPILED_FOLDER := $(B)/obj/precompiled/build_config.h.gch
PRECOMPILED := $(if $(filter gcc-%,$(COMPILER_TAG)),$(if $(findstring ccache,$(CXX)),,$(addprefix $(PRECOMPILED_FOLDER)/,unit $(if $(SANITIZE),library))))
COMPILED_CONFIG := $(if $(PRECOMPILED),$(PRECOMPILED_FOLDER:.gch=),$(BUILD_CONFIG))
PRECOMPILED_library := algorithm array cerrno chrono cstdint cstring deque functional map memory mutex optional span string \
                       string_view unordered_map utility variant vector fmt/format.h sys/socket.h unistd.h
PRECOMPILED_unit := $(PRECOMPILED_library) gtest/gtest.h
$(PRECOMPILED): $(PRECOMPILED_FOLDER)/%: $(BUILD_CONFIG)
	$(call say,PCH,$@)
	@mkdir -p $(@D); cp $< $(PRECOMPILED_FOLDER:.gch=)
	@{ cat $<; printf '#include <%s>\n' $(PRECOMPILED_$*); } >$(B)/obj/precompiled/$*.h
	$(Q)$(CXX) $(CXX_FLAGS) $(call own_flags,$(if $(filter unit,$*),tests/unit/.,src)) -x c++-header -o $@ $(B)/obj/precompiled/$*.h

$(B)/obj/%.o: $(S)%.cpp
	$(call say,CXX,$<)
	$(call compile,$(call compile_command,$*.cpp,$(COMPILED_CONFIG)) $(COLOUR))
$(STATIC_LIST): $(B)/obj/static_modules.cpp
	$(call say,CXX,$<)
	$(call compile,$(call compile_command,src,$(COMPILED_CONFIG)) $(COLOUR))
$(LLHTTP_OBJECTS): $(B)/obj/llhttp/%.o: $(firstword $(dir $(LLHTTP_SOURCES)))%.c $(BUILD_CONFIG)
	$(call say,CC,$<)
	$(call compile,$(CC) $(C_FLAGS))

$(B)/obj/tests/%.o: $(S)tests/%.c $(BUILD_CONFIG)
	$(call say,CC,$<)
	$(call compile,$(CC) -std=c11 $(COMMON) $(WARNINGS) $(USER_CPPFLAGS) $(USER_CFLAGS) $(call c_flags,$*) $(COLOUR))
# One file of the plain server is to get the C library's checking calls, whatever the flavour; the others are not.
c_flags = $(if $(filter scenario/%,$(1)),-I$(B)/include -U_FORTIFY_SOURCE $(if $(filter %/fortified,$(1)),-O2 -D_FORTIFY_SOURCE=2), \
            -I$(S)tests/support)
-include $(patsubst %.c,$(B)/obj/%.d,$(filter %.c,$(CMOCKA_TESTS)) $(PLAIN_SERVER_SOURCES) $(RPC_TEST_SOURCES))

$(OBJECTS) $(STATIC_LIST): | $(BUILD_CONFIG) $(CONFIG_PATHS) $(PRECOMPILED)
$(call objects,$(UTILS_SOURCES) $(RPC_SOURCES) $(UNIT_SOURCES) $(BENCH_SOURCES) $(FUZZ_SOURCES)): | $(PUBLIC_HEADERS)
-include $(OBJECTS:.o=.d) $(STATIC_LIST:.o=.d)

$(B)/include/marmoset/websocket_%: $(S)src/libwebsocket/websocket_%
	@mkdir -p $(@D); cp $< $@
$(B)/include/marmoset/jsonrpc_library.h: $(S)src/jsonrpc/jsonrpc_library.h
	@mkdir -p $(@D); cp $< $@

# --- linking ----------------------------------------------------------------------------------------------------------
$(LIBMARMOSET) $(SERVER) $(MODULE_FILES) $(LIBWEBSOCKET) $(B)/lib/$(LIBWEBSOCKET_FILE) $(UTILS_FILES) $(TOOLS_FILES) \
    $(RPC_FILES) $(UNIT): $(SOURCE_LIST)
archive = $(Q)mkdir -p $(@D); rm -f $@; $(AR) rcs $@ $(filter %.o,$^)
$(LIBMARMOSET): $(call objects,$(LIBRARY_SOURCES)) $(LLHTTP_OBJECTS)
	$(call say,AR ,$@)
	$(archive)
$(B)/lib/libwebsocket.a: $(call objects,$(LIBWEBSOCKET_SOURCES)) $(LLHTTP_OBJECTS)
	$(call say,AR ,$@)
	$(archive)

# The whole library, its symbols visible: modules are loaded into it and link nothing of ours themselves.
whole_library = -Wl,--whole-archive $(LIBMARMOSET) -Wl,--no-whole-archive
link = $(Q)mkdir -p $(@D); $(LINK_PROGRAM) -rdynamic -o $@ $(filter %.o,$^) $(whole_library)
MODULE_LIBS := $(foreach name,$(MODULES) $(UTILS_TESTED),$(LIBS_$(name)))
$(B)/bin/marmoset: $(call objects,$(MAIN_SOURCES) $(call module_sources,$(STATIC))) $(STATIC_LIST) $(LIBMARMOSET)
	$(call say,LD ,$@)
	$(link) $(LIBS) $(foreach name,$(STATIC),$(LIBS_$(name)))

$(foreach name,$(SHARED),$(eval $(B)/modules/$(name).so: $(call objects,$(call module_sources,$(name)))))
$(MODULE_FILES): $(B)/modules/%.so:
	$(call say,LD ,$@)
	$(Q)mkdir -p $(@D); $(LINK_SHARED) -Wl,-soname,$(@F) -o $@ $(filter %.o,$^) $(LIBS_$*)

$(B)/lib/$(LIBWEBSOCKET_FILE): $(call objects,$(LIBWEBSOCKET_SOURCES) $(INTERPOSE_SOURCES)) $(LLHTTP_OBJECTS) $(S)src/libwebsocket/libwebsocket.map
	$(call say,LD ,$@)
	$(Q)mkdir -p $(@D); $(LINK_SHARED) -Wl,-soname,libwebsocket.so.$(SO_VERSION) \
	    -Wl,--version-script=$(S)src/libwebsocket/libwebsocket.map -Wl,--as-needed -o $@ $(filter %.o,$^) $(LIBS)
$(B)/lib/libwebsocket.so: $(B)/lib/$(LIBWEBSOCKET_FILE)
	@ln -sf $(LIBWEBSOCKET_FILE) $(@D)/libwebsocket.so.$(SO_VERSION); ln -sf $(LIBWEBSOCKET_FILE) $@; touch -h $@

$(foreach name,$(UTILS),$(eval $(B)/bin/$(name): $(call objects,$(call sources,utils/$(name)/*.cpp))))
$(UTILS_FILES): $(B)/lib/libwebsocket.a
	$(call say,LD ,$@)
	$(Q)mkdir -p $(@D); $(LINK_PROGRAM) -Wl,--as-needed -o $@ $(filter %.o,$^) $(B)/lib/libwebsocket.a $(LIBS) \
        $(LIBS_$(@F))

$(foreach name,$(TOOLS),$(eval $(B)/bin/$(name): $(call objects,$(call sources,utils/$(name)/*.cpp))))
$(TOOLS_FILES): $(LIBMARMOSET)
	$(call say,LD ,$@)
	$(Q)mkdir -p $(@D); $(LINK_PROGRAM) -Wl,--as-needed -o $@ $(filter %.o,$^) $(LIBMARMOSET) $(LIBS)

# They share nothing with the program that loads them but the interface: what they take of our library stays inside.
$(foreach name,$(RPC_LIBRARIES),$(eval $(B)/jsonrpc/$(name).so: $(call objects,$(call sources,utils/jsonrpc_$(name)/*.cpp))))
$(RPC_FILES): $(LIBMARMOSET)
	$(call say,LD ,$@)
	$(Q)mkdir -p $(@D); $(LINK_SHARED) -Wl,-soname,$(@F) $(if $(SANITIZE),,-Wl,-z,defs) -Wl,--exclude-libs,ALL \
	    -Wl,--as-needed -o $@ $(filter %.o,$^) $(LIBMARMOSET) $(LIBS)

# One program; it holds the modules too, so that their classes can be tested alone, the RPC libraries without their common name,
# and of what stands in front of socket calls only what knows none.
UNIT_TESTED_SOURCES := $(WEBSOCKET_SOURCES) src/libwebsocket/interpose/message_reader.cpp $(call module_sources,$(MODULES)) \
                       $(TESTED_UTILS) $(filter-out %/library.cpp,$(RPC_SOURCES))
$(UNIT): $(call objects,$(UNIT_SOURCES) $(UNIT_TESTED_SOURCES)) $(STATIC_LIST) $(LIBMARMOSET)
	$(call say,LD ,$@)
	$(link) -lgtest_main -lgmock -lgtest $(LIBS) $(MODULE_LIBS)

# Modules that scenarios load beside the real ones; made with the unit tests.
$(UNIT): | $(TEST_MODULE_FILES)
$(TEST_MODULE_FILES): $(B)/%.so: $(B)/obj/%.o
	$(call say,LD ,$@)
	$(Q)mkdir -p $(@D); $(LINK_SHARED) -Wl,-soname,$(@F) -o $@ $<

$(PLAIN_SERVER_SOURCES:%.c=$(B)/obj/%.o): | $(PUBLIC_HEADERS)
$(PLAIN_SERVER): $(PLAIN_SERVER_SOURCES:%.c=$(B)/obj/%.o) $(B)/lib/libwebsocket.so
	$(call say,LD ,$@)
	$(Q)mkdir -p $(@D); $(CC) $(SANITIZE) -pthread $(HARDENING_LDFLAGS) $(USER_LDFLAGS) -pie -o $@ $(filter %.o,$^) \
	    -L$(B)/lib -lwebsocket -Wl,-rpath,'$$ORIGIN/../lib'

$(RPC_TEST_SOURCES:%.c=$(B)/obj/%.o): | $(PUBLIC_HEADERS)
$(RPC_TEST_FILES): $(B)/tests/jsonrpc/%.so: $(B)/obj/tests/scenario/jsonrpc/%.o
	$(call say,LD ,$@)
	$(Q)mkdir -p $(@D); $(CC) $(SANITIZE) -pthread -shared -o $@ $< -ljansson

# Without the sanitizer, in front of whose own library it stands. Not pedantic: the C library declares accept() with a union of
# all socket addresses.
$(HOLD_UPS_LIBRARY): $(S)tests/support/hold_ups.c
	$(call say,LD ,$@)
	$(Q)mkdir -p $(@D); $(CC) -std=c11 -O2 -g1 $(filter-out -Wpedantic,$(WARNINGS)) -fPIC -shared -o $@ $<

$(CMOCKA): $(call objects,$(CMOCKA_SOURCES))
	$(call say,AR ,$@)
	$(archive)
$(foreach test,$(CMOCKA_TESTS),$(eval $(test:tests/%=$(B)/tests/%.ours): $(B)/obj/$(basename $(test)).o))
$(CMOCKA_PROGRAMS): $(CMOCKA)
	$(call say,LD ,$@)
	$(Q)mkdir -p $(@D); $(LINK_PROGRAM) -o $@ $(filter %.o,$^) $(CMOCKA) -lgtest
# What ours is compared with: another's library, so without our flags.
$(CMOCKA_REFERENCES): $(B)/tests/%.reference: $(S)tests/% $(wildcard $(S)tests/cmocka/*.h)
	$(call say,REF,$@)
	$(Q)mkdir -p $(@D); $(if $(filter %.cpp,$<),$(CXX) -std=c++20,$(CC) -std=c11) -w -o $@ $< -lcmocka

$(BENCH_PROGRAMS): $(B)/bench/%: $(B)/obj/tests/bench/%.o $(LIBMARMOSET)
	$(call say,LD ,$@)
	$(Q)mkdir -p $(@D); $(LINK_PROGRAM) -o $@ $< $(LIBMARMOSET) $(LIBS) $(OPENSSL_LIBS)

include $(T)fuzz.mk

# --- for tools --------------------------------------------------------------------------------------------------------
compile_commands.json: FORCE
	@$(file >$@.new,[$(subst } {,}$(comma)$(newline) {,$(foreach s,$(SOURCES),$(call compile_entry,$(s))))])
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@
comma := ,
compile_entry = {"directory": "$(CURDIR)", "file": "$(S)$(1)", "command": "$(call compile_command,$(1)) -c $(S)$(1)"}

# An object is made anew when anything it includes has changed, and only then is its source looked at again.
TIDY_SOURCES := $(filter src/% modules/% utils/%,$(SOURCES))
TIDY_STAMPS := $(TIDY_SOURCES:%.cpp=build/lint/%$(if $(ANALYSE),.analysed,.tidy))
# The analyser does not understand reference counts, and how a table is laid out is not its affair.
TIDY_COMMAND := clang-tidy -p . --quiet --warnings-as-errors='*' $(if $(ANALYSE),--checks='clang-analyzer-*$(comma)\
    -clang-analyzer-cplusplus.NewDelete*$(comma)-clang-analyzer-optin.performance.Padding')
.PHONY: tidy print-tidy
tidy: $(TIDY_STAMPS)
print-tidy:
	@printf '%s\n' $(TIDY_STAMPS)
$(TIDY_STAMPS): build/lint/%$(suffix $(firstword $(TIDY_STAMPS))): $(B)/obj/%.o $(S).clang-tidy | compile_commands.json
	$(call say,TIDY,$(S)$*.cpp)
	$(Q)mkdir -p $(@D); $(TIDY_COMMAND) $(S)$*.cpp >$@.log 2>&1 || \
	    { grep -v 'warnings generated' $@.log; rm -f $@.log; exit 1; }; mv $@.log $@

# The packages of npm that tests use as foreign clients, by the lock file; tests find them through NODE_PATH.
build/node/installed: $(S)tests/package.json $(S)tests/package-lock.json
	@mkdir -p $(@D); cp $^ $(@D)/
	cd $(@D) && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

INSTALL_ENVIRONMENT = $(foreach name,DESTDIR prefix bindir libdir includedir datadir mandir sysconfdir SHARED UTILS TOOLS \
    RPC_LIBRARIES SO_VERSION,$(name)='$($(name))') LIBWEBSOCKET_LIBS='$(filter-out -lconfig -lsqlite3 -lcrypt,$(LIBS))'
