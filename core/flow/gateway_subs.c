/* What the gateway listens to: exactly the topics it has a use for, nothing with a wildcard. */
#include "core/flow/gateway_impl.h"

#include <stdlib.h>
#include <string.h>

struct wish {
	struct gateway *g;
	char *name[GATEWAY_SUBS_MAX];
	size_t n;
};

static void
wish(struct wish *w, struct span tree, enum topic_slot slot, uint32_t number, const char *fpr)
{
	struct buf b;
	char *name;

	if (w->n == GATEWAY_SUBS_MAX)
		return;
	buf_init(&b, 2 * TOPIC_CONF_MAX);
	if (topic_put_slot(&b, tree, w->g->level, slot, number, fpr) == MQ_OK &&
	    (name = span_dup(buf_span(&b))) != NULL)
		w->name[w->n++] = name; /* without memory: with the next round */
	buf_done(&b);
}

static void
wish_log(struct wish *w)
{
	const struct gateway *g = w->g;
	uint32_t n = g->cur != NULL ? g->cur->revision : 0;
	uint32_t last = g->gap_to > n + 1 && n != UINT32_MAX ? g->gap_to : n;

	if (last == n && n != UINT32_MAX)
		last = n + 1;
	if (last - n > GATEWAY_LOG_AHEAD)
		last = n + GATEWAY_LOG_AHEAD;
	for (uint32_t r = n != 0 ? n : 1; r <= last && r != 0; r++)
		wish(w, gateway_tree(g), SLOT_LOG, r, NULL);
}

/* The keys of candidates (the rule looks at the blob even if a start that was cut short left the key
 * here), and that of N if it was lost. */
static void
wish_keys(struct wish *w)
{
	const struct gateway *g = w->g;

	if (g->cur != NULL && !gateway_has_epoch(g, g->cur))
		wish(w, gateway_tree(g), SLOT_KEYS, g->cur->epoch, NULL);
	for (size_t i = 0; i < g->n_cand; i++) {
		const struct conf *c = g->kept[i].conf;

		if (!c->has_epoch_key_id)
			continue;
		wish(w, gateway_tree(g), SLOT_KEYS, c->epoch, NULL);
		if (!span_eq(conf_topic(c), gateway_tree(g)))
			wish(w, conf_topic(c), SLOT_KEYS, c->epoch, NULL);
	}
}

static void
wish_all(struct wish *w)
{
	static const enum topic_slot always[] = { SLOT_SECURE, SLOT_NEXT, SLOT_HALT, SLOT_PING };
	const struct gateway *g = w->g;

	for (size_t i = 0; i < sizeof always / sizeof always[0]; i++)
		wish(w, gateway_tree(g), always[i], 0, NULL);
	for (size_t i = 0; i < g->n_certs; i++)
		if (g->cert[i].wanted)
			wish(w, gateway_tree(g), SLOT_PGP, 0, g->cert[i].fpr.hex);
	wish_keys(w);
	for (size_t i = 0; i < g->n_cand; i++)
		if (!span_eq(conf_topic(g->kept[i].conf), gateway_tree(g)))
			wish(w, conf_topic(g->kept[i].conf), SLOT_SECURE, 0, NULL);
	wish_log(w);
}

static int
compare(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;

	return strcmp(*x, *y);
}

/* Sorts and drops what is there twice (two candidates, one epoch). */
static void
sort_unique(struct wish *w)
{
	size_t kept = 0;

	qsort(w->name, w->n, sizeof w->name[0], compare);
	for (size_t i = 0; i < w->n; i++) {
		if (kept != 0 && strcmp(w->name[kept - 1], w->name[i]) == 0)
			free(w->name[i]);
		else
			w->name[kept++] = w->name[i];
	}
	w->n = kept;
}

static bool
has(char *const *list, size_t n, const char *name)
{
	return n != 0 && bsearch(&name, list, n, sizeof list[0], compare) != NULL;
}

/* The wish becomes what is; what the port refuses is wished again. */
static void
apply(struct gateway *g, struct wish *w)
{
	char **now = calloc(w->n + 1, sizeof *now);
	size_t n = 0;

	for (size_t i = 0; now != NULL && i < g->n_subs; i++)
		if (!has(w->name, w->n, g->sub[i]))
			g->o.port.unsubscribe(g->o.port.arg, span_of(g->sub[i]));
	for (size_t i = 0; now != NULL && i < w->n; i++)
		if (has(g->sub, g->n_subs, w->name[i]) ||
		    g->o.port.subscribe(g->o.port.arg, span_of(w->name[i]), 1) == MQ_OK) {
			now[n++] = w->name[i];
			w->name[i] = NULL;
		}
	if (now == NULL)
		return;
	gateway_subs_done(g);
	g->sub = now;
	g->n_subs = n;
}

void
gateway_subscribe(struct gateway *g)
{
	struct wish *w = calloc(1, sizeof *w);

	if (w == NULL)
		return;
	w->g = g;
	wish_all(w);
	sort_unique(w);
	apply(g, w);
	for (size_t i = 0; i < w->n; i++)
		free(w->name[i]);
	free(w);
}

bool
gateway_subscribed(const struct gateway *g, struct span topic)
{
	for (size_t i = 0; i < g->n_subs; i++)
		if (span_is(topic, g->sub[i]))
			return true;
	return false;
}

void
gateway_subs_done(struct gateway *g)
{
	for (size_t i = 0; i < g->n_subs; i++)
		free(g->sub[i]);
	free(g->sub);
	g->sub = NULL;
	g->n_subs = 0;
}

void
gateway_resubscribe(struct gateway *g)
{
	gateway_subs_done(g);
	gateway_subscribe(g);
}
