#include <string.h>

#include <sodium.h>

#include "core/base/text.h"
#include "core/conf/bundle.h"

#define CODE_LENGTH 16
#define CLAIM_LABEL "mqgp/1 claim" /* hashed with its NUL */
#define CLAIM_OPS 2
#define CLAIM_MEMORY 67108864

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

bool
claim_code_normalise(struct span code, char out[17])
{
	size_t n = 0;

	for (size_t i = 0; i < code.n; i++) {
		char c = (char)code.p[i];

		if (c == '-' || c == ' ')
			continue;
		if (c >= 'a' && c <= 'z')
			c = (char)(c - 'a' + 'A');
		if (n == CODE_LENGTH || c == 0 || strchr(alphabet, c) == NULL) {
			sodium_memzero(out, CODE_LENGTH + 1);
			return false;
		}
		out[n++] = c;
	}
	memset(out + n, 0, CODE_LENGTH + 1 - n);
	return n == CODE_LENGTH;
}

void
claim_code_new(char grouped[20])
{
	for (size_t i = 0; i < 19; i++)
		grouped[i] = i % 5 == 4 ? '-' : alphabet[randombytes_uniform(32)];
	grouped[19] = 0;
}

bool
claim_key(const char code[17], const struct conf_gateway *g, uint8_t key[32])
{
	uint8_t salt[crypto_pwhash_SALTBYTES], fpr[32];
	crypto_generichash_state state;
	size_t fpr_n = g->is_edkey ? 32 : 20;

	if (g->is_edkey)
		memcpy(fpr, g->pk, fpr_n);
	else if (!text_unhex(span_of(g->fpr.hex), 'A', fpr, fpr_n))
		return false;
	/* these fail on bad sizes only */
	(void)crypto_generichash_init(&state, NULL, 0, sizeof salt);
	(void)crypto_generichash_update(&state, (const uint8_t *)CLAIM_LABEL, sizeof CLAIM_LABEL);
	(void)crypto_generichash_update(&state, fpr, fpr_n);
	(void)crypto_generichash_final(&state, salt, sizeof salt);
	return crypto_pwhash(key, 32, code, CODE_LENGTH, salt, CLAIM_OPS, CLAIM_MEMORY,
		   crypto_pwhash_ALG_ARGON2ID13) == 0;
}

void
claim_mac(const uint8_t key[32], struct span body, uint8_t out[32])
{
	(void)crypto_generichash(out, 32, body.p, body.n, key, 32); /* fails on bad sizes only */
}
