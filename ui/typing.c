#include "ui/typing.h"

#include "core/base/utf8.h"

#define ESC 0x1b

void
typing_init(struct typing *t, bool marks_paste)
{
	*t = (struct typing){ .marks_paste = marks_paste };
	buf_init(&t->paste, INPUT_PASTE_MAX);
}

void
typing_done(struct typing *t)
{
	inputq_done(&t->queue);
	buf_wipe(&t->paste);
}

void
typing_flush(struct typing *t)
{
	inputq_flush(&t->queue);
	buf_wipe(&t->paste);
	t->in_paste = false;
	t->state = TYPING_PLAIN;
}

static void
finish_paste(struct typing *t, bool cut)
{
	t->in_paste = false;
	(void)inputq_paste(&t->queue, buf_span(&t->paste), cut); /* full: the reader is gone */
	buf_wipe(&t->paste);
}

void
typing_begin(struct typing *t, int64_t now)
{
	t->n = t->n_text = 0;
	t->characters_only = true;
	if (t->in_paste && now - t->paste_seen > TYPING_SILENCE_MS)
		finish_paste(t, true);
}

static void
emit(struct typing *t, struct key k)
{
	if (!inputq_key(&t->queue, k))
		return; /* full: thousands of keys wait for a reader */
	t->n++;
	t->n_text += key_is_text(k);
}

/* A character as the key that sent it. */
static struct key
key_of_char(uint32_t c)
{
	if (c == '\r' || c == '\n')
		return key_of(K_ENTER);
	if (c == '\t')
		return key_of(K_TAB);
	if (c == 0x7f)
		return key_of(K_BACKSPACE);
	if (c == 0)
		return key_ctrl(' ');
	if (c == ESC)
		return key_of(K_ESCAPE);
	if (c < ESC)
		return key_ctrl((char)(c - 1 + 'a'));
	return c < ' ' ? key_ctrl((char)(c + '@')) : key_of(c);
}

/* Only what has a width, or a control key. */
static void
emit_char(struct typing *t, uint32_t c, uint8_t mods)
{
	struct key k = key_of_char(c);

	if (k.mods == 0 && k.code < K_BASE && !key_is_text(k))
		return;
	k.mods |= mods;
	emit(t, k);
}

static void
append_paste(struct typing *t, uint32_t c)
{
	char bytes[4];

	c = c == '\r' ? '\n' : c;
	if (buf_put(&t->paste, bytes, utf8_encode(c, bytes)) == MQ_OK)
		return;
	t->paste.err = MQ_OK; /* keep what fits */
	t->paste_cut = true;
}

/* One byte of an unknown sequence: parameters and intermediates up to a final byte. */
static void
swallow(struct typing *t, uint32_t c)
{
	bool final = t->state == TYPING_SS3 || (c >= 0x40 && c <= 0x7e);

	if (c == ESC) {
		t->state = TYPING_ESCAPE;
	} else if (final || ++t->sequence > TYPING_SEQUENCE_MAX) {
		t->state = TYPING_PLAIN;
	}
}

void
typing_char(struct typing *t, uint32_t c)
{
	if (t->in_paste) {
		append_paste(t, c);
		return;
	}
	switch (t->state) {
	case TYPING_PLAIN:
		if (c == ESC)
			t->state = TYPING_ESCAPE;
		else
			emit_char(t, c, 0);
		break;
	case TYPING_ESCAPE:
		t->sequence = 0;
		t->state = c == '[' ? TYPING_CSI : c == 'O' ? TYPING_SS3 : TYPING_PLAIN;
		if (c == ESC) { /* twice: one key, and maybe the begin of a sequence */
			emit(t, key_of(K_ESCAPE));
			t->state = TYPING_ESCAPE;
		} else if (t->state == TYPING_PLAIN) {
			emit_char(t, c, MOD_ALT);
		}
		break;
	case TYPING_CSI:
	case TYPING_SS3:
		swallow(t, c);
		break;
	}
}

void
typing_key(struct typing *t, struct key k)
{
	if (t->in_paste)
		return; /* pasted text that looks like a key */
	if (t->state == TYPING_ESCAPE)
		k.mods |= MOD_ALT;
	t->state = TYPING_PLAIN;
	t->characters_only = false;
	emit(t, k);
}

void
typing_paste_begin(struct typing *t)
{
	if (t->in_paste)
		return;
	t->in_paste = true;
	t->paste_cut = false;
	t->state = TYPING_PLAIN;
	t->characters_only = false;
}

void
typing_paste_end(struct typing *t)
{
	if (t->in_paste)
		finish_paste(t, t->paste_cut);
	t->characters_only = false;
}

/* A held key repeats and is no paste. */
static bool
all_the_same(const struct typing *t)
{
	for (size_t i = 1; i < t->n; i++)
		if (!key_eq(inputq_newest(&t->queue, i), inputq_newest(&t->queue, 0)))
			return false;
	return true;
}

/* The character a key stands for in a paste. */
static uint32_t
char_of_key(struct key k)
{
	if (k.code == K_ENTER)
		return '\n';
	if (k.code == K_TAB)
		return '\t';
	return k.mods == 0 && k.code < K_BASE ? k.code : '?';
}

/* Turns the keys of this wake-up into a paste. A last Enter stays a key: it ends what was typed or
 * pasted, and in a list it only opens. */
static void
burst_to_paste(struct typing *t)
{
	bool enter = inputq_newest(&t->queue, 0).code == K_ENTER;
	struct buf text;

	buf_init(&text, INPUT_PASTE_MAX);
	for (size_t i = t->n; i > (enter ? 1 : 0); i--) {
		char bytes[4];
		uint32_t c = char_of_key(inputq_newest(&t->queue, i - 1));

		(void)buf_put(&text, bytes, utf8_encode(c, bytes)); /* INPUTQ_MAX * 4 bytes fit */
	}
	inputq_drop_last(&t->queue, t->n);
	(void)inputq_paste(&t->queue, buf_span(&text), false); /* fewer events than before: */
	if (enter)
		(void)inputq_key(&t->queue, key_of(K_ENTER)); /* there is room */
	buf_wipe(&text);
}

void
typing_end(struct typing *t, int64_t now)
{
	if (t->in_paste)
		t->paste_seen = now;
	if (t->state == TYPING_ESCAPE) {
		emit(t, key_of(K_ESCAPE));
		t->state = TYPING_PLAIN;
	} else if (t->sequence == 0) {
		t->state = TYPING_PLAIN;
	}
	if (!t->marks_paste && t->characters_only && t->n_text > TYPING_BURST && !all_the_same(t))
		burst_to_paste(t);
}
