#include "core/wire/keyblob.h"

#include <string.h>

#include <sodium.h>

#define LABEL_EPOCH_KEY "mqgp/1 epoch-key" /* with the NUL, as every label */
#define LABEL_PASSWORD "mqgp/1 mqtt-password"
#define PASSWORD_CHARS 32

static const char magic[8] = { 'M', 'Q', 'G', 'P', 'K', 'E', 'Y', '1' };

void
keyblob_clear(uint8_t out[KEYBLOB_CLEAR], uint32_t epoch, const uint8_t secret[32])
{
	memcpy(out, magic, sizeof magic);
	be32(out + sizeof magic, epoch);
	memcpy(out + sizeof magic + 4, secret, 32);
}

void
keyblob_key_id(uint8_t out[HASH_BYTES], uint32_t epoch, const uint8_t secret[32])
{
	crypto_generichash_state st;
	uint8_t number[4];

	be32(number, epoch);
	(void)crypto_generichash_init(&st, NULL, 0, HASH_BYTES); /* constant sizes: cannot fail */
	(void)crypto_generichash_update(&st, (const uint8_t *)LABEL_EPOCH_KEY,
	    sizeof LABEL_EPOCH_KEY);
	(void)crypto_generichash_update(&st, number, sizeof number);
	(void)crypto_generichash_update(&st, secret, 32);
	(void)crypto_generichash_final(&st, out, HASH_BYTES);
	sodium_memzero(&st, sizeof st);
}

bool
keyblob_open(struct span clear, uint32_t epoch, const uint8_t key_id[HASH_BYTES],
    uint8_t secret[32])
{
	uint8_t id[HASH_BYTES];
	const uint8_t *held;

	if (clear.n != KEYBLOB_CLEAR || memcmp(clear.p, magic, sizeof magic) != 0 ||
	    rd32(clear.p + sizeof magic) != epoch)
		return false;
	held = clear.p + sizeof magic + 4;
	keyblob_key_id(id, epoch, held);
	if (sodium_memcmp(id, key_id, HASH_BYTES) != 0)
		return false;
	memcpy(secret, held, 32);
	return true;
}

static void
hash_text(crypto_generichash_state *st, const char *text)
{
	size_t n = strlen(text);
	uint8_t length[2];

	be16(length, (uint16_t)n); /* a url has less than 512 bytes, a user at most 64 */
	(void)crypto_generichash_update(st, length, sizeof length);
	(void)crypto_generichash_update(st, (const uint8_t *)text, n);
}

void
keyblob_mqtt_password(char out[33], const uint8_t secret[32], const char *url, const char *user)
{
	char text[sodium_base64_ENCODED_LEN(32, sodium_base64_VARIANT_URLSAFE_NO_PADDING)];
	crypto_generichash_state st;
	uint8_t h[32];

	(void)crypto_generichash_init(&st, secret, 32, sizeof h); /* constant sizes: cannot fail */
	(void)crypto_generichash_update(&st, (const uint8_t *)LABEL_PASSWORD,
	    sizeof LABEL_PASSWORD);
	hash_text(&st, url);
	hash_text(&st, user);
	(void)crypto_generichash_final(&st, h, sizeof h);
	(void)sodium_bin2base64(text, sizeof text, h, sizeof h,
	    sodium_base64_VARIANT_URLSAFE_NO_PADDING); /* fits by its declaration */
	memcpy(out, text, PASSWORD_CHARS);
	out[PASSWORD_CHARS] = '\0';
	sodium_memzero(text, sizeof text);
	sodium_memzero(h, sizeof h);
	sodium_memzero(&st, sizeof st);
}
