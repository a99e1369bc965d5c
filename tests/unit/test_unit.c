/* SPDX-License-Identifier: GPL-2.0-or-later */
/* systemd units: names, syntax, aliases, drop-ins, what a boot starts, [Install]. Every case was asked of a real
 * systemd, and most were once answered differently. */
#include "small_root.h"

#include <errno.h>

#include "base/text.h"
#include "parse/unit.h"
#include "parse/unit_command.h"
#include "parse/unit_name.h"
#include "parse/unit_private.h"
#include "parse/unit_words.h"

#define ETC "/etc/systemd/system/"
#define LOCAL "/usr/local/lib/systemd/system/"
#define VENDOR "/usr/lib/systemd/system/"

static const char simple_service[] = "[Service]\nExecStart=/bin/true\n";

/* default.target and what it usually leads to. */
static void put_targets(const struct small_root *root)
{
	put_link(root, VENDOR "default.target", "graphical.target");
	put(root, VENDOR "graphical.target", "[Unit]\nRequires=multi-user.target\nWants=display-manager.service\n");
	put(root, VENDOR "multi-user.target", "[Unit]\nRequires=basic.target\n");
	put(root, VENDOR "basic.target", "[Unit]\nRequires=sysinit.target\nWants=sockets.target timers.target\n");
	put(root, VENDOR "sysinit.target", "[Unit]\nDescription=sysinit\n");
	put(root, VENDOR "sockets.target", "[Unit]\nDescription=sockets\n");
	put(root, VENDOR "rescue.target", "[Unit]\nRequires=sysinit.target\n");
}

static struct unit_set *units(struct small_root *root)
{
	return unit_set_new(root->target, &root->arena);
}

static void put_version(const struct small_root *root, unsigned version)
{
	char path[128];

	snprintf(path, sizeof(path), "/usr/lib/x86_64-linux-gnu/systemd/libsystemd-shared-%u.so", version);
	put(root, path, "");
}

static const char *value(const struct unit *unit, const char *section, const char *key)
{
	const struct unit_setting *setting = unit_get(unit, section, key);

	return setting ? setting->value : NULL;
}

/* --- names --- */

static void test_names(void **state)
{
	struct small_root *root = *state;
	struct arena *arena = &root->arena;

	assert_int_equal(unit_name_kind("ssh.service"), UNIT_NAME_PLAIN);
	assert_int_equal(unit_name_kind("sshd@.service"), UNIT_NAME_TEMPLATE);
	assert_int_equal(unit_name_kind("sshd@a@b.service"), UNIT_NAME_INSTANCE);
	assert_int_equal(unit_name_kind("system-ssh\\x2dx.slice"), UNIT_NAME_PLAIN);
	assert_int_equal(unit_name_kind(".service"), UNIT_NAME_INVALID);
	assert_int_equal(unit_name_kind("@.service"), UNIT_NAME_INVALID);
	assert_int_equal(unit_name_kind("ssh.conf"), UNIT_NAME_INVALID);
	assert_int_equal(unit_name_kind("a b.service"), UNIT_NAME_INVALID);
	assert_int_equal(unit_name_kind("ssh"), UNIT_NAME_INVALID);
	assert_string_equal(unit_name_template(arena, "sshd@x.service"), "sshd@.service");
	assert_null(unit_name_template(arena, "ssh.service"));
	assert_string_equal(unit_name_instance(arena, "sshd@x.y.service"), "x.y");
	assert_string_equal(unit_name_prefix(arena, "sshd@x.service"), "sshd");
	assert_string_equal(unit_name_expand(arena, "foo-bar@x.service", "%p-%j-%i.socket"), "foo-bar-bar-x.socket");
	assert_string_equal(unit_name_expand(arena, "a.service", "%N.socket"), "a.socket");
	assert_null(unit_name_expand(arena, "a.service", "%H.service"));
	assert_null(unit_name_expand(arena, "a.service", "a%%.service"));
	assert_true(unit_alias_is_valid(arena, "sshd.service", "ssh.service"));
	assert_true(unit_alias_is_valid(arena, "a@x.service", "b@.service"));
	assert_true(unit_alias_is_valid(arena, "a@x.service", "b@x.service"));
	assert_false(unit_alias_is_valid(arena, "a@x.service", "b@y.service"));
	assert_false(unit_alias_is_valid(arena, "a@.service", "b@y.service"));
	assert_false(unit_alias_is_valid(arena, "default.target", "a.service"));
	assert_false(unit_alias_is_valid(arena, "a.mount", "b.mount"));
}

/* --- syntax --- */

static void test_syntax(void **state)
{
	struct small_root *root = *state;
	const struct unit *unit;

	put(root, VENDOR "a.service",
	    "\xef\xbb\xbf"
	    "Description=outside\n"
	    "  [Unit]  \n"
	    "  Description = one \\\n"
	    "# a comment within\n"
	    "  ; and another\n"
	    "  two\n"
	    "=nothing\n"
	    "no assignment\n"
	    "[X-Ours]\nDescription=ignored\n"
	    "[Unknown]\nDescription=ignored, too\n"
	    "[Service]\r\nExecStart=/bin/true\r\n"
	    "TimeoutStartSec=5\\");
	unit = unit_load(units(root), "a.service");
	assert_int_equal(unit->state, UNIT_LOADED);
	assert_int_equal(unit->settings.count, 3);
	assert_string_equal(value(unit, "Unit", "Description"), "one    two");
	assert_int_equal(unit_get(unit, "Unit", "Description")->line, 3);
	assert_int_equal(unit_get(unit, "Unit", "Description")->last_line, 6);
	assert_string_equal(value(unit, "Service", "ExecStart"), "/bin/true");
	assert_string_equal(value(unit, "Service", "TimeoutStartSec"), "5");
	assert_null(unit_get(unit, "Unit", "ExecStart"));
}

static void test_syntax_line_ends(void **state)
{
	struct small_root *root = *state;
	static const char with_nul[] = "[Unit]\0Description=nul\n\0[Service]\nExecStart=/bin/true\n";
	struct unit_set *set;

	put(root, VENDOR "a.service", "[Unit]\rDescription=cr\r[Service]\rExecStart=/bin/true\r");
	put_bytes(root, VENDOR "b.service", with_nul, sizeof(with_nul) - 1);
	put(root, VENDOR "c.service", "[Unit]\nDescription=back\\\\\n[Service]\nExecStart=/bin/true\n");
	set = units(root);
	assert_string_equal(value(unit_load(set, "a.service"), "Unit", "Description"), "cr");
	assert_string_equal(value(unit_load(set, "b.service"), "Unit", "Description"), "nul");
	assert_string_equal(value(unit_load(set, "c.service"), "Unit", "Description"), "back\\\\");
	assert_int_equal(unit_load(set, "c.service")->state, UNIT_LOADED);
}

static void test_refused_files(void **state)
{
	struct small_root *root = *state;
	struct unit_set *set;

	put(root, VENDOR "header.service", "[Service]\nExecStart=/bin/true\n[Install\n");
	put(root, VENDOR "latin1.service", "[Unit]\nDescription=\xe4\n[Service]\nExecStart=/bin/true\n");
	put(root, VENDOR "path.service", "[Service]\nExecStart=bin/true\n");
	put(root, VENDOR "quote.service", "[Service]\nExecStart=/bin/true \"open\n");
	put(root, VENDOR "first.service", "[Service]\nExecStart=/bin/true\nExecStart=\"open\n");
	put(root, VENDOR "ignored.service", "[Service]\nExecStart=/bin/true\nExecStart=-bin/true\n");
	put(root, VENDOR "pre.service", "[Service]\nExecStart=/bin/true\nExecStartPre=bin/x\n");
	set = units(root);
	assert_int_equal(unit_load(set, "header.service")->state, UNIT_BAD);
	assert_int_equal(unit_load(set, "header.service")->reason_line, 3);
	assert_string_equal(unit_load(set, "header.service")->reason, "invalid section header");
	assert_int_equal(unit_load(set, "latin1.service")->state, UNIT_BAD);
	assert_int_equal(unit_load(set, "path.service")->state, UNIT_BAD);
	assert_int_equal(unit_load(set, "quote.service")->state, UNIT_BAD);
	assert_int_equal(unit_load(set, "first.service")->state, UNIT_LOADED);
	assert_int_equal(unit_load(set, "ignored.service")->state, UNIT_LOADED);
	assert_int_equal(unit_load(set, "pre.service")->state, UNIT_BAD);
}

static void test_refused_settings(void **state)
{
	static const struct {
		const char *name, *content, *reason;
	} cases[] = {
	    {"a.service", "[Service]\n", "Service has no ExecStart=, ExecStop="},
	    {"b.service", "[Service]\nExecStart=/bin/true\nExecStart=/bin/true\n", "Service has more than one"},
	    {"c.service", "[Service]\nExecStart=/bin/true ; /bin/false\n", "Service has more than one"},
	    {"d.service", "[Service]\nType=oneshot\nExecStart=/bin/true\nExecStart=/bin/true\n", NULL},
	    {"e.service", "[Service]\nExecStart=/bin/a\nExecStart=\nExecStart=/bin/true\n", NULL},
	    {"f.service", "[Service]\nExecStart=/bin/true\nType=bogus\nRestart=bogus\n", NULL},
	    {"g.service", "[Service]\nExecStart=/bin/true\nType=oneshot\nRestart=always\n", "Service has Restart="},
	    {"h.service", "[Service]\nExecStart=/bin/true\nType=dbus\n", "Service is of type D-Bus"},
	    {"i.service", "[Service]\nExecStart=/bin/true\nPAMName=login\nKillMode=process\n", "Service has PAM"},
	    {"j.service", "[Service]\nExecStop=/bin/true\nRemainAfterExit=yes\n", NULL},
	    {"k.service", "[Service]\nExecStop=/bin/true\n", "Service has no ExecStart= and no SuccessAction="},
	    {"l.service", "[Unit]\nSuccessAction=reboot\n[Service]\nType=oneshot\n", NULL},
	    {"a.socket", "[Socket]\nListenStream=22\n", NULL},
	    {"b.socket", "[Socket]\nListenStream=99999\nListenStream=x:y\n", "Unit has no Listen setting"},
	    {"c.socket", "[Socket]\nListenStream=22\nListenStream=\n", "Unit has no Listen setting"},
	    {"d.socket", "[Socket]\nAccept=yes\nListenDatagram=22\n", "Unit configured for accepting"},
	    {"e.socket", "[Socket]\nAccept=yes\nListenStream=22\nService=a.service\n", "Explicit service"},
	    {"f.socket", "[Socket]\nListenStream=[::1]:22%lo\n", NULL},
	    {"g.socket", "[Socket]\nListenStream=[::1%lo]:22\n", "Unit has no Listen setting"},
	    {"h.socket", "[Socket]\nListenStream=@abstract\nAccept=maybe\n", NULL},
	    {"a.timer", "[Timer]\nUnit=a.service\n", "Timer unit lacks"},
	    {"b.timer", "[Timer]\nOnBootSec=1min\n", NULL},
	    {"a.path", "[Path]\nUnit=a.service\n", "Path unit lacks"},
	};
	struct small_root *root = *state;
	struct unit_set *set = units(root);

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char path[128];

		snprintf(path, sizeof(path), VENDOR "%s", cases[i].name);
		put(root, path, cases[i].content);
	}
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct unit *unit = unit_load(set, cases[i].name);

		if (!cases[i].reason) {
			assert_int_equal(unit->state, UNIT_LOADED);
			continue;
		}
		assert_int_equal(unit->state, UNIT_BAD);
		assert_ptr_equal(strstr(unit->reason, cases[i].reason), unit->reason);
	}
}

/* --- files, aliases, masks --- */

static void test_search_path(void **state)
{
	struct small_root *root = *state;
	struct unit_set *set;

	put(root, VENDOR "a.service", simple_service);
	put(root, LOCAL "a.service", simple_service);
	put(root, VENDOR "b.service", simple_service);
	put(root, ETC "b.service", simple_service);
	put(root, "/etc/systemd/system.control/b.service", simple_service);
	put(root, "/lib/systemd/system/c.service", simple_service);
	put(root, VENDOR "c.service", simple_service);
	put(root, "/run/systemd/system/d.service", simple_service);
	set = units(root);
	assert_string_equal(unit_load(set, "a.service")->fragment, LOCAL "a.service");
	assert_string_equal(unit_load(set, "b.service")->fragment, "/etc/systemd/system.control/b.service");
	assert_string_equal(unit_load(set, "c.service")->fragment, "/lib/systemd/system/c.service");
	assert_int_equal(unit_load(set, "d.service")->state, UNIT_NOT_FOUND);
	assert_string_equal(unit_file_path(set, "b.service"), "/etc/systemd/system.control/b.service");
	assert_string_equal(unit_file_behind(set, "b.service"), ETC "b.service");
	assert_null(unit_file_behind(set, "d.service"));
}

static void test_merged_lib(void **state)
{
	struct small_root *root = *state;

	put(root, VENDOR "a.service", simple_service);
	put_link(root, "/lib", "usr/lib");
	put_link(root, ETC "b.service", "/lib/systemd/system/a.service");
	assert_string_equal(unit_load(units(root), "a.service")->fragment, VENDOR "a.service");
	assert_string_equal(unit_load(units(root), "b.service")->name, "a.service");
}

static void test_masks(void **state)
{
	static const char *const links[] = {"/dev/null", "../../../dev/null", "../../../../../dev/null", "//dev/null",
					    "/dev/zero", "/dev/../dev/null",  "/opt/link-to-dev-null"};
	struct small_root *root = *state;
	const struct unit *unit;

	put_link(root, "/opt/link-to-dev-null", "/dev/null");
	for (size_t i = 0; i < ARRAY_SIZE(links); i++) {
		put_link(root, ETC "a.service", links[i]);
		unit = unit_load(units(root), "a.service");
		assert_int_equal(unit->state, UNIT_MASKED);
		assert_string_equal(unit->fragment, ETC "a.service");
		drop(root, ETC "a.service");
	}
	put(root, ETC "a.service", "");
	put(root, VENDOR "a.service", simple_service);
	assert_int_equal(unit_load(units(root), "a.service")->state, UNIT_MASKED);
	assert_null(unit_load(units(root), "a.service")->link);
	put(root, ETC "a.service", "\n");
	assert_int_equal(unit_load(units(root), "a.service")->state, UNIT_BAD);
}

static void test_aliases(void **state)
{
	struct small_root *root = *state;
	struct unit_set *set;

	put(root, VENDOR "ssh.service", simple_service);
	put_link(root, ETC "sshd.service", "/lib/systemd/system/ssh.service");
	put_link(root, ETC "second.service", "sshd.service");
	put_link(root, ETC "self.service", "/usr/lib/systemd/system/self.service");
	put(root, VENDOR "self.service", simple_service);
	put_link(root, ETC "type.service", "ssh.target");
	put(root, VENDOR "type.service", simple_service);
	put_link(root, ETC "loop.service", "loop2.service");
	put_link(root, ETC "loop2.service", "loop.service");
	put_link(root, ETC "gone.service", "missing.service");
	put(root, VENDOR "gone.service", simple_service);
	put_link(root, ETC "masked.service", "mask.service");
	put_link(root, ETC "mask.service", "/dev/null");
	set = units(root);
	assert_string_equal(unit_load(set, "sshd.service")->name, "ssh.service");
	assert_ptr_equal(unit_load(set, "second.service"), unit_load(set, "ssh.service"));
	assert_string_equal(unit_load(set, "self.service")->fragment, VENDOR "self.service");
	assert_string_equal(unit_load(set, "type.service")->fragment, VENDOR "type.service");
	assert_int_equal(unit_load(set, "loop.service")->state, UNIT_NOT_FOUND);
	assert_int_equal(unit_load(set, "gone.service")->state, UNIT_NOT_FOUND);
	assert_int_equal(unit_load(set, "masked.service")->state, UNIT_MASKED);
	assert_string_equal(unit_load(set, "masked.service")->name, "mask.service");
}

static void test_linked_units(void **state)
{
	struct small_root *root = *state;
	struct unit_set *set;

	put(root, "/opt/other-name", simple_service);
	put_link(root, ETC "a.service", "../../../opt/other-name");
	put_link(root, ETC "b.service", "/opt/missing.service");
	put(root, VENDOR "b.service", simple_service);
	put_link(root, ETC "c.service", "/opt/loop");
	put_link(root, "/opt/loop", "loop");
	put_link(root, ETC "d.service", "/run/units/d.service");
	put(root, "/run/units/d.service", simple_service);
	mkdir(small_root_at(root, ETC "e.service"), 0755);
	set = units(root);
	assert_int_equal(unit_load(set, "a.service")->state, UNIT_LOADED);
	assert_string_equal(unit_load(set, "a.service")->fragment, ETC "a.service");
	assert_string_equal(unit_load(set, "a.service")->link, "/opt/other-name");
	assert_int_equal(unit_load(set, "b.service")->state, UNIT_NOT_FOUND);
	assert_true(unit_load(set, "b.service")->dangling);
	assert_int_equal(unit_load(set, "c.service")->state, UNIT_NOT_FOUND);
	assert_int_equal(unit_load(set, "d.service")->state, UNIT_NOT_FOUND);
	assert_int_equal(unit_load(set, "e.service")->state, UNIT_NOT_FOUND);
	assert_false(unit_load(set, "e.service")->dangling);
}

static void test_templates(void **state)
{
	struct small_root *root = *state;
	struct unit_set *set;

	put(root, VENDOR "t@.service", "[Service]\nExecStart=/bin/echo %i %I %p %n %% %H\n");
	put_link(root, ETC "u@.service", "/usr/lib/systemd/system/t@.service");
	put_link(root, ETC "v@x.service", "/usr/lib/systemd/system/t@.service");
	put(root, ETC "t@own.service", simple_service);
	put_link(root, ETC "w@own.service", "/usr/lib/systemd/system/t@.service");
	set = units(root);
	assert_string_equal(unit_load(set, "t@a-b.service")->fragment, VENDOR "t@.service");
	assert_string_equal(unit_load(set, "u@a.service")->name, "t@a.service");
	assert_string_equal(unit_load(set, "v@x.service")->name, "t@x.service");
	assert_int_equal(unit_load(set, "v@y.service")->state, UNIT_NOT_FOUND);
	assert_string_equal(unit_load(set, "t@own.service")->fragment, ETC "t@own.service");
	/* The instance that it would be is a unit of its own. */
	assert_int_equal(unit_load(set, "w@own.service")->state, UNIT_BAD);
	assert_int_equal(unit_load(set, "t@own.service")->state, UNIT_LOADED);
	assert_string_equal(unit_expand(&root->arena, unit_load(set, "t@a-b.service"), "%i %I %p %n %% %H"),
			    "a-b a/b t t@a-b.service % %H");
}

/* --- drop-ins --- */

static void check_dropins(struct small_root *root, const char *name, const char *expected)
{
	const struct unit *unit = unit_load(units(root), name);
	struct text found = {.arena = &root->arena};

	for (size_t i = 0; i < unit->dropins.count; i++)
		text_printf(&found, "%s\n", unit->dropins.items[i]);
	assert_string_equal(found.data ? found.data : "", expected);
}

static void test_dropins(void **state)
{
	struct small_root *root = *state;
	const struct unit *unit;

	put(root, VENDOR "foo-bar.service", "[Service]\nExecStart=/bin/true\nType=simple\n");
	put(root, VENDOR "foo-bar.service.d/50-a.conf", "[Service]\nType=notify\nNice=1\n");
	put(root, ETC "foo-bar.service.d/50-a.conf", "[Service]\nType=forking\n");
	put(root, VENDOR "service.d/90-type.conf", "[Service]\nNice=2\n");
	put(root, ETC "foo-.service.d/20-prefix.conf", "[Service]\nNice=3\n");
	put_link(root, ETC "foo-bar.service.d/60-mask.conf", "/dev/null");
	put(root, VENDOR "foo-bar.service.d/60-mask.conf", "[Service]\nNice=4\n");
	put(root, ETC "foo-bar.service.d/.hidden.conf", "[Service]\nNice=5\n");
	put(root, ETC "foo-bar.service.d/other.txt", "[Service]\nNice=6\n");
	put_link(root, ETC "alias.service", "foo-bar.service");
	put(root, ETC "alias.service.d/30-alias.conf", "[Service]\nNice=7\n[Bad\nNice=8\n");
	check_dropins(root, "foo-bar.service",
		      ETC "foo-.service.d/20-prefix.conf\n" ETC "alias.service.d/30-alias.conf\n" ETC
			  "foo-bar.service.d/50-a.conf\n" ETC "foo-bar.service.d/60-mask.conf\n" VENDOR
			  "service.d/90-type.conf\n");
	unit = unit_load(units(root), "foo-bar.service");
	assert_int_equal(unit->state, UNIT_LOADED);
	assert_string_equal(value(unit, "Service", "Type"), "forking");
	assert_string_equal(value(unit, "Service", "Nice"), "2");
	/* What follows a bad header in a drop-in is lost, the unit is not. */
	for (size_t i = 0; i < unit->settings.count; i++)
		assert_string_not_equal(unit->settings.items[i].value, "8");
}

static void test_dropins_of_templates(void **state)
{
	struct small_root *root = *state;

	put(root, VENDOR "a-t@.service", simple_service);
	put(root, ETC "a-t@.service.d/b.conf", "");
	put(root, ETC "a-t@x.service.d/c.conf", "");
	put(root, ETC "a-@.service.d/a.conf", "");
	put(root, ETC "a-.service.d/d.conf", "");
	put_link(root, ETC "alias@.service", "/lib/systemd/system/a-t@.service");
	put(root, ETC "alias@.service.d/e.conf", "");
	check_dropins(root, "a-t@x.service",
		      ETC "a-@.service.d/a.conf\n" ETC "a-t@.service.d/b.conf\n" ETC "a-t@x.service.d/c.conf\n" ETC
			  "a-.service.d/d.conf\n" ETC "alias@.service.d/e.conf\n");
}

static void test_refused_dropins(void **state)
{
	struct small_root *root = *state;
	const struct unit *unit;

	put(root, VENDOR "a.service", simple_service);
	put(root, ETC "a.service.d/a.conf", "[Service]\nExecStart=\nExecStart=bin/relative\nNice=1\n");
	unit = unit_load(units(root), "a.service");
	assert_int_equal(unit->state, UNIT_BAD);
	assert_null(unit_get(unit, "Service", "Nice"));
	put(root, ETC "a.service.d/a.conf", "[Service]\nExecStart=/bin/second\n");
	unit = unit_load(units(root), "a.service");
	assert_int_equal(unit->state, UNIT_BAD);
	assert_string_equal(unit->reason_path, ETC "a.service.d/a.conf");
	assert_int_equal(unit->reason_line, 2);
}

static void test_lists(void **state)
{
	struct small_root *root = *state;
	const struct unit_setting *setting;
	const struct unit *unit;

	put(root, VENDOR "a.socket",
	    "[Socket]\nListenStream=22\nListenStream=\nListenStream=2222\nListenStream=[::]:23\nBacklog=\n");
	unit = unit_load(units(root), "a.socket");
	setting = unit_next(unit, "Socket", "ListenStream", NULL);
	assert_string_equal(setting->value, "2222");
	setting = unit_next(unit, "Socket", "ListenStream", setting);
	assert_string_equal(setting->value, "[::]:23");
	assert_null(unit_next(unit, "Socket", "ListenStream", setting));
	assert_null(unit_get(unit, "Socket", "Backlog"));
}

/* --- what the boot starts --- */

static void test_boot(void **state)
{
	struct small_root *root = *state;
	struct unit_set *set;
	const char *link;

	put_targets(root);
	put(root, VENDOR "ssh.service", simple_service);
	put(root, VENDOR "off.service", simple_service);
	put_link(root, ETC "multi-user.target.wants/ssh.service", "/lib/systemd/system/ssh.service");
	put(root, VENDOR "a.socket", "[Socket]\nListenStream=1\n");
	put_link(root, ETC "sockets.target.wants/a.socket", "/nowhere");
	put(root, VENDOR "a.service", simple_service);
	set = units(root);
	assert_true(unit_boot_starts(set, "ssh.service", &link));
	assert_string_equal(link, ETC "multi-user.target.wants/ssh.service");
	assert_true(unit_boot_starts(set, "graphical.target", NULL));
	assert_true(unit_boot_starts(set, "sysinit.target", NULL));
	assert_true(unit_boot_starts(set, "a.socket", NULL));
	assert_false(unit_boot_starts(set, "a.service", NULL));
	assert_false(unit_boot_starts(set, "off.service", NULL));
	assert_false(unit_boot_wants(set, "off.service", NULL));
	assert_false(unit_boot_starts(set, "display-manager.service", NULL));
	assert_true(unit_boot_wants(set, "display-manager.service", NULL));
	assert_false(unit_boot_starts(set, "no unit", NULL));
	assert_string_equal(unit_default_target(set), "graphical.target");
}

static void test_boot_links(void **state)
{
	struct small_root *root = *state;
	struct unit_set *set;

	put_targets(root);
	put_link(root, ETC "alias.target", "/lib/systemd/system/multi-user.target");
	for (const char *name = "abcdefghijk"; *name; name++) {
		char path[64];

		snprintf(path, sizeof(path), VENDOR "%c.service", *name);
		put(root, path, simple_service);
	}
	/* through an alias of the target, for the type of unit, by an alias of the unit */
	put_link(root, ETC "alias.target.wants/a.service", "../a.service");
	put_link(root, ETC "target.wants/b.service", "../b.service");
	put_link(root, ETC "b-alias.service", "/lib/systemd/system/c.service");
	put_link(root, ETC "multi-user.target.requires/b-alias.service", "../b-alias.service");
	/* the link's name counts, not where it leads */
	put_link(root, ETC "multi-user.target.wants/d.service", "/lib/systemd/system/e.service");
	/* masked links, above and below; what is no link */
	put_link(root, ETC "multi-user.target.wants/f.service", "/dev/null");
	put_link(root, VENDOR "multi-user.target.wants/f.service", "../f.service");
	put(root, ETC "multi-user.target.wants/g.service", "");
	put(root, ETC "multi-user.target.wants/h.service", "[Unit]\n");
	/* a template in a target's directory */
	put(root, VENDOR "t@.service", "[Unit]\nWants=i@%i.service u@.service\n[Service]\nExecStart=/bin/true\n");
	put(root, VENDOR "i@.service", simple_service);
	put(root, VENDOR "u@.service", simple_service);
	put_link(root, ETC "multi-user.target.wants/t@.service", "../t@.service");
	/* a service that pulls in another */
	put_link(root, ETC "a.service.wants/j.service", "../j.service");
	put_link(root, ETC "multi-user.target.wants/.hidden.service", "../k.service");
	set = units(root);
	assert_true(unit_boot_starts(set, "a.service", NULL));
	assert_true(unit_boot_starts(set, "b.service", NULL));
	assert_true(unit_boot_starts(set, "c.service", NULL));
	assert_true(unit_boot_starts(set, "b-alias.service", NULL));
	assert_true(unit_boot_starts(set, "d.service", NULL));
	assert_false(unit_boot_starts(set, "e.service", NULL));
	assert_false(unit_boot_starts(set, "f.service", NULL));
	assert_false(unit_boot_starts(set, "g.service", NULL));
	assert_false(unit_boot_starts(set, "h.service", NULL));
	assert_true(unit_boot_starts(set, "t@multi-user.service", NULL));
	assert_true(unit_boot_starts(set, "i@multi-user.service", NULL));
	assert_true(unit_boot_starts(set, "u@multi-user.service", NULL));
	assert_false(unit_boot_starts(set, "t@.service", NULL));
	assert_true(unit_boot_starts(set, "j.service", NULL));
	assert_false(unit_boot_starts(set, ".hidden.service", NULL));
}

/* A link to a unit whose own file is empty is a mask of the link: the requirement is void. */
static void test_boot_masked_requirement_link(void **state)
{
	struct small_root *root = *state;

	put_targets(root);
	put_link(root, "/lib", "usr/lib");
	put(root, VENDOR "a.service", "");
	put_link(root, ETC "multi-user.target.requires/a.service", "/lib/systemd/system/a.service");
	assert_true(unit_boot_starts(units(root), "multi-user.target", NULL));
	put_link(root, ETC "multi-user.target.requires/b.service", "/nowhere");
	assert_false(unit_boot_starts(units(root), "multi-user.target", NULL));
}

/* A link to a masked file of the vendor's, although the unit itself is another file. */
static void test_boot_link_to_hidden_mask(void **state)
{
	struct small_root *root = *state;

	put_targets(root);
	put_link(root, "/lib", "usr/lib");
	put(root, ETC "a.service", simple_service);
	put_link(root, VENDOR "a.service", "/dev/null");
	put_link(root, ETC "multi-user.target.wants/a.service", "/lib/systemd/system/a.service");
	assert_false(unit_boot_starts(units(root), "a.service", NULL));
	/* The same below /usr/local, whose path ends like the vendor's. */
	drop(root, ETC "a.service");
	put(root, LOCAL "a.service", simple_service);
	assert_false(unit_boot_starts(units(root), "a.service", NULL));
	drop(root, VENDOR "a.service");
	assert_true(unit_boot_starts(units(root), "a.service", NULL));
}

static void test_boot_requirements(void **state)
{
	struct small_root *root = *state;
	struct unit_set *set;

	put_targets(root);
	put(root, VENDOR "a.service", "[Unit]\nRequires=missing.service\n[Service]\nExecStart=/bin/true\n");
	put(root, VENDOR "b.service", "[Unit]\nRequires=a.service\nWants=c.service\n[Service]\nExecStart=/bin/true\n");
	put(root, VENDOR "c.service", simple_service);
	put(root, VENDOR "d.service",
	    "[Unit]\nRequisite=off.service\nWants=i.service\n[Service]\nExecStart=/bin/true\n");
	put(root, VENDOR "i.service", simple_service);
	put(root, VENDOR "e.service",
	    "[Unit]\nRequires=x.mount dev-y.device z.slice\n[Service]\nExecStart=/bin/true\n");
	put(root, VENDOR "f.service", "[Service]\nExecStart=/bin/true\nType=dbus\nBusName=x\n");
	put(root, VENDOR "g.service", "[Unit]\nRequires=h.service\n[Service]\nExecStart=/bin/true\n");
	put(root, VENDOR "h.service", "[Unit]\nRequires=g.service\n[Service]\nExecStart=/bin/true\n");
	for (const char *name = "bdefg"; *name; name++) {
		char path[64];

		snprintf(path, sizeof(path), ETC "multi-user.target.wants/%c.service", *name);
		put_link(root, path, "/nowhere");
	}
	put_version(root, 257);
	set = units(root);
	assert_int_equal(unit_systemd_version(set), 257);
	assert_false(unit_boot_starts(set, "a.service", NULL));
	assert_false(unit_boot_starts(set, "b.service", NULL));
	assert_true(unit_boot_wants(set, "b.service", NULL));
	assert_string_equal(unit_missing_requirement(set, "b.service")->name, "missing.service");
	assert_false(unit_boot_starts(set, "c.service", NULL));
	assert_false(unit_boot_starts(set, "d.service", NULL));
	assert_false(unit_boot_starts(set, "i.service", NULL));
	assert_true(unit_boot_starts(set, "e.service", NULL));
	assert_false(unit_boot_starts(set, "f.service", NULL));
	assert_true(unit_boot_starts(set, "g.service", NULL));
	assert_true(unit_boot_starts(set, "h.service", NULL));
	assert_null(unit_missing_requirement(set, "g.service"));
	/* Before 254, the unit was started all the same; what it wants was not. */
	drop(root, "/usr/lib/x86_64-linux-gnu/systemd/libsystemd-shared-257.so");
	put_version(root, 252);
	set = units(root);
	assert_true(unit_boot_starts(set, "a.service", NULL));
	assert_true(unit_boot_starts(set, "b.service", NULL));
	assert_false(unit_boot_starts(set, "c.service", NULL));
	assert_true(unit_boot_starts(set, "d.service", NULL));
	assert_true(unit_boot_starts(set, "i.service", NULL));
	assert_true(unit_boot_starts(set, "f.service", NULL));
}

static void test_boot_default_fails(void **state)
{
	struct small_root *root = *state;
	struct unit_set *set;

	put_targets(root);
	put(root, VENDOR "a.service", simple_service);
	put_link(root, ETC "multi-user.target.wants/a.service", "/nowhere");
	put(root, VENDOR "r.service", simple_service);
	put_link(root, ETC "rescue.target.wants/r.service", "/nowhere");
	put_version(root, 252);
	/* Something it requires is masked: nothing is started, in any version. */
	put_link(root, ETC "basic.target", "/dev/null");
	set = units(root);
	assert_false(unit_boot_starts(set, "multi-user.target", NULL));
	assert_false(unit_boot_starts(set, "a.service", NULL));
	assert_false(unit_boot_starts(set, "r.service", NULL));
	assert_string_equal(unit_missing_requirement(set, "graphical.target")->name, "basic.target");
	drop(root, ETC "basic.target");
	/* It does not load: rescue.target takes its place. */
	put_link(root, ETC "default.target", "missing.target");
	set = units(root);
	assert_null(unit_default_target(set));
	assert_false(unit_boot_starts(set, "a.service", NULL));
	assert_true(unit_boot_starts(set, "r.service", NULL));
	unit_boot_assume(set, "multi-user.target");
	assert_true(unit_boot_starts(set, "a.service", NULL));
	assert_false(unit_boot_starts(set, "r.service", NULL));
}

static void test_boot_conflicts(void **state)
{
	struct small_root *root = *state;
	struct unit_set *set;

	put_targets(root);
	put(root, VENDOR "ssh.service", simple_service);
	put(root, VENDOR "ssh.socket", "[Unit]\nConflicts=sshd.service\n[Socket]\nListenStream=22\nAccept=yes\n");
	put_link(root, ETC "sshd.service", "/lib/systemd/system/ssh.service");
	set = units(root);
	assert_true(unit_boot_conflicts(set, "ssh.socket", "ssh.service"));
	assert_false(unit_boot_conflicts(set, "ssh.service", "ssh.socket"));
}

static void test_boot_upholds(void **state)
{
	struct small_root *root = *state;

	put_targets(root);
	put(root, VENDOR "a.service", simple_service);
	put(root, VENDOR "b.service", simple_service);
	put(root, ETC "multi-user.target.d/a.conf", "[Unit]\nUpholds=b.service\n");
	put_link(root, ETC "multi-user.target.upholds/a.service", "../a.service");
	put_version(root, 257);
	assert_true(unit_boot_starts(units(root), "a.service", NULL));
	assert_true(unit_boot_starts(units(root), "b.service", NULL));
	drop(root, "/usr/lib/x86_64-linux-gnu/systemd/libsystemd-shared-257.so");
	put(root, "/usr/lib/systemd/libsystemd-shared-252.39-1~deb12u1.so", "");
	assert_int_equal(unit_systemd_version(units(root)), 252);
	assert_false(unit_boot_starts(units(root), "a.service", NULL));
	assert_true(unit_boot_starts(units(root), "b.service", NULL));
}

static void test_boot_scales(void **state)
{
	struct small_root *root = *state;
	struct unit_set *set;
	char path[64];

	put_targets(root);
	for (unsigned i = 0; i < 3000; i++) {
		snprintf(path, sizeof(path), VENDOR "u%u.service", i);
		put(root, path, simple_service);
		snprintf(path, sizeof(path), ETC "multi-user.target.wants/u%u.service", i);
		put_link(root, path, "/nowhere");
	}
	set = units(root);
	assert_true(unit_boot_starts(set, "u2999.service", NULL));
	assert_false(unit_boot_starts(set, "rescue.target", NULL));
}

/* --- [Install] --- */

static void check_install(struct small_root *root, const char *name, const char *expected)
{
	struct text found = {.arena = &root->arena};
	unit_install_links links = {0};

	assert_int_equal(unit_install(units(root), name, &links), 0);
	for (size_t i = 0; i < links.count; i++)
		text_printf(&found, "%s%s -> %s\n", links.items[i].present ? "= " : "", links.items[i].path,
			    links.items[i].target);
	assert_string_equal(found.data ? found.data : "", expected);
}

static void test_install(void **state)
{
	struct small_root *root = *state;
	unit_install_links links = {0};

	put(root, VENDOR "ssh.service",
	    "[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\nAlias=sshd.service ssh.service bad.target\n"
	    "Also=ssh.socket missing.service ssh.service\n");
	put(root, VENDOR "ssh.socket", "[Socket]\nListenStream=22\n[Install]\nRequiredBy=sockets.target\n");
	put_link(root, ETC "sshd.service", "/lib/systemd/system/ssh.service");
	check_install(root, "ssh.service",
		      "= " ETC "sshd.service -> " VENDOR "ssh.service\n" ETC
		      "multi-user.target.wants/ssh.service -> " VENDOR "ssh.service\n" ETC
		      "sockets.target.requires/ssh.socket -> " VENDOR "ssh.socket\n");
	check_install(root, "sshd.service",
		      "= " ETC "sshd.service -> " VENDOR "ssh.service\n" ETC
		      "multi-user.target.wants/ssh.service -> " VENDOR "ssh.service\n" ETC
		      "sockets.target.requires/ssh.socket -> " VENDOR "ssh.socket\n");
	put(root, VENDOR "t@.service",
	    "[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=getty.target %p.target\nDefaultInstance=tty1\n");
	check_install(root, "t@.service",
		      ETC "getty.target.wants/t@tty1.service -> " VENDOR "t@.service\n" ETC
			  "t.target.wants/t@tty1.service -> " VENDOR "t@.service\n");
	check_install(root, "t@tty2.service",
		      ETC "getty.target.wants/t@tty2.service -> " VENDOR "t@.service\n" ETC
			  "t.target.wants/t@tty2.service -> " VENDOR "t@.service\n");
	put(root, VENDOR "static.service", simple_service);
	check_install(root, "static.service", "");
	put_link(root, ETC "masked.service", "/dev/null");
	assert_int_equal(unit_install(units(root), "masked.service", &links), -ERFKILL);
	assert_int_equal(unit_install(units(root), "missing.service", &links), -ENOENT);
	/* The other sections do not matter to systemctl. */
	put(root, VENDOR "bad.service", "[Service]\n[Install]\nWantedBy=multi-user.target\n");
	check_install(root, "bad.service", ETC "multi-user.target.wants/bad.service -> " VENDOR "bad.service\n");
}

static void test_file_state(void **state)
{
	struct small_root *root = *state;
	struct unit_set *set;

	put_version(root, 252);
	put(root, VENDOR "a.service",
	    "[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\nAlias=a-alias.service\n");
	put(root, VENDOR "b.service", "[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n");
	put_link(root, ETC "multi-user.target.wants/b.service", "/nowhere");
	put(root, VENDOR "c.service", simple_service);
	put(root, VENDOR "d.service", "[Service]\nExecStart=/bin/true\n[Install]\nAlso=a.service\n");
	put_link(root, ETC "e.service", "/lib/systemd/system/a.service");
	put_link(root, ETC "f.service", "/dev/null");
	put(root, "/opt/g.service", simple_service);
	put_link(root, ETC "g.service", "/opt/g.service");
	put(root, VENDOR "t@.service", simple_service);
	put_link(root, VENDOR "x.target.wants/t@y.service", "../t@.service");
	set = units(root);
	assert_string_equal(unit_file_state(set, "a.service"), "indirect"); /* e.service is one */
	assert_string_equal(unit_file_state(set, "b.service"), "enabled");
	assert_string_equal(unit_file_state(set, "c.service"), "static");
	assert_string_equal(unit_file_state(set, "d.service"), "indirect");
	assert_string_equal(unit_file_state(set, "e.service"), "alias");
	assert_string_equal(unit_file_state(set, "f.service"), "masked");
	assert_string_equal(unit_file_state(set, "g.service"), "linked");
	assert_string_equal(unit_file_state(set, "t@y.service"), "static");
	assert_string_equal(unit_file_state(set, "missing.service"), "not-found");
	put_link(root, ETC "a-alias.service", "/lib/systemd/system/a.service");
	assert_string_equal(unit_file_state(units(root), "a.service"), "enabled");
}

/* --- words, commands, environment --- */

static void check_words(struct small_root *root, const char *text, unsigned flags, int result, const char *expected)
{
	struct text found = {.arena = &root->arena};
	string_list words = {0};

	assert_int_equal(unit_words(&root->arena, text, flags, &words), result);
	for (size_t i = 0; i < words.count; i++)
		text_printf(&found, "<%s>", words.items[i]);
	assert_string_equal(found.data ? found.data : "", expected);
}

static void test_words(void **state)
{
	static const unsigned flags = UNIT_WORD_UNQUOTE | UNIT_WORD_UNESCAPE;
	struct small_root *root = *state;

	check_words(root, "  a  b\tc ", flags, 0, "<a><b><c>");
	check_words(root, "'a b' \"c d\"e x\"y z\"", flags, 0, "<a b><c de><xy z>");
	check_words(root, "\\x41 \\101 \\s \\u00e4 \\q \\\\", flags, 0, "<A><A>< ><\xc3\xa4><\\q><\\>");
	check_words(root, "''", flags, 0, "<>");
	check_words(root, "a \"b", flags, -EINVAL, "<a>");
	check_words(root, "a \"b", flags | UNIT_WORD_RELAX, 0, "<a><b>");
	check_words(root, "a\\", flags, 0, "<a\\>");
	check_words(root, "a\\x2db \"c\"", UNIT_WORD_KEEP_ESCAPE, 0, "<a\\x2db><\"c\">");
	assert_int_equal(unit_boolean("Yes"), 1);
	assert_int_equal(unit_boolean("off"), 0);
	assert_int_equal(unit_boolean("maybe"), -EINVAL);
	assert_int_equal(unit_boolean(""), -EINVAL);
}

static void check_command(struct small_root *root, const char *value_text, int result, const char *expected)
{
	struct text found = {.arena = &root->arena};
	unit_commands commands = {0};
	const char *reason = NULL;

	assert_int_equal(unit_command_parse(&root->arena, "u@i.service", value_text, &commands, &reason), result);
	for (size_t i = 0; i < commands.count; i++) {
		text_printf(&found, "%s:", commands.items[i].path);
		for (size_t j = 0; j < commands.items[i].words.count; j++)
			text_printf(&found, "<%s>", commands.items[i].words.items[j]);
	}
	assert_string_equal(found.data ? found.data : "", expected);
}

static void test_commands(void **state)
{
	struct small_root *root = *state;

	check_command(root, "/usr/sbin/sshd -D $OPTIONS", 0, "/usr/sbin/sshd:</usr/sbin/sshd><-D><$OPTIONS>");
	check_command(root, "-@:+/bin/a zero one", 0, "/bin/a:<zero><one>");
	check_command(root, "!!/bin/a", 0, "/bin/a:</bin/a>");
	check_command(root, "/bin/a b ; /bin/c \\; d", 0, "/bin/a:</bin/a><b>/bin/c:</bin/c><;><d>");
	check_command(root, "/bin/a; /bin/b", 0, "/bin/a;:</bin/a;></bin/b>");
	check_command(root, "/bin/a %i %n %%", 0, "/bin/a:</bin/a><i><u@i.service><%>");
	check_command(root, "true x", 0, "true:<true><x>");
	check_command(root, "bin/true", -ENOEXEC, "");
	check_command(root, "-bin/true", 0, "");
	check_command(root, "/bin/", -ENOEXEC, "");
	check_command(root, "-", 0, "");
	check_command(root, "@/bin/true", -ENOEXEC, "");
	check_command(root, "\"/bin/a b\"", 0, "/bin/a b:</bin/a b>");
	check_command(root, "/bin/a \"open", -ENOEXEC, "");
	check_command(root, "\"/bin/a", 0, "");
}

static const char *variable(const unit_environment *environment, const char *name)
{
	const struct unit_variable *found = unit_environment_get(environment, name);

	return found ? found->value : NULL;
}

static void test_environment(void **state)
{
	struct small_root *root = *state;
	const struct unit_setting *failed = NULL;
	unit_environment environment = {0};
	struct unit_set *set;

	put(root, VENDOR "a.service",
	    "[Service]\nExecStart=/bin/true\nEnvironment=A=unit \"B=two words\" C=%p\nEnvironment=D=gone E=kept\n"
	    "EnvironmentFile=-/etc/default/a\nEnvironmentFile=-/etc/default/missing\nEnvironmentFile=/etc/env.d/*\n"
	    "UnsetEnvironment=D E=other\n");
	put(root, "/etc/default/a",
	    "# comment\n"
	    "; another\n"
	    "A=file\n"
	    "export X=no\n"
	    "Q=\"double \\\"quoted\\\" \\$x \\y\" and more\n"
	    "S='single $x \\'\n"
	    "SPACE = padded value   \n"
	    "CONT=one \\\ntwo\n"
	    "EMPTY=\n"
	    "1BAD=x\n"
	    "A=last\n"
	    "NOEND='open\nend");
	put(root, "/etc/env.d/b", "G=from-glob");
	set = units(root);
	assert_int_equal(unit_environment_load(set, &root->arena, unit_load(set, "a.service"), &environment, &failed),
			 0);
	assert_string_equal(variable(&environment, "A"), "last");
	assert_string_equal(variable(&environment, "B"), "two words");
	assert_string_equal(variable(&environment, "C"), "a");
	assert_null(variable(&environment, "D"));
	assert_string_equal(variable(&environment, "E"), "kept");
	assert_null(variable(&environment, "X"));
	assert_string_equal(variable(&environment, "Q"), "double \"quoted\" $x \\yand more");
	assert_string_equal(variable(&environment, "S"), "single $x \\");
	assert_string_equal(variable(&environment, "SPACE"), "padded value");
	assert_string_equal(variable(&environment, "CONT"), "one two");
	assert_string_equal(variable(&environment, "EMPTY"), "");
	assert_null(variable(&environment, "1BAD"));
	assert_string_equal(variable(&environment, "NOEND"), "open\nend");
	assert_string_equal(variable(&environment, "G"), "from-glob");
	assert_int_equal(unit_environment_get(&environment, "CONT")->line, 8);
	assert_string_equal(unit_environment_get(&environment, "CONT")->path, "/etc/default/a");
}

static void test_environment_files(void **state)
{
	struct small_root *root = *state;
	const struct unit_setting *failed = NULL;
	unit_environment environment = {0};
	struct unit_set *set;

	put(root, VENDOR "a.service", "[Service]\nExecStart=/bin/true\nEnvironmentFile=/etc/default/missing\n");
	put(root, VENDOR "b.service", "[Service]\nExecStart=/bin/true\nEnvironmentFile=-/etc/default/latin1\n");
	put(root, "/etc/default/latin1", "A=x\nB=\xe4\n");
	put(root, VENDOR "c.service", "[Service]\nExecStart=/bin/true\nEnvironmentFile=-/etc/default/c\n");
	put(root, "/etc/default/c", "# a comment that goes on \\\nA=x\n");
	set = units(root);
	assert_int_equal(unit_environment_load(set, &root->arena, unit_load(set, "a.service"), &environment, &failed),
			 -ENOENT);
	assert_int_equal(failed->line, 3);
	/* One bad value, and the whole file does not count. */
	assert_int_equal(unit_environment_load(set, &root->arena, unit_load(set, "b.service"), &environment, &failed),
			 0);
	assert_int_equal(environment.count, 0);
	/* Since 254 a backslash does not continue a comment. */
	put_version(root, 252);
	set = units(root);
	assert_int_equal(unit_environment_load(set, &root->arena, unit_load(set, "c.service"), &environment, &failed),
			 0);
	assert_int_equal(environment.count, 0);
	drop(root, "/usr/lib/x86_64-linux-gnu/systemd/libsystemd-shared-252.so");
	put_version(root, 257);
	set = units(root);
	assert_int_equal(unit_environment_load(set, &root->arena, unit_load(set, "c.service"), &environment, &failed),
			 0);
	assert_string_equal(variable(&environment, "A"), "x");
}

static void test_expansion(void **state)
{
	struct small_root *root = *state;
	struct text found = {.arena = &root->arena};
	unit_environment environment = {0};
	unit_word_sources sources = {0};
	unit_commands commands = {0};
	string_list words = {0};
	const char *reason;
	struct unit_variable *added = array_push(&root->arena, &environment);

	added->name = "OPTS";
	added->value = " -p 22 'a b' ";
	assert_int_equal(unit_command_parse(&root->arena, "a.service",
					    "/bin/x $OPTS ${OPTS} pre${OPTS}post $NO ${NO} $$OPTS x$OPTS", &commands,
					    &reason),
			 0);
	unit_command_expand(&root->arena, &commands.items[0], &environment, &words, &sources);
	for (size_t i = 0; i < words.count; i++)
		text_printf(&found, "<%s>", words.items[i]);
	assert_string_equal(found.data, "</bin/x><-p><22><a b>< -p 22 'a b' ><pre -p 22 'a b' post><><$OPTS><x$OPTS>");
	assert_int_equal(sources.count, words.count);
	assert_null(sources.items[0]);
	assert_ptr_equal(sources.items[1], &environment.items[0]);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, small_root_setup, small_root_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(test_names),
	    CASE(test_syntax),
	    CASE(test_syntax_line_ends),
	    CASE(test_refused_files),
	    CASE(test_refused_settings),
	    CASE(test_search_path),
	    CASE(test_merged_lib),
	    CASE(test_masks),
	    CASE(test_aliases),
	    CASE(test_linked_units),
	    CASE(test_templates),
	    CASE(test_dropins),
	    CASE(test_dropins_of_templates),
	    CASE(test_refused_dropins),
	    CASE(test_lists),
	    CASE(test_boot),
	    CASE(test_boot_links),
	    CASE(test_boot_masked_requirement_link),
	    CASE(test_boot_link_to_hidden_mask),
	    CASE(test_boot_requirements),
	    CASE(test_boot_default_fails),
	    CASE(test_boot_conflicts),
	    CASE(test_boot_upholds),
	    CASE(test_boot_scales),
	    CASE(test_install),
	    CASE(test_file_state),
	    CASE(test_words),
	    CASE(test_commands),
	    CASE(test_environment),
	    CASE(test_environment_files),
	    CASE(test_expansion),
	};

	return cmocka_run_group_tests_name("unit", tests, NULL, NULL);
}
