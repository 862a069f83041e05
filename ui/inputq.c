#include "ui/inputq.h"

#include <string.h>

static struct inputq_event *
at(struct inputq *q, size_t i)
{
	return &q->at[(q->first + i) % INPUTQ_MAX];
}

static struct inputq_event *
append(struct inputq *q, enum input_kind kind)
{
	struct inputq_event *e;

	if (q->n == INPUTQ_MAX)
		return NULL;
	e = at(q, q->n++);
	memset(e, 0, sizeof *e);
	buf_init(&e->paste, INPUT_PASTE_MAX);
	e->kind = kind;
	return e;
}

void
inputq_done(struct inputq *q)
{
	inputq_flush(q);
	buf_wipe(&q->lent); /* may have been a passphrase */
}

bool
inputq_put(struct inputq *q, enum input_kind kind)
{
	return append(q, kind) != NULL;
}

bool
inputq_key(struct inputq *q, struct key k)
{
	struct inputq_event *e = append(q, INPUT_KEY);

	if (e != NULL)
		e->key = k;
	return e != NULL;
}

bool
inputq_paste(struct inputq *q, struct span text, bool cut)
{
	struct inputq_event *e = append(q, INPUT_PASTE);

	if (e == NULL)
		return false;
	e->cut = cut || text.n > INPUT_PASTE_MAX;
	return buf_put(&e->paste, text.p, text.n > INPUT_PASTE_MAX ? INPUT_PASTE_MAX : text.n) == MQ_OK;
}

bool
inputq_take(struct inputq *q, struct input *out)
{
	struct inputq_event *e = at(q, 0);

	if (q->n == 0)
		return false;
	buf_wipe(&q->lent);
	q->lent = e->paste;
	*out = (struct input){ e->kind, e->key, buf_span(&q->lent), e->cut };
	e->key = key_of(K_NONE); /* letters of a passphrase do not stay here */
	q->first = (q->first + 1) % INPUTQ_MAX;
	q->n--;
	return true;
}

void
inputq_drop_last(struct inputq *q, size_t n)
{
	for (; n != 0 && q->n != 0; n--) {
		struct inputq_event *e = at(q, --q->n);

		buf_wipe(&e->paste);
		e->key = key_of(K_NONE);
	}
}

void
inputq_flush(struct inputq *q)
{
	inputq_drop_last(q, q->n);
}

struct key
inputq_newest(const struct inputq *q, size_t i)
{
	const struct inputq_event *e = &q->at[(q->first + q->n - 1 - i) % INPUTQ_MAX];

	return i < q->n && e->kind == INPUT_KEY ? e->key : key_of(K_NONE);
}
