/*
 * Key material in guarded memory: one locked, non-dumpable block (libsodium) per secret set.
 *
 * sodium_malloc returns memory even when locking fails, silently; secret_memory_check() probes once
 * so that `doctor` and the start-up log can say so. Never in logs, never in a grid, wiped by free.
 */
#ifndef MQGP_CORE_TRUST_SECRET_H
#define MQGP_CORE_TRUST_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct secret {
	uint8_t *p; /* n bytes of guarded memory, or NULL */
	size_t n;
};

/* n zero bytes of guarded memory; p is NULL without memory. */
struct secret secret_new(size_t n);
struct secret secret_copy(const void *p, size_t n);
void secret_free(struct secret *s); /* wipes; leaves {NULL, 0}; NULL-safe */
bool secret_eq(const struct secret *a, const struct secret *b); /* constant time */
/* True if memory of this process can be locked right now. */
bool secret_memory_check(void);
/* No core dumps, not traceable: PR_SET_DUMPABLE 0, RLIMIT_CORE 0. A no-op under sanitizers. */
void secret_harden_process(void);

#endif
