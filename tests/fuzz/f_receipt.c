/* Any bytes as a receipt and as a status: what is read can be printed and reads the same again. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include <sodium.h>

#include "core/wire/receipt.h"

static void
read_as(struct span payload, bool status)
{
	static const uint8_t seed[32] = { 3 };
	uint8_t pk[32], sk[64];
	struct receipt r;
	struct buf again;
	unsigned line = 0;
	enum verdict v = receipt_parse(payload, status, &r, &line);

	require(v == V_NONE || v == V_MALFORMED || v == V_CLEARED ||
	    v == (status ? V_LINK_HINT : V_UNSIGNED));
	require(v != V_CLEARED || payload.n == 0);
	if (v != V_NONE)
		return;
	require(payload.n <= RECEIPT_MAX && r.signed_n < payload.n && r.is_status == status);
	require(crypto_sign_seed_keypair(pk, sk, seed) == 0);
	buf_init(&again, RECEIPT_MAX);
	require(receipt_print(&r, sk, &again) == MQ_OK);
	/* one spelling only: all but the signature is the same, byte for byte */
	require(again.n == payload.n && memcmp(again.p, payload.p, r.signed_n) == 0);
	buf_done(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	require(sodium_init() >= 0);
	read_as((struct span){ data, n }, false);
	read_as((struct span){ data, n }, true);
	return 0;
}
