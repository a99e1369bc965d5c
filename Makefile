# SPDX-License-Identifier: GPL-2.0-or-later
#
# make            build/sshrescue, one static binary
# make test       everything: unit, command line, fuzzing, hostile roots, real tools as judges, kills, QEMU
# make fuzz       ten million executions of each parser under libFuzzer, which takes hours
# make demo       lock a Debian out, repair it from its own initramfs, log in
# make iso        a rescue image that boots from USB, CD or the network (docs/rescue-iso.md)
# make install    DESTDIR= PREFIX= as usual, with the hooks of the initramfs generators that are there
#                 (HOOKS="dracut initramfs-tools" names them);  V=1 shows the commands

PREFIX ?= /usr
SBINDIR ?= $(PREFIX)/sbin
MANDIR ?= $(PREFIX)/share/man
BUILD ?= build

CC := $(if $(filter default,$(origin CC)),musl-gcc,$(CC))
HOSTCC ?= gcc
CFLAGS ?= -Os -g
STRIP ?= strip

# Where the static libraries and their headers come from: a directory with include/ and lib/ built for musl, else the
# distribution's own archives (rescue/base/musl_compat.c supplies what those expect of glibc).
MUSL_LIBS ?=
LIBSODIUM_A := $(or $(and $(MUSL_LIBS),$(MUSL_LIBS)/lib/libsodium.a),$(shell gcc -print-file-name=libsodium.a))
# Debian 12 has no static libmnl: scripts/libmnl fetches one where it is missing.
LIBMNL := $(or $(MUSL_LIBS),$(BUILD)/libmnl)
LIBMNL_A := $(LIBMNL)/lib/libmnl.a
LIBEXPAT_A := $(or $(and $(MUSL_LIBS),$(MUSL_LIBS)/lib/libexpat.a),$(shell gcc -print-file-name=libexpat.a))
HEADERS := $(or $(and $(MUSL_LIBS),$(MUSL_LIBS)/include),/usr/include)
# musl-gcc sees none of the kernel's headers: give it these alone, so that a header which musl lacks stays missing.
KERNEL_HEADERS ?= linux asm-generic asm

WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wformat=2 -Wvla
override CPPFLAGS += -D_GNU_SOURCE -Irescue
override CFLAGS += -std=gnu11 $(WARNINGS) -fno-strict-aliasing
PRODUCT_CFLAGS := -fno-asynchronous-unwind-tables -fno-unwind-tables -ffunction-sections -fdata-sections -ffile-prefix-map=$(CURDIR)=. -isystem $(BUILD)/include
PRODUCT_LDFLAGS := -static -Wl,--gc-sections -Wl,-z,relro,-z,now,-z,noseparate-code -Wl,--build-id=none
SANITIZE ?= -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer

SOURCES := $(sort $(wildcard rescue/*.c rescue/*/*.c))
OBJECTS := $(SOURCES:%.c=$(BUILD)/product/%.o)
TEST_OBJECTS := $(patsubst %.c,$(BUILD)/checked/%.o,$(filter-out rescue/main.c,$(SOURCES)))
UNIT_TESTS := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(sort $(wildcard tests/unit/test_*.c)))
JUDGES := $(foreach source,$(sort $(wildcard tests/differential/*/dump.c)),$(BUILD)/differential/$(word 3,$(subst /, ,$(source)))-dump)
FUZZERS := $(patsubst tests/%.c,$(BUILD)/%,$(filter-out tests/fuzz/fuzz.c,$(sort $(wildcard tests/fuzz/*.c))))
TOOLS := $(patsubst tests/%.c,$(BUILD)/tests/%,$(sort $(wildcard tests/crash/killer.c tests/hostile/*.c tests/cli/*.c tests/rehearse/*.c tests/differential/*/probe.c)))

V ?= 0
ifeq ($(V),0)
Q := @
say = @printf '  %-8s %s\n' '$(1)' '$(2)'
else
say = @:
endif

.PHONY: all
all: $(BUILD)/sshrescue

# A library missing is a dependency missing: let scripts/deps say what it is and fetch it.
$(BUILD)/include: scripts/deps scripts/libmnl Makefile
	$(call say,HEADERS,$@)
	$(Q)scripts/deps build
	$(Q)scripts/libmnl $(LIBMNL)
	$(Q)rm -rf $@ && mkdir -p $@
	$(Q)for name in $(KERNEL_HEADERS) sodium sodium.h expat.h expat_external.h libmnl; do \
		for place in $(HEADERS) $(abspath $(LIBMNL))/include /usr/include/$$(gcc -print-multiarch); do \
			if [ -e $$place/$$name ]; then ln -sf $$place/$$name $@/$$name; break; fi; \
		done; \
	done

$(BUILD)/product/%.o: %.c | $(BUILD)/include
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(PRODUCT_CFLAGS) -MMD -MP -c -o $@ $<

# Every wrong way to link it gives a file that looks right and does not start in an initramfs: refuse those.
$(BUILD)/sshrescue: $(OBJECTS)
	$(call say,LINK,$@)
	$(Q)$(CC) $(PRODUCT_LDFLAGS) $(LDFLAGS) -o $@.debug $(OBJECTS) $(LIBSODIUM_A) $(LIBEXPAT_A) $(LIBMNL_A)
	$(Q)$(STRIP) -s -R .comment -R .note -o $@.new $@.debug
	$(Q)if readelf -lW $@.new | grep -q INTERP || readelf -dW $@.new | grep -q NEEDED; then \
		echo "$@ is not static: it has an interpreter or needs a shared library" >&2; rm -f $@.new; exit 1; fi
	$(Q)mv $@.new $@

$(BUILD)/checked/%.o: %.c | $(BUILD)/include
	$(call say,CHECKED,$<)
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) $(CPPFLAGS) $(CFLAGS) -O1 $(SANITIZE) -isystem $(LIBMNL)/include -MMD -MP -c -o $@ $<

# An archive, so that a test may put its own in place of a part of the program.
TEST_LIBRARY := $(BUILD)/checked/librescue.a
$(TEST_LIBRARY): $(TEST_OBJECTS)
	$(call say,AR,$@)
	$(Q)rm -f $@ && ar rcsD $@ $^

$(BUILD)/unit/%: tests/unit/%.c $(TEST_LIBRARY)
	$(call say,UNIT,$@)
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) $(CPPFLAGS) $(CFLAGS) -O1 $(SANITIZE) -MMD -MP -MF $@.d -o $@ $< $(TEST_LIBRARY) -lcmocka -lsodium -lexpat $(LIBMNL_A)

# The same program for the same tests, but watched by the sanitizers.
$(BUILD)/sshrescue-checked: $(BUILD)/checked/rescue/main.o $(TEST_LIBRARY)
	$(call say,LINK,$@)
	$(Q)$(HOSTCC) $(SANITIZE) -o $@ $^ -lsodium -lexpat $(LIBMNL_A)

.SECONDEXPANSION:
$(BUILD)/differential/%-dump: tests/differential/$$*/dump.c $(TEST_LIBRARY)
	$(call say,JUDGED,$@)
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) $(CPPFLAGS) $(CFLAGS) -O1 $(SANITIZE) -MMD -MP -MF $@.d -o $@ $< $(TEST_LIBRARY) -lsodium -lexpat $(LIBMNL_A)

# Runs inside of roots that have other libraries, or none.
$(BUILD)/tests/rehearse/%: tests/rehearse/%.c | $(BUILD)/include
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -static -isystem $(BUILD)/include -MMD -MP -MF $@.d -o $@ $<

$(BUILD)/tests/%: tests/%.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -MF $@.d -o $@ $<

$(BUILD)/tests/differential/firewall/probe: tests/differential/firewall/network.h

# The same sources once more, with the marks that libFuzzer steers by.
FUZZ_CFLAGS := -std=gnu11 $(WARNINGS) -g -O1 -fno-strict-aliasing -Wno-missing-field-initializers -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
FUZZ_OBJECTS := $(patsubst %.c,$(BUILD)/fuzz/%.o,$(filter-out rescue/main.c,$(SOURCES)) tests/fuzz/fuzz.c)
$(BUILD)/fuzz/%.o: %.c | $(BUILD)/include
	$(call say,FUZZ,$<)
	@mkdir -p $(@D)
	$(Q)clang $(CPPFLAGS) $(FUZZ_CFLAGS) -isystem $(LIBMNL)/include -MMD -MP -c -o $@ $<
$(BUILD)/fuzz/fuzz.a: $(FUZZ_OBJECTS)
	$(Q)rm -f $@ && ar rcsD $@ $^
$(FUZZERS): $(BUILD)/fuzz/%: tests/fuzz/%.c $(BUILD)/fuzz/fuzz.a
	$(call say,FUZZER,$@)
	$(Q)clang $(CPPFLAGS) $(FUZZ_CFLAGS) -fsanitize=fuzzer -MMD -MP -MF $@.d -o $@ $< $(BUILD)/fuzz/fuzz.a -lsodium -lexpat $(LIBMNL_A)
.PHONY: fuzzers fuzz
fuzzers: $(FUZZERS)
fuzz:
	$(Q)scripts/deps build test differential fuzz
	$(Q)$(MAKE) --no-print-directory fuzzers
	$(Q)tests/run --long fuzz

.PHONY: test test-unit test-cli test-hostile test-rehearse test-differential test-crash test-qemu test-media demo
test-programs: $(BUILD)/sshrescue $(BUILD)/sshrescue-checked $(UNIT_TESTS) $(JUDGES) $(TOOLS)
test:
	$(Q)scripts/deps build test differential fuzz
	$(Q)$(MAKE) --no-print-directory test-programs fuzzers
	$(Q)tests/run
test-unit test-cli:
	$(Q)scripts/deps build test
	$(Q)$(MAKE) --no-print-directory test-programs
	$(Q)tests/run $(@:test-%=%)
test-rehearse:
	$(Q)scripts/deps build test differential
	$(Q)$(MAKE) --no-print-directory test-programs
	$(Q)tests/run rehearse
test-hostile test-differential test-crash:
	$(Q)scripts/deps build test differential
	$(Q)$(MAKE) --no-print-directory test-programs
	$(Q)tests/run --long $(@:test-%=%)
test-qemu: $(BUILD)/sshrescue
	$(Q)scripts/deps build test demo
	$(Q)tests/run --long qemu
test-media: $(BUILD)/sshrescue
	$(Q)scripts/deps build test demo media
	$(Q)tests/run --long media

demo:
	$(Q)scripts/deps build demo
	$(Q)$(MAKE) --no-print-directory $(BUILD)/sshrescue
	$(Q)scripts/demo

# The rescue image: build/rescue/sshrescue.iso, and vmlinuz and initramfs.img for PXE.
.PHONY: iso
iso: $(BUILD)/sshrescue
	$(Q)scripts/deps media
	$(Q)scripts/rescue-image

.PHONY: install lint format size repro clean
$(BUILD)/sshrescue.8: docs/sshrescue.8 scripts/manual $(BUILD)/sshrescue
	$(call say,MAN,$@)
	$(Q)scripts/manual $(BUILD)/sshrescue docs/sshrescue.8 >$@.new && mv $@.new $@

.PHONY: install-program install-hooks
install: install-program install-hooks
install-program: $(BUILD)/sshrescue $(BUILD)/sshrescue.8
	install -D -m 0755 $(BUILD)/sshrescue $(DESTDIR)$(SBINDIR)/sshrescue
	install -D -m 0644 $(BUILD)/sshrescue.8 $(DESTDIR)$(MANDIR)/man8/sshrescue.8
	install -D -m 0644 docs/sshrescue.conf.5 $(DESTDIR)$(MANDIR)/man5/sshrescue.conf.5

# The generators look in one place each, whatever the prefix is.
install-hooks:
	$(Q)DESTDIR='$(DESTDIR)' scripts/install-hooks $(HOOKS)

SHELL_FILES = $(shell git ls-files | xargs grep -lE '^\#!/bin/(ba)?sh|^\# shellcheck shell=' 2>/dev/null)
lint: $(BUILD)/sshrescue.8
	$(Q)scripts/deps lint
	$(call say,FORMAT,C sources)
	$(Q)clang-format --dry-run -Werror $$(git ls-files '*.c' '*.h')
	$(call say,SHELL,scripts)
	$(Q)shellcheck $(SHELL_FILES)
	$(call say,MAN,docs)
	$(Q)mandoc -T lint -W warning $(BUILD)/sshrescue.8 docs/sshrescue.conf.5
format:
	$(Q)clang-format -i $$(git ls-files '*.c' '*.h')

.PHONY: bench
bench: $(BUILD)/sshrescue
	$(Q)scripts/deps build test bench
	$(Q)bench/run

size: $(BUILD)/sshrescue
	@stat -c '%n: %s bytes' $(BUILD)/sshrescue
	@gzip -9nc $(BUILD)/sshrescue | wc -c | sed 's/$$/ bytes compressed/'

# Two builds in different places must be the same, byte for byte.
repro:
	$(Q)scripts/repro

clean:
	$(Q)find $(BUILD) -mindepth 1 -maxdepth 1 ! -name roots ! -name demo ! -name images ! -name rescue -exec rm -rf {} +

-include $(OBJECTS:.o=.d) $(TEST_OBJECTS:.o=.d) $(FUZZ_OBJECTS:.o=.d)
