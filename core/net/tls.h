/*
 * TLS of one connection: what the operator trusts, and what the broker presented.
 *
 * With a CA (file or bytes) or with neither CA nor pin (the system's CAs), the chain and the host
 * name are verified. A pin is checked besides that; a pin without a CA stands alone, as an SSH host
 * key does: the key is the identity, so self-signed certificates work and their name and dates are
 * shown but not judged. TLS 1.2 is the oldest version spoken. Files are read at every connection,
 * so a renewed certificate needs no restart. Plain data; any thread.
 */
#ifndef MQGP_CORE_NET_TLS_H
#define MQGP_CORE_NET_TLS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/trust/secret.h"

#define TLS_NAME_MAX 256 /* a subject or issuer as one line; longer ones are cut */

enum tls_pin {
	TLS_PIN_NONE,
	TLS_PIN_SPKI,	/* SHA-256 of the public key (SubjectPublicKeyInfo): survives a renewal */
	TLS_PIN_EITHER, /* SHA-256 of the public key or of the whole certificate */
};

struct tls_options {
	const char *ca_file;		  /* PEM, or NULL */
	struct span ca_pem;		  /* PEM bytes instead of a file; n 0: none */
	bool ca_hash_set;		  /* the CA's bytes must have this BLAKE2b-256 (tls-ca-b2) */
	uint8_t ca_hash[32];
	const char *cert_file;		  /* client certificate chain, PEM, or NULL */
	const char *key_file;		  /* its key; NULL: in cert_file */
	const struct secret *key_passphrase; /* NULL: the key is not encrypted */
	enum tls_pin pin_kind;
	uint8_t pin[32];
};

/* The certificate a broker presented; text is escaped and safe to show. */
struct tls_facts {
	char subject[TLS_NAME_MAX];
	char issuer[TLS_NAME_MAX];
	int64_t not_before, not_after; /* Unix seconds */
	uint8_t cert_sha256[32];
	uint8_t spki_sha256[32];
	bool pin_set, pin_ok;
	bool chain_checked; /* chain and host name were verified, not only the pin */
	char protocol[16];  /* "TLSv1.3" */
};

/* Reads "sha256:" and 64 hex digits of either case into o (TLS_PIN_EITHER). */
enum mq_err tls_read_pin(struct tls_options *o, struct span text, struct mq_error *e);

/* Deep copies, for a connection that may outlive the options it was made from. */
enum mq_err tls_options_copy(struct tls_options *out, const struct tls_options *o);
void tls_options_done(struct tls_options *o);

/* One client connection over a non-blocking socket, driven by the caller's poll loop. */
struct tls;

enum tls_state { TLS_DONE, TLS_WANT_READ, TLS_WANT_WRITE, TLS_CLOSED, TLS_FAILED };

/* Prepares a connection to host over fd, which stays the caller's. Bad files, a wrong passphrase or
 * a CA with another hash are errors with a sentence. o must live as long as the connection. */
enum mq_err tls_open(struct tls **out, const struct tls_options *o, const char *host, int fd,
    struct mq_error *e);
void tls_free(struct tls *t);
/* Each returns what to wait for, or TLS_FAILED with the sentence in e. The certificate is judged
 * within the handshake: nothing of ours is sent to a broker that fails. */
enum tls_state tls_handshake(struct tls *t, struct mq_error *e);
enum tls_state tls_read(struct tls *t, void *p, size_t n, size_t *got, struct mq_error *e);
enum tls_state tls_write(struct tls *t, const void *p, size_t n, size_t *done,
    struct mq_error *e);
void tls_goodbye(struct tls *t); /* close_notify, best effort */
/* What was presented; NULL if the handshake did not come that far. Valid until tls_free. */
const struct tls_facts *tls_presented(const struct tls *t);

#endif
