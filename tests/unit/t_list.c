#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ui/list.h"

#define ROWS_MAX 2000

/* Rows are numbers; their identity is the number. */
struct rows {
	uint64_t id[ROWS_MAX];
	size_t n;
};

static uint64_t
id_at(void *arg, size_t row)
{
	struct rows *r = arg;

	assert_true(row < r->n);
	return r->id[row];
}

static bool
row_of(void *arg, uint64_t id, size_t *row)
{
	struct rows *r = arg;

	for (size_t i = 0; i < r->n; i++)
		if (r->id[i] == id) {
			*row = i;
			return true;
		}
	return false;
}

static struct list_source
source(struct rows *r)
{
	return (struct list_source){ r, r->n, id_at, row_of };
}

static struct rows
rows_of(size_t n)
{
	struct rows r = { .n = n };

	for (size_t i = 0; i < n; i++)
		r.id[i] = 100 + i;
	return r;
}

static void
insert(struct rows *r, size_t at, uint64_t id)
{
	memmove(r->id + at + 1, r->id + at, (r->n - at) * sizeof r->id[0]);
	r->id[at] = id;
	r->n++;
}

static void
sync(struct list *l, struct rows *r, int height)
{
	struct list_source s = source(r);

	list_sync(l, &s, height);
}

static void
act(struct list *l, struct rows *r, enum action a)
{
	struct list_source s = source(r);

	assert_true(list_act(l, &s, a));
}

static void
the_cursor_stays_on_its_thing_and_place_when_rows_come_above(void **state)
{
	struct rows r = rows_of(50);
	struct list l;

	(void)state;
	list_init(&l, false);
	sync(&l, &r, 10);
	for (int i = 0; i < 20; i++)
		act(&l, &r, ACTION_DOWN);
	sync(&l, &r, 10);
	assert_int_equal(l.id, 120);
	assert_int_equal(list_cursor_line(&l), 9);
	for (uint64_t i = 0; i < 300; i++)
		insert(&r, i % 15, 1000 + i);
	sync(&l, &r, 10);
	assert_int_equal(l.id, 120);
	assert_int_equal(l.row, 320);
	assert_int_equal(list_cursor_line(&l), 9);
	assert_false(l.lost);
}

static void
a_thing_that_goes_leaves_the_cursor_on_its_neighbour_and_says_so(void **state)
{
	struct rows r = rows_of(3);
	struct list l;

	(void)state;
	list_init(&l, false);
	sync(&l, &r, 10);
	act(&l, &r, ACTION_LAST);
	assert_int_equal(l.id, 102);
	r.n = 2;
	sync(&l, &r, 10);
	assert_true(l.lost);
	assert_int_equal(l.id, 101);
	r.n = 0;
	sync(&l, &r, 10);
	assert_true(l.lost);
	assert_int_equal(l.id, LIST_NOTHING);
	assert_int_equal(list_cursor_line(&l), -1);
	act(&l, &r, ACTION_DOWN);
	act(&l, &r, ACTION_LAST);
	r = rows_of(5);
	sync(&l, &r, 10);
	assert_false(l.lost);
	assert_int_equal(l.id, 100);
}

static void
pages_move_by_what_is_visible(void **state)
{
	struct rows r = rows_of(100);
	struct list l;

	(void)state;
	list_init(&l, false);
	sync(&l, &r, 10);
	act(&l, &r, ACTION_PAGE_DOWN);
	assert_int_equal(l.row, 9);
	act(&l, &r, ACTION_HALF_DOWN);
	assert_int_equal(l.row, 14);
	act(&l, &r, ACTION_PAGE_UP);
	act(&l, &r, ACTION_PAGE_UP);
	assert_int_equal(l.row, 0);
	assert_int_equal(l.top, 0);
	act(&l, &r, ACTION_LAST);
	assert_int_equal(l.row, 99);
	assert_int_equal(l.top, 90);
	act(&l, &r, ACTION_DOWN);
	assert_int_equal(l.row, 99);
	act(&l, &r, ACTION_FIRST);
	assert_int_equal(l.row, 0);
	assert_false(l.follow);
}

static void
following_stops_on_moving_up_and_one_key_resumes(void **state)
{
	struct rows r = rows_of(20);
	struct list l;

	(void)state;
	list_init(&l, true);
	sync(&l, &r, 5);
	assert_int_equal(l.id, 119);
	insert(&r, r.n, 500);
	sync(&l, &r, 5);
	assert_int_equal(l.id, 500);
	act(&l, &r, ACTION_UP);
	assert_false(l.follow);
	insert(&r, r.n, 501);
	sync(&l, &r, 5);
	assert_int_equal(l.id, 119);
	act(&l, &r, ACTION_FOLLOW);
	assert_true(l.follow);
	insert(&r, r.n, 502);
	sync(&l, &r, 5);
	assert_int_equal(l.id, 502);
}

static void
a_resize_keeps_the_cursor_visible(void **state)
{
	struct rows r = rows_of(100);
	struct list l;

	(void)state;
	list_init(&l, false);
	sync(&l, &r, 30);
	for (int i = 0; i < 29; i++)
		act(&l, &r, ACTION_DOWN);
	for (int height = 30; height >= 0; height--) {
		sync(&l, &r, height);
		assert_int_equal(l.id, 129);
		assert_true(height == 0 || list_cursor_line(&l) >= 0);
	}
	sync(&l, &r, 200);
	assert_int_equal(l.top, 0);
	assert_int_equal(list_cursor_line(&l), 29);
}

static void
a_thing_can_be_chosen_by_identity(void **state)
{
	struct rows r = rows_of(100);
	struct list_source s = source(&r);
	struct list l;

	(void)state;
	list_init(&l, true);
	list_sync(&l, &s, 10);
	assert_true(list_select_id(&l, &s, 150));
	list_sync(&l, &s, 10);
	assert_int_equal(l.id, 150);
	assert_false(list_select_id(&l, &s, 99999));
	assert_int_equal(l.id, 150);
	assert_false(list_act(&l, &s, ACTION_HALT));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_cursor_stays_on_its_thing_and_place_when_rows_come_above),
		cmocka_unit_test(a_thing_that_goes_leaves_the_cursor_on_its_neighbour_and_says_so),
		cmocka_unit_test(pages_move_by_what_is_visible),
		cmocka_unit_test(following_stops_on_moving_up_and_one_key_resumes),
		cmocka_unit_test(a_resize_keeps_the_cursor_visible),
		cmocka_unit_test(a_thing_can_be_chosen_by_identity),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
