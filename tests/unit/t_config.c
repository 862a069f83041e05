#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "core/base/file.h"
#include "core/config/config.h"
#include "core/config/paths.h"

static const struct config_env env = { .home = "/h/ops" };

static struct config_errors errors;

static enum mq_err
parse(struct config *c, const char *text)
{
	memset(&errors, 0, sizeof errors);
	config_init(c, &env);
	return config_parse(c, span_of(text), "config", &env, &errors);
}

static void
the_sample_of_the_manual_reads(void **state)
{
	static const char text[] =
	    "theme default            colour auto        # auto always never 16 256\n"
	    "ascii off                fps 30             clipboard off      esc-delay 25ms\n"
	    "profile plant                               # opens a section\n"
	    "  broker mqtts://broker.example:8883        # 1..8, tried in order\n"
	    "  broker mqtts://spare.example\n"
	    "  user ops              password-file \"~/.config/mqgp/plant.pw\"\n"
	    "  ca \"/etc/ssl/plant.pem\"\n"
	    "  mqtt auto\n"
	    "  tree \"chernobyl/unit1/cooling_plant\"\n"
	    "  subscribe \"plant/#\"\n"
	    "  discover-depth 6      control-level mqgp.conf      min-suite 3   "
	    "allow-non-ascii-topics off\n"
	    "  history 64M           sign-key 4796000000000000000000000000000000006CCD\n"
	    "  dialect uhppoted \"uhppoted/gateway/#\" \"uhppoted.conf\"\n"
	    "bind topics \"x\" evidence\n";
	const struct profile *p;
	struct config c;

	(void)state;
	assert_int_equal(parse(&c, text), MQ_OK);
	p = config_profile(&c, "plant");
	assert_non_null(p);
	assert_ptr_equal(config_profile(&c, NULL), p);
	assert_int_equal(p->broker.n, 2);
	assert_string_equal(p->broker.s[1], "mqtts://spare.example");
	assert_string_equal(p->password_file, "/h/ops/.config/mqgp/plant.pw");
	assert_string_equal(p->tree.s[0], "chernobyl/unit1/cooling_plant");
	assert_int_equal(p->min_suite, 3);
	assert_int_equal(p->history, 64u << 20);
	assert_int_equal(p->dialect_n, 1);
	assert_string_equal(p->dialect[0].file, "uhppoted.conf");
	assert_int_equal(c.bind_n, 1);
	assert_string_equal(c.bind[0].action, "evidence");
	assert_int_equal(c.bind[0].line, 14);
	config_free(&c);
}

static void
every_error_is_told_with_its_line(void **state)
{
	static const char text[] = "thema dark\n"
				   "fps 0\n"
				   "broker mqtt://127.0.0.1\n"
				   "colour pink\n"
				   "profile a/b\n"
				   "profile one\n"
				   "  broker http://127.0.0.1\n"
				   "  sign-key 4796\n"
				   "  history 5T\n"
				   "  subscribe a/#/b\n"
				   "  tree +/x\n"
				   "  user \"open\n"
				   "  history 64M history 32M\n"
				   "  min-suite\n";
	static const uint32_t lines[] = { 1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 6 };
	struct config c;

	(void)state;
	assert_int_equal(parse(&c, text), MQ_EFORMAT);
	assert_int_equal(errors.n, sizeof lines / sizeof lines[0]);
	for (size_t i = 0; i < errors.n; i++)
		assert_int_equal(errors.at[i].line, lines[i]);
	assert_string_equal(errors.at[13].text, "no broker in profile one");
	config_free(&c);
}

static void
the_environment_counts_where_the_file_is_silent(void **state)
{
	struct config_env e = { .home = "/h", .no_color = "1", .gnupghome = "/g" };
	struct config c;

	(void)state;
	config_init(&c, &e);
	assert_int_equal(c.colour, CONFIG_COLOUR_NEVER);
	assert_int_equal(config_parse(&c, span_of("colour 256\nprofile a broker mqtt://127.0.0.1\n"),
			     NULL, &e, &errors), MQ_OK);
	assert_int_equal(c.colour, CONFIG_COLOUR_256);
	assert_string_equal(c.profile[0].gnupg_home, "/g");
	config_free(&c);
}

static void
a_saved_profile_reads_back_and_nothing_is_lost(void **state)
{
	char dir[] = "/tmp/mqgp-XXXXXX", path[64];
	struct config_env none = { 0 };
	struct profile p;
	struct config c;
	struct stat st;

	(void)state;
	assert_non_null(mkdtemp(dir));
	assert_int_equal(file_join(path, sizeof path, dir, "config"), MQ_OK);
	assert_int_equal(profile_init(&p, "plant", &none), MQ_OK);
	assert_int_equal(profile_add_broker(&p, "mqtt://127.0.0.1:1884", NULL), MQ_OK);
	assert_int_equal(config_save_profile(path, &p, NULL), MQ_OK);
	assert_int_equal(config_save_profile(path, &p, NULL), MQ_EEXIST);
	memcpy(p.name, "other", 6);
	p.min_suite = 1;
	assert_int_equal(config_save_profile(path, &p, NULL), MQ_OK);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	config_init(&c, &none);
	assert_int_equal(config_load(&c, path, &none, &errors), MQ_OK);
	assert_int_equal(c.profile_n, 2);
	assert_string_equal(config_profile(&c, "plant")->broker.s[0], "mqtt://127.0.0.1:1884");
	assert_int_equal(config_profile(&c, "other")->min_suite, 1);
	config_free(&c);
	assert_int_equal(chmod(path, 0644), 0);
	config_init(&c, &none);
	assert_int_equal(config_load(&c, path, &none, &errors), MQ_EPERM);
	config_free(&c);
	profile_done(&p);
	assert_int_equal(file_remove_tree(dir, NULL), MQ_OK);
}

static void
show_names_value_and_origin(void **state)
{
	struct config c;
	struct buf out;
	char *text;

	(void)state;
	buf_init(&out, 65536);
	assert_int_equal(parse(&c, "fps 5\nprofile a\n  broker mqtt://127.0.0.1\n"), MQ_OK);
	assert_int_equal(config_show(&out, &c), MQ_OK);
	text = buf_cstr(&out);
	assert_non_null(strstr(text, "# config:1\n"));
	assert_non_null(strstr(text, "esc-delay                25ms"));
	assert_non_null(strstr(text, "profile a\n  broker                   mqtt://127.0.0.1"));
	buf_reset(&out);
	assert_int_equal(config_put_man(&out), MQ_OK);
	assert_non_null(strstr(buf_cstr(&out), ".It Ic min-suite Ar N\n"));
	config_free(&c);
	buf_done(&out);
}

static void
runtime_folders_stay_short_enough_for_sockets(void **state)
{
	static const char longer[] =
	    "/run/a-very-long-name-indeed/that-somebody-chose/for-their-runtime-folder";
	struct paths_env e = { .home = "/h/ops", .runtime_dir = "/run/user/7", .uid = 7 };
	struct paths p;

	(void)state;
	assert_int_equal(paths_find(&p, &e, NULL), MQ_OK);
	assert_string_equal(p.config_file, "/h/ops/.config/mqgp/config");
	assert_string_equal(p.state_dir, "/h/ops/.local/state/mqgp");
	assert_string_equal(p.runtime_dir, "/run/user/7/mqgp");
	e.runtime_dir = longer;
	e.config_home = "relative";
	assert_int_equal(paths_find(&p, &e, NULL), MQ_OK);
	assert_string_equal(p.runtime_dir, "/tmp/mqgp-7");
	assert_string_equal(p.config_dir, "/h/ops/.config/mqgp");
	e = (struct paths_env){ .uid = 7 };
	assert_int_equal(paths_find(&p, &e, NULL), MQ_ENOENT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_sample_of_the_manual_reads),
		cmocka_unit_test(every_error_is_told_with_its_line),
		cmocka_unit_test(the_environment_counts_where_the_file_is_silent),
		cmocka_unit_test(a_saved_profile_reads_back_and_nothing_is_lost),
		cmocka_unit_test(show_names_value_and_origin),
		cmocka_unit_test(runtime_folders_stay_short_enough_for_sockets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
