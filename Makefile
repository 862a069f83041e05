# mqgp: one non-recursive makefile. `make help` lists the targets.
MAKEFLAGS += --no-builtin-rules
.DELETE_ON_ERROR:
.SUFFIXES:
.SECONDARY:
SHELL := /bin/bash

MODE ?= debug
CC_NAME := $(if $(filter default,$(origin CC)),gcc,$(CC))
ifeq ($(MODE),fuzz)
CC_NAME := clang
endif
override CC := $(CC_NAME)
B := build/$(MODE)-$(notdir $(CC))
VERSION := 0.1.0

PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
SBINDIR ?= $(PREFIX)/sbin
MANDIR ?= $(PREFIX)/share/man
DATADIR ?= $(PREFIX)/share
SYSCONFDIR ?= $(PREFIX)/etc
UNITDIR ?= $(PREFIX)/lib/systemd/system

# What must be installed to build and test: a pkg-config name or a command,
# and the Debian package that brings it. `make deps` installs what is missing.
DEPS := c:sodium.h=libsodium-dev c:gpgme.h=libgpgme-dev c:MQTTAsync.h=libpaho-mqtt-dev \
	c:openssl/ssl.h=libssl-dev c:jansson.h=libjansson-dev c:jsmn.h=libjsmn-dev \
	c:sqlite3.h=libsqlite3-dev c:unistr.h=libunistring-dev c:ncurses.h=libncurses-dev \
	c:cmocka.h=libcmocka-dev c:vterm.h=libvterm-dev \
	x:gcc=gcc x:pkg-config=pkg-config x:gpg=gnupg x:mosquitto=mosquitto \
	x:mosquitto_pub=mosquitto-clients x:tmux=tmux x:mandoc=mandoc x:clang=clang \
	r:libclang_rt.fuzzer-x86_64.a=libclang-rt-14-dev

WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wold-style-definition -Wpointer-arith -Wwrite-strings -Wformat=2 -Wundef \
	-Wvla -Wcast-qual -Wswitch-enum
WERROR ?= $(if $(CI),-Werror)
STD := -std=c11 -D_GNU_SOURCE -I. -DMQGP_VERSION='"$(VERSION)"' -DMQGP_DATADIR='"$(DATADIR)/mqgp"'
LIBS_CORE := -lpaho-mqtt3as -lsodium -lgpgme -lgpg-error -lssl -lcrypto -ljansson -lsqlite3 -lunistring -lpthread -lm
LIBS_UI := -lncursesw -ltinfo

OPT_debug := -O1 -g -DMQGP_TEST_HOOKS
OPT_release := -O2 -g -DNDEBUG -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE
OPT_asan := -O1 -g -DMQGP_TEST_HOOKS -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
OPT_tsan := -O1 -g -DMQGP_TEST_HOOKS -fsanitize=thread
OPT_fuzz := -O1 -g -DMQGP_TEST_HOOKS -DMQGP_LIBFUZZER -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined
OPT_cov := -O0 -g -DMQGP_TEST_HOOKS --coverage
comma := ,
OPT := $(OPT_$(MODE))
ifeq ($(OPT),)
$(error MODE must be debug, release, asan, tsan, fuzz or cov, not '$(MODE)')
endif
LDOPT := $(filter -fsanitize% --coverage,$(OPT)) -Wl,--as-needed $(if $(filter release,$(MODE)),-pie -Wl$(comma)-z$(comma)relro$(comma)-z$(comma)now)
Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-5s %s\n' $(1) $(2))

CORE_SRC := $(wildcard core/*/*.c)
UI_SRC := $(wildcard ui/*.c)
MAIN_SRC := src/mqgp.c src/mqgpd.c
SRC_SRC := $(filter-out $(MAIN_SRC),$(wildcard src/*.c))
UNIT_SRC := $(wildcard tests/unit/t_*.c)
TESTLIB_SRC := $(wildcard tests/unit/lib_*.c)
FUZZ_SRC := $(wildcard tests/fuzz/f_*.c)
VEC_SRC := $(wildcard tests/vectors/*.c)
BENCH_SRC := $(wildcard tests/bench/b_*.c)
BENCHLIB_SRC := $(wildcard tests/bench/lib_*.c) tests/unit/lib_broker.c
# the longest first, so that the short ones fill the other core while it runs
IT_LONG := tests/it/owner.test tests/it/demo.test tests/it/dash_owner.test tests/it/cosign.test
IT_TESTS := $(IT_LONG) $(filter-out $(IT_LONG),$(wildcard tests/it/*.test))
TUI_TESTS := $(wildcard tests/tui/*.test)
TUI_SRC := $(wildcard tests/tui/p_*.c)
obj = $(patsubst %.c,$(B)/%.o,$(1))
LIBCORE := $(B)/libcore.a
LIBUI := $(B)/libui.a
LIBSRC := $(B)/libsrc.a
PROGRAMS := $(patsubst src/%.c,$(B)/%,$(wildcard $(MAIN_SRC)))
UNIT := $(patsubst %.c,$(B)/%,$(UNIT_SRC))
FUZZ := $(patsubst %.c,$(B)/%,$(FUZZ_SRC))
BENCH := $(patsubst %.c,$(B)/%,$(BENCH_SRC))
TUIP := $(patsubst %.c,$(B)/%,$(TUI_SRC))
VECTORS := $(if $(VEC_SRC),$(B)/tests/vectors/vectors)

.PHONY: all deps check demo bench fuzz lint vectors attacks install uninstall clean compile_commands.json help needs programs tests ci
all: needs programs ## build both programs
programs: $(PROGRAMS)
tests: $(UNIT) $(FUZZ) $(VECTORS) $(TUIP)

help: ## this list
	@sed -n 's/^\([a-z_.]*\):.*## \(.*\)/  \1\t\2/p' Makefile | expand -t 26

# ---- libraries the project needs
needs:
	@.ci/deps check $(DEPS)
deps: ## install every library and tool that is missing (apt)
	@.ci/deps install $(DEPS)
.PHONY: ensure-deps
ensure-deps:
	@.ci/deps check $(DEPS) 2>/dev/null || .ci/deps install $(DEPS)

# ---- compile
$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(STD) $(WARN) $(WERROR) $(OPT) $(CFLAGS) -MMD -MP -c -o $@ $<
	@printf '{"directory":"%s","file":"%s","command":"%s"},\n' "$(CURDIR)" "$<" '$(CC) $(subst ','\'',$(subst ",\",$(STD))) $(WARN) $(OPT) -c $<' > $@.json
compile_commands.json: programs tests ## for editors and clang tools
	@{ echo '['; find $(B) -name '*.o.json' | sort | xargs cat | sed '$$ s/,$$//'; echo ']'; } > $@

# The program knows where it will be installed: for another place that file is compiled anew.
$(B)/src/cmd_config.o: $(B)/datadir
$(B)/datadir: force
	@mkdir -p $(@D)
	@echo '$(DATADIR)' | cmp -s - $@ || echo '$(DATADIR)' >$@
.PHONY: force
force:
# The shipped themes are part of the program.
$(B)/ui/theme_builtin.o: $(wildcard themes/*.theme)
$(LIBCORE): $(call obj,$(CORE_SRC))
$(LIBUI): $(call obj,$(UI_SRC))
$(LIBSRC): $(call obj,$(SRC_SRC))
$(LIBCORE) $(LIBUI) $(LIBSRC):
	@mkdir -p $(@D)
	$(call say,AR,$@)
	@rm -f $@
	$(Q)$(AR) rcs $@ $^
AR ?= ar

$(B)/mqgp: $(B)/src/mqgp.o $(LIBSRC) $(LIBUI) $(LIBCORE)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDOPT) -o $@ $^ $(LIBS_UI) $(LIBS_CORE)
$(B)/mqgpd: $(B)/src/mqgpd.o $(LIBSRC) $(LIBCORE)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDOPT) -o $@ $^ $(LIBS_CORE)

# ---- tests
$(B)/tests/unit/t_%: $(B)/tests/unit/t_%.o $(call obj,$(TESTLIB_SRC)) $(LIBSRC) $(LIBUI) $(LIBCORE)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDOPT) -o $@ $^ -lcmocka $(LIBS_UI) $(LIBS_CORE)
FUZZ_MAIN := $(if $(filter fuzz,$(MODE)),,$(B)/tests/fuzz/replay.o)
$(B)/tests/fuzz/f_%: $(B)/tests/fuzz/f_%.o $(FUZZ_MAIN) $(LIBUI) $(LIBCORE)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDOPT) $(if $(filter fuzz,$(MODE)),-fsanitize=fuzzer) -o $@ $^ $(LIBS_UI) $(LIBS_CORE)
$(B)/tests/vectors/vectors: $(call obj,$(VEC_SRC)) $(LIBCORE)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDOPT) -o $@ $^ $(LIBS_CORE)
$(B)/tests/bench/b_%: $(B)/tests/bench/b_%.o $(call obj,$(BENCHLIB_SRC)) $(LIBSRC) $(LIBUI) $(LIBCORE)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDOPT) -o $@ $^ -lvterm $(LIBS_UI) $(LIBS_CORE)
$(B)/tests/lint/man_tables: $(B)/tests/lint/man_tables.o $(LIBUI) $(LIBCORE)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDOPT) -o $@ $^ $(LIBS_UI) $(LIBS_CORE)
$(B)/tests/tui/p_%: $(B)/tests/tui/p_%.o $(LIBUI) $(LIBCORE)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDOPT) -o $@ $^ -lvterm -lcmocka $(LIBS_UI) $(LIBS_CORE)

export B
check: ensure-deps ## all tests
	@$(MAKE) --no-print-directory programs tests
	@tests/run $(IT_TESTS) $(TUI_TESTS) $(UNIT) $(VECTORS:%=tests/vectors/vectors.test) $(if $(FUZZ),tests/fuzz/replay.test)
unit: programs tests ## unit tests only
	@tests/run $(UNIT)
KIND ?= all
vectors: $(VECTORS) ## judge test vectors: KIND=envelope|protocol|openpgp FILES="..."
	@$(B)/tests/vectors/vectors $(KIND) $(FILES)
lint: programs $(B)/tests/lint/man_tables ## layers, globals, headers, man pages, banned functions
	@tests/run $(wildcard tests/lint/*.test)
bench: ## measured ratios against a reference in the same run
	@$(MAKE) --no-print-directory MODE=release bench-run
.PHONY: bench-run unit
bench-run: $(BENCH) programs
	@for b in $(BENCH) $(wildcard tests/bench/*.bench); do echo "== $$(basename $$b)"; "./$$b" || missed="$$missed $$(basename $$b)"; done; \
	if [ -n "$$missed" ]; then echo "missed an aim:$$missed"; exit 1; fi
FUZZ_TIME ?= 20
fuzz: ## every fuzz target for FUZZ_TIME seconds (FUZZ_ONLY="names")
	@$(MAKE) --no-print-directory MODE=fuzz FUZZ_TIME=$(FUZZ_TIME) fuzz-run
.PHONY: fuzz-run
FUZZ_RUN := $(if $(FUZZ_ONLY),$(FUZZ_ONLY:%=$(B)/tests/fuzz/f_%),$(FUZZ))
fuzz-run: $(FUZZ_RUN)
	@tests/fuzz/run $(FUZZ_TIME) $(FUZZ_RUN)
demo: ensure-deps ## the main job on a private broker, nothing configured
	@$(MAKE) --no-print-directory programs
	@$(B)/mqgp demo
attacks: ensure-deps programs tests ## every staged attack
	@tests/run $(wildcard tests/attacks/*.test)

# ---- install
install: ## DESTDIR PREFIX BINDIR SBINDIR MANDIR DATADIR
	@$(MAKE) --no-print-directory MODE=release programs
	install -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(SBINDIR) $(DESTDIR)$(DATADIR)/mqgp/themes $(DESTDIR)$(UNITDIR)
	install -m 755 build/release-$(notdir $(CC))/mqgp $(DESTDIR)$(BINDIR)/mqgp
	install -m 755 build/release-$(notdir $(CC))/mqgpd $(DESTDIR)$(SBINDIR)/mqgpd
	install -m 644 themes/*.theme $(DESTDIR)$(DATADIR)/mqgp/themes/
	for m in man/*.[1-8]; do s=$${m##*.}; install -d $(DESTDIR)$(MANDIR)/man$$s; install -m 644 $$m $(DESTDIR)$(MANDIR)/man$$s/; done
	for u in $(wildcard src/*.service.in); do sed 's,@SBINDIR@,$(SBINDIR),g' $$u > $(DESTDIR)$(UNITDIR)/$$(basename $${u%.in}); done
	src/completions/install install $(DESTDIR)$(DATADIR) build/release-$(notdir $(CC))/mqgp build/release-$(notdir $(CC))/mqgpd
uninstall: ## remove what install put there
	rm -f $(DESTDIR)$(BINDIR)/mqgp $(DESTDIR)$(SBINDIR)/mqgpd $(DESTDIR)$(UNITDIR)/mqgpd@.service
	rm -rf $(DESTDIR)$(DATADIR)/mqgp
	for m in man/*.[1-8]; do rm -f $(DESTDIR)$(MANDIR)/man$${m##*.}/$$(basename $$m); done
	src/completions/install uninstall $(DESTDIR)$(DATADIR) mqgp mqgpd
clean: ## remove build/
	rm -rf build compile_commands.json

-include $(shell test -d $(B) && find $(B) -name '*.d')
