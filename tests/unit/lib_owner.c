#include "tests/unit/lib_owner.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/file.h"
#include "core/conf/bundle.h"
#include "core/conf/compose.h"
#include "core/trust/armor.h"
#include "core/wire/keyblob.h"
#include "tests/unit/lib_pgp.h"

static void
wait_for(struct owner *o, enum mq_err submitted, const uint32_t *id, struct pgp_answer *a)
{
	assert_int_equal(submitted, MQ_OK);
	assert_int_equal(pgp_wait(o->pgp, *id, a), MQ_OK);
	assert_string_equal(a->text, "");
	assert_int_equal(a->err, MQ_OK);
}

static void
export_key(struct owner *o)
{
	struct pgp_answer a;
	uint32_t id = 0;

	wait_for(o, pgp_export(o->pgp, &o->fpr, &id), &id, &a);
	buf_reset(&o->cert);
	assert_int_equal(armor_open(&o->cert, buf_span(&a.out)), MQ_OK);
	pgp_answer_done(&a);
}

void
owner_open(struct owner *o, const char *dir, const char *name)
{
	struct pgp_options po = { .kind = PGP_SECRET_CHILD, .home = o->home, .own_home = true };
	struct pgp_answer a;
	char user_id[64];
	struct mq_error e;
	uint32_t id = 0;

	memset(o, 0, sizeof *o);
	(void)snprintf(user_id, sizeof user_id, "Owner %s <%s@example.invalid>", name, name);
	(void)snprintf(o->home, sizeof o->home, "%s/%s", dir, name);
	buf_init(&o->cert, PGP_CERT_MAX);
	assert_int_equal(file_private_dir(o->home, &e), MQ_OK);
	assert_int_equal(pgp_open(&o->pgp, &po, &e), MQ_OK);
	wait_for(o, pgp_generate(o->pgp, user_id, NULL, &id), &id, &a);
	o->fpr = a.fpr;
	pgp_answer_done(&a);
	export_key(o);
}

void
owner_close(struct owner *o)
{
	pgp_close(o->pgp);
	buf_done(&o->cert);
	o->pgp = NULL;
}

void
owner_bundle(struct buf *out, struct span body, const uint8_t *claim,
    struct owner *const *signer, size_t n)
{
	struct bundle_sig sig[BUNDLE_SIGS_MAX] = { { NULL, 0 } };
	struct pgp_answer a[BUNDLE_SIGS_MAX];
	uint32_t id = 0;

	for (size_t i = 0; i < n; i++) {
		wait_for(signer[i], pgp_sign(signer[i]->pgp, &signer[i]->fpr, body, &id), &id, &a[i]);
		sig[i] = (struct bundle_sig){ a[i].out.p, a[i].out.n };
	}
	assert_int_equal(bundle_print(out, body, claim, sig, n), MQ_OK);
	for (size_t i = 0; i < n; i++)
		pgp_answer_done(&a[i]);
}

void
owner_encrypt(struct owner *o, struct buf *out, struct span clear, const struct fpr *to,
    struct span cert)
{
	struct fpr both[2] = { *to, o->fpr };
	struct pgp_answer a;
	uint32_t id = 0;

	wait_for(o, pgp_import(o->pgp, to, cert, &id), &id, &a);
	pgp_answer_done(&a);
	wait_for(o, pgp_encrypt(o->pgp, both, 2, clear, &id), &id, &a);
	assert_int_equal(armor_open(out, buf_span(&a.out)), MQ_OK);
	pgp_answer_done(&a);
}

void
owner_blob(struct owner *o, struct buf *out, uint32_t epoch, const uint8_t secret[32],
    const struct fpr *to, struct span cert)
{
	uint8_t clear[KEYBLOB_CLEAR];

	keyblob_clear(clear, epoch, secret);
	owner_encrypt(o, out, (struct span){ clear, sizeof clear }, to, cert);
}

struct buf
owner_revoked(struct owner *o)
{
	const char *import[] = { "--import", NULL };
	struct buf text, done;
	char path[160];
	uint8_t *colon;

	(void)snprintf(path, sizeof path, "%s/openpgp-revocs.d/%s.rev", o->home, o->fpr.hex);
	buf_init(&text, 65536);
	assert_int_equal(file_read(path, &text, NULL), MQ_OK);
	/* gpg puts a colon before the armor so that nobody revokes by accident */
	colon = memmem(text.p, text.n, ":-----BEGIN", 11);
	assert_non_null(colon);
	done = run_gpg(o->home, import,
	    (struct span){ colon + 1, text.n - (size_t)(colon + 1 - text.p) });
	buf_done(&done);
	buf_done(&text);
	export_key(o);
	buf_init(&text, PGP_CERT_MAX);
	assert_int_equal(buf_put(&text, o->cert.p, o->cert.n), MQ_OK);
	return text;
}

void
body_set(struct buf *body, const char *key, const char *value)
{
	assert_int_equal(conf_edit_set(body, span_of(key), span_of(value), NULL), MQ_OK);
}

void
body_add(struct buf *body, const char *key, const char *value)
{
	assert_int_equal(conf_edit_add(body, span_of(key), span_of(value), NULL), MQ_OK);
}

void
body_remove(struct buf *body, const char *key)
{
	assert_int_equal(conf_edit_remove(body, span_of(key), (struct span){ NULL, 0 }, NULL),
	    MQ_OK);
}
