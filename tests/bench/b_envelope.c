/*
 * What judging a message costs above the libsodium calls it cannot do without: env_open, digest and
 * replay window, per suite and size, against the bare calls for the same messages in the same run.
 * Both sides walk the same envelopes in turns, so that the machine's mood hits both; the median of
 * the rounds counts. A ratio of 1 means the pipeline costs nothing. The first ratio is against
 * signature, AEAD or MAC alone, the second one also against the SipHash that PROTOCOL 3.8 asks for;
 * exit 1 if that one is below LEAST.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sodium.h>

#include "core/wire/envelope.h"
#include "core/wire/window.h"

#define LEAST 0.7
#define ROUNDS 21
#define TOPICS 64
#define BATCH_NS 4000000 /* one turn of one side, about */

struct topic {
	char name[48];
	struct env_topic_key key;
	struct window window;
	struct buf envelope;
};
struct bench {
	struct conf_data_key key;
	uint8_t sk[64], secret[32], digest_key[16];
	struct env_conf conf;
	struct topic topic[TOPICS];
	uint8_t *scratch, *transcript;
	size_t tr_n, size;
	uint64_t counter;
};

static void
die(const char *what)
{
	(void)fprintf(stderr, "b_envelope: %s\n", what);
	exit(1);
}

/* CPU clocks tick in milliseconds on some machines; short turns and medians keep others out. */
static double
now_ns(void)
{
	struct timespec t;

	if (clock_gettime(CLOCK_MONOTONIC, &t) != 0)
		die("no clock");
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* New numbers, so that every message is NEW to its window. Not measured. */
static void
seal_all(struct bench *b)
{
	uint8_t message[4096];
	struct env_seal in = { .type = ENV_TYPE_DATA, .data_sk = b->sk, .data_pk = b->key.pk };

	memset(message, 'm', sizeof message);
	in.seq = ++b->counter;
	for (int i = 0; i < TOPICS; i++) {
		struct topic *t = &b->topic[i];

		buf_reset(&t->envelope);
		if (env_seal(&b->conf, &in, span_of(t->name), (struct span){ message, b->size }, NULL,
			&t->envelope) != MQ_OK)
			die("seal");
	}
}

static void
set_up(struct bench *b, enum suite suite, size_t size)
{
	uint8_t seed[32] = { 1 };

	memset(b, 0, sizeof *b);
	if (crypto_sign_seed_keypair(b->key.pk, b->sk, seed) != 0)
		die("keypair");
	b->size = size;
	b->conf = (struct env_conf){ .suite = suite, .rev = 7, .epoch = 1, .keys = &b->key,
		.n_keys = 1, .epoch_secret = b->secret };
	b->scratch = malloc(ENV_SCRATCH(size + ENV_OVERHEAD_MAX));
	b->transcript = calloc(1, ENV_SCRATCH(size + ENV_OVERHEAD_MAX));
	if (b->scratch == NULL || b->transcript == NULL)
		die("no memory");
	for (int i = 0; i < TOPICS; i++) {
		struct topic *t = &b->topic[i];

		(void)snprintf(t->name, sizeof t->name, "plant/line 4/spindle:%02d/temperature", i);
		env_topic_key(&t->key, &b->conf, b->key.pk, span_of(t->name));
		buf_init(&t->envelope, ENV_PAYLOAD_MAX);
	}
	b->tr_n = 118 + strlen(b->topic[0].name);
	seal_all(b);
}

static void
tear_down(struct bench *b)
{
	for (int i = 0; i < TOPICS; i++) {
		window_done(&b->topic[i].window);
		buf_done(&b->topic[i].envelope);
	}
	free(b->scratch);
	free(b->transcript);
}

/* The product: what the engine does with each message. */
static void
pipeline(struct bench *b)
{
	struct env_opened o;
	uint32_t lost;

	for (int i = 0; i < TOPICS; i++) {
		struct topic *t = &b->topic[i];
		struct span envelope = buf_span(&t->envelope);

		env_open(&b->conf, span_of(t->name), envelope, &t->key, b->scratch, &o);
		if (o.verdict != V_NONE)
			die("a good envelope did not open");
		/* the same number again in later turns: DUPLICATE costs what NEW costs, or more */
		(void)window_check(&t->window, o.h.seq, window_digest(b->digest_key, envelope), false,
		    &lost);
	}
}

/* The reference: the same amount of crypto over transcript-sized bytes that lie ready. */
static void
bare(struct bench *b)
{
	const uint8_t *p;
	uint8_t mac[32];
	int bad = 0;

	for (int i = 0; i < TOPICS; i++) {
		size_t n = b->topic[i].envelope.n - ENV_HEADER;

		p = b->topic[i].envelope.p + ENV_HEADER;
		if (b->conf.suite == SUITE_HMAC) {
			crypto_auth_hmacsha256_state st;

			(void)crypto_auth_hmacsha256_init(&st, b->topic[i].key.k, 32);
			(void)crypto_auth_hmacsha256_update(&st, b->transcript, b->tr_n);
			(void)crypto_auth_hmacsha256_update(&st, p, n - 32);
			(void)crypto_auth_hmacsha256_final(&st, mac);
			bad += sodium_memcmp(mac, p + n - 32, 32) == 0; /* never the same here */
			continue;
		}
		if (b->conf.suite != SUITE_XCHACHA) {
			n -= 64;
			bad += crypto_sign_verify_detached(p + n, b->transcript, b->tr_n + n, b->key.pk) == 0;
		}
		if (b->conf.suite != SUITE_ED25519) /* encrypting costs what decrypting costs */
			(void)crypto_aead_xchacha20poly1305_ietf_encrypt_detached(b->scratch, mac, NULL,
			    p + 16, n - 32, b->transcript, b->tr_n, NULL, p, b->topic[i].key.k);
	}
	if (bad != 0)
		die("the reference is not one");
}

static void
bare_and_digest(struct bench *b)
{
	uint8_t digest[crypto_shorthash_BYTES];

	bare(b);
	for (int i = 0; i < TOPICS; i++)
		(void)crypto_shorthash(digest, b->topic[i].envelope.p, b->topic[i].envelope.n,
		    b->digest_key);
}

static double
turn(struct bench *b, void (*work)(struct bench *), unsigned times)
{
	double start = now_ns();

	for (unsigned i = 0; i < times; i++)
		work(b);
	return (now_ns() - start) / times / TOPICS;
}

static int
by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double
median(double v[ROUNDS])
{
	qsort(v, ROUNDS, sizeof *v, by_value);
	return v[ROUNDS / 2];
}

static bool
compare(enum suite suite, size_t size)
{
	static struct bench b;
	double ours[ROUNDS], crypto[ROUNDS], to_crypto[ROUNDS], to_all[ROUNDS];
	double ratio;
	unsigned times;

	set_up(&b, suite, size);
	times = 1 + (unsigned)(BATCH_NS / (turn(&b, bare, 32) * TOPICS));
	for (int i = 0; i < ROUNDS; i++) {
		ours[i] = turn(&b, pipeline, times);
		crypto[i] = turn(&b, bare, times);
		to_crypto[i] = crypto[i] / ours[i];
		to_all[i] = turn(&b, bare_and_digest, times) / ours[i];
		seal_all(&b);
	}
	tear_down(&b);
	ratio = median(to_all);
	(void)printf("%-26s %4zu B  pipeline %6.0f ns  crypto %6.0f ns  ratio %.2f, with digest %.2f%s\n",
	    suite_name(suite), size, median(ours), median(crypto), median(to_crypto), ratio,
	    ratio < LEAST ? "  TOO LOW" : "");
	return ratio >= LEAST;
}

int
main(void)
{
	static const size_t sizes[] = { 32, 256, 4096 };
	bool ok = true;

	if (sodium_init() < 0)
		die("libsodium does not start");
	for (enum suite suite = SUITE_ED25519; suite <= SUITE_HMAC; suite++)
		for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
			ok = compare(suite, sizes[i]) && ok;
	return !ok;
}
