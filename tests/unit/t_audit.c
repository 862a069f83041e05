#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "core/base/file.h"
#include "core/model/audit.h"

struct place {
	char dir[32], path[64];
};

static int
set_up(void **state)
{
	struct place *p = calloc(1, sizeof *p);

	assert_non_null(p);
	memcpy(p->dir, "/tmp/mqgp-XXXXXX", 17);
	assert_non_null(mkdtemp(p->dir));
	assert_int_equal(file_join(p->path, sizeof p->path, p->dir, "audit.db"), MQ_OK);
	*state = p;
	return 0;
}

static int
tear_down(void **state)
{
	struct place *p = *state;

	assert_int_equal(file_remove_tree(p->dir, NULL), MQ_OK);
	free(p);
	return 0;
}

static struct audit *
open_log(const char *path)
{
	struct mq_error e = { 0 };
	struct audit *a = NULL;

	assert_int_equal(audit_open(path, &a, &e), MQ_OK);
	assert_int_equal(e.code, MQ_OK);
	return a;
}

static bool
append(struct audit *a, int i)
{
	char text[32];
	struct audit_row row = { .time_ms = 1795000000000 + i, .who = "ops@host", .kind = "pin",
		.tree = span_of("a/b"), .detail = { (const uint8_t *)"\0\xff", 2 } };

	(void)snprintf(text, sizeof text, "decision %d", i);
	row.text = span_of(text);
	return audit_append(a, &row);
}

static void
fill(const char *path, int rows)
{
	struct audit *a = open_log(path);

	for (int i = 0; i < rows; i++)
		assert_true(append(a, i));
	assert_int_equal(audit_flush(a), MQ_OK);
	audit_close(a);
}

static void
sql(const char *path, const char *statement)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, statement, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static struct audit_check
verify(const char *path)
{
	struct audit_check c;

	assert_int_equal(audit_verify(path, &c, NULL), MQ_OK);
	return c;
}

static void
rows_form_a_chain_across_restarts(void **state)
{
	struct place *p = *state;
	uint8_t zero[AUDIT_HASH] = { 0 };
	struct audit_check c;
	struct stat st;

	fill(p->path, 10);
	fill(p->path, 5);
	c = verify(p->path);
	assert_int_equal(c.rows, 15);
	assert_int_equal(c.broken, 0);
	assert_memory_not_equal(c.head, zero, sizeof zero);
	assert_int_equal(stat(p->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void
a_change_of_any_field_of_any_row_is_found(void **state)
{
	static const char *const changes[] = { "time_ms=time_ms+1", "who='x'", "kind='x'",
		"tree=x'00'", "text=text||'x'", "detail=x''", "hash=x'00'", "hash=zeroblob(32)" };
	struct place *p = *state;
	char statement[128], copy[96];
	struct buf whole;

	fill(p->path, 6);
	buf_init(&whole, 1 << 20);
	assert_int_equal(file_read(p->path, &whole, NULL), MQ_OK);
	(void)snprintf(copy, sizeof copy, "%s.copy", p->path);
	for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++)
		for (unsigned n = 1; n <= 6; n++) {
			assert_int_equal(file_write(copy, whole.p, whole.n, NULL), MQ_OK);
			(void)snprintf(statement, sizeof statement, "UPDATE audit SET %s WHERE n=%u",
			    changes[i], n);
			sql(copy, statement);
			assert_int_equal(verify(copy).broken, n);
		}
	buf_done(&whole);
}

static void
removed_moved_and_inserted_rows_are_found(void **state)
{
	struct place *p = *state;

	fill(p->path, 6);
	sql(p->path, "INSERT INTO audit SELECT 7,time_ms,who,kind,tree,text,detail,hash FROM audit"
	    " WHERE n=6");
	assert_int_equal(verify(p->path).broken, 7);
	sql(p->path, "DELETE FROM audit WHERE n=7");
	assert_int_equal(verify(p->path).broken, 0);
	sql(p->path, "UPDATE audit SET n=100 WHERE n=3; UPDATE audit SET n=3 WHERE n=4;"
	    "UPDATE audit SET n=4 WHERE n=100");
	assert_int_equal(verify(p->path).broken, 3);
	sql(p->path, "DELETE FROM audit WHERE n=2");
	assert_int_equal(verify(p->path).broken, 2);
	assert_non_null(strstr(verify(p->path).why, "missing"));
}

static void
several_processes_append_to_one_chain(void **state)
{
	struct place *p = *state;
	pid_t child[3];
	int status;

	fill(p->path, 1);
	for (int i = 0; i < 3; i++) {
		child[i] = fork();
		assert_true(child[i] >= 0);
		if (child[i] == 0) {
			struct audit *a;
			bool ok = audit_open(p->path, &a, NULL) == MQ_OK;

			for (int k = 0; ok && k < 20; k++)
				ok = append(a, k) && (k % 5 != 0 || audit_flush(a) == MQ_OK);
			if (ok)
				audit_close(a);
			_exit(!ok);
		}
	}
	for (int i = 0; i < 3; i++) {
		assert_int_equal(waitpid(child[i], &status, 0), child[i]);
		assert_int_equal(status, 0);
	}
	assert_int_equal(verify(p->path).rows, 61);
	assert_int_equal(verify(p->path).broken, 0);
}

static void
a_damaged_file_is_kept_aside_and_named(void **state)
{
	struct place *p = *state;
	struct audit_line line;
	struct mq_error e;
	struct audit *a;

	assert_int_equal(file_write(p->path, "this is no database at all, not even a bit", 42, NULL),
	    MQ_OK);
	assert_int_equal(audit_open(p->path, &a, &e), MQ_OK);
	assert_int_equal(e.code, MQ_ESTATE);
	assert_non_null(strstr(e.text, "audit.db.damaged-1"));
	assert_int_equal(audit_flush(a), MQ_OK);
	assert_int_equal(audit_tail(a, &line, 1, 0), 1);
	assert_string_equal(line.kind, "damage");
	assert_int_equal(line.n, 1);
	audit_close(a);
	assert_int_equal(verify(p->path).rows, 1);
}

static void
the_tail_shows_the_newest_rows_of_earlier_runs_too(void **state)
{
	static struct audit_line line[AUDIT_TAIL + 1];
	struct place *p = *state;
	struct audit *a;

	fill(p->path, AUDIT_TAIL + 3);
	a = open_log(p->path);
	assert_true(append(a, 1000));
	assert_int_equal(audit_flush(a), MQ_OK);
	assert_int_equal(audit_tail(a, line, AUDIT_TAIL + 1, 0), AUDIT_TAIL);
	assert_int_equal(line[0].n, AUDIT_TAIL + 4);
	assert_memory_equal(line[0].text, "decision 1000", line[0].text_n);
	assert_int_equal(line[1].n, AUDIT_TAIL + 3);
	assert_int_equal(line[AUDIT_TAIL - 1].n, 5);
	assert_int_equal(audit_tail(a, line, 3, AUDIT_TAIL - 1), 1);
	assert_string_equal(line[0].who, "ops@host");
	audit_close(a);
}

/* Somebody holds the file while more comes than the queue takes. */
static void
what_does_not_fit_is_counted_and_told_in_the_log(void **state)
{
	struct place *p = *state;
	struct audit *a = open_log(p->path);
	struct audit_line line;
	sqlite3 *db;
	int took = 0;

	assert_int_equal(sqlite3_open(p->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
	for (int i = 0; i < AUDIT_QUEUE + 7; i++)
		took += append(a, i);
	assert_int_equal(took, AUDIT_QUEUE);
	assert_int_equal(audit_lost(a), 7);
	assert_int_equal(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	assert_int_equal(audit_flush(a), MQ_OK);
	assert_int_equal(audit_tail(a, &line, 1, 0), 1);
	assert_string_equal(line.kind, "lost");
	audit_close(a);
	assert_int_equal(verify(p->path).rows, AUDIT_QUEUE + 1);
	assert_int_equal(verify(p->path).broken, 0);
}

static bool
take_line(void *arg, struct span json)
{
	struct buf *b = arg;

	return buf_put(b, json.p, json.n) == MQ_OK && buf_putc(b, '\n') == MQ_OK;
}

static void
the_export_is_one_json_object_a_row(void **state)
{
	struct place *p = *state;
	struct buf b;

	fill(p->path, 2);
	buf_init(&b, 1 << 16);
	assert_int_equal(audit_export(p->path, take_line, &b, NULL), MQ_OK);
	assert_non_null(strstr(buf_cstr(&b), "{\"n\":1,\"t\":\"2026-11-18T"));
	assert_non_null(strstr(buf_cstr(&b), "\"text\":\"decision 1\",\"detail_b64\":\"AP8=\""));
	buf_done(&b);
	assert_int_equal(audit_export("/nowhere/audit.db", take_line, &b, NULL), MQ_ENOENT);
}

static void
without_a_file_rows_live_in_memory(void **state)
{
	struct audit *a = open_log(NULL);
	struct audit_line line;

	(void)state;
	assert_true(append(a, 1));
	assert_int_equal(audit_flush(a), MQ_OK);
	assert_int_equal(audit_tail(a, &line, 1, 0), 1);
	assert_int_equal(line.n, 1);
	audit_close(a);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(rows_form_a_chain_across_restarts),
		T(a_change_of_any_field_of_any_row_is_found),
		T(removed_moved_and_inserted_rows_are_found),
		T(several_processes_append_to_one_chain),
		T(a_damaged_file_is_kept_aside_and_named),
		T(the_tail_shows_the_newest_rows_of_earlier_runs_too),
		T(what_does_not_fit_is_counted_and_told_in_the_log),
		T(the_export_is_one_json_object_a_row),
		T(without_a_file_rows_live_in_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
