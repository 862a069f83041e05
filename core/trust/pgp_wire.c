#include "core/trust/pgp_wire.h"

#include <string.h>

#include <sodium.h>

#include "core/base/text.h"

#define HEAD_BYTES 4 /* the length in front of a frame */
#define FPR_BYTES 20
#define FLAGS_ALL (PGP_WIRE_PROMPT | PGP_WIRE_SECRET_ONLY | PGP_WIRE_PASSPHRASE)

/* What each op carries. Everything else must be absent. */
static const struct shape {
	size_t fprs_min, fprs_max;
	size_t data_min, data_max;
	size_t sig_max;
	uint8_t flags;
} shapes[PGP_OP_COUNT] = {
	[PGP_OP_VERIFY] = { 0, 0, 0, PGP_DATA_MAX, PGP_SIG_MAX, 0 },
	[PGP_OP_SIGN] = { 1, 1, 0, PGP_DATA_MAX, 0, PGP_WIRE_PROMPT | PGP_WIRE_PASSPHRASE },
	[PGP_OP_DECRYPT] = { 0, 0, 0, PGP_MESSAGE_MAX, 0, PGP_WIRE_PROMPT | PGP_WIRE_PASSPHRASE },
	[PGP_OP_ENCRYPT] = { 1, PGP_RECIPIENTS_MAX, 0, PGP_CLEAR_MAX, 0, 0 },
	[PGP_OP_IMPORT] = { 1, 1, 1, PGP_EXPORT_MAX, 0, 0 },
	[PGP_OP_LIST] = { 0, 0, 0, 0, 0, PGP_WIRE_SECRET_ONLY },
	[PGP_OP_GENERATE] = { 0, 0, 1, PGP_UID_MAX, 0, PGP_WIRE_PROMPT | PGP_WIRE_PASSPHRASE },
	[PGP_OP_EXPORT] = { 1, 1, 0, 0, 0, 0 },
	[PGP_OP_LOOK] = { 0, 0, 1, PGP_EXPORT_MAX, 0, 0 },
};

static bool
shape_fits(const struct pgp_request *q)
{
	const struct shape *s = &shapes[q->op];

	return q->n_fprs >= s->fprs_min && q->n_fprs <= s->fprs_max && q->data.n >= s->data_min &&
	    q->data.n <= s->data_max && q->sig.n <= s->sig_max && (q->flags & ~s->flags) == 0 &&
	    q->passphrase.n <= ((q->flags & PGP_WIRE_PASSPHRASE) != 0 ? PGP_PASSPHRASE_MAX : 0);
}

/* ---- frames */

enum mq_err
pgp_wire_frame(const struct buf *rx, struct span *frame)
{
	size_t n;

	if (rx->n < HEAD_BYTES)
		return MQ_EAGAIN;
	if ((n = rd32(rx->p)) > PGP_FRAME_MAX - HEAD_BYTES)
		return MQ_EFORMAT;
	if (rx->n - HEAD_BYTES < n)
		return MQ_EAGAIN;
	*frame = (struct span){ rx->p + HEAD_BYTES, n };
	return MQ_OK;
}

void
pgp_wire_consume(struct buf *rx, struct span frame)
{
	size_t used = HEAD_BYTES + frame.n;

	memmove(rx->p, rx->p + used, rx->n - used);
	sodium_memzero(rx->p + (rx->n - used), used);
	rx->n -= used;
}

/* Room for the length; fill_length() writes it once the frame is complete. */
static size_t
begin_frame(struct buf *out)
{
	size_t at = out->n;

	(void)buf_u32(out, 0); /* an error sticks in out */
	return at;
}

static enum mq_err
end_frame(struct buf *out, size_t at)
{
	size_t n;

	if (out->err != MQ_OK)
		return out->err;
	if ((n = out->n - at - HEAD_BYTES) > PGP_FRAME_MAX - HEAD_BYTES)
		return MQ_ELIMIT;
	be32(out->p + at, (uint32_t)n);
	return MQ_OK;
}

/* ---- fields. Errors of writing stick in out and show at end_frame. */

static void
put_span(struct buf *out, struct span s)
{
	(void)buf_u32(out, (uint32_t)s.n);
	(void)buf_put(out, s.p, s.n);
}

static bool
get_span(struct rd *r, size_t max, struct span *s)
{
	uint32_t n;

	if (!rd_u32(r, &n) || n > max || !rd_bytes(r, n, &s->p))
		return false;
	s->n = n;
	return true;
}

/* No fingerprint travels as zeros. */
static void
put_fpr(struct buf *out, const struct fpr *f)
{
	uint8_t raw[FPR_BYTES] = { 0 };

	if (f->hex[0] != 0 && !text_unhex(span_of(f->hex), 'A', raw, sizeof raw))
		out->err = MQ_EINVAL;
	(void)buf_put(out, raw, sizeof raw);
}

static bool
get_fpr(struct rd *r, struct fpr *f)
{
	const uint8_t *raw;

	if (!rd_bytes(r, FPR_BYTES, &raw))
		return false;
	if (sodium_is_zero(raw, FPR_BYTES))
		f->hex[0] = 0;
	else
		text_hex_upper(f->hex, raw, FPR_BYTES);
	return true;
}

static bool
get_u64(struct rd *r, int64_t *out)
{
	uint64_t v;

	if (!rd_u64(r, &v) || v > INT64_MAX)
		return false;
	*out = (int64_t)v;
	return true;
}

/* ---- requests */

enum mq_err
pgp_wire_put_request(struct buf *out, const struct pgp_request *q)
{
	size_t at;

	if ((unsigned)q->op >= PGP_OP_COUNT || !shape_fits(q))
		return MQ_EINVAL;
	at = begin_frame(out);
	(void)buf_u32(out, q->id);
	(void)buf_u8(out, (uint8_t)q->op);
	(void)buf_u8(out, q->flags);
	(void)buf_u16(out, (uint16_t)q->n_fprs);
	for (size_t i = 0; i < q->n_fprs; i++)
		put_fpr(out, &q->fpr[i]);
	put_span(out, q->data);
	put_span(out, q->sig);
	put_span(out, q->passphrase);
	return end_frame(out, at);
}

enum mq_err
pgp_wire_get_request(struct span frame, struct pgp_request *out)
{
	struct rd r = rd_of(frame.p, frame.n);
	uint16_t n_fprs;
	uint8_t op;

	memset(out, 0, sizeof *out);
	if (!rd_u32(&r, &out->id) || !rd_u8(&r, &op) || op >= PGP_OP_COUNT ||
	    !rd_u8(&r, &out->flags) || (out->flags & ~FLAGS_ALL) != 0 || !rd_u16(&r, &n_fprs) ||
	    n_fprs > PGP_RECIPIENTS_MAX)
		return MQ_EFORMAT;
	out->op = (enum pgp_op)op;
	out->n_fprs = n_fprs;
	for (size_t i = 0; i < out->n_fprs; i++)
		if (!get_fpr(&r, &out->fpr[i]) || out->fpr[i].hex[0] == 0)
			return MQ_EFORMAT;
	if (!get_span(&r, PGP_DATA_MAX, &out->data) || !get_span(&r, PGP_SIG_MAX, &out->sig) ||
	    !get_span(&r, PGP_PASSPHRASE_MAX, &out->passphrase) || !rd_end(&r) || !shape_fits(out))
		return MQ_EFORMAT;
	return MQ_OK;
}

/* ---- key tables */

/* Flags of keys and subkeys travel as bits in this order. */
static uint8_t
pack(const bool *const *flags, size_t n)
{
	uint8_t bits = 0;

	for (size_t i = 0; i < n; i++)
		bits |= (uint8_t)(*flags[i] ? 1u << i : 0);
	return bits;
}

static bool
get_flags(struct rd *r, bool *const *flags, size_t n)
{
	uint8_t bits;

	if (!rd_u8(r, &bits) || bits >> n != 0)
		return false;
	for (size_t i = 0; i < n; i++)
		*flags[i] = (bits >> i & 1) != 0;
	return true;
}

#define SUBKEY_FLAGS(s)                                                                            \
	{ &(s)->can_sign, &(s)->can_encrypt, &(s)->revoked, &(s)->disabled, &(s)->invalid,         \
		&(s)->secret }
#define N_SUBKEY_FLAGS 6
#define KEY_FLAGS(k) { &(k)->revoked, &(k)->expired, &(k)->invalid, &(k)->secret }
#define N_KEY_FLAGS 4

static void
put_subkey(struct buf *out, const struct subkey *s)
{
	put_fpr(out, &s->fpr);
	(void)buf_u16(out, (uint16_t)s->algo);
	(void)buf_u32(out, s->bits);
	(void)buf_u8(out, pack((const bool *const[])SUBKEY_FLAGS(s), N_SUBKEY_FLAGS));
	(void)buf_u64(out, (uint64_t)s->created);
	(void)buf_u64(out, (uint64_t)s->expires);
}

static bool
get_subkey(struct rd *r, struct subkey *s)
{
	bool *const flags[] = SUBKEY_FLAGS(s);
	uint16_t algo;
	uint32_t bits;

	if (!get_fpr(r, &s->fpr) || s->fpr.hex[0] == 0 || !rd_u16(r, &algo) || !rd_u32(r, &bits) ||
	    !get_flags(r, flags, N_SUBKEY_FLAGS) || !get_u64(r, &s->created) ||
	    !get_u64(r, &s->expires))
		return false;
	s->algo = algo;
	s->bits = bits;
	return true;
}

static void
put_key(struct buf *out, const struct pgpkey *k)
{
	(void)buf_u8(out, (uint8_t)k->n);
	(void)buf_u8(out, pack((const bool *const[])KEY_FLAGS(k), N_KEY_FLAGS));
	put_span(out, span_of(k->uid));
	for (size_t i = 0; i < k->n; i++)
		put_subkey(out, &k->sub[i]);
}

static bool
get_key(struct rd *r, struct pgpkey *k)
{
	bool *const flags[] = KEY_FLAGS(k);
	struct span uid;
	uint8_t n;

	if (!rd_u8(r, &n) || n < 1 || n > KEYTABLE_SUBKEYS_MAX ||
	    !get_flags(r, flags, N_KEY_FLAGS) || !get_span(r, KEYTABLE_UID_MAX - 1, &uid) ||
	    (uid.n != 0 && memchr(uid.p, 0, uid.n) != NULL))
		return false;
	if (uid.n != 0)
		memcpy(k->uid, uid.p, uid.n);
	for (k->n = 0; k->n < n; k->n++)
		if (!get_subkey(r, &k->sub[k->n]))
			return false;
	return true;
}

static enum mq_err
get_table(struct rd *r, struct keytable *t)
{
	enum mq_err err = MQ_OK;
	uint16_t n;

	if (!rd_u16(r, &n) || n > KEYTABLE_KEYS_MAX)
		return MQ_EFORMAT;
	for (size_t i = 0; i < n && err == MQ_OK; i++) {
		struct pgpkey k = { .n = 0 };

		err = get_key(r, &k) ? keytable_add(t, &k) : MQ_EFORMAT;
		if (err == MQ_OK && t->n != i + 1)
			err = MQ_EFORMAT; /* one primary twice */
	}
	return err;
}

/* ---- answers */

void
pgp_answer_init(struct pgp_answer *a, uint32_t id, enum pgp_op op)
{
	memset(a, 0, sizeof *a);
	a->id = id;
	a->op = op;
	buf_init(&a->out, PGP_EXPORT_MAX);
	keytable_init(&a->keys);
}

void
pgp_answer_done(struct pgp_answer *a)
{
	buf_wipe(&a->out);
	keytable_done(&a->keys);
}

enum mq_err
pgp_wire_put_answer(struct buf *out, const struct pgp_answer *a)
{
	size_t at;

	if ((unsigned)a->op >= PGP_OP_COUNT || a->err > 0 || a->err < -UINT8_MAX ||
	    a->keys.n > KEYTABLE_KEYS_MAX)
		return MQ_EINVAL;
	at = begin_frame(out);
	(void)buf_u32(out, a->id);
	(void)buf_u8(out, (uint8_t)a->op);
	(void)buf_u8(out, (uint8_t)-a->err);
	(void)buf_u16(out, (uint16_t)a->sig.verdict);
	(void)buf_u16(out, (uint16_t)a->decrypt);
	(void)buf_u8(out, pack((const bool *const[]){ &a->remote_agent }, 1));
	put_fpr(out, &a->sig.primary);
	put_fpr(out, &a->sig.signer);
	(void)buf_u64(out, (uint64_t)a->sig.ctime);
	put_fpr(out, &a->fpr);
	put_span(out, span_of(a->text));
	put_span(out, buf_span(&a->out));
	(void)buf_u16(out, (uint16_t)a->keys.n);
	for (size_t i = 0; i < a->keys.n; i++)
		put_key(out, &a->keys.key[i]);
	return end_frame(out, at);
}

static bool
get_verdict(struct rd *r, enum verdict *out)
{
	uint16_t v;

	if (!rd_u16(r, &v) || (v >= V_COUNT && v != SIG_GOOD) ||
	    verdict_is_green((enum verdict)v)) /* nothing is granted here */
		return false;
	*out = (enum verdict)v;
	return true;
}

static bool
get_answer_head(struct rd *r, struct pgp_answer *a)
{
	struct span text;
	uint8_t op, err;

	if (!rd_u32(r, &a->id) || !rd_u8(r, &op) || op >= PGP_OP_COUNT || !rd_u8(r, &err) ||
	    err > -MQ_ECANCEL || !get_verdict(r, &a->sig.verdict) || !get_verdict(r, &a->decrypt) ||
	    a->decrypt == (enum verdict)SIG_GOOD ||
	    !get_flags(r, (bool *const[]){ &a->remote_agent }, 1) || !get_fpr(r, &a->sig.primary) ||
	    !get_fpr(r, &a->sig.signer) || !get_u64(r, &a->sig.ctime) || !get_fpr(r, &a->fpr) ||
	    !get_span(r, sizeof a->text - 1, &text) ||
	    (text.n != 0 && memchr(text.p, 0, text.n) != NULL))
		return false;
	a->op = (enum pgp_op)op;
	a->err = (enum mq_err)-err;
	if (text.n != 0)
		memcpy(a->text, text.p, text.n);
	return true;
}

enum mq_err
pgp_wire_get_answer(struct span frame, struct pgp_answer *out)
{
	struct rd r = rd_of(frame.p, frame.n);
	enum mq_err err = MQ_EFORMAT;
	struct pgp_answer a;
	struct span bytes;

	pgp_answer_init(&a, 0, PGP_OP_VERIFY);
	if (!get_answer_head(&r, &a) || !get_span(&r, PGP_EXPORT_MAX, &bytes))
		goto out;
	if ((err = buf_put(&a.out, bytes.p, bytes.n)) != MQ_OK ||
	    (err = get_table(&r, &a.keys)) != MQ_OK)
		goto out;
	if (!rd_end(&r))
		err = MQ_EFORMAT;
out:
	if (err == MQ_OK)
		*out = a;
	else
		pgp_answer_done(&a);
	return err;
}
