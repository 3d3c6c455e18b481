# coracle: `make help` lists what can be made.
#
# A module is compiled once. The program of chapter N links the modules of chapters 00 to N, whole,
# and nothing of later ones: a call forward does not link, an include forward does not compile.

comma := ,
SANITIZE ?=
# V=1 shows the commands.
Q := $(if $(V),,@)
# FAULTS=1: programs for tests/faults, in a directory of their own; see trace.h.
FAULTS ?=
B := build$(if $(SANITIZE),/$(subst $(comma),-,$(SANITIZE)))$(if $(FAULTS),/faults)
CC ?= cc
PREFIX ?= /usr/local
DESTDIR ?=

CFLAGS ?= -O2 -g
WARNINGS := -Wall -Wextra -Wshadow -Wvla -Wpointer-arith -Wstrict-prototypes -Wmissing-prototypes \
	-Wold-style-definition -Wno-missing-field-initializers $(if $(WERROR),-Werror)
HARDENING := $(if $(SANITIZE),,-D_FORTIFY_SOURCE=2) -fstack-protector-strong -fPIE
SANITIZERS := $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-omit-frame-pointer -fno-sanitize-recover=all)
COMPILE = $(CC) -std=gnu17 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 $(CFLAGS) $(WARNINGS) \
	$(HARDENING) $(SANITIZERS) $(if $(FAULTS),-DTRACE_FAULTS) -MMD -MP
LINK = $(CC) $(CFLAGS) $(SANITIZERS) -pie -Wl,-z,relro,-z,now,--as-needed

# --- what is built of what -----------------------------------------------------------------------

CHAPTERS := 00-base 01-process 02-namespaces 03-cgroups 04-overlayfs 05-images 06-network
PROGRAMS := $(wordlist 2,7,$(CHAPTERS))
LIBEXEC := $(B)/libexec/coracle

# Programs of their own, and the modules that only the image helper links (DESIGN: it is the one
# program that links libcurl and reads what strangers send).
STANDALONE := main first seccomp_compile seccomp_json exec_stub init helper_main
READERS_05 := reference manifest image_config healthcheck store image_helper image_options image_commands archive_write tree_archive \
	archive archive_header layer_tree layer_attributes

sources = $(filter-out $(STANDALONE:%=chapters/$1/%.c),$(wildcard chapters/$1/*.c))
objects = $(patsubst %.c,$(B)/obj/%.o,$1)
modules_of = $(call objects,$(if $(filter 05-%,$1),\
	$(filter $(READERS_05:%=chapters/$1/%.c),$(call sources,$1)),$(call sources,$1)))
WRITERS := $(call objects,$(filter-out $(READERS_05:%=chapters/05-images/%.c),$(call sources,05-images)))

# The chapters up to and with $1, in order.
up_to = $(foreach c,$(CHAPTERS),$(if $(filter $(firstword $(sort $c $1)),$c),$c))
modules_up_to = $(foreach c,$(call up_to,$1),$(call modules_of,$c))

LIBS_00-base := -lcjson -lm
LIBS_01-process := -lcap
LIBS_06-network := -lmnl -lnftables
libs_up_to = $(foreach c,$(call up_to,$1),$(LIBS_$c))
HELPER_LIBS := -lcurl -lcrypto -lisal -lz -lzstd $(call libs_up_to,05-images)

FINAL_ENGINE := $(call objects,$(wildcard final/engine/*.c))
FINAL := $(FINAL_ENGINE) $(call objects,$(wildcard final/commands/*.c))

.PHONY: all help deps demo test parity check-all test-hub bench seccomp-check lessons lessons-check install uninstall format \
	format-check tidy clean own $(patsubst %,diff-0%,2 3 4 5 6) 01 02 03 04 05 06
all: $(PROGRAMS:%=$(B)/%) $(B)/coracle own

# What root builds for somebody else belongs to them.
own: $(PROGRAMS:%=$(B)/%) $(B)/coracle
	@[ -z "$$SUDO_UID" ] || chown -Rh "$$SUDO_UID:$$SUDO_GID" build

# --- rules ---------------------------------------------------------------------------------------

# Flags that changed make everything anew; the compiler counts as a flag.
$(B)/flags: FORCE
	@mkdir -p $(@D); echo '$(COMPILE)' | cmp -s - $@ || echo '$(COMPILE)' > $@
FORCE:

iquotes = $(patsubst %,-iquote chapters/%,$(call up_to,$1))

# A chapter's dependencies may name no later chapter, by whatever path the include was found.
define chapter_rules
$(B)/obj/chapters/$1/%.o: chapters/$1/%.c $(B)/flags
	@mkdir -p $$(@D)
	@echo '  compile $$<'
	$(Q)$$(COMPILE) $(call iquotes,$1) -iquote $(B)/gen -c -o $$@ $$<
	@for later in $(filter-out $(call up_to,$1),$(CHAPTERS)); do \
		if grep -q "/$$$$later/" $$(@:.o=.d); then \
			echo "$$<: includes a file of the later chapter $$$$later" >&2; rm $$@; exit 1; \
		fi; done
endef
$(foreach c,$(CHAPTERS),$(eval $(call chapter_rules,$c)))

define program_rules
$(B)/$1: $(B)/obj/chapters/$1/main.o $(call modules_up_to,$1) | $(LIBEXEC)/coracle-seccomp $(if $(filter-out 01-process,$1),$(LIBEXEC)/coracle-init) $(if $(filter 05-% 06-%,$1),$(LIBEXEC)/coracle-image)
	@echo '  link $$@'
	$(Q)$$(LINK) -o $$@ $$^ $(call libs_up_to,$1)
endef
$(foreach c,$(PROGRAMS),$(eval $(call program_rules,$c)))

.PHONY: 07
07: $(B)/coracle
01 02 03 04 05 06:
	@$(MAKE) --no-print-directory $(B)/$(filter $@-%,$(CHAPTERS))

$(B)/obj/final/%.o: final/%.c $(B)/flags
	@mkdir -p $(@D)
	@echo '  compile $<'
	$(Q)$(COMPILE) $(call iquotes,06-network) -iquote final/engine \
		$(if $(findstring final/engine,$<),,-iquote final/commands) -iquote $(B)/gen -c -o $@ $<

$(B)/coracle: $(B)/obj/final/main.o $(FINAL) $(call modules_up_to,06-network) | $(LIBEXEC)/coracle-seccomp $(LIBEXEC)/coracle-init $(LIBEXEC)/coracle-image
	@echo '  link $@'
	$(Q)$(LINK) -o $@ $^ $(call libs_up_to,06-network)

$(LIBEXEC)/coracle-image: $(B)/obj/chapters/05-images/helper_main.o $(WRITERS) $(call modules_up_to,05-images)
	@mkdir -p $(@D)
	@echo '  link $@'
	$(Q)$(LINK) -o $@ $^ $(HELPER_LIBS)

# PID 1 of a container that asked for --init: static, because it runs in a root of others.
$(LIBEXEC)/coracle-init: chapters/02-namespaces/init.c $(B)/flags
	@mkdir -p $(@D)
	@echo '  compile $<'
	$(Q)$(CC) -std=gnu17 -D_GNU_SOURCE -O2 $(WARNINGS) -static -s -o $@ $<

# States of a chapter between first.c and the finished program: tests/lessons/steps has put the files that
# differ below build/step/N.k or build/without/N.k, and all else is the finished chapter's.
define state_rules
$(B)/$1/%.o: $(B)/$1/%.c $(B)/flags
	$(Q)$$(COMPILE) -O0 -w -U_FORTIFY_SOURCE $(call iquotes,$(if $(filter coracle,$2),06-network,$2)) \
		$(if $(filter coracle,$2),-iquote final/engine -iquote final/commands) -iquote $(B)/gen -c -o $$@ $$<
-include $(patsubst %.o,%.d,$3)
$(B)/$1/$2: $(filter-out $(WRITERS:$(B)/obj/%=$(B)/$1/%),$3) $(filter-out $(3:$(B)/$1/%=$(B)/obj/%),$(call objects_of,$2))
	$(Q)$$(LINK) -o $$@ $$^ $(call libs_up_to,$(if $(filter coracle,$2),06-network,$2))
$(B)/$1/libexec/coracle/coracle-image: $3 $(filter-out $(3:$(B)/$1/%=$(B)/obj/%),\
		$(B)/obj/chapters/05-images/helper_main.o $(WRITERS) $(call modules_up_to,05-images))
	$(Q)$$(LINK) -o $$@ $$(filter-out %/main.o,$$^) $(HELPER_LIBS)
.PHONY: states
states: $(B)/$1/$2 $(if $(filter 05-%,$2),$(B)/$1/libexec/coracle/coracle-image)
endef
objects_of = $(if $(filter coracle,$1),$(B)/obj/final/main.o $(FINAL) $(call modules_up_to,06-network),\
	$(B)/obj/chapters/$1/main.o $(call modules_up_to,$1))
state_program = $(filter 0$(firstword $(subst ., ,$(notdir $1)))-%,$(CHAPTERS) 07-coracle)
$(foreach s,$(STATES),$(eval $(call state_rules,$s,$(patsubst 07-%,%,$(call state_program,$s)),$(patsubst %.c,%.o,$(shell \
	find $(B)/$s -name '*.c')))))

# Docker's default filter of system calls, resolved to numbers by libseccomp while building.
SECCOMP := $(addprefix chapters/01-process/,seccomp_program.c seccomp_program.h) \
	$(wildcard chapters/01-process/seccomp_compile/*)
$(B)/gen/seccomp-compile: chapters/01-process/seccomp_compile.c $(SECCOMP) $(B)/flags
	@mkdir -p $(@D)
	@echo '  compile $<'
	$(Q)$(CC) -std=gnu17 -D_GNU_SOURCE -O1 -g $(WARNINGS) -iquote chapters/01-process -o $@ $< -lseccomp
$(B)/gen/seccomp_filters.h: chapters/01-process/seccomp.profile $(B)/gen/seccomp-compile
	$(B)/gen/seccomp-compile $< > $@.new && mv $@.new $@
$(B)/obj/chapters/01-process/seccomp.o: $(B)/gen/seccomp_filters.h
seccomp-check: $(B)/gen/seccomp-compile ## compare our filter with libseccomp's, call by call
	$< --check chapters/01-process/seccomp.profile

# Compiles a profile of the user's; a program of its own, for libseccomp takes its time.
$(LIBEXEC)/coracle-seccomp: $(B)/obj/chapters/01-process/seccomp_json.o $(call modules_of,00-base)
	@mkdir -p $(@D)
	@echo '  link $@'
	$(Q)$(LINK) -o $@ $^ $(LIBS_00-base) -lcap -lseccomp

# The program that executes a container's command: no library, and no sanitizer.
$(B)/gen/exec-stub: chapters/01-process/exec_stub.c chapters/01-process/channel.h $(B)/flags
	@mkdir -p $(@D)
	@echo '  compile $<'
	$(Q)$(CC) -std=gnu17 -O2 $(WARNINGS) $(call iquotes,01-process) -static -nostdlib -fno-pie -no-pie \
		-fno-stack-protector -fcf-protection=none -Wl,--build-id=none,-z,noseparate-code -s -o $@ $<
$(B)/gen/exec_stub.h: $(B)/gen/exec-stub
	@od -An -v -tx1 $< | sed 's/ \(..\)/0x\1,/g' > $@
$(B)/obj/chapters/01-process/execute.o: $(B)/gen/exec_stub.h

# The shells' completion, as bytes: scripts of their own to read and to check.
$(B)/gen/completion_%.h: final/commands/completion.%
	@mkdir -p $(@D); od -An -v -tx1 $< | sed 's/ \(..\)/0x\1,/g' > $@
$(B)/obj/final/commands/completion.o: $(patsubst %,$(B)/gen/completion_%.h,sh bash zsh)

-include $(shell find $(B)/obj -name '*.d' 2>/dev/null)

# --- for people ----------------------------------------------------------------------------------

help: ## this list
	@sed -n 's/^\([a-z][a-zA-Z0-9 -]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 36
	@echo '  make 01 … make 06                 one chapter, as build/NN-…'
	@echo '  make diff-02 … make diff-06       what a chapter'"'"'s main.c adds to the one before'
	@echo
	@echo '  SANITIZE=address,undefined        builds below build/address-undefined'
	@echo '  CC=clang  WERROR=1  CH=03  PREFIX=/usr/local  DESTDIR='

deps: ## install what is missing to build (CH=03: for that chapter alone)
	@tools/deps $(CH)

demo: ## install what is missing, build, pull an image and run it, explained
	@tools/deps 06 demo registry
	@$(MAKE) --no-print-directory -j$$(nproc) all
	@demo/run

test: ## install what is missing, build, run every test (CH=03: one chapter's)
	@tools/deps 06 test registry
	@$(MAKE) --no-print-directory -j$$(nproc) all
	@BUILD=$(CURDIR)/$(B) tests/run $(CH)

test-hub: all ## pull from Docker Hub itself; as root, with a network, a few pulls of the limit
	@CORACLE_TEST_HUB=live bats tests/05-hub.bats tests/final-hub.bats

bench: all ## what a start costs, beside the kernel's own price and other runners: tests/bench/report.md
	@tests/bench/run; status=$$?; tests/lib/prepare && tests/bench/report || exit; exit $$status

parity: all ## the same commands under docker and under coracle, compared
	@tests/parity/run

.PHONY: parity check-all faults scale deletion
check-all: test parity ## all tests, and that those of containment can fail: takes long
	@tests/containment/prove
	@$(MAKE) --no-print-directory faults scale deletion

faults: ## cut each command at every step, by kill -9 and by a failure, and look at what is left
	@$(MAKE) --no-print-directory -j$$(nproc) FAULTS=1 build/faults/coracle
	@tests/lib/prepare
	@tests/faults/run
	@CROWD=200 unshare --net bats -f crowd tests/final-faults.bats

scale: all ## what a thousand containers, and 128 layers, cost the next command
	@tests/lib/prepare
	@tests/bench/scale

deletion: all ## the deletion score: is each step needed by a test? takes hours, goes on where it was
	@tests/lib/prepare
	@tests/deletion/run
	@tests/vm/run -- tests/vm/runtimes || [ $$? = 77 ]

# Unit tests link every module, and always run with the sanitizers on.
UNIT := $(patsubst tests/unit/%.c,$(B)/unit/%,$(wildcard tests/unit/*.c))
unit: ## build and run the unit tests, with AddressSanitizer and UBSan
	@$(MAKE) --no-print-directory -j$$(nproc) SANITIZE=address,undefined unit-programs
	@tests/lib/run-units $(patsubst tests/unit/%.c,build/address-undefined/unit/%,$(wildcard tests/unit/test_*.c)) \
		$(patsubst tests/fuzz/%.c,build/address-undefined/fuzz/%,$(filter-out tests/fuzz/replay.c,$(wildcard tests/fuzz/*.c)))
.PHONY: unit unit-programs
unit-programs: $(UNIT) $(patsubst tests/fuzz/%.c,$(B)/fuzz/%,$(filter-out tests/fuzz/replay.c,$(wildcard tests/fuzz/*.c)))
$(B)/unit/%: tests/unit/%.c tests/unit/tap.h $(FINAL) $(WRITERS) $(call modules_up_to,06-network)
	@mkdir -p $(@D)
	@echo '  compile $<'
	$(Q)$(COMPILE) $(call iquotes,06-network) -iquote final/engine -iquote final/commands -iquote tests/unit -o $@ \
		$(filter %.c %.o,$^) $(HELPER_LIBS) $(LIBS_06-network)

# Fuzz targets: with libFuzzer (clang), or replaying what it has found (a part of `make unit`).
FUZZERS := $(filter-out replay,$(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/*.c)))
FUZZ_SANITIZERS := fuzzer-no-link,address,undefined
SECONDS ?= 60
fuzz: ## fuzz one target with libFuzzer: FUZZ=archive SECONDS=60
	@[ -e "tests/fuzz/$(FUZZ).c" ] || { echo 'FUZZ is one of: $(FUZZERS)' >&2; exit 2; }
	@$(MAKE) --no-print-directory CC=clang SANITIZE=$(FUZZ_SANITIZERS) \
		build/$(subst $(comma),-,$(FUZZ_SANITIZERS))/fuzz/$(FUZZ)
	@mkdir -p build/corpus/$(FUZZ)
	nice build/$(subst $(comma),-,$(FUZZ_SANITIZERS))/fuzz/$(FUZZ) -max_total_time=$(SECONDS) \
		-timeout=10 -rss_limit_mb=1024 -print_final_stats=1 -artifact_prefix=build/corpus/ \
		build/corpus/$(FUZZ) tests/fuzz/corpus/$(FUZZ)
.PHONY: fuzz
$(B)/fuzz/%: tests/fuzz/%.c tests/fuzz/replay.c tests/fuzz/fuzz.h tests/unit/tap.h $(WRITERS) $(call modules_up_to,05-images)
	@mkdir -p $(@D)
	@echo '  compile $<'
	$(Q)$(COMPILE) $(call iquotes,05-images) -iquote tests/unit -DCORPUS='"tests/fuzz/corpus/$*"' \
		$(if $(findstring fuzzer,$(SANITIZE)),-fsanitize=fuzzer) -o $@ \
		$(if $(findstring fuzzer,$(SANITIZE)),$(filter-out %/replay.c,$(filter %.c %.o,$^)),$(filter %.c %.o,$^)) \
		$(HELPER_LIBS)

.PHONY: step without
step without: ## one step of a lesson: STEP=2.3; what it adds, or what is seen if it is left out
	@tests/lessons/steps $@ $(STEP)
	@[ -z "$$SUDO_UID" ] || chown -Rh "$$SUDO_UID:$$SUDO_GID" build

lessons: all ## rewrite the source blocks in the lessons from the source
	@tests/lessons/check --rewrite

lessons-check: all ## compare the lessons with source and programs
	@tests/lessons/check

# Manual pages and completion are made of the option tables.
MAN := $(B)/man
$(MAN)/coracle.1: $(B)/coracle tools/manual
	@echo '  manual pages'
	@rm -rf $(MAN) && tools/manual $< $(MAN)
$(B)/gen/completion.bash $(B)/gen/completion.zsh: $(B)/coracle
	@$< completion $(subst .,,$(suffix $@)) > $@

SHARE := $(DESTDIR)$(PREFIX)/share
install: all $(MAN)/coracle.1 $(B)/gen/completion.bash $(B)/gen/completion.zsh ## install below PREFIX, with manual pages and completion
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/libexec/coracle $(SHARE)/man/man1 \
		$(SHARE)/bash-completion/completions $(SHARE)/zsh/site-functions
	install -m 644 $(MAN)/*.1 $(SHARE)/man/man1/
	install -m 644 $(B)/gen/completion.bash $(SHARE)/bash-completion/completions/coracle
	install -m 644 $(B)/gen/completion.zsh $(SHARE)/zsh/site-functions/_coracle
	install -m 755 $(B)/coracle $(DESTDIR)$(PREFIX)/bin/
	install -m 755 $(LIBEXEC)/coracle-image $(LIBEXEC)/coracle-init $(LIBEXEC)/coracle-seccomp \
		$(DESTDIR)$(PREFIX)/libexec/coracle/
	install -d $(DESTDIR)$(PREFIX)/lib/systemd/system
	sed 's,@PREFIX@,$(PREFIX),' final/coracle-boot.service >$(DESTDIR)$(PREFIX)/lib/systemd/system/coracle-boot.service

uninstall: ## remove what install made; containers and images stay
	rm -f $(DESTDIR)$(PREFIX)/bin/coracle $(DESTDIR)$(PREFIX)/lib/systemd/system/coracle-boot.service
	rm -f $(SHARE)/man/man1/coracle.1 $(SHARE)/man/man1/coracle-[a-z]*.1
	rm -f $(SHARE)/bash-completion/completions/coracle $(SHARE)/zsh/site-functions/_coracle
	rm -f $(DESTDIR)$(PREFIX)/libexec/coracle/coracle-image $(DESTDIR)$(PREFIX)/libexec/coracle/coracle-init \
		$(DESTDIR)$(PREFIX)/libexec/coracle/coracle-seccomp
	rmdir --ignore-fail-on-non-empty $(DESTDIR)$(PREFIX)/libexec/coracle

C_FILES = $(shell git ls-files -co --exclude-standard '*.c' '*.h')
format: ## reformat the C sources in place
	@clang-format -i $(C_FILES)
format-check: ## fail if clang-format would change anything
	@clang-format --dry-run -Werror $(C_FILES)

tidy: $(B)/gen/seccomp_filters.h ## run clang-tidy over the C sources
	@printf '%s\n' $(filter-out tests/%,$(filter %.c,$(C_FILES))) | xargs -P $$(nproc) -I{} \
		clang-tidy --quiet {} -- -std=gnu17 -D_GNU_SOURCE \
		$(call iquotes,06-network) -iquote final/engine -iquote final/commands -iquote $(B)/gen

clean: ## remove what was built; downloads of tests stay in build/cache
	find build -mindepth 1 -maxdepth 1 ! -name cache -exec rm -rf {} + 2>/dev/null || true

diff-02 diff-03 diff-04 diff-05 diff-06: ## what a chapter's main.c adds
	@diff -u $(foreach n,$(subst diff-0,,$@),chapters/$(word $n,$(CHAPTERS))/main.c \
		chapters/$(word $(words 0 $(wordlist 1,$n,1 2 3 4 5 6)),$(CHAPTERS))/main.c) || [ $$? = 1 ]
