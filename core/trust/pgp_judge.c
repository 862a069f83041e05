#include "core/trust/pgp_judge.h"

#include <stdio.h>
#include <string.h>

#include "core/base/text.h"

#define SIG_FUTURE_MAX 300 /* seconds: 4.2 row 3 */

/* Codes of libgpg-error in an ERRSIG line. */
#define ERRSIG_NO_PUBKEY 9
#define ERRSIG_TIME_CONFLICT 39

/* Words of a VALIDSIG and an ERRSIG line, counted from 0. */
enum { VALID_SIGNER = 0, VALID_TIME = 2, VALID_EXPIRES = 3, VALID_VERSION = 4, VALID_PK = 6,
	VALID_HASH = 7, VALID_CLASS = 8, VALID_PRIMARY = 9 };
#define ERRSIG_CODE 5
#define WORDS_MAX 12

static const char *const words[] = {
#define S(word) #word,
	PGP_STATUS_TABLE(S)
#undef S
};

/* Splits at single blanks; words behind the last one that fits are left away. */
static size_t
split(const char *args, struct span *word)
{
	size_t n = 0;

	while (n < WORDS_MAX && *args != 0) {
		size_t len = strcspn(args, " ");

		word[n++] = (struct span){ (const uint8_t *)args, len };
		args += len + (args[len] == ' ');
	}
	return n;
}

static bool
number(const struct span *word, size_t n, size_t i, uint64_t *out)
{
	return i < n && text_u64(word[i], UINT32_MAX, out);
}

void
pgp_status_reset(struct pgp_status *s)
{
	memset(s, 0, sizeof *s);
}

static void
keep(char *out, const char *args)
{
	(void)snprintf(out, PGP_STATUS_ARGS, "%s", args);
}

/* "ERROR where code", "FAILURE where code": an error value of libgpg-error with its source. */
static void
keep_error(struct pgp_status *s, const char *args)
{
	struct span word[WORDS_MAX];
	size_t n = split(args, word);
	uint64_t code;

	if (number(word, n, 1, &code))
		s->error_code = (unsigned)(code & 0xffff);
}

static void
keep_pid(struct pgp_status *s, const char *args)
{
	struct span word[WORDS_MAX];
	size_t n = split(args, word);
	uint64_t pid;

	if (number(word, n, 0, &pid) && pid > 1)
		s->pinentry_pid = (int64_t)pid;
}

void
pgp_status_line(struct pgp_status *s, const char *word, const char *args)
{
	size_t i = 0;

	if (word == NULL || *word == 0) /* GPGME's mark for the end */
		return;
	s->total++;
	while (i < PGP_STATUS_COUNT && strcmp(words[i], word) != 0)
		i++;
	if (i == PGP_STATUS_COUNT)
		return;
	s->n[i]++;
	if (args == NULL)
		args = "";
	if (i == PGP_STATUS_VALIDSIG)
		keep(s->validsig, args);
	else if (i == PGP_STATUS_ERRSIG)
		keep(s->errsig, args);
	else if (i == PGP_STATUS_ERROR || i == PGP_STATUS_FAILURE)
		keep_error(s, args);
	else if (i == PGP_STATUS_PINENTRY_LAUNCHED)
		keep_pid(s, args);
}

/* The time rule of row 3 and the key rules of rows 4 and 5 need no gpg. */
enum verdict
sig_before_gpg(struct span sig, const struct keytable *t, int64_t now, struct pgp_sig *out)
{
	const struct subkey *s = NULL;
	const struct pgpkey *k;
	struct sigwalk w;
	enum verdict v;
	size_t at = 0;

	memset(out, 0, sizeof *out);
	if ((v = sigwalk_read(sig, &w)) != V_NONE)
		return out->verdict = v;
	out->signer = w.fpr;
	out->ctime = w.ctime;
	if (w.expire != 0)
		return out->verdict = V_EXPIRED_SIG;
	if (w.ctime > now + SIG_FUTURE_MAX)
		return out->verdict = V_SIG_TIME;
	if ((k = keytable_next(t, &w.fpr, &at, &s)) == NULL)
		return out->verdict = V_UNKNOWN_KEY;
	while (k != NULL && !subkey_may_sign(k, s)) { /* as the last one that holds it says */
		out->primary = k->sub[0].fpr;
		k = keytable_next(t, &w.fpr, &at, &s);
	}
	if (k == NULL)
		return out->verdict = V_WEAK_ALG;
	out->primary = k->sub[0].fpr;
	return V_NONE;
}

static bool
says(const struct span *word, size_t n, size_t i, uint64_t want)
{
	uint64_t got;

	return number(word, n, i, &got) && got == want;
}

/* The VALIDSIG line tells of the key and the packet that we handed over, and of nothing else. */
static bool
valid_line_fits(const char *line, const struct sigwalk *w, const struct keytable *t,
    struct pgp_sig *out)
{
	struct span word[WORDS_MAX];
	size_t n = split(line, word);
	const struct subkey *s;
	const struct pgpkey *k;
	struct fpr primary;

	if (n <= VALID_PRIMARY || !span_is(word[VALID_SIGNER], w->fpr.hex) ||
	    !says(word, n, VALID_TIME, (uint64_t)w->ctime) || !says(word, n, VALID_EXPIRES, 0) ||
	    !says(word, n, VALID_VERSION, 4) || !says(word, n, VALID_PK, w->pk) ||
	    !says(word, n, VALID_HASH, w->hash) || !span_is(word[VALID_CLASS], "00") ||
	    !fpr_parse(word[VALID_PRIMARY], &primary))
		return false;
	if ((k = keytable_primary(t, &primary)) == NULL ||
	    (s = pgpkey_subkey(k, &w->fpr)) == NULL || s->algo != w->pk)
		return false;
	out->primary = primary;
	return true;
}

static enum verdict
errsig_verdict(const char *line)
{
	struct span word[WORDS_MAX];
	size_t n = split(line, word);

	if (says(word, n, ERRSIG_CODE, ERRSIG_NO_PUBKEY))
		return V_UNKNOWN_KEY;
	if (says(word, n, ERRSIG_CODE, ERRSIG_TIME_CONFLICT))
		return V_SIG_TIME;
	return V_SYS_ERROR;
}

/* Lines that never stand beside a good detached signature. */
static bool
strange_lines(const struct pgp_status *s)
{
	static const enum pgp_status_word strange[] = { PGP_STATUS_NODATA, PGP_STATUS_UNEXPECTED,
		PGP_STATUS_FAILURE, PGP_STATUS_ERROR, PGP_STATUS_PLAINTEXT,
		PGP_STATUS_BEGIN_DECRYPTION };

	for (size_t i = 0; i < sizeof strange / sizeof strange[0]; i++)
		if (s->n[strange[i]] != 0)
			return true;
	return false;
}

static const struct {
	enum pgp_status_word word;
	enum verdict verdict; /* V_NONE: needs a look at the line */
} results[] = {
	{ PGP_STATUS_BADSIG, V_BAD_SIG },
	{ PGP_STATUS_REVKEYSIG, V_REVOKED_KEY },
	{ PGP_STATUS_EXPKEYSIG, V_EXPIRED_KEY },
	{ PGP_STATUS_EXPSIG, V_EXPIRED_SIG },
	{ PGP_STATUS_ERRSIG, V_NONE },
	{ PGP_STATUS_GOODSIG, V_NONE },
};

enum verdict
sig_by_gpg(const struct pgp_status *s, const struct sigwalk *w, const struct keytable *t,
    struct pgp_sig *out)
{
	enum verdict v = V_SYS_ERROR;
	unsigned lines = 0;

	for (size_t i = 0; i < sizeof results / sizeof results[0]; i++) {
		lines += s->n[results[i].word];
		if (s->n[results[i].word] != 0)
			v = results[i].verdict;
	}
	if (lines != 1 || s->n[PGP_STATUS_NEWSIG] != 1 || s->n[PGP_STATUS_VALIDSIG] > 1)
		return V_SYS_ERROR;
	if (s->n[PGP_STATUS_VALIDSIG] != 0 && !valid_line_fits(s->validsig, w, t, out))
		return V_SYS_ERROR;
	if (s->n[PGP_STATUS_ERRSIG] != 0)
		return errsig_verdict(s->errsig);
	if (s->n[PGP_STATUS_GOODSIG] != 0)
		return s->n[PGP_STATUS_VALIDSIG] == 1 && !strange_lines(s) ?
		    (enum verdict)SIG_GOOD : V_SYS_ERROR;
	return v;
}

enum verdict
sig_after_gpg(const struct keytable *t, int64_t now, const struct pgp_sig *sig)
{
	const struct pgpkey *k = keytable_primary(t, &sig->primary);
	const struct subkey *s = k != NULL ? pgpkey_subkey(k, &sig->signer) : NULL;

	if (s == NULL)
		return V_SYS_ERROR;
	if (k->revoked || k->sub[0].revoked || s->revoked)
		return V_REVOKED_KEY;
	if (k->expired || (k->sub[0].expires != 0 && k->sub[0].expires <= now) ||
	    (s->expires != 0 && s->expires <= now))
		return V_EXPIRED_KEY;
	return (enum verdict)SIG_GOOD;
}

enum verdict
decrypt_by_gpg(const struct pgp_status *s)
{
	if (s->n[PGP_STATUS_DECRYPTION_OKAY] == 0)
		return s->n[PGP_STATUS_ENC_TO] != 0 &&
		    s->n[PGP_STATUS_NO_SECKEY] >= s->n[PGP_STATUS_ENC_TO] ?
		    V_NEEDS_KEY : V_DECRYPT_FAIL;
	if (s->n[PGP_STATUS_DECRYPTION_OKAY] != 1 || s->n[PGP_STATUS_GOODMDC] != 1 ||
	    s->n[PGP_STATUS_BEGIN_DECRYPTION] != 1 || s->n[PGP_STATUS_PLAINTEXT] != 1)
		return V_DECRYPT_FAIL;
	return V_NONE;
}
