/* mqgpd show: what one compares before `pin`, and how the gateway stands. Reads only. */
#include "src/gw.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>
#include <sodium.h>

#include "core/base/file.h"
#include "core/base/text.h"
#include "src/randomart.h"

const struct opt gw_show_options[] = {
	{ "state", 's', "DIR", "the folder that 'mqgpd init' made" },
	{ "json", 'j', NULL, "one JSON object" },
	{ "export", 'e', NULL, "print the gateway's public key, nothing else" },
	{ 0 },
};

struct facts {
	const struct gw_home *home;
	const struct gwstore *store;
	const struct conf *conf; /* NULL: unclaimed */
	char gateway[80], data_key[80], hash[8 + 2 * HASH_BYTES];
	bool running;
};

/* A gateway that runs holds the lock. */
static bool
is_running(const char *dir)
{
	char path[PATH_MAX];
	enum mq_err r;
	int fd;

	if (file_join(path, sizeof path, dir, "lock") != MQ_OK || !file_exists(path))
		return false;
	if ((r = file_lock(path, 0, &fd, NULL)) == MQ_OK)
		(void)close(fd); /* nobody had it */
	return r == MQ_EAGAIN;
}

static const char *
state_word(const struct facts *f)
{
	const struct gwmeta *m = &f->store->meta;

	if (f->store->damaged)
		return "damaged";
	if (f->conf == NULL)
		return "unclaimed";
	return m->halted_by != HALTED_NO ? "halted" : "claimed";
}

static void
print_words(const struct facts *f)
{
	char art[RANDOMART_SIZE], grouped[45], until[TEXT_TIME_MAX];
	const struct conf *c = f->conf;

	(void)printf("tree:       %s\n", f->home->settings.tree.s[0]);
	(void)printf("broker:     %s\n", f->home->settings.broker.s[0]);
	(void)printf("gateway:    %s\n", f->gateway);
	if (!f->home->identity.is_edkey) {
		fpr_groups(&f->home->identity.fpr, grouped);
		(void)printf("            %s\n", grouped);
	}
	randomart_of_gateway(&f->home->identity, art);
	(void)printf("%sdata key:   %s\n", art, f->data_key);
	(void)printf("state:      %s%s\n", state_word(f), f->running ? ", running" : ", not running");
	if (f->store->damaged)
		(void)printf("damage:     %s\n", f->store->why.text);
	if (c == NULL)
		return;
	text_put_time(until, c->valid_until);
	(void)printf("revision:   %u\nconf:       %s\nepoch:      %u\nvalid until %s\n", c->revision,
	    f->hash, c->epoch, until);
	for (size_t i = 0; i < c->n_owners; i++) {
		fpr_groups(&c->owner[i], grouped);
		(void)printf("owner:      %s\n", grouped);
	}
	(void)printf("threshold:  %u\ncandidates: %zu\n", c->threshold, f->store->n_pend);
}

static json_t *
conf_json(const struct facts *f)
{
	const struct conf *c = f->conf;
	json_t *owners = json_array();
	char until[TEXT_TIME_MAX];

	for (size_t i = 0; i < c->n_owners; i++)
		(void)json_array_append_new(owners, json_string(c->owner[i].hex));
	text_put_time(until, c->valid_until);
	return json_pack("{s:I,s:s,s:I,s:s,s:o,s:I}", "revision", (json_int_t)c->revision, "conf",
	    f->hash, "epoch", (json_int_t)c->epoch, "valid_until", until, "owners", owners,
	    "threshold", (json_int_t)c->threshold);
}

static int
print_json(const struct facts *f)
{
	json_t *j = json_pack("{s:I,s:s,s:s,s:s,s:s,s:s,s:b,s:b,s:I,s:I}", "v", (json_int_t)1, "tree",
	    f->home->settings.tree.s[0], "broker", f->home->settings.broker.s[0], "gateway",
	    f->gateway, "data_key", f->data_key, "state", state_word(f), "running", f->running,
	    "rekey_due", f->store->meta.rekey_due, "candidates", (json_int_t)f->store->n_pend,
	    "boot", (json_int_t)f->store->meta.boot);
	char *text;

	if (j != NULL && f->conf != NULL)
		(void)json_object_update_new(j, conf_json(f));
	if (j != NULL && f->store->damaged)
		(void)json_object_set_new(j, "damage", json_string(f->store->why.text));
	text = j != NULL ? json_dumps(j, JSON_COMPACT) : NULL;
	json_decref(j);
	if (text == NULL) {
		gw_complain("out of memory");
		return EXIT_SYSTEM;
	}
	(void)puts(text);
	free(text);
	return EXIT_GOOD;
}

static struct conf *
read_current(const struct gwstore *s)
{
	const struct conf_policy policy = { .allow_non_ascii = true };
	struct conf *c = NULL;
	struct bundle b;

	if (s->damaged || s->cur.n == 0 || bundle_parse(buf_span(&s->cur), &b) != V_NONE)
		return NULL;
	(void)conf_parse(b.body, &policy, &c, NULL); /* c stays NULL on failure */
	bundle_done(&b);
	return c;
}

static int
show(const struct gw_home *h, bool json)
{
	struct facts f = { .home = h, .running = is_running(h->dir) };
	uint8_t pk[crypto_sign_PUBLICKEYBYTES];
	struct gwstore *s = NULL;
	struct conf *c;
	struct mq_error e;
	int status = EXIT_GOOD;

	if (gwstore_peek(&s, h->dir, &e) != MQ_OK)
		return gw_fail(&e);
	f.store = s;
	f.conf = c = read_current(s);
	conf_put_gateway(&h->identity, f.gateway);
	if (s->data_sk.n == crypto_sign_SECRETKEYBYTES) {
		(void)crypto_sign_ed25519_sk_to_pk(pk, s->data_sk.p); /* always 0 */
		memcpy(f.data_key, "ed25519:", sizeof "ed25519:");
		text_hex(f.data_key + sizeof "ed25519:" - 1, pk, sizeof pk);
	}
	if (c != NULL) {
		memcpy(f.hash, "b2-256:", sizeof "b2-256:");
		text_hex(f.hash + sizeof "b2-256:" - 1, c->hash, sizeof c->hash);
	}
	if (json)
		status = print_json(&f);
	else
		print_words(&f);
	if (s->damaged)
		status = EXIT_SYSTEM;
	conf_free(c);
	gwstore_close(s);
	return status;
}

int
gw_show(const struct opts *o)
{
	char dir[PATH_MAX];
	struct gw_home h;
	int status;

	if ((status = gw_state_dir(o, dir)) != OPTS_GO)
		return status;
	if ((status = gw_home_load(&h, dir)) == OPTS_GO) {
		if (!opts_given(o, "export")) {
			status = show(&h, opts_given(o, "json"));
		} else if (h.own_key.n == 0) {
			gw_complain("this gateway has no OpenPGP key");
			status = EXIT_UNMET;
		} else {
			status = fwrite(h.own_key.p, 1, h.own_key.n, stdout) == h.own_key.n ?
			    EXIT_GOOD : EXIT_SYSTEM;
		}
	}
	gw_home_done(&h);
	return status;
}
