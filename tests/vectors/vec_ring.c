#include "tests/vectors/vec_ring.h"

#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/file.h"
#include "core/trust/pgp_judge.h"

#define RINGS_MAX 4 /* children alive at once */

struct ring {
	char run[32];
	uint8_t keys[HASH_BYTES]; /* H of the list of certificates */
	struct pgp *pgp;
	unsigned used;
};
static struct ring rings[RINGS_MAX];
static unsigned clock_hand; /* grows with every look-up */

static void
close_ring(struct ring *r)
{
	pgp_close(r->pgp);
	if (r->run[0] != '\0')
		(void)file_remove_tree(r->run, NULL); /* a test's own folder */
	memset(r, 0, sizeof *r);
}

static void
close_rings(void)
{
	for (size_t i = 0; i < RINGS_MAX; i++)
		close_ring(&rings[i]);
}

static bool
import(struct pgp *pgp, struct span cert, struct buf *diff)
{
	struct pgp_answer a;
	struct fpr want;
	uint32_t id;
	bool ok;

	if (pgp_look(pgp, cert, &id) != MQ_OK || pgp_wait(pgp, id, &a) != MQ_OK)
		return false;
	ok = a.err == MQ_OK && a.keys.n > 0;
	if (ok)
		want = a.keys.key[0].sub[0].fpr;
	else
		(void)buf_printf(diff, "keys: %s; ", a.text);
	pgp_answer_done(&a);
	if (!ok || pgp_import(pgp, &want, cert, &id) != MQ_OK || pgp_wait(pgp, id, &a) != MQ_OK)
		return false;
	ok = a.err == MQ_OK || a.err == MQ_EFORMAT;
	if (!ok)
		(void)buf_printf(diff, "keys: %s; ", a.text);
	pgp_answer_done(&a);
	return ok;
}

static bool
fill(struct ring *r, const json_t *certs, struct buf *diff)
{
	struct pgp_options o = { .kind = PGP_VERIFY_CHILD };
	struct mq_error e;

	(void)snprintf(r->run, sizeof r->run, "/tmp/mqgp-XXXXXX");
	o.run_dir = mkdtemp(r->run);
	if (o.run_dir == NULL) {
		r->run[0] = '\0';
		(void)buf_puts(diff, "no temporary folder; ");
		return false;
	}
	if (pgp_open(&r->pgp, &o, &e) != MQ_OK) {
		(void)buf_printf(diff, "%s; ", e.text);
		return false;
	}
	for (size_t i = 0; i < json_array_size(certs); i++) {
		const json_t *cert = json_array_get(certs, i);

		if (!json_is_string(cert) || !import(r->pgp, span_of(json_string_value(cert)), diff))
			return false;
	}
	return true;
}

struct pgp *
vec_ring(const json_t *certs, struct buf *diff)
{
	struct ring *oldest = &rings[0];
	char *text = json_dumps(certs, JSON_ENCODE_ANY);
	uint8_t keys[HASH_BYTES];

	if (text == NULL)
		return NULL;
	conf_hash(keys, span_of(text));
	free(text);
	if (clock_hand++ == 0)
		(void)atexit(close_rings); /* without it a child ends with its socket, and a folder stays */
	for (size_t i = 0; i < RINGS_MAX; i++) {
		if (rings[i].pgp != NULL && memcmp(rings[i].keys, keys, sizeof keys) == 0) {
			rings[i].used = clock_hand;
			return rings[i].pgp;
		}
		if (rings[i].used < oldest->used)
			oldest = &rings[i];
	}
	close_ring(oldest);
	memcpy(oldest->keys, keys, sizeof keys);
	oldest->used = clock_hand;
	if (!fill(oldest, certs, diff)) {
		close_ring(oldest);
		return NULL;
	}
	return oldest->pgp;
}

bool
vec_ring_verify(struct pgp *ring, struct span data, struct span sig, int64_t now,
    struct pgp_sig *out, struct buf *diff)
{
	struct pgp_answer a;
	enum mq_err r;
	uint32_t id;

	memset(out, 0, sizeof *out);
	if ((out->verdict = sig_before_gpg(sig, pgp_keys(ring), now, out)) != V_NONE)
		return true;
	if ((r = pgp_verify(ring, data, sig, &id)) != MQ_OK || (r = pgp_wait(ring, id, &a)) != MQ_OK) {
		(void)buf_printf(diff, "not verified: %s; ", mq_err_name(r));
		return false;
	}
	*out = a.sig;
	pgp_answer_done(&a);
	if (out->verdict == (enum verdict)SIG_GOOD)
		out->verdict = sig_after_gpg(pgp_keys(ring), now, out);
	return true;
}

/* gpg imports the secret key: nothing in mqgp ever does. */
static bool
import_secret(const char *home, const char *file)
{
	const char *const args[] = { "gpg", "--homedir", home, "--batch", "--quiet", "--import", file,
		NULL };
	char *argv[sizeof args / sizeof args[0]];
	int status;
	pid_t pid;

	memcpy(argv, args, sizeof argv);
	if (posix_spawnp(&pid, "gpg", NULL, NULL, argv, environ) != 0)
		return false;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return false;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool
vec_secret_open(struct vec_secret *s, struct span armored, struct buf *diff)
{
	struct pgp_options o = { .kind = PGP_SECRET_CHILD, .own_home = true };
	char file[64];
	struct mq_error e;

	(void)snprintf(s->home, sizeof s->home, "/tmp/mqgp-XXXXXX");
	if ((o.home = mkdtemp(s->home)) == NULL) {
		s->home[0] = '\0';
		(void)buf_puts(diff, "no temporary folder; ");
		return false;
	}
	(void)snprintf(file, sizeof file, "%s/secret.asc", s->home);
	if (file_write(file, armored.p, armored.n, NULL) != MQ_OK || !import_secret(s->home, file)) {
		(void)buf_puts(diff, "input secret_key: gpg does not import it; ");
		return false;
	}
	if (pgp_open(&s->pgp, &o, &e) != MQ_OK) {
		(void)buf_printf(diff, "%s; ", e.text);
		return false;
	}
	return true;
}

void
vec_secret_close(struct vec_secret *s)
{
	pgp_close(s->pgp);
	if (s->home[0] != '\0')
		(void)file_remove_tree(s->home, NULL); /* a test's own folder */
	memset(s, 0, sizeof *s);
}
