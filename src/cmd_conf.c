/* lint, diff, sign: confs as files, without a broker. A file is a body or a bundle around one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/file.h"
#include "core/base/text.h"
#include "core/conf/bundle.h"
#include "core/conf/diff.h"
#include "core/owner/signer.h"
#include "src/commands.h"
#include "src/person.h"
#include "src/print.h"
#include "src/setup.h"

#define OUT_MAX (1u << 20)

const struct opt lint_options[] = { { "json", 'j', NULL, "answer with one JSON object" }, { 0 } };
const struct opt sign_file_options[] = {
	{ "out", 'o', "FILE", "write the bundle there instead of standard output" },
	{ "key", 'k', "FPR", "sign with this key of yours" },
	{ "confirm", 0, "HEX", "the last 8 digits that would be typed, for scripts" },
	{ 0 },
};

struct conf_file {
	struct buf bytes;
	bool is_bundle;
	struct bundle bundle; /* spans into bytes */
	struct span body;
	struct conf *conf; /* NULL: it does not parse */
	struct conf_errors errors;
};

static int
complain(const struct mq_error *e)
{
	setup_complain(e->text);
	return e->code == MQ_ECANCEL ? EXIT_UNMET : setup_status(e->code);
}

/* OPTS_GO also if it does not parse: errors says why. */
static int
read_conf(struct conf_file *f, const char *path, bool allow_non_ascii)
{
	struct conf_policy policy = { allow_non_ascii };
	struct mq_error e;

	memset(f, 0, sizeof *f);
	buf_init(&f->bytes, BUNDLE_MAX);
	if (file_read(path, &f->bytes, &e) != MQ_OK)
		return complain(&e);
	f->body = buf_span(&f->bytes);
	f->is_bundle = f->bytes.n != 0 && f->bytes.p[0] == 'M';
	if (f->is_bundle && bundle_parse(f->body, &f->bundle) != V_NONE) {
		f->is_bundle = false;
		setup_complain("neither a conf nor a bundle of one");
		return EXIT_UNMET;
	}
	if (f->is_bundle)
		f->body = f->bundle.body;
	if (conf_parse(f->body, &policy, &f->conf, &f->errors) == MQ_ENOMEM) {
		setup_complain("no memory for a conf");
		return EXIT_SYSTEM;
	}
	return OPTS_GO;
}

static void
conf_file_done(struct conf_file *f)
{
	conf_free(f->conf);
	if (f->is_bundle)
		bundle_done(&f->bundle);
	buf_done(&f->bytes);
}

/* ---- lint */

static void
put_errors(const struct conf_file *f, const char *path, struct buf *out)
{
	for (size_t i = 0; i < f->errors.n; i++) {
		const struct conf_error *x = &f->errors.e[i];

		(void)buf_printf(out, "%s:%u: %s%s%s\n", path, x->line, x->key,
		    x->key[0] != 0 ? ": " : "", x->text);
	}
	if (f->errors.total > f->errors.n)
		(void)buf_printf(out, "%s: and %zu more\n", path, f->errors.total - f->errors.n);
}

static json_t *
lint_json(const struct conf_file *f)
{
	json_t *o = json_object(), *errors = json_array();
	char hash[2 * HASH_BYTES + 1];

	for (size_t i = 0; i < f->errors.n; i++) {
		json_t *x = json_object();

		(void)json_object_set_new(x, "line", json_integer(f->errors.e[i].line));
		(void)json_object_set_new(x, "key", print_word(f->errors.e[i].key));
		(void)json_object_set_new(x, "text", print_word(f->errors.e[i].text));
		(void)json_array_append_new(errors, x);
	}
	(void)json_object_set_new(o, "v", json_integer(1));
	(void)json_object_set_new(o, "ok", json_boolean(f->conf != NULL));
	(void)json_object_set_new(o, "errors", errors);
	if (f->conf != NULL) {
		text_hex(hash, f->conf->hash, HASH_BYTES);
		(void)json_object_set_new(o, "revision", json_integer(f->conf->revision));
		(void)json_object_set_new(o, "conf", print_word(hash));
	}
	return o;
}

static int
lint(const struct opts *o, const struct conf_file *f)
{
	struct buf out;
	int r;

	if (opts_given(o, "json"))
		r = print_json(lint_json(f));
	else {
		buf_init(&out, OUT_MAX);
		put_errors(f, o->operands[0], &out);
		if (f->conf != NULL)
			(void)buf_printf(&out, "%s: revision %u, no errors\n", o->operands[0],
			    f->conf->revision);
		r = print_text(buf_span(&out));
		buf_done(&out);
	}
	return r != EXIT_GOOD ? r : f->conf != NULL ? EXIT_GOOD : EXIT_UNMET;
}

int
cmd_lint(const struct opts *o)
{
	struct conf_file *f = calloc(1, sizeof *f);
	struct setup s;
	int r;

	if (f == NULL)
		return EXIT_SYSTEM;
	if ((r = setup_load(&s, o, SETUP_PROFILE_OPTIONAL)) == OPTS_GO &&
	    (r = read_conf(f, o->operands[0], s.profile != NULL && s.profile->allow_non_ascii)) ==
		OPTS_GO)
		r = lint(o, f);
	conf_file_done(f);
	free(f);
	setup_done(&s);
	return r;
}

/* ---- diff */

static int
print_diff(const struct opts *o, const struct diff *d)
{
	json_t *lines = json_array(), *all = json_object();
	struct buf out;
	int r;

	buf_init(&out, OUT_MAX);
	for (size_t i = 0; i < d->n; i++) {
		json_t *x = json_object();

		(void)json_object_set_new(x, "text", print_word(d->line[i].text));
		(void)json_object_set_new(x, "weaker", json_boolean(d->line[i].weaker));
		(void)json_array_append_new(lines, x);
		(void)buf_printf(&out, "%s%s\n", d->line[i].weaker ? "WEAKER: " : "",
		    d->line[i].text);
	}
	(void)json_object_set_new(all, "v", json_integer(1));
	(void)json_object_set_new(all, "meaning", lines);
	if (opts_given(o, "json"))
		r = print_json(all);
	else {
		json_decref(all);
		r = print_text(buf_span(&out));
	}
	buf_done(&out);
	return r;
}

static int
diff_files(const struct opts *o, const struct setup *s, struct conf_file *f)
{
	bool wide = s->profile != NULL && s->profile->allow_non_ascii;
	enum suite floor = s->profile != NULL && s->profile->min_suite != 0 ?
	    (enum suite)s->profile->min_suite : SUITE_HMAC;
	struct diff *d;
	int r;

	for (size_t i = 0; i < 2; i++) {
		if ((r = read_conf(&f[i], o->operands[i], wide)) != OPTS_GO)
			return r;
		if (f[i].conf == NULL) {
			struct buf out;

			buf_init(&out, OUT_MAX);
			put_errors(&f[i], o->operands[i], &out);
			r = print_text(buf_span(&out));
			buf_done(&out);
			return r != EXIT_GOOD ? r : EXIT_UNMET;
		}
	}
	if ((d = calloc(1, sizeof *d)) == NULL)
		return EXIT_SYSTEM;
	conf_diff(f[0].conf, f[1].conf, floor, d);
	r = print_diff(o, d);
	free(d);
	return r;
}

int
cmd_diff(const struct opts *o)
{
	struct conf_file *f = calloc(2, sizeof *f);
	struct setup s;
	int r;

	if (f == NULL)
		return EXIT_SYSTEM;
	if ((r = setup_load(&s, o, SETUP_PROFILE_OPTIONAL)) == OPTS_GO)
		r = diff_files(o, &s, f);
	conf_file_done(&f[0]);
	conf_file_done(&f[1]);
	free(f);
	setup_done(&s);
	return r;
}

/* ---- sign */

/* Signatures that are there already, ours behind them. */
static enum mq_err
put_signed(const struct conf_file *f, struct span sig, struct buf *out, struct mq_error *e)
{
	struct bundle_sig all[BUNDLE_SIGS_MAX + 1];
	struct buf ours;
	size_t n = f->is_bundle ? f->bundle.n_sigs : 0;
	enum mq_err r;

	for (size_t i = 0; i < n; i++)
		if (span_eq((struct span){ f->bundle.sig[i].p, f->bundle.sig[i].n }, sig))
			return buf_put(out, f->bytes.p, f->bytes.n); /* there already */

	if (n == BUNDLE_SIGS_MAX)
		return mq_fail(e, MQ_ELIMIT, "this bundle has no room for another signature");
	buf_init(&ours, BUNDLE_SIG_BYTES_MAX);
	r = buf_put(&ours, sig.p, sig.n);
	for (size_t i = 0; i < n; i++)
		all[i] = f->bundle.sig[i];
	all[n] = (struct bundle_sig){ ours.p, ours.n };
	if (r == MQ_OK)
		r = bundle_print(out, f->body, f->is_bundle && f->bundle.has_claim ? f->bundle.claim :
			NULL, all, n + 1);
	buf_done(&ours);
	return r == MQ_OK ? r : mq_fail(e, r, "the signatures do not fit a bundle");
}

/* Our own signature, judged by the child that knows nothing but our certificate. */
static enum mq_err
check_signed(const struct setup *s, struct signer *signer, const struct fpr *key, struct span body,
    struct span sig, struct mq_error *e)
{
	struct pgp_options po = { .kind = PGP_VERIFY_CHILD, .run_dir = s->paths.runtime_dir };
	struct pgp_answer a;
	struct pgp *pgp = NULL;
	struct buf cert;
	uint32_t id;
	enum mq_err r;

	buf_init(&cert, 2 * PGP_CERT_MAX);
	if ((r = pgp_open(&pgp, &po, e)) != MQ_OK ||
	    (r = signer_export(signer, key, &cert, e)) != MQ_OK)
		goto out;
	if ((r = pgp_import(pgp, key, buf_span(&cert), &id)) == MQ_OK &&
	    (r = pgp_wait(pgp, id, &a)) == MQ_OK)
		pgp_answer_done(&a);
	if (r == MQ_OK && (r = pgp_verify(pgp, body, sig, &id)) == MQ_OK &&
	    (r = pgp_wait(pgp, id, &a)) == MQ_OK) {
		if (a.err != MQ_OK || (int)a.sig.verdict != SIG_GOOD ||
		    !fpr_eq(&a.sig.primary, key))
			r = mq_fail(e, MQ_ECRYPTO, "our own signature does not verify: %s %s",
			    verdict_code(a.sig.verdict), a.text);
		pgp_answer_done(&a);
	} else
		r = mq_fail(e, r, "gpg does not verify");
out:
	pgp_close(pgp);
	buf_done(&cert);
	return r;
}

static enum mq_err
make_signature(const struct setup *s, struct person *p, const struct fpr *given,
    const struct conf_file *f, struct buf *out, struct mq_error *e)
{
	const struct profile *profile = s->profile;
	struct signer *signer = NULL;
	struct owner_ui ui = { 0 };
	struct fpr key;
	struct buf sig;
	char why[64];
	enum mq_err r;

	(void)snprintf(why, sizeof why, "sign revision %u", f->conf->revision);
	buf_init(&sig, BUNDLE_SIG_BYTES_MAX);
	person_ui(p, &ui);
	if ((r = signer_open(&signer, profile != NULL ? profile->gnupg_home : getenv("GNUPGHOME"), &ui,
		 -1, e)) == MQ_OK &&
	    (r = signer_choose(signer, given, profile != NULL ? profile->sign_key : NULL,
		 f->conf->owner, f->conf->n_owners, &key, e)) == MQ_OK &&
	    (r = person_confirm(p, why, "your own key", key.hex, e)) == MQ_OK &&
	    (r = signer_sign(signer, &key, f->body, why, &sig, e)) == MQ_OK &&
	    (r = check_signed(s, signer, &key, f->body, buf_span(&sig), e)) == MQ_OK)
		r = put_signed(f, buf_span(&sig), out, e);
	signer_close(signer);
	buf_done(&sig);
	return r;
}

static int
sign(const struct opts *o, struct setup *s, const struct conf_file *f)
{
	struct person p = { .confirm = opts_value(o, "confirm") };
	const char *key = opts_value(o, "key"), *path = opts_value(o, "out");
	struct mq_error e;
	struct buf out;
	struct fpr given;
	int r;

	if (f->conf == NULL) {
		struct buf text;

		buf_init(&text, OUT_MAX);
		put_errors(f, o->operands[0], &text);
		(void)print_text(buf_span(&text)); /* the exit status says enough */
		buf_done(&text);
		return EXIT_UNMET;
	}
	if (key != NULL && !fpr_parse(span_of(key), &given))
		return opts_usage(o, "--key takes 40 upper-case hex digits");
	if (paths_make_runtime(&s->paths, &e) != MQ_OK)
		return complain(&e);
	buf_init(&out, BUNDLE_MAX);
	if (make_signature(s, &p, key != NULL ? &given : NULL, f, &out, &e) != MQ_OK)
		r = complain(&e);
	else if (path == NULL)
		r = print_bytes(buf_span(&out));
	else
		r = file_write(path, out.p, out.n, &e) == MQ_OK ? EXIT_GOOD : complain(&e);
	buf_done(&out);
	return r;
}

int
cmd_sign(const struct opts *o)
{
	struct conf_file *f = calloc(1, sizeof *f);
	struct setup s;
	int r;

	if (f == NULL)
		return EXIT_SYSTEM;
	if ((r = setup_load(&s, o, SETUP_PROFILE_OPTIONAL)) == OPTS_GO &&
	    (r = read_conf(f, o->operands[0], s.profile != NULL && s.profile->allow_non_ascii)) ==
		OPTS_GO)
		r = sign(o, &s, f);
	conf_file_done(f);
	free(f);
	setup_done(&s);
	return r;
}
