#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/trust/keytable.h"

static struct fpr
fpr_number(unsigned i)
{
	struct fpr f;

	(void)snprintf(f.hex, sizeof f.hex, "%040X", i);
	return f;
}

/* A key whose primary has number i and whose one subkey has number i + 1. */
static struct pgpkey
key_number(unsigned i)
{
	struct pgpkey k = { .n = 2 };

	k.sub[0] = (struct subkey){ .fpr = fpr_number(i), .algo = 22, .bits = 256,
		.can_sign = true };
	k.sub[1] = (struct subkey){ .fpr = fpr_number(i + 1), .algo = 18, .bits = 256,
		.can_encrypt = true };
	return k;
}

static void
a_subkey_leads_to_its_primary(void **state)
{
	struct pgpkey a = key_number(10), b = key_number(20);
	struct fpr sub = fpr_number(21), none = fpr_number(30);
	const struct subkey *s = NULL;
	const struct pgpkey *k;
	struct keytable t;

	(void)state;
	keytable_init(&t);
	assert_int_equal(keytable_add(&t, &a), MQ_OK);
	assert_int_equal(keytable_add(&t, &b), MQ_OK);
	k = keytable_find(&t, &sub, &s);
	assert_ptr_equal(k, &t.key[1]);
	assert_ptr_equal(s, &t.key[1].sub[1]);
	assert_null(keytable_find(&t, &none, NULL));
	assert_null(keytable_primary(&t, &sub));
	assert_ptr_equal(keytable_primary(&t, &b.sub[0].fpr), &t.key[1]);
	keytable_done(&t);
}

static void
adding_a_primary_again_replaces_it(void **state)
{
	struct pgpkey a = key_number(10);
	struct keytable t;

	(void)state;
	keytable_init(&t);
	assert_int_equal(keytable_add(&t, &a), MQ_OK);
	a.revoked = true;
	assert_int_equal(keytable_add(&t, &a), MQ_OK);
	assert_int_equal(t.n, 1);
	assert_true(t.key[0].revoked);
	keytable_done(&t);
}

static void
a_table_is_bounded(void **state)
{
	struct pgpkey k;
	struct keytable t;

	(void)state;
	keytable_init(&t);
	for (unsigned i = 0; i < KEYTABLE_KEYS_MAX; i++) {
		k = key_number(2 * i);
		assert_int_equal(keytable_add(&t, &k), MQ_OK);
	}
	k = key_number(2 * KEYTABLE_KEYS_MAX);
	assert_int_equal(keytable_add(&t, &k), MQ_ELIMIT);
	assert_int_equal(t.n, KEYTABLE_KEYS_MAX);
	k.n = KEYTABLE_SUBKEYS_MAX + 1;
	assert_int_equal(keytable_add(&t, &k), MQ_EINVAL);
	keytable_done(&t);
}

static void
a_copy_lives_on_its_own(void **state)
{
	struct pgpkey a = key_number(10);
	struct keytable t, copy;

	(void)state;
	keytable_init(&t);
	keytable_init(&copy);
	assert_int_equal(keytable_add(&t, &a), MQ_OK);
	t.generation = 7;
	assert_int_equal(keytable_copy(&copy, &t), MQ_OK);
	keytable_done(&t);
	assert_int_equal(copy.generation, 7);
	assert_non_null(keytable_primary(&copy, &a.sub[0].fpr));
	assert_int_equal(keytable_copy(&copy, &t), MQ_OK);
	assert_int_equal(copy.n, 0);
	keytable_done(&copy);
}

static void
only_strong_signing_keys_may_sign(void **state)
{
	static const struct {
		int algo;
		unsigned bits;
		bool can_sign, may;
	} t[] = {
		{ 22, 256, true, true }, { 22, 255, true, true }, { 22, 256, false, false },
		{ 1, 2048, true, true }, { 1, 2047, true, false }, { 1, 1024, true, false },
		{ 19, 256, true, true }, { 19, 384, true, true }, { 19, 192, true, false },
		{ 17, 3072, true, false }, { 27, 256, true, false }, { 0, 0, true, false },
	};
	struct pgpkey k = key_number(1), other = key_number(5);

	(void)state;
	for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
		k.sub[0].algo = t[i].algo;
		k.sub[0].bits = t[i].bits;
		k.sub[0].can_sign = t[i].can_sign;
		assert_int_equal(subkey_may_sign(&k, &k.sub[0]), t[i].may);
	}
	k = key_number(1);
	assert_false(subkey_may_sign(&other, &k.sub[0]));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_subkey_leads_to_its_primary),
		cmocka_unit_test(adding_a_primary_again_replaces_it),
		cmocka_unit_test(a_table_is_bounded),
		cmocka_unit_test(a_copy_lives_on_its_own),
		cmocka_unit_test(only_strong_signing_keys_may_sign),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
