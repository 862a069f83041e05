#include "core/trust/secret.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <sodium.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define UNDER_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define UNDER_SANITIZER 1
#endif
#endif
#ifndef UNDER_SANITIZER
#define UNDER_SANITIZER 0
#endif

struct secret
secret_new(size_t n)
{
	struct secret s = { NULL, 0 };

	/* sodium_malloc needs the canary that sodium_init makes; calling it again is free. */
	if (sodium_init() < 0 || (s.p = sodium_malloc(n)) == NULL)
		return (struct secret){ NULL, 0 };
	memset(s.p, 0, n);
	s.n = n;
	return s;
}

struct secret
secret_copy(const void *p, size_t n)
{
	struct secret s = secret_new(n);

	if (s.p != NULL && n != 0)
		memcpy(s.p, p, n);
	return s;
}

void
secret_free(struct secret *s)
{
	if (s == NULL)
		return;
	sodium_free(s->p); /* wipes first */
	*s = (struct secret){ NULL, 0 };
}

bool
secret_eq(const struct secret *a, const struct secret *b)
{
	if (a->n != b->n || a->p == NULL || b->p == NULL)
		return false;
	return sodium_memcmp(a->p, b->p, a->n) == 0;
}

bool
secret_memory_check(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *probe = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	bool locked;

	if (probe == MAP_FAILED)
		return false;
	locked = mlock(probe, page) == 0;
	(void)munmap(probe, page); /* unlocks too */
	return locked;
}

void
secret_harden_process(void)
{
	const struct rlimit none = { 0, 0 };

	if (UNDER_SANITIZER) /* leak checking traces the process */
		return;
	/* Both only add a fence; without them the program still works, so failure is not fatal. */
	(void)setrlimit(RLIMIT_CORE, &none);
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}
