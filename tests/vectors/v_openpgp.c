#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/file.h"
#include "core/trust/pgp.h"
#include "tests/vectors/vectors.h"

#define PATH_ROOM 1024
#define FILE_MAX (1 << 20)

/* The child and its ring live from case to case as long as the keyring is the same. */
static struct {
	char run[32];
	char *keyring; /* folder and JSON text of what was imported */
	struct pgp *pgp;
} ring;

static void
close_ring(void)
{
	pgp_close(ring.pgp);
	ring.pgp = NULL;
	free(ring.keyring);
	ring.keyring = NULL;
	if (ring.run[0] != '\0')
		(void)file_remove_tree(ring.run, NULL); /* a test's own folder */
	ring.run[0] = '\0';
}

static bool
read_file(const struct vector_case *c, const char *name, struct buf *out, struct buf *diff)
{
	char path[PATH_ROOM];

	buf_init(out, FILE_MAX);
	if (name != NULL && file_join(path, sizeof path, c->folder, name) == MQ_OK &&
	    file_read(path, out, NULL) == MQ_OK)
		return true;
	(void)buf_printf(diff, "cannot read %s; ", name != NULL ? name : "a file without name");
	return false;
}

/* Imports one file; what is not exactly one public key is refused and left away. */
static bool
import(const struct vector_case *c, const char *name, struct buf *diff)
{
	struct pgp_answer a;
	struct buf cert;
	struct fpr want;
	uint32_t id;
	bool ok = false, none;

	if (!read_file(c, name, &cert, diff))
		goto out;
	if (pgp_look(ring.pgp, buf_span(&cert), &id) != MQ_OK || pgp_wait(ring.pgp, id, &a) != MQ_OK)
		goto out;
	ok = a.err == MQ_OK;
	none = ok && a.keys.n == 0;
	if (!ok)
		(void)buf_printf(diff, "%s: %s; ", name, a.text);
	else if (!none)
		want = a.keys.key[0].sub[0].fpr;
	pgp_answer_done(&a);
	if (!ok || none || pgp_import(ring.pgp, &want, buf_span(&cert), &id) != MQ_OK ||
	    pgp_wait(ring.pgp, id, &a) != MQ_OK)
		goto out;
	ok = a.err == MQ_OK || a.err == MQ_EFORMAT;
	if (!ok)
		(void)buf_printf(diff, "%s: %s; ", name, a.text);
	pgp_answer_done(&a);
out:
	buf_done(&cert);
	return ok;
}

static bool
open_ring(const struct vector_case *c, struct buf *diff)
{
	const json_t *names = json_object_get(c->inputs, "keyring");
	char *text = json_dumps(names, 0), *key = NULL;
	struct pgp_options o = { .kind = PGP_VERIFY_CHILD };
	struct mq_error e;
	bool ok = true;

	if (text == NULL || asprintf(&key, "%s %s", c->folder, text) < 0) {
		free(text);
		return false;
	}
	free(text);
	if (ring.keyring != NULL && strcmp(ring.keyring, key) == 0) {
		free(key);
		return true;
	}
	if (ring.keyring == NULL && ring.pgp == NULL)
		(void)atexit(close_ring);
	close_ring();
	ring.keyring = key;
	(void)snprintf(ring.run, sizeof ring.run, "/tmp/mqgp-XXXXXX");
	o.run_dir = mkdtemp(ring.run);
	if (o.run_dir == NULL || pgp_open(&ring.pgp, &o, &e) != MQ_OK) {
		(void)buf_printf(diff, "cannot start gpg; ");
		return false;
	}
	for (size_t i = 0; ok && i < json_array_size(names); i++)
		ok = import(c, json_string_value(json_array_get(names, i)), diff);
	if (!ok)
		close_ring();
	return ok;
}

static bool
is_pin(const json_t *pins, const struct fpr *f)
{
	for (size_t i = 0; i < json_array_size(pins); i++) {
		const char *pin = json_string_value(json_array_get(pins, i));

		if (pin != NULL && strcmp(pin, f->hex) == 0)
			return true;
	}
	return false;
}

static void
compare(const struct vector_case *c, struct pgp_sig *sig, struct buf *diff)
{
	/* 4.2 row 8 with owners = pins */
	if (sig->verdict == (enum verdict)SIG_GOOD &&
	    !is_pin(json_object_get(c->inputs, "pins"), &sig->primary))
		sig->verdict = V_NOT_OWNER;
	(void)vec_same_text(c->expect, "verdict", verdict_code(sig->verdict), diff);
	if (sig->verdict != (enum verdict)SIG_GOOD)
		return;
	if (!vec_absent(c->expect, "primary"))
		(void)vec_same_text(c->expect, "primary", sig->primary.hex, diff);
	if (!vec_absent(c->expect, "signer"))
		(void)vec_same_text(c->expect, "signer", sig->signer.hex, diff);
	if (!vec_absent(c->expect, "timestamp"))
		(void)vec_same_number(c->expect, "timestamp", (uint64_t)sig->ctime, diff);
}

enum vector_result
vector_openpgp(const struct vector_case *c, struct buf *diff)
{
	const char *data_name = json_string_value(json_object_get(c->inputs, "data"));
	const char *sig_name = json_string_value(json_object_get(c->inputs, "sig"));
	struct pgp_answer a;
	struct buf data, sig;
	enum mq_err r;
	uint32_t id;

	if (!open_ring(c, diff))
		return VECTOR_FAIL;
	buf_init(&sig, FILE_MAX);
	if (!read_file(c, data_name, &data, diff) || !read_file(c, sig_name, &sig, diff))
		goto out;
	if ((r = pgp_verify(ring.pgp, buf_span(&data), buf_span(&sig), &id)) != MQ_OK ||
	    (r = pgp_wait(ring.pgp, id, &a)) != MQ_OK) {
		(void)buf_printf(diff, "not checked: %s", mq_err_name(r));
		goto out;
	}
	compare(c, &a.sig, diff);
	if (diff->n != 0)
		(void)buf_printf(diff, " (%s)", a.text);
	pgp_answer_done(&a);
out:
	buf_done(&data);
	buf_done(&sig);
	return vec_result(diff);
}
