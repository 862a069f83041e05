#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <sodium.h>

#include "core/base/file.h"
#include "core/wire/windows.h"
#include "core/wire/windows_map.h"

#define TREE "plant/line 4"
#define NODES 3000

/* Stands for a topic of the model. */
struct node {
	unsigned number;
	struct window win;
};
struct scene {
	char dir[32], path[64];
	struct windows *w;
	uint16_t scope;
	struct node node[NODES];
	struct mq_error e;
};

static const uint8_t data_pk[32] = { 0xd0 };

static struct span
topic_of(unsigned number, char text[32])
{
	int n = snprintf(text, 32, TREE "/%u", number);

	return (struct span){ (const uint8_t *)text, (size_t)n };
}

static struct window *
get(void *arg, void *owner, struct buf *topic)
{
	struct node *n = owner;
	char text[32];
	struct span name = topic_of(n->number, text);

	(void)arg;
	return buf_put(topic, name.p, name.n) == MQ_OK ? &n->win : NULL;
}

static void
start(struct scene *s)
{
	assert_int_equal(windows_open(&s->w, s->path, &s->e), MQ_OK);
	assert_int_equal(windows_scope(s->w, span_of(TREE), data_pk, 3, &s->scope), MQ_OK);
	memset(s->node, 0, sizeof s->node);
	for (unsigned i = 0; i < NODES; i++)
		s->node[i].number = i;
}

static struct scene *
set_up(void)
{
	struct scene *s = calloc(1, sizeof *s);

	assert_non_null(s);
	memcpy(s->dir, "/tmp/mqgp-XXXXXX", 17);
	assert_non_null(mkdtemp(s->dir));
	assert_int_equal(file_join(s->path, sizeof s->path, s->dir, "windows.db"), MQ_OK);
	start(s);
	return s;
}

static void
forget_nodes(struct scene *s)
{
	for (unsigned i = 0; i < NODES; i++)
		window_done(&s->node[i].win);
}

static void
stop(struct scene *s, bool clean)
{
	windows_close(s->w, clean);
	s->w = NULL;
	forget_nodes(s);
}

static void
tear_down(struct scene *s)
{
	stop(s, true);
	assert_int_equal(file_remove_tree(s->dir, &s->e), MQ_OK);
	free(s);
}

/* A message with this number arrives on the topic of node i. */
static enum window_result
arrive(struct scene *s, unsigned i, uint64_t seq)
{
	struct window *win = &s->node[i].win;
	enum window_result r;
	char text[32];
	uint32_t lost;

	assert_int_equal(windows_use(s->w, win, s->scope, topic_of(i, text)), MQ_OK);
	r = window_check(win, seq, seq * 7, false, &lost);
	if (r == WINDOW_NEW || r == WINDOW_LATE)
		assert_int_equal(windows_mark(s->w, win, &s->node[i]), MQ_OK);
	return r;
}

static void
save(struct scene *s, int64_t now_ms)
{
	assert_int_equal(windows_save_all(s->w, get, NULL, now_ms, &s->e), MQ_OK);
	assert_false(windows_unsaved(s->w));
}

static void
windows_are_known_again_after_a_restart(void **state)
{
	struct scene *s = set_up();
	uint8_t key[16];

	(void)state;
	assert_string_equal(windows_notice(s->w), "");
	assert_true(windows_saves(s->w));
	memcpy(key, windows_digest_key(s->w), sizeof key);
	for (unsigned i = 0; i < NODES; i++)
		for (unsigned n = 1; n <= i % 5 + 1; n++)
			assert_int_equal(arrive(s, i, n), WINDOW_NEW);
	save(s, 1000000);
	stop(s, true);

	start(s);
	assert_int_equal(windows_waiting(s->w), NODES);
	assert_memory_equal(windows_digest_key(s->w), key, sizeof key);
	assert_int_equal(windows_last_persisted_ms(s->w), 0);
	for (unsigned i = 0; i < NODES; i++) {
		assert_int_equal(arrive(s, i, 1), WINDOW_DUPLICATE);
		assert_int_equal(arrive(s, i, i % 5 + 1), WINDOW_DUPLICATE);
		assert_int_equal(arrive(s, i, i % 5 + 2), WINDOW_NEW);
	}
	assert_int_equal(windows_waiting(s->w), 0);
	tear_down(s);
}

static void
only_what_was_flushed_survives_an_unclean_stop_and_its_time_is_told(void **state)
{
	struct scene *s = set_up();

	(void)state;
	assert_int_equal(arrive(s, 0, 1), WINDOW_NEW);
	save(s, 1000000);
	assert_int_equal(arrive(s, 0, 2), WINDOW_NEW);
	save(s, 1005000);
	assert_int_equal(arrive(s, 0, 3), WINDOW_NEW);
	assert_int_equal(arrive(s, 1, 1), WINDOW_NEW);
	assert_true(windows_unsaved(s->w));
	stop(s, true); /* says it was clean, but something was not saved */

	start(s);
	assert_int_equal(windows_last_persisted_ms(s->w), 1005000);
	assert_int_equal(arrive(s, 0, 2), WINDOW_DUPLICATE);
	assert_int_equal(arrive(s, 0, 3), WINDOW_NEW);
	assert_int_equal(arrive(s, 1, 1), WINDOW_NEW);
	save(s, 1010000);
	stop(s, true);
	start(s);
	assert_int_equal(windows_last_persisted_ms(s->w), 0);
	tear_down(s);
}

static void
a_pass_is_cut_into_slices_and_ends_although_more_arrives(void **state)
{
	struct scene *s = set_up();
	bool more = true;
	unsigned calls = 0;

	(void)state;
	for (unsigned i = 0; i < 1000; i++)
		assert_int_equal(arrive(s, i, 1), WINDOW_NEW);
	while (more) {
		assert_int_equal(windows_collect(s->w, get, NULL, 100, 5, &more), MQ_OK);
		for (unsigned i = 0; i < 200; i++) /* twice as many as a slice takes */
			assert_int_equal(arrive(s, (calls * 200 + i) % NODES, 2 + calls), WINDOW_NEW);
		calls++;
		assert_true(calls <= 10);
	}
	assert_int_equal(calls, 10);
	assert_int_equal(windows_flush(s->w, &s->e), MQ_OK);
	assert_true(windows_unsaved(s->w)); /* what came meanwhile belongs to the next pass */
	save(s, 6);
	tear_down(s);
}

static void
nothing_is_collected_while_a_batch_waits_for_the_disk(void **state)
{
	struct scene *s = set_up();
	bool more;

	(void)state;
	assert_int_equal(arrive(s, 0, 1), WINDOW_NEW);
	assert_int_equal(windows_collect(s->w, get, NULL, 100, 5, &more), MQ_OK);
	assert_int_equal(arrive(s, 0, 2), WINDOW_NEW);
	assert_int_equal(windows_collect(s->w, get, NULL, 100, 6, &more), MQ_OK);
	assert_false(more);
	assert_true(s->node[0].win.dirty != 0);
	assert_int_equal(windows_flush(s->w, &s->e), MQ_OK);
	save(s, 7);
	assert_true(s->node[0].win.dirty == 0);
	tear_down(s);
}

static void
a_window_of_another_epoch_is_another_window(void **state)
{
	struct scene *s = set_up();
	uint16_t old = s->scope, again;

	(void)state;
	assert_int_equal(arrive(s, 0, 50), WINDOW_NEW);
	assert_int_equal(windows_scope(s->w, span_of(TREE), data_pk, 4, &s->scope), MQ_OK);
	assert_int_not_equal(s->scope, old);
	assert_int_equal(arrive(s, 0, 1), WINDOW_NEW);
	again = s->scope;
	s->scope = old; /* a late one of the old epoch, within grace */
	assert_int_equal(arrive(s, 0, 50), WINDOW_DUPLICATE);
	assert_int_equal(arrive(s, 0, 51), WINDOW_NEW);
	s->scope = again;
	assert_int_equal(arrive(s, 0, 1), WINDOW_DUPLICATE);
	save(s, 5);
	stop(s, true);

	start(s);
	assert_int_equal(s->scope, old);
	assert_int_equal(arrive(s, 0, 51), WINDOW_DUPLICATE);
	assert_int_equal(windows_forget(s->w, old), MQ_OK);
	assert_int_equal(windows_use(s->w, &s->node[1].win, old, span_of("x")), MQ_EINVAL);
	save(s, 6);
	stop(s, true);

	start(s); /* epoch 3 is new again, and epoch 4 still known */
	assert_int_equal(arrive(s, 0, 51), WINDOW_NEW);
	assert_int_equal(windows_scope(s->w, span_of(TREE), data_pk, 4, &s->scope), MQ_OK);
	assert_int_equal(s->scope, again);
	assert_int_equal(arrive(s, 0, 1), WINDOW_DUPLICATE);
	tear_down(s);
}

static void
a_topic_that_goes_away_keeps_its_window(void **state)
{
	struct scene *s = set_up();
	char text[32];

	(void)state;
	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(arrive(s, i, 9), WINDOW_NEW);
	assert_int_equal(windows_give_back(s->w, &s->node[3].win, topic_of(3, text)), MQ_OK);
	assert_false(s->node[3].win.any);
	assert_int_equal(s->node[3].win.dirty, 0);
	s->node[3].number = 99999; /* whoever uses the memory now must not be saved as topic 3 */
	save(s, 5);
	s->node[3].number = 3;
	assert_int_equal(arrive(s, 3, 9), WINDOW_DUPLICATE);
	stop(s, true);
	start(s);
	assert_int_equal(windows_waiting(s->w), 10);
	assert_int_equal(arrive(s, 3, 9), WINDOW_DUPLICATE);
	tear_down(s);
}

static void
a_second_process_reads_but_does_not_save(void **state)
{
	struct scene *s = set_up();
	struct windows *owner = s->w;

	(void)state;
	assert_int_equal(arrive(s, 0, 5), WINDOW_NEW);
	save(s, 77000);
	forget_nodes(s);
	start(s);
	assert_false(windows_saves(s->w));
	assert_non_null(strstr(windows_notice(s->w), "windows not saved"));
	assert_int_equal(windows_last_persisted_ms(s->w), 77000);
	assert_memory_equal(windows_digest_key(s->w), windows_digest_key(owner), 16);
	assert_int_equal(arrive(s, 0, 5), WINDOW_DUPLICATE);
	assert_int_equal(arrive(s, 0, 6), WINDOW_NEW);
	assert_false(windows_unsaved(s->w));
	stop(s, true);
	windows_close(owner, false);
	start(s);
	assert_true(windows_saves(s->w));
	assert_int_equal(arrive(s, 0, 6), WINDOW_NEW); /* the guest's knowledge is gone */
	tear_down(s);
}

/* Overwrites part of the stored file with junk. */
static void
damage(const struct scene *s, long at, size_t n)
{
	FILE *f = fopen(s->path, "r+");

	assert_non_null(f);
	assert_int_equal(fseek(f, at, SEEK_SET), 0);
	for (size_t i = 0; i < n; i++)
		assert_int_not_equal(fputc(0xa5, f), EOF);
	assert_int_equal(fclose(f), 0);
}

static void
a_damaged_file_is_set_aside_and_named(void **state)
{
	static const struct {
		long at;
		size_t n;
	} where[] = { { 0, 100 }, { 4096, 8192 } };
	struct scene *s = set_up();

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct stat before, after;
		char kept[128];

		for (unsigned n = 0; n < NODES; n++)
			assert_int_equal(arrive(s, n, 5), WINDOW_NEW);
		save(s, 5);
		stop(s, true);
		damage(s, where[i].at, where[i].n);
		assert_int_equal(stat(s->path, &before), 0);
		start(s);
		assert_true(windows_damaged(s->w));
		(void)snprintf(kept, sizeof kept, "%s.damaged-%zu", s->path, i + 1);
		assert_non_null(strstr(windows_notice(s->w), kept));
		assert_int_equal(stat(kept, &after), 0);
		assert_true(before.st_ino == after.st_ino && before.st_size == after.st_size);
		assert_true(windows_saves(s->w));
		assert_int_equal(windows_waiting(s->w), 0);
	}
	tear_down(s);
}

static void
a_batch_that_could_not_be_written_is_written_later(void **state)
{
	const struct rlimit none = { 1024, RLIM_INFINITY };
	struct scene *s = set_up();
	struct rlimit before;
	bool more;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
	for (unsigned i = 0; i < NODES; i++)
		assert_int_equal(arrive(s, i, 5), WINDOW_NEW);
	assert_int_equal(windows_collect(s->w, get, NULL, NODES, 5, &more), MQ_OK);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0); /* as if the disk were full */
	s->e.text[0] = '\0';
	assert_int_equal(windows_flush(s->w, &s->e), MQ_EIO);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_non_null(strstr(s->e.text, "windows.db"));
	assert_true(windows_unsaved(s->w));
	assert_int_equal(windows_flush(s->w, &s->e), MQ_OK);
	assert_false(windows_unsaved(s->w));
	stop(s, true);
	start(s);
	assert_int_equal(windows_waiting(s->w), NODES);
	assert_false(windows_damaged(s->w));
	tear_down(s);
}

struct writer {
	struct windows *w;
	sem_t work;
	atomic_bool end;
	unsigned failed;
};

static void *
write_when_told(void *arg)
{
	struct writer *t = arg;

	while (!atomic_load(&t->end) && sem_wait(&t->work) == 0)
		t->failed += windows_flush(t->w, NULL) != MQ_OK;
	return NULL;
}

static void
another_thread_writes_while_messages_arrive(void **state)
{
	struct scene *s = set_up();
	struct writer t = { .w = s->w };
	pthread_t thread;
	bool more;

	(void)state;
	atomic_init(&t.end, false);
	assert_int_equal(sem_init(&t.work, 0, 0), 0);
	assert_int_equal(pthread_create(&thread, NULL, write_when_told, &t), 0);
	for (unsigned i = 0; i < 20000; i++) {
		assert_int_equal(arrive(s, i * 7 % NODES, 1 + i / NODES), WINDOW_NEW);
		if (i % 50 != 0)
			continue;
		assert_int_equal(windows_collect(s->w, get, NULL, 64, i, &more), MQ_OK);
		assert_int_equal(sem_post(&t.work), 0);
	}
	atomic_store(&t.end, true);
	assert_int_equal(sem_post(&t.work), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(sem_destroy(&t.work), 0);
	assert_int_equal(t.failed, 0);
	save(s, 20000);
	stop(s, true);
	start(s);
	assert_int_equal(windows_waiting(s->w), NODES);
	for (unsigned i = 0; i < 20000; i++)
		assert_int_equal(arrive(s, i * 7 % NODES, 1 + i / NODES), WINDOW_DUPLICATE);
	tear_down(s);
}

static void
the_file_is_for_its_owner_alone(void **state)
{
	struct scene *s = set_up();
	struct stat st;

	(void)state;
	assert_int_equal(stat(s->path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	tear_down(s);
}

static void
without_a_path_windows_live_in_memory(void **state)
{
	struct scene *s = set_up();
	char text[32];

	(void)state;
	stop(s, true);
	assert_int_equal(windows_open(&s->w, NULL, &s->e), MQ_OK);
	assert_int_equal(windows_scope(s->w, span_of(TREE), data_pk, 3, &s->scope), MQ_OK);
	assert_int_equal(arrive(s, 0, 1), WINDOW_NEW);
	assert_int_equal(windows_give_back(s->w, &s->node[0].win, topic_of(0, text)), MQ_OK);
	assert_int_equal(arrive(s, 0, 1), WINDOW_DUPLICATE);
	assert_false(windows_unsaved(s->w));
	tear_down(s);
}

static void
the_map_finds_everything_after_any_removal(void **state)
{
	struct windows_map m = { .n = 0 };
	uint8_t hash[WINDOWS_HASH] = { 0 };
	struct window win;
	size_t largest;

	(void)state;
	for (uint32_t i = 0; i < 5000; i++) {
		be32(hash + 4, i / 3); /* crowded: three neighbours share a home */
		be32(hash + 8, i);
		win = (struct window){ .hi = i, .have = 1, .slots = 1, .any = true, .scope = 1 };
		assert_int_equal(windows_map_put(&m, hash, &win), MQ_OK);
	}
	assert_int_equal(m.n, 5000);
	largest = m.cap;
	for (uint32_t i = 0; i < 5000; i = i + 2) {
		be32(hash + 4, i / 3);
		be32(hash + 8, i);
		assert_true(windows_map_take(&m, 1, hash, &win));
		assert_true(win.hi == i);
		assert_false(windows_map_take(&m, 1, hash, &win));
		assert_false(windows_map_take(&m, 2, hash, &win));
	}
	for (uint32_t i = 1; i < 5000; i = i + 2) {
		be32(hash + 4, i / 3);
		be32(hash + 8, i);
		assert_true(windows_map_take(&m, 1, hash, &win));
		assert_true(i < 4900 || m.cap < largest);
	}
	assert_null(m.cell);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(windows_are_known_again_after_a_restart),
		cmocka_unit_test(only_what_was_flushed_survives_an_unclean_stop_and_its_time_is_told),
		cmocka_unit_test(a_pass_is_cut_into_slices_and_ends_although_more_arrives),
		cmocka_unit_test(nothing_is_collected_while_a_batch_waits_for_the_disk),
		cmocka_unit_test(a_window_of_another_epoch_is_another_window),
		cmocka_unit_test(a_topic_that_goes_away_keeps_its_window),
		cmocka_unit_test(a_second_process_reads_but_does_not_save),
		cmocka_unit_test(a_damaged_file_is_set_aside_and_named),
		cmocka_unit_test(a_batch_that_could_not_be_written_is_written_later),
		cmocka_unit_test(another_thread_writes_while_messages_arrive),
		cmocka_unit_test(the_file_is_for_its_owner_alone),
		cmocka_unit_test(without_a_path_windows_live_in_memory),
		cmocka_unit_test(the_map_finds_everything_after_any_removal),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
