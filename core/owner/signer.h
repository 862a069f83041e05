/*
 * The person's OpenPGP home at work: which key signs, whether it can, the signature itself, and
 * messages to others (OPENPGP 4).
 *
 * Owns one pgp-secret child. A locked key is first tried without a prompt; then the terminal is lent
 * to pinentry; where no pinentry can ask, the passphrase is asked for by ui->passphrase, three times
 * at most. Belongs to one thread; waiting ends when the cancel descriptor gets readable.
 */
#ifndef MQGP_CORE_OWNER_SIGNER_H
#define MQGP_CORE_OWNER_SIGNER_H

#include "core/owner/ui.h"
#include "core/trust/pgp.h"

#define SIGNER_TRIES 3 /* passphrases typed before it is given up */

struct signer;

/* home NULL: gpg's own default. ui is borrowed. cancel_fd -1: none. */
enum mq_err signer_open(struct signer **out, const char *home, const struct owner_ui *ui,
    int cancel_fd, struct mq_error *e);
void signer_close(struct signer *s);

/* The key to sign with: `given`, else the profile's, else the only secret key among `wanted` (the
 * owners of a conf; n 0: any), else the only secret key there is. MQ_ENOENT names what is there. */
enum mq_err signer_choose(struct signer *s, const struct fpr *given, const char *profile_key,
    const struct fpr *wanted, size_t n_wanted, struct fpr *out, struct mq_error *e);
/* Could this key sign now? Signs a harmless text without asking anybody: MQ_OK with a few words in
 * text ("unlocked", "will ask for its passphrase"). */
enum mq_err signer_check(struct signer *s, const struct fpr *key, char text[64],
    struct mq_error *e);
/* Appends one binary signature. why: what is signed, shown before pinentry takes the screen. */
enum mq_err signer_sign(struct signer *s, const struct fpr *key, struct span body, const char *why,
    struct buf *sig, struct mq_error *e);

/* True if the home has a public key of this primary. */
bool signer_has(struct signer *s, const struct fpr *f);
enum mq_err signer_export(struct signer *s, const struct fpr *f, struct buf *cert,
    struct mq_error *e);
enum mq_err signer_import(struct signer *s, const struct fpr *f, struct span cert,
    struct mq_error *e);
/* To these primaries, which must be in the home. */
enum mq_err signer_encrypt(struct signer *s, const struct fpr *to, size_t n, struct span clear,
    struct buf *out, struct mq_error *e);

#endif
