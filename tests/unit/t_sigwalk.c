#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/trust/sigwalk.h"

#define FPR "98B761A47EF02A3C5512C2A6B0AB5A5068455C33"

/* A signature packet, put together from a header, four octets and a hashed area. */
struct packet {
	uint8_t version, type, pk, hash;
	struct buf hashed;
};

static const uint8_t issuer[] = { 22, 33, 4, 0x98, 0xb7, 0x61, 0xa4, 0x7e, 0xf0, 0x2a, 0x3c, 0x55,
	0x12, 0xc2, 0xa6, 0xb0, 0xab, 0x5a, 0x50, 0x68, 0x45, 0x5c, 0x33 };
static const uint8_t created[] = { 5, 2, 0x68, 0x3c, 0x40, 0xc0 };
static const uint8_t expires[] = { 5, 3, 0, 0, 0, 9 };

static struct packet
packet_of(const uint8_t *const *subs, const size_t *sizes, size_t n)
{
	struct packet p = { 4, 0, 22, 8, { 0 } };

	buf_init(&p.hashed, 512);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(buf_put(&p.hashed, subs[i], sizes[i]), MQ_OK);
	return p;
}

static struct packet
good_packet(void)
{
	return packet_of((const uint8_t *const[]){ issuer, created },
	    (const size_t[]){ sizeof issuer, sizeof created }, 2);
}

static void
put_content(struct buf *out, struct packet *p)
{
	(void)buf_u8(out, p->version);
	(void)buf_u8(out, p->type);
	(void)buf_u8(out, p->pk);
	(void)buf_u8(out, p->hash);
	(void)buf_u16(out, (uint16_t)p->hashed.n);
	(void)buf_put(out, p->hashed.p, p->hashed.n);
	assert_int_equal(buf_u32(out, 0), MQ_OK); /* no unhashed area, left 16 bits */
}

/* Reads p behind the header bytes given; the packet length is appended as len_bytes octets. */
static enum verdict
read_with_header(struct packet p, const uint8_t *head, size_t head_n, unsigned len_bytes,
    struct sigwalk *w)
{
	struct buf content, sig;
	enum verdict v;

	buf_init(&content, 1024);
	buf_init(&sig, 1024);
	put_content(&content, &p);
	(void)buf_put(&sig, head, head_n);
	for (unsigned i = len_bytes; i-- > 0;)
		(void)buf_u8(&sig, (uint8_t)(content.n >> 8 * i));
	assert_int_equal(buf_put(&sig, content.p, content.n), MQ_OK);
	v = sigwalk_read(buf_span(&sig), w);
	buf_done(&p.hashed);
	buf_done(&content);
	buf_done(&sig);
	return v;
}

static enum verdict
read_packet(struct packet p, struct sigwalk *w)
{
	return read_with_header(p, (const uint8_t[]){ 0xc2 }, 1, 1, w);
}

static void
a_plain_packet_gives_its_fields(void **state)
{
	struct sigwalk w;

	(void)state;
	assert_int_equal(read_packet(good_packet(), &w), V_NONE);
	assert_string_equal(w.fpr.hex, FPR);
	assert_int_equal(w.ctime, 1748779200);
	assert_int_equal(w.expire, 0);
	assert_int_equal(w.pk, 22);
	assert_int_equal(w.hash, 8);
	assert_null(w.reason);
}

static void
every_definite_header_is_read_and_no_other(void **state)
{
	static const struct {
		uint8_t head[2];
		size_t n;
		unsigned len_bytes;
		enum verdict v;
	} t[] = {
		{ { 0xc2 }, 1, 1, V_NONE },	      /* new, one octet */
		{ { 0xc2, 0xff }, 2, 4, V_NONE },     /* new, five octets */
		{ { 0x88 }, 1, 1, V_NONE },	      /* old, one octet */
		{ { 0x89 }, 1, 2, V_NONE },	      /* old, two */
		{ { 0x8a }, 1, 4, V_NONE },	      /* old, four */
		{ { 0x8b }, 1, 0, V_MALFORMED_SIG }, /* old, indeterminate */
		{ { 0xc2, 0xe5 }, 2, 0, V_MALFORMED_SIG }, /* new, partial */
		{ { 0xc6 }, 1, 1, V_MALFORMED_SIG }, /* a public key */
		{ { 0x42 }, 1, 1, V_MALFORMED_SIG }, /* no packet at all */
	};
	struct sigwalk w;

	(void)state;
	for (size_t i = 0; i < sizeof t / sizeof t[0]; i++)
		assert_int_equal(read_with_header(good_packet(), t[i].head, t[i].n,
		    t[i].len_bytes, &w), t[i].v);
}

static void
the_fixed_octets_are_judged_in_order(void **state)
{
	struct packet p = good_packet();
	struct sigwalk w;

	(void)state;
	p.version = 3;
	p.type = 1;
	p.pk = 17;
	assert_int_equal(read_packet(p, &w), V_MALFORMED_SIG);
	p = good_packet();
	p.type = 1;
	p.hash = 2;
	assert_int_equal(read_packet(p, &w), V_MALFORMED_SIG);
	p = good_packet();
	p.pk = 27;
	assert_int_equal(read_packet(p, &w), V_WEAK_ALG);
	p = good_packet();
	p.hash = 11;
	assert_int_equal(read_packet(p, &w), V_WEAK_ALG);
	/* weak comes before a damaged hashed area, as the algorithm stands before it */
	p = packet_of(NULL, NULL, 0);
	p.hash = 2;
	assert_int_equal(read_packet(p, &w), V_WEAK_ALG);
	assert_non_null(w.reason);
}

static void
subpackets_that_count_are_there_exactly_once(void **state)
{
	const uint8_t *const subs[] = { issuer, created, expires, issuer, created, expires };
	const size_t sizes[] = { sizeof issuer, sizeof created, sizeof expires, sizeof issuer,
		sizeof created, sizeof expires };
	struct sigwalk w;

	(void)state;
	assert_int_equal(read_packet(packet_of(subs, sizes, 3), &w), V_NONE);
	assert_int_equal(w.expire, 9);
	assert_int_equal(read_packet(packet_of(subs, sizes, 1), &w), V_MALFORMED_SIG);
	assert_int_equal(read_packet(packet_of(subs + 1, sizes + 1, 2), &w), V_MALFORMED_SIG);
	assert_int_equal(read_packet(packet_of(subs, sizes, 4), &w), V_MALFORMED_SIG);
	assert_int_equal(read_packet(packet_of(subs + 1, sizes + 1, 4), &w), V_MALFORMED_SIG);
	assert_int_equal(read_packet(packet_of(subs + 2, sizes + 2, 4), &w), V_MALFORMED_SIG);
}

static void
the_critical_bit_and_unknown_subpackets_are_ignored(void **state)
{
	static const uint8_t critical_created[] = { 5, 0x82, 0x68, 0x3c, 0x40, 0xc0 };
	static const uint8_t unknown[] = { 255, 0, 0, 0, 3, 100, 1, 2 };
	struct sigwalk w;

	(void)state;
	assert_int_equal(read_packet(packet_of((const uint8_t *const[]){ unknown, issuer,
	    critical_created }, (const size_t[]){ sizeof unknown, sizeof issuer,
	    sizeof critical_created }, 3), &w), V_NONE);
	assert_int_equal(w.ctime, 1748779200);
}

static void
lengths_that_leave_the_area_are_refused(void **state)
{
	struct packet p = good_packet();
	struct sigwalk w;

	(void)state;
	p.hashed.p[0] = 200; /* first octet of a two-octet length, far beyond the area */
	assert_int_equal(read_packet(p, &w), V_MALFORMED_SIG);
	p = good_packet();
	assert_int_equal(buf_u8(&p.hashed, 0), MQ_OK); /* a subpacket of no octets */
	assert_int_equal(read_packet(p, &w), V_MALFORMED_SIG);
	p = good_packet();
	p.hashed.p[2] = 5; /* a version 5 fingerprint */
	assert_int_equal(read_packet(p, &w), V_MALFORMED_SIG);
}

static void
a_packet_that_is_cut_or_followed_is_refused(void **state)
{
	struct packet p = good_packet();
	struct buf sig;
	struct sigwalk w;

	(void)state;
	buf_init(&sig, 1024);
	(void)buf_u8(&sig, 0x88);
	(void)buf_u8(&sig, (uint8_t)(10 + p.hashed.n));
	put_content(&sig, &p);
	assert_int_equal(buf_u8(&sig, 0), MQ_OK);
	for (size_t n = 0; n <= sig.n; n++)
		assert_int_equal(sigwalk_read((struct span){ sig.p, n }, &w),
		    n == sig.n - 1 ? V_NONE : V_MALFORMED_SIG);
	buf_done(&p.hashed);
	buf_done(&sig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_plain_packet_gives_its_fields),
		cmocka_unit_test(every_definite_header_is_read_and_no_other),
		cmocka_unit_test(the_fixed_octets_are_judged_in_order),
		cmocka_unit_test(subpackets_that_count_are_there_exactly_once),
		cmocka_unit_test(the_critical_bit_and_unknown_subpackets_are_ignored),
		cmocka_unit_test(lengths_that_leave_the_area_are_refused),
		cmocka_unit_test(a_packet_that_is_cut_or_followed_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
