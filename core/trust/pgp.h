/*
 * OpenPGP, as the rest of mqgp sees it: requests to two small children that own GPGME.
 *
 * pgp-verify: own 0700 home built new at start from the pinned certificates, mode ERROR, 10 s
 * deadline; killed and restarted when it does not answer. pgp-secret: the person's (or gateway's)
 * home, started on demand for sign, decrypt, encrypt, list, generate. Children are the same binary
 * started again (argv[1] = PGP_CHILD_ARG); pgp_child_main() runs there and only there does GPGME
 * get called. Asynchronous: submit gives an id, pgp_poll() reads answers; *_wait() are for
 * programs that have nothing else to do. A struct pgp belongs to one thread.
 *
 * Outcomes of signatures are enum verdict (SIG_GOOD or a code of 4.2); SYS_ERROR is "we do not
 * know". Results of signatures do not depend on who is an owner: NOT-OWNER is decided above.
 */
#ifndef MQGP_CORE_TRUST_PGP_H
#define MQGP_CORE_TRUST_PGP_H

#include "core/base/clock.h"
#include "core/conf/conf.h"
#include "core/trust/keytable.h"
#include "core/trust/secret.h"
#include "core/verdict/verdict.h"

#define PGP_CHILD_ARG "--pgp-child" /* argv[1] of the children; not for people */
#define PGP_DEADLINE_MS 10000	    /* a silent gpg is ended after this */
#define PGP_QUEUE_MAX 64	    /* PROTOCOL 3.12; a fuller queue answers MQ_EAGAIN. Imports are
				       counted apart, up to KEYTABLE_KEYS_MAX */
#define PGP_CERT_MAX 65536
#define PGP_CLEAR_MAX 65536 /* decrypted bundle or blob */

struct pgp; /* a connection to one child */

struct pgp_sig {
	enum verdict verdict; /* SIG_GOOD, or a code of 4.2, or V_SYS_ERROR */
	struct fpr primary;   /* SIG_GOOD (and of known keys): whom the table says it is */
	struct fpr signer;
	int64_t ctime;
};

enum pgp_kind { PGP_VERIFY_CHILD, PGP_SECRET_CHILD };

struct pgp_options {
	enum pgp_kind kind;
	const char *self;     /* path of the binary to start; NULL: /proc/self/exe */
	const char *home;     /* SECRET: GnuPG home (NULL: the user's). VERIFY: ignored */
	const char *run_dir;  /* VERIFY: a short 0700 folder in which the home is made */
	const char *gpg;      /* NULL: /usr/bin/gpg (or $MQGP_GPG in test builds) */
	int deadline_ms;      /* 0: PGP_DEADLINE_MS; -1: none (a person may be asked) */
	bool may_prompt;      /* SECRET: pinentry may use the terminal; else mode ERROR */
	bool own_home;	      /* SECRET: home is ours alone: pgp_close ends its agent */
	int64_t at;	      /* VERIFY: judge as of this time (Unix seconds); 0: now */
};

/* The gpg that is used when none is named. */
const char *pgp_program(void);

/* gpg need not be there: then each answer is MQ_ECRYPTO with a sentence. */
enum mq_err pgp_open(struct pgp **out, const struct pgp_options *o, struct mq_error *e);
void pgp_close(struct pgp *p); /* ends the child and an agent we started; removes the run home */
int pgp_fd(const struct pgp *p); /* poll for POLLIN; -1 while the child is down */
/* When to call pgp_poll even if the fd is quiet (deadline, restart); -1: never. */
int64_t pgp_next_timeout_ms(const struct pgp *p);

enum pgp_op { PGP_OP_VERIFY, PGP_OP_SIGN, PGP_OP_DECRYPT, PGP_OP_ENCRYPT, PGP_OP_IMPORT,
	PGP_OP_LIST, PGP_OP_GENERATE, PGP_OP_EXPORT, PGP_OP_LOOK };

struct pgp_answer {
	uint32_t id;
	enum pgp_op op;
	enum mq_err err; /* engine: MQ_OK, MQ_ETIMEOUT, MQ_ECRYPTO, MQ_ENOENT (no such key),
			    MQ_EPERM (passphrase needed and nobody can be asked, or wrong),
			    MQ_ECANCEL, MQ_EFORMAT (import: not exactly that key) */
	char text[MQ_ERROR_TEXT];
	struct pgp_sig sig;	   /* VERIFY; SIGN: who signed and when, no verdict */
	bool remote_agent;	   /* with MQ_EPERM: a forwarded agent wants to ask its person */
	enum verdict decrypt;	   /* DECRYPT: V_NONE = out is plaintext, V_NEEDS_KEY,
				      V_DECRYPT_FAIL, V_MALFORMED (plaintext too large), V_SYS_ERROR */
	struct buf out;		   /* SIGN: one binary signature; DECRYPT: plaintext (wipe);
				      ENCRYPT: message; EXPORT, IMPORT by the verify child: armored
				      key (after an import: merged, what one keeps on disk) */
	struct fpr fpr;		   /* GENERATE, IMPORT */
	struct keytable keys;	   /* LIST; LOOK; IMPORT: the table after it */
	uint64_t generation;	   /* of the ring the answer was made with */
};
void pgp_answer_done(struct pgp_answer *a); /* wipes out */

/* Each returns MQ_OK and *id, or MQ_EAGAIN (queue full) or MQ_ENOMEM; bytes are copied. */
enum mq_err pgp_verify(struct pgp *p, struct span data, struct span sig, uint32_t *id);
enum mq_err pgp_sign(struct pgp *p, const struct fpr *key, struct span data, uint32_t *id);
enum mq_err pgp_decrypt(struct pgp *p, struct span message, uint32_t *id);
/* To fingerprint-resolved keys, always-trust, integrity protected, no signature. */
enum mq_err pgp_encrypt(struct pgp *p, const struct fpr *to, size_t n, struct span clear,
    uint32_t *id);
/* VERIFY child: takes a certificate only if it is exactly one public primary and equals want
 * (OPENPGP 10: scratch home, self-signatures only, merge, table anew). SECRET child: same check,
 * imported into that home so that we can encrypt to it. */
enum mq_err pgp_import(struct pgp *p, const struct fpr *want, struct span cert, uint32_t *id);
/* Which keys does this file hold (secret ones are marked)? Nothing is imported. */
enum mq_err pgp_look(struct pgp *p, struct span keys, uint32_t *id);
enum mq_err pgp_list(struct pgp *p, bool secret_only, uint32_t *id);
enum mq_err pgp_export(struct pgp *p, const struct fpr *key, uint32_t *id);
/* Ed25519 sign+cert primary with Cv25519 encryption subkey; passphrase NULL: unprotected, or, after
 * pgp_set_prompt(p, true), asked for by pinentry. */
enum mq_err pgp_generate(struct pgp *p, const char *user_id, const char *passphrase, uint32_t *id);

/* SECRET: how the next SIGN and DECRYPT deal with a locked key. Without a prompt they answer MQ_EPERM
 * ("needs its passphrase"; DECRYPT with V_NEEDS_KEY): hand the terminal over (SIGINT, SIGQUIT and
 * SIGTSTP ignored), pgp_set_prompt(p, true), submit again, take the terminal back. A forwarded
 * agent (answer.remote_agent) asks its own person on another screen: set_prompt and submit again, but
 * nothing needs to be handed over. With a prompt there is no deadline; pgp_cancel() ends it. */
void pgp_set_prompt(struct pgp *p, bool may_prompt);
/* SECRET: answers a locked key instead of pinentry, until set again; copied. NULL: forget it. A wrong
 * one gives MQ_EPERM; the caller counts tries. At most 100 bytes. */
enum mq_err pgp_set_passphrase(struct pgp *p, const struct secret *passphrase);
/* Ends what the child is doing (a pinentry included): everything submitted is answered MQ_ECANCEL. */
void pgp_cancel(struct pgp *p);

/* Reads what the child sent and handles deadlines. MQ_OK and one answer, or MQ_EAGAIN (none). */
enum mq_err pgp_poll(struct pgp *p, struct pgp_answer *out);
/* Blocks until the answer to id is there (other answers are kept for pgp_poll). */
enum mq_err pgp_wait(struct pgp *p, uint32_t id, struct pgp_answer *out);
/* The verify child's key table as of the last import. Borrowed until the next call. */
const struct keytable *pgp_keys(const struct pgp *p);
/* 4.2 rows 1-5, which need no gpg: V_NONE if gpg has to be asked. The child does the same with the
 * real clock; with another one (`verify --at`, tests) call this first. (pgp_judge.c) */
enum verdict sig_before_gpg(struct span sig, const struct keytable *t, int64_t now,
    struct pgp_sig *out);

/* main() of both programs calls this first: runs the child and exits if argv says so. */
void pgp_child_main(int argc, char **argv);

#endif
