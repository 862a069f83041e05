/*
 * What gpg's status lines mean: rows 6 and 7 of PROTOCOL 4.2, and the outcome of a decryption.
 *
 * gpg's exit status and GPGME's summary say nothing (OPENPGP.md 3.1), so every status line of one
 * operation is collected here and judged as a whole. Pure: the lines may be anything, the judgement
 * never says GOOD unless all of them fit what the walker and our key table know.
 */
#ifndef MQGP_CORE_TRUST_PGP_JUDGE_H
#define MQGP_CORE_TRUST_PGP_JUDGE_H

#include "core/trust/pgp.h"
#include "core/trust/sigwalk.h"

#define PGP_STATUS_TABLE(S)                                                                        \
	S(NEWSIG) S(GOODSIG) S(VALIDSIG) S(BADSIG) S(ERRSIG) S(EXPSIG) S(EXPKEYSIG) S(REVKEYSIG)   \
	S(NODATA) S(UNEXPECTED) S(FAILURE) S(PLAINTEXT) S(BEGIN_DECRYPTION) S(DECRYPTION_OKAY)     \
	S(GOODMDC) S(ENC_TO) S(NO_SECKEY) S(END_ENCRYPTION) S(INV_RECP) S(SIG_CREATED) S(ERROR)    \
	S(PINENTRY_LAUNCHED)

enum pgp_status_word {
#define S(word) PGP_STATUS_##word,
	PGP_STATUS_TABLE(S)
#undef S
	PGP_STATUS_COUNT
};

#define PGP_STATUS_ARGS 256 /* of the lines whose words we read; longer ones are cut */

struct pgp_status {
	unsigned total;		      /* lines of any kind */
	unsigned n[PGP_STATUS_COUNT]; /* by word */
	char validsig[PGP_STATUS_ARGS], errsig[PGP_STATUS_ARGS];
	unsigned error_code;   /* low 16 bits of the last ERROR or FAILURE line that had a code */
	int64_t pinentry_pid;  /* 0: none was launched */
};

void pgp_status_reset(struct pgp_status *s);
/* One line. Both are ASCII from gpg; args may be NULL. */
void pgp_status_line(struct pgp_status *s, const char *word, const char *args);

/* Row 6 (GOOD is SIG_GOOD). out gets primary, signer and time of a known key. */
enum verdict sig_by_gpg(const struct pgp_status *s, const struct sigwalk *w,
    const struct keytable *t, struct pgp_sig *out);
/* Row 7, when row 6 said SIG_GOOD: the key and its primary as our table knows them. */
enum verdict sig_after_gpg(const struct keytable *t, int64_t now, const struct pgp_sig *sig);
/* V_NONE: one integrity protected plaintext came out. Else V_NEEDS_KEY or V_DECRYPT_FAIL. */
enum verdict decrypt_by_gpg(const struct pgp_status *s);

#endif
