#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/trust/secret.h"

static void
a_new_secret_is_zero_and_freeing_empties_it(void **state)
{
	struct secret s = secret_new(32);

	(void)state;
	assert_non_null(s.p);
	assert_int_equal(s.n, 32);
	for (size_t i = 0; i < s.n; i++)
		assert_int_equal(s.p[i], 0);
	secret_free(&s);
	assert_null(s.p);
	assert_int_equal(s.n, 0);
	secret_free(&s);
	secret_free(NULL);
}

static void
only_the_same_bytes_are_equal(void **state)
{
	struct secret a = secret_copy("abcd", 4), b = secret_copy("abcd", 4);
	struct secret shorter = secret_copy("abc", 3), none = { NULL, 0 };

	(void)state;
	assert_true(secret_eq(&a, &b));
	assert_false(secret_eq(&a, &shorter));
	assert_false(secret_eq(&none, &none)); /* no key is never the right key */
	b.p[3] ^= 1;
	assert_false(secret_eq(&a, &b));
	secret_free(&a);
	secret_free(&b);
	secret_free(&shorter);
}

/* In a child: the rest of this program should stay debuggable. */
static void
a_hardened_process_cannot_be_dumped(void **state)
{
	int expected = 0, status;
	pid_t child;

	(void)state;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	expected = 1;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
	expected = 1;
#endif
#endif
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		secret_harden_process();
		_exit(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == expected ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void
the_memory_probe_answers(void **state)
{
	(void)state;
	assert_int_equal(secret_memory_check(), secret_memory_check());
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_secret_is_zero_and_freeing_empties_it),
		cmocka_unit_test(only_the_same_bytes_are_equal),
		cmocka_unit_test(a_hardened_process_cannot_be_dumped),
		cmocka_unit_test(the_memory_probe_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
