#include "core/net/tls.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sodium.h>

#include "core/base/file.h"
#include "core/base/text.h"
#include "core/base/utf8.h"

#define TLS_CA_MAX (1U << 20) /* a bundle of all public CAs is a quarter of that */
#define TLS_CHAIN_DEPTH 8

struct tls {
	const struct tls_options *o;
	SSL_CTX *ctx;
	SSL *ssl;
	struct tls_facts facts;
	bool has_facts;
	struct mq_error refusal; /* why our own judgement said no; code MQ_OK: it did not */
	char host[256];
};

/* The last thing OpenSSL complained about. Empties its queue. */
static const char *
openssl_reason(void)
{
	unsigned long code = ERR_peek_last_error();
	const char *why = code != 0 ? ERR_reason_error_string(code) : NULL;

	ERR_clear_error();
	return why != NULL ? why : "no reason given";
}

enum mq_err
tls_read_pin(struct tls_options *o, struct span text, struct mq_error *e)
{
	struct span hex;

	if (!span_starts(text, "sha256:"))
		return mq_fail(e, MQ_EFORMAT, "a pin is written sha256: and 64 hex digits");
	hex = (struct span){ text.p + 7, text.n - 7 };
	if (!text_unhex(hex, 'a', o->pin, sizeof o->pin) &&
	    !text_unhex(hex, 'A', o->pin, sizeof o->pin))
		return mq_fail(e, MQ_EFORMAT, "a pin is written sha256: and 64 hex digits");
	o->pin_kind = TLS_PIN_EITHER;
	return MQ_OK;
}

/* ---- options */

static bool
copy_text(const char **out, const char *s)
{
	*out = s != NULL ? strdup(s) : NULL;
	return s == NULL || *out != NULL;
}

enum mq_err
tls_options_copy(struct tls_options *out, const struct tls_options *o)
{
	struct tls_options c = *o;
	struct secret *pass = NULL;
	uint8_t *pem = NULL;
	bool ok = true;

	ok &= copy_text(&c.ca_file, o->ca_file);
	ok &= copy_text(&c.cert_file, o->cert_file);
	ok &= copy_text(&c.key_file, o->key_file);
	if (o->ca_pem.n != 0 && (pem = (uint8_t *)span_dup(o->ca_pem)) == NULL)
		ok = false;
	c.ca_pem.p = pem;
	if (o->key_passphrase != NULL) {
		if ((pass = calloc(1, sizeof *pass)) != NULL)
			*pass = secret_copy(o->key_passphrase->p, o->key_passphrase->n);
		ok &= pass != NULL && pass->p != NULL;
	}
	c.key_passphrase = pass;
	if (!ok) {
		tls_options_done(&c);
		return MQ_ENOMEM;
	}
	*out = c;
	return MQ_OK;
}

/* Frees what tls_options_copy made; the members are const for everybody else. */
static void
drop(const void *p)
{
	void *owned;

	memcpy(&owned, &p, sizeof owned);
	free(owned);
}

void
tls_options_done(struct tls_options *o)
{
	if (o->key_passphrase != NULL) {
		struct secret pass = *o->key_passphrase;

		secret_free(&pass);
		drop(o->key_passphrase);
	}
	drop(o->ca_pem.p);
	drop(o->key_file);
	drop(o->cert_file);
	drop(o->ca_file);
	memset(o, 0, sizeof *o);
}

static bool
checks_chain(const struct tls_options *o)
{
	return o->ca_file != NULL || o->ca_pem.n != 0 || o->pin_kind == TLS_PIN_NONE;
}

/* ---- what the broker presented */

static void
put_name(char out[TLS_NAME_MAX], const X509_NAME *name)
{
	/* UTF-8 as it is: utf8_safe decides what of it may be shown */
	const unsigned long flags = XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB;
	BIO *bio = BIO_new(BIO_s_mem());
	char *p;
	long n;

	out[0] = 0;
	if (bio == NULL)
		return;
	if (X509_NAME_print_ex(bio, name, 0, flags) >= 0 && (n = BIO_get_mem_data(bio, &p)) > 0)
		utf8_safe(out, TLS_NAME_MAX, (struct span){ (const uint8_t *)p, (size_t)n });
	BIO_free(bio);
}

static int64_t
seconds_of(const ASN1_TIME *t)
{
	struct tm tm;

	return ASN1_TIME_to_tm(t, &tm) == 1 ? (int64_t)timegm(&tm) : 0;
}

static bool
note_facts(struct tls *t, X509 *cert)
{
	struct tls_facts *f = &t->facts;
	unsigned char *spki = NULL;
	unsigned n = 0;
	int spki_n;
	bool ok;

	memset(f, 0, sizeof *f);
	put_name(f->subject, X509_get_subject_name(cert));
	put_name(f->issuer, X509_get_issuer_name(cert));
	f->not_before = seconds_of(X509_get0_notBefore(cert));
	f->not_after = seconds_of(X509_get0_notAfter(cert));
	f->chain_checked = checks_chain(t->o);
	spki_n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &spki);
	ok = spki_n > 0 && X509_digest(cert, EVP_sha256(), f->cert_sha256, &n) == 1 && n == 32 &&
	    EVP_Digest(spki, (size_t)spki_n, f->spki_sha256, &n, EVP_sha256(), NULL) == 1 && n == 32;
	OPENSSL_free(spki);
	f->pin_set = t->o->pin_kind != TLS_PIN_NONE;
	f->pin_ok = ok && f->pin_set &&
	    (memcmp(f->spki_sha256, t->o->pin, 32) == 0 ||
		(t->o->pin_kind == TLS_PIN_EITHER && memcmp(f->cert_sha256, t->o->pin, 32) == 0));
	t->has_facts = ok;
	return ok;
}

/* Says why the chain was refused. */
static void
refuse_chain(struct tls *t, int code)
{
	const struct tls_facts *f = &t->facts;
	char when[TEXT_TIME_MAX];

	switch (code) {
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
	case X509_V_ERR_CERT_SIGNATURE_FAILURE:
		(void)mq_fail(&t->refusal, MQ_EPERM, "the certificate of %s is not signed by an authority "
		    "trusted here: give its CA with the keyword ca (issuer: %.120s)", t->host, f->issuer);
		break;
	case X509_V_ERR_CERT_HAS_EXPIRED:
		text_put_time(when, f->not_after);
		(void)mq_fail(&t->refusal, MQ_EPERM, "the certificate of %s, or one that signed it, "
		    "expired: it was good until %s", t->host, when);
		break;
	case X509_V_ERR_CERT_NOT_YET_VALID:
		text_put_time(when, f->not_before);
		(void)mq_fail(&t->refusal, MQ_EPERM, "the certificate of %s is not good before %s: is the "
		    "clock of this machine right?", t->host, when);
		break;
	case X509_V_ERR_HOSTNAME_MISMATCH:
	case X509_V_ERR_IP_ADDRESS_MISMATCH:
		(void)mq_fail(&t->refusal, MQ_EPERM, "the certificate is not for %s but for %.120s: "
		    "connect to the name it was made for", t->host, f->subject);
		break;
	default:
		(void)mq_fail(&t->refusal, MQ_EPERM, "the certificate of %s is refused: %s", t->host,
		    X509_verify_cert_error_string(code));
		break;
	}
}

/* OpenSSL asks this instead of its own check, in the middle of the handshake. 1: go on. */
static int
judge(X509_STORE_CTX *store, void *arg)
{
	struct tls *t = arg;
	X509 *cert = X509_STORE_CTX_get0_cert(store);
	char hex[65];

	if (cert == NULL || !note_facts(t, cert)) {
		(void)mq_fail(&t->refusal, MQ_EFORMAT, "the certificate of %s cannot be read", t->host);
		X509_STORE_CTX_set_error(store, X509_V_ERR_UNSPECIFIED);
		return 0;
	}
	if (checks_chain(t->o) && X509_verify_cert(store) != 1) {
		refuse_chain(t, X509_STORE_CTX_get_error(store));
		return 0;
	}
	if (t->facts.pin_set && !t->facts.pin_ok) {
		text_hex(hex, t->facts.spki_sha256, 32);
		(void)mq_fail(&t->refusal, MQ_EPERM, "the certificate of %s does not match the pin: the "
		    "broker has a new key, or somebody stands in between; its key is now sha256:%s",
		    t->host, hex);
		X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED);
		return 0;
	}
	X509_STORE_CTX_set_error(store, X509_V_OK);
	return 1;
}

/* ---- files */

static enum mq_err
load_ca(struct tls *t, struct mq_error *e)
{
	const char *name = t->o->ca_file != NULL ? t->o->ca_file : "given by the conf";
	X509_STORE *store = SSL_CTX_get_cert_store(t->ctx);
	uint8_t hash[32];
	struct buf pem;
	BIO *bio = NULL;
	X509 *cert;
	size_t n = 0;
	enum mq_err r;

	buf_init(&pem, TLS_CA_MAX);
	if (t->o->ca_pem.n != 0)
		r = buf_put(&pem, t->o->ca_pem.p, t->o->ca_pem.n);
	else
		r = file_read(t->o->ca_file, &pem, e);
	if (r != MQ_OK)
		goto out;
	if (t->o->ca_hash_set &&
	    (crypto_generichash(hash, sizeof hash, pem.p, pem.n, NULL, 0) != 0 ||
		memcmp(hash, t->o->ca_hash, sizeof hash) != 0)) {
		r = mq_fail(e, MQ_EPERM, "the CA %s is not the one named by its hash", name);
		goto out;
	}
	if ((bio = BIO_new_mem_buf(pem.p, (int)pem.n)) == NULL) {
		r = mq_fail(e, MQ_ENOMEM, "no memory for the CA");
		goto out;
	}
	while ((cert = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL) {
		n += X509_STORE_add_cert(store, cert) == 1;
		X509_free(cert);
	}
	if (n == 0)
		r = mq_fail(e, MQ_EFORMAT, "the CA %s holds no PEM certificate", name);
out:
	ERR_clear_error(); /* the end of the file is an error to OpenSSL */
	BIO_free(bio);
	buf_done(&pem);
	return r;
}

/* OpenSSL asks for the passphrase of an encrypted key. */
static int
give_passphrase(char *out, int size, int writing, void *arg)
{
	const struct tls_options *o = arg;

	(void)writing;
	if (o->key_passphrase == NULL || size < 0 || o->key_passphrase->n > (size_t)size)
		return -1;
	if (o->key_passphrase->n != 0)
		memcpy(out, o->key_passphrase->p, o->key_passphrase->n);
	return (int)o->key_passphrase->n;
}

static enum mq_err
load_client_certificate(struct tls *t, struct mq_error *e)
{
	const struct tls_options *o = t->o;
	const char *key = o->key_file != NULL ? o->key_file : o->cert_file;

	if (o->cert_file == NULL)
		return o->key_file == NULL ? MQ_OK :
		    mq_fail(e, MQ_EINVAL, "a key without a certificate: set cert as well");
	ERR_clear_error();
	if (SSL_CTX_use_certificate_chain_file(t->ctx, o->cert_file) != 1)
		return mq_fail(e, MQ_EPERM, "the client certificate %s cannot be used: %s",
		    o->cert_file, openssl_reason());
	if (!file_exists(key))
		return mq_fail(e, MQ_ENOENT, "the client key %s is not there", key);
	SSL_CTX_set_default_passwd_cb(t->ctx, give_passphrase);
	SSL_CTX_set_default_passwd_cb_userdata(t->ctx, (void *)(uintptr_t)o); /* only read */
	if (SSL_CTX_use_PrivateKey_file(t->ctx, key, SSL_FILETYPE_PEM) != 1) {
		const char *hint = o->key_passphrase != NULL ? "is its passphrase right?" :
							       "does it need a passphrase?";

		return mq_fail(e, MQ_EPERM, "the client key %s cannot be used (%s): %s", key,
		    openssl_reason(), hint);
	}
	if (SSL_CTX_check_private_key(t->ctx) != 1)
		return mq_fail(e, MQ_EINVAL, "the client key %s does not belong to the certificate %s",
		    key, o->cert_file);
	return MQ_OK;
}

static enum mq_err
make_context(struct tls *t, struct mq_error *e)
{
	enum mq_err r = MQ_OK;

	t->ctx = SSL_CTX_new(TLS_client_method());
	if (t->ctx == NULL || SSL_CTX_set_min_proto_version(t->ctx, TLS1_2_VERSION) != 1)
		return mq_fail(e, MQ_ECRYPTO, "TLS cannot be set up: %s", openssl_reason());
	(void)SSL_CTX_set_options(t->ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
	(void)SSL_CTX_set_mode(t->ctx, SSL_MODE_ENABLE_PARTIAL_WRITE |
	    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_AUTO_RETRY);
	SSL_CTX_set_verify(t->ctx, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_verify_depth(t->ctx, TLS_CHAIN_DEPTH);
	SSL_CTX_set_cert_verify_callback(t->ctx, judge, t);
	if (t->o->ca_file != NULL || t->o->ca_pem.n != 0)
		r = load_ca(t, e);
	else if (t->o->ca_hash_set)
		r = mq_fail(e, MQ_EINVAL, "the hash of a CA is given, but no CA");
	else if (checks_chain(t->o) && SSL_CTX_set_default_verify_paths(t->ctx) != 1)
		r = mq_fail(e, MQ_EIO, "the CAs of this system cannot be read: %s", openssl_reason());
	return r == MQ_OK ? load_client_certificate(t, e) : r;
}

/* ---- a connection */

static enum mq_err
make_session(struct tls *t, int fd, struct mq_error *e)
{
	struct in6_addr any;
	bool ok, is_ip;

	is_ip = inet_pton(AF_INET, t->host, &any) == 1 || inet_pton(AF_INET6, t->host, &any) == 1;
	if ((t->ssl = SSL_new(t->ctx)) == NULL || SSL_set_fd(t->ssl, fd) != 1)
		return mq_fail(e, MQ_ENOMEM, "no memory for a TLS connection");
	if (is_ip) /* SNI carries names only */
		ok = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(t->ssl), t->host) == 1;
	else
		ok = SSL_set1_host(t->ssl, t->host) == 1 &&
		    SSL_set_tlsext_host_name(t->ssl, t->host) == 1;
	SSL_set_connect_state(t->ssl);
	return ok ? MQ_OK : mq_fail(e, MQ_EINVAL, "%s is no name for a TLS connection", t->host);
}

enum mq_err
tls_open(struct tls **out, const struct tls_options *o, const char *host, int fd,
    struct mq_error *e)
{
	struct tls *t = calloc(1, sizeof *t);
	enum mq_err r;

	if (t == NULL)
		return mq_fail(e, MQ_ENOMEM, "no memory for a TLS connection");
	t->o = o;
	(void)snprintf(t->host, sizeof t->host, "%s", host); /* url_read bounded it */
	if ((r = make_context(t, e)) != MQ_OK || (r = make_session(t, fd, e)) != MQ_OK) {
		tls_free(t);
		return r;
	}
	*out = t;
	return MQ_OK;
}

void
tls_free(struct tls *t)
{
	if (t == NULL)
		return;
	SSL_free(t->ssl);
	SSL_CTX_free(t->ctx);
	free(t);
}

/* What an SSL_* call that returned rc wants; the sentence is about what was being done. */
static enum tls_state
state_after(struct tls *t, int rc, const char *doing, struct mq_error *e)
{
	int why = SSL_get_error(t->ssl, rc);

	if (why == SSL_ERROR_WANT_READ)
		return TLS_WANT_READ;
	if (why == SSL_ERROR_WANT_WRITE)
		return TLS_WANT_WRITE;
	if (t->refusal.code != MQ_OK) {
		ERR_clear_error();
		(void)mq_fail(e, t->refusal.code, "%s", t->refusal.text);
		return TLS_FAILED;
	}
	if (why == SSL_ERROR_ZERO_RETURN || (why == SSL_ERROR_SYSCALL && ERR_peek_error() == 0) ||
	    ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
		ERR_clear_error();
		(void)mq_fail(e, MQ_ENET, "the broker closed the connection while %s", doing);
		return TLS_CLOSED;
	}
	if (ERR_GET_REASON(ERR_peek_error()) == SSL_R_WRONG_VERSION_NUMBER) {
		ERR_clear_error();
		(void)mq_fail(e, MQ_ENET, "%s does not speak TLS on this port", t->host);
		return TLS_FAILED;
	}
	(void)mq_fail(e, MQ_ENET, "TLS failed while %s: %s", doing, openssl_reason());
	return TLS_FAILED;
}

enum tls_state
tls_handshake(struct tls *t, struct mq_error *e)
{
	int rc;

	ERR_clear_error();
	if ((rc = SSL_do_handshake(t->ssl)) != 1)
		return state_after(t, rc, "keys were agreed upon", e);
	(void)snprintf(t->facts.protocol, sizeof t->facts.protocol, "%s", SSL_get_version(t->ssl));
	return TLS_DONE;
}

enum tls_state
tls_read(struct tls *t, void *p, size_t n, size_t *got, struct mq_error *e)
{
	ERR_clear_error();
	*got = 0;
	return SSL_read_ex(t->ssl, p, n, got) == 1 ? TLS_DONE : state_after(t, 0, "reading", e);
}

enum tls_state
tls_write(struct tls *t, const void *p, size_t n, size_t *done, struct mq_error *e)
{
	ERR_clear_error();
	*done = 0;
	return SSL_write_ex(t->ssl, p, n, done) == 1 ? TLS_DONE : state_after(t, 0, "writing", e);
}

void
tls_goodbye(struct tls *t)
{
	(void)SSL_shutdown(t->ssl); /* the broker may be gone */
	ERR_clear_error();
}

const struct tls_facts *
tls_presented(const struct tls *t)
{
	return t->has_facts ? &t->facts : NULL;
}
