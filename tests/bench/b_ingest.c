/*
 * Live ingest: the engine that judges every message, against a socket that only counts them, in turns
 * on the same broker with the same publisher. Suites 2 and 4 at 50 000 messages a second, and as fast
 * as the broker takes them. Suites 1 and 3 against the bare Ed25519 verifications that one core less
 * than there are could do: how many a second, and whether half of that many passes without a loss.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "tests/bench/lib_plant.h"

#define RATE 50000
#define TURN_SECONDS 4
#define ROUNDS 3 /* at most, until the aims are met: others on the machine only make it worse */
#define LATE_NS 60000000000 /* a turn that takes longer lost the rest */
#define QUIET_NS 1000000000 /* nothing came for so long: nothing comes any more */
#define BARE_LOOKS 10
#define BARE_LOOK_NS 100000000
#define LEAST_OF_RAW 0.95
#define LEAST_OF_BARE 0.7

struct turn {
	uint64_t sent, got, other;
	double per_second; /* between the first and the last */
	double offered;
};

static void
die(const char *what)
{
	(void)fprintf(stderr, "b_ingest: %s\n", what);
	exit(1);
}

static double
rate(uint64_t n, int64_t first, int64_t last)
{
	return n > 1 && last > first ? (double)(n - 1) * 1e9 / (double)(last - first) : 0;
}

/* Publishes all of it; returns how many a second were offered. */
static double
publish(struct plant *p, const struct packets *packets, double per_second)
{
	struct publisher pub;

	if (!publisher_start(&pub, p->broker.port, packets, per_second))
		die("no publisher");
	if (!publisher_finish(&pub))
		die("the broker ended the publisher's connection");
	return rate(packets->n + 1, 0, pub.took_ns);
}

/* Until all came, or nothing comes any more. */
static void
await_raw(struct counter *c, uint64_t n)
{
	int64_t until = bench_now() + LATE_NS;

	while (!counter_wait(c, n, bench_now() + QUIET_NS)) {
		uint64_t before = __atomic_load_n(&c->n, __ATOMIC_ACQUIRE);

		if (counter_wait(c, before + 1, bench_now() + QUIET_NS) && bench_now() < until)
			continue;
		return;
	}
}

static void
await_watch(struct watch *w, uint64_t n)
{
	int64_t until = bench_now() + LATE_NS;

	while (!watch_wait(w, n, bench_now() + QUIET_NS)) {
		uint64_t before = atomic_load(&w->verified) + atomic_load(&w->other);

		if (watch_wait(w, before + 1, bench_now() + QUIET_NS) && bench_now() < until)
			continue;
		return;
	}
}

static struct turn
raw_turn(struct plant *p, enum suite suite, const struct packets *packets, double per_second)
{
	struct turn t = { .sent = packets->n };
	struct counter c;

	if (!counter_start(&c, p->broker.port, p->tree[suite].filter))
		die("no reader");
	t.offered = publish(p, packets, per_second);
	await_raw(&c, packets->n);
	counter_finish(&c);
	t.got = c.n;
	t.per_second = rate(c.n, c.first_ns, c.last_ns);
	return t;
}

static struct turn
our_turn(struct plant *p, enum suite suite, const struct packets *packets, double per_second)
{
	struct turn t = { .sent = packets->n };
	struct watch w;

	if (!watch_start(&w, p, suite))
		die("no engine");
	t.offered = publish(p, packets, per_second);
	await_watch(&w, packets->n);
	t.got = atomic_load(&w.verified);
	t.other = atomic_load(&w.other);
	t.per_second = rate(t.got, atomic_load(&w.first_ns), atomic_load(&w.last_ns));
	watch_stop(&w);
	return t;
}

/* ---- suites 2 and 4 */

static bool
against_raw(struct plant *p, enum suite suite, const struct packets *packets, double per_second)
{
	bool ok = false;

	for (int i = 0; i < ROUNDS && !ok; i++) {
		struct turn raw = raw_turn(p, suite, packets, per_second);
		struct turn ours = our_turn(p, suite, packets, per_second);
		double ratio = ours.per_second / raw.per_second;
		uint64_t lost = ours.sent - ours.got;

		ok = per_second == 0 || (ratio >= LEAST_OF_RAW && lost == 0);
		(void)printf("%-26s offered %6.0f/s  raw %6.0f/s lost %llu  verified %6.0f/s lost %llu  "
		    "ratio %.3f%s\n", suite_name(suite), ours.offered, raw.per_second,
		    (unsigned long long)(raw.sent - raw.got), ours.per_second,
		    (unsigned long long)lost, ratio, ok ? "" : "  missed");
	}
	return ok;
}

/* ---- suites 1 and 3 */

/* Verifications a second of one core that does nothing else: the best of some short looks, for
 * whatever else runs on the machine can only make it less. */
static double
bare_verifications(void)
{
	uint8_t pk[32], sk[64], sig[64], message[256] = { 7 };
	double best = 0;

	(void)crypto_sign_keypair(pk, sk); /* cannot fail, as the next */
	(void)crypto_sign_detached(sig, NULL, message, sizeof message, sk);
	for (int look = 0; look < BARE_LOOKS; look++) {
		int64_t start = bench_now(), now = start;
		uint64_t n = 1;

		for (; now - start < BARE_LOOK_NS; now = bench_now())
			for (int i = 0; i < 64; i++, n++)
				if (crypto_sign_verify_detached(sig, message, sizeof message, pk) != 0)
					die("a good signature is bad");
		if (rate(n, start, now) > best)
			best = rate(n, start, now);
	}
	return best;
}

static bool
bare_round(struct plant *p, enum suite suite, const struct packets *many, const struct packets *half,
    double all)
{
	struct turn full = our_turn(p, suite, many, all), calm = our_turn(p, suite, half, all / 2);
	double ratio = full.per_second / all;
	bool ok = ratio >= LEAST_OF_BARE && calm.got == calm.sent;

	(void)printf("%-26s bare Ed25519, all cores but one %6.0f/s  verified %6.0f/s  ratio %.2f  "
	    "at half of that lost %llu%s\n", suite_name(suite), all, full.per_second, ratio,
	    (unsigned long long)(calm.sent - calm.got), ok ? "" : "  missed");
	return ok;
}

static bool
against_bare(struct plant *p, enum suite suite, double bare)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	double all = bare * (double)(cores > 1 ? cores - 1 : 1);
	struct packets many, half;
	bool ok = false;

	packets_init(&many);
	packets_init(&half);
	if (!plant_seal(p, suite, (size_t)(all / 2 * TURN_SECONDS), &half) ||
	    !plant_seal(p, suite, (size_t)(all * TURN_SECONDS), &many))
		die("no messages");
	for (int i = 0; i < ROUNDS && !ok; i++)
		ok = bare_round(p, suite, &many, &half, all);
	packets_done(&many);
	packets_done(&half);
	return ok;
}

static bool
symmetric(struct plant *p, enum suite suite)
{
	struct packets packets;
	bool ok;

	packets_init(&packets);
	if (!plant_seal(p, suite, (size_t)RATE * TURN_SECONDS, &packets))
		die("no messages");
	ok = against_raw(p, suite, &packets, RATE);
	ok = against_raw(p, suite, &packets, 0) && ok;
	packets_done(&packets);
	return ok;
}

int
main(int argc, char **argv)
{
	static struct plant p;
	double bare;
	bool ok;

	pgp_child_main(argc, argv);
	ok = plant_start(&p);
	if (ok) {
		ok = symmetric(&p, SUITE_XCHACHA);
		ok = symmetric(&p, SUITE_HMAC) && ok;
		bare = bare_verifications();
		ok = against_bare(&p, SUITE_ED25519, bare) && ok;
		ok = against_bare(&p, SUITE_ED25519_XCHACHA, bare) && ok;
	}
	plant_stop(&p);
	return !ok;
}
