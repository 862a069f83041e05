/* What is asked before a job starts: one short question after the other. */
#include <stdio.h>
#include <string.h>

#include "core/base/text.h"
#include "src/dash_owner_impl.h"

#define DAYS_MAX 30 /* PROTOCOL 3.3 offer-until */

/* One question. take: NULL when the answer was taken, else why not. */
struct dash_field {
	enum app_ask kind;
	const char *what;
	const char *text; /* one fact a line */
	const char *(*take)(struct dash_owner *d, struct span answer);
	bool (*needed)(const struct dash_owner *d); /* NULL: always */
	void (*choices)(struct dash_owner *d, struct app_question *q); /* NULL: none are known */
};

/* Hex digits in upper case without blanks; false: something else is among them. */
static bool
digits_of(struct span in, char out[72])
{
	size_t n = 0;

	for (size_t i = 0; i < in.n; i++) {
		char c = (char)in.p[i];

		if (c == ' ')
			continue;
		if (c >= 'a' && c <= 'f')
			c = (char)(c - 'a' + 'A');
		if (n == 64 || !((c >= '0' && c <= '9') || (c >= 'A' && c <= 'F')))
			return false;
		out[n++] = c;
	}
	out[n] = '\0';
	return n != 0;
}

static const char *
take_owner(struct dash_owner *d, struct span answer)
{
	char digits[72];

	if (!digits_of(answer, digits) || !fpr_parse(span_of(digits), &d->jo.owner[0]))
		return "a fingerprint is 40 hex digits, blanks between them do not matter";
	d->jo.n_owners = 1;
	d->jo.threshold = 1;
	return NULL;
}

static const char *
take_days(struct dash_owner *d, struct span answer)
{
	uint64_t days = 0;

	if (answer.n != 0 && (!text_u64(answer, DAYS_MAX, &days) || days == 0))
		return "a number of days from 1 to 30, or nothing for 7";
	d->jo.offer_days = (uint32_t)days;
	return NULL;
}

static const char *
take_reason(struct dash_owner *d, struct span answer)
{
	if (answer.n == 0)
		return NULL;
	for (size_t i = 0; i < answer.n; i++) {
		bool letter = answer.p[i] >= 'a' && answer.p[i] <= 'z';
		bool more = (answer.p[i] >= '0' && answer.p[i] <= '9') || answer.p[i] == '-';

		if (answer.n > 32 || !(letter || (i != 0 && more)))
			return "one word of a-z, 0-9 and -, at most 32, beginning with a letter";
	}
	(void)snprintf(d->reason, sizeof d->reason, "%.*s", (int)answer.n, (const char *)answer.p);
	d->jo.reason = d->reason;
	return NULL;
}

static const char *
take_gateway(struct dash_owner *d, struct span answer)
{
	static const char why[] = "40 hex digits, or ed25519: and 64, as `mqgpd show` prints them";
	const uint8_t *colon = memchr(answer.p, ':', answer.n);
	struct span hex = answer;
	char digits[72], value[96];

	if (colon != NULL) {
		hex.n = answer.n - (size_t)(colon + 1 - answer.p);
		hex.p = colon + 1;
	}
	if (!digits_of(hex, digits))
		return why;
	if (strlen(digits) == 64)
		for (char *c = digits; *c != '\0'; c++)
			if (*c >= 'A' && *c <= 'F')
				*c = (char)(*c - 'A' + 'a');
	(void)snprintf(value, sizeof value, "%s:%s", strlen(digits) == 64 ? "ed25519" : "openpgp4",
	    digits);
	return conf_read_gateway(span_of(value), &d->jo.gateway) ? NULL : why;
}

static const char *
take_code(struct dash_owner *d, struct span answer)
{
	secret_free(&d->code);
	if (span_is(answer, "-"))
		return NULL;
	d->code = secret_copy(answer.p, answer.n);
	if (d->code.p == NULL)
		return "no guarded memory";
	d->jo.claim_code = &d->code;
	return NULL;
}

static bool
key_is_open(const struct dash_owner *d)
{
	return d->o.profile != NULL && d->o.profile->sign_key == NULL;
}

static const char *
take_key(struct dash_owner *d, struct span answer)
{
	char digits[72];

	if (answer.n == 0)
		return NULL;
	if (!digits_of(answer, digits) || !fpr_parse(span_of(digits), &d->key))
		return "a fingerprint is 40 hex digits, blanks between them do not matter";
	d->jo.key = &d->key;
	return NULL;
}

/* Whose certificates are here, but for gateways and ourselves. */
static void
people(struct dash_owner *d, struct app_question *q)
{
	struct model *m = d->o.engine != NULL ? engine_model(d->o.engine) : NULL;
	const struct model_key *k;
	size_t n = 0;

	if (m == NULL)
		return;
	model_lock(m);
	k = model_keys(m, &n);
	for (size_t i = 0; i < n && q->n_choices < APP_CHOICES; i++) {
		struct app_choice *c = &q->choice[q->n_choices];

		if (k[i].ours || k[i].secret || k[i].gateway || k[i].revoked || k[i].expired)
			continue;
		(void)snprintf(c->hex, sizeof c->hex, "%s", k[i].fpr);
		(void)snprintf(c->words, sizeof c->words, "%s", k[i].uid);
		q->n_choices++;
	}
	model_unlock(m);
}

static const struct dash_field transfer[] = {
	{ APP_ASK_LINE, "new owner", "The fingerprint of the new owner's key, all 40 digits, as they told you;\n"
	    "or one your gpg knows: Down chooses, a part of a name narrows the list.\n"
	    "Nothing is published before you have confirmed the whole change.", take_owner, NULL,
	    people },
	{ APP_ASK_LINE, "days", "How many days the offer stands; nothing means 7.\n"
	    "Until it is accepted the gateway stays yours.", take_days, NULL, NULL },
};
static const struct dash_field halt[] = {
	{ APP_ASK_LINE, "reason", "The gateway stops publishing until a new revision is signed.\n"
	    "One word says why, for everybody to read; nothing means \"owner\".", take_reason, NULL, NULL },
};
static const struct dash_field claim[] = {
	{ APP_ASK_LINE, "gateway", "This gateway has no owner. Its fingerprint as `mqgpd show` prints it there:\n"
	    "40 digits, or ed25519: and 64.", take_gateway, NULL,
	    NULL },
	{ APP_ASK_SECRET, "claim code", "The code that `mqgpd init` printed, or the one on the label.\n"
	    "A mere - if the gateway was delivered with your key in factory.conf.", take_code, NULL, NULL },
	{ APP_ASK_LINE, "your key", "The fingerprint of your own key, which will own the tree.\n"
	    "Nothing: the only secret key you have.", take_key, key_is_open, NULL },
};

#define FIELDS(f) f, sizeof f / sizeof f[0]
static const struct dash_act acts[] = {
	{ ACTION_EDIT, JOB_EDIT, "edit", NULL, NULL, 0 },
	{ ACTION_SIGN, JOB_COSIGN, "sign", NULL, NULL, 0 },
	{ ACTION_PUSH, JOB_PUSH, "push", NULL, NULL, 0 },
	{ ACTION_TRANSFER, JOB_OFFER, "transfer",
	    "Once they have accepted, only they can give it back.", FIELDS(transfer) },
	{ ACTION_ACCEPT, JOB_ACCEPT, "accept",
	    "You own this tree from then on, and must rekey it next.", NULL, 0 },
	{ ACTION_CANCEL, JOB_CANCEL, "cancel",
	    "The offer is void as soon as the gateway confirms this.", NULL, 0 },
	{ ACTION_HALT, JOB_HALT, "halt",
	    "The gateway stops publishing until the owners sign another revision.", FIELDS(halt) },
	{ ACTION_REKEY, JOB_REKEY, "rekey", NULL, NULL, 0 },
	{ ACTION_RENEW, JOB_RENEW, "renew", NULL, NULL, 0 },
};
static const struct dash_act claim_act = { ACTION_EDIT, JOB_CLAIM, "claim",
	"From then on only your key decides over this gateway.", FIELDS(claim) };

const struct dash_act *
dash_act_of(enum action a, bool claimable)
{
	if (claimable)
		return a == ACTION_EDIT ? &claim_act : NULL;
	for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++)
		if (acts[i].action == a)
			return &acts[i];
	return NULL;
}

/* Goes to the next question that is needed, at least a new identity. */
static void
next(struct dash_owner *d)
{
	const struct dash_act *act = d->form.act;

	while (d->form.at < act->n && act->field[d->form.at].needed != NULL &&
	    !act->field[d->form.at].needed(d))
		d->form.at++;
	(void)pthread_mutex_lock(&d->lock);
	d->form.id = ++d->questions;
	(void)pthread_mutex_unlock(&d->lock);
}

void
dash_form_open(struct dash_owner *d, const struct dash_act *act)
{
	const struct intent ring = { .kind = INTENT_RING };

	d->form = (struct dash_form){ .act = act };
	if (act->field[0].choices != NULL && d->o.engine != NULL)
		(void)engine_do(d->o.engine, &ring, NULL); /* else those known already are offered */
	next(d);
}

bool
dash_form_question(struct dash_owner *d, struct app_question *q)
{
	const struct dash_field *f;

	if (d->form.act == NULL)
		return false;
	f = &d->form.act->field[d->form.at];
	q->kind = f->kind;
	q->id = d->form.id;
	q->action = d->form.act->action;
	(void)snprintf(q->title, sizeof q->title, "%s %.*s", d->form.act->title,
	    (int)(d->tree_n < 60 ? d->tree_n : 60), (const char *)d->tree);
	(void)snprintf(q->what, sizeof q->what, "%s", f->what);
	dash_add_text(q, f->text);
	if (d->form.wrong != NULL)
		dash_add_text(q, d->form.wrong);
	q->refused = d->form.wrong != NULL;
	memcpy(q->typed, d->form.typed, sizeof q->typed);
	if (f->choices != NULL)
		f->choices(d, q);
	return true;
}

void
dash_form_answer(struct dash_owner *d, struct span text)
{
	const struct dash_act *act = d->form.act;
	struct mq_error e = { 0 };

	if (text.p == NULL) {
		d->form.act = NULL;
		secret_free(&d->code);
		return;
	}
	d->form.wrong = act->field[d->form.at].take(d, text);
	d->form.typed[0] = '\0';
	if (d->form.wrong == NULL)
		d->form.at++;
	else if (act->field[d->form.at].kind == APP_ASK_LINE)
		(void)snprintf(d->form.typed, sizeof d->form.typed, "%.*s", (int)text.n,
		    (const char *)text.p); /* an answer is no longer */
	next(d);
	if (d->form.at < act->n)
		return;
	d->form.act = NULL;
	if (dash_start(d, &e) != MQ_OK)
		dash_say(d, e.code, e.text);
}
