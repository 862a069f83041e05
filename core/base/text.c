#include "core/base/text.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include <sodium.h>

bool
text_u64(struct span s, uint64_t max, uint64_t *out)
{
	uint64_t v = 0;

	if (s.n == 0 || s.n > 20 || (s.n > 1 && s.p[0] == '0'))
		return false;
	for (size_t i = 0; i < s.n; i++) {
		uint64_t d;

		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		d = (uint64_t)(s.p[i] - '0');
		if (v > (UINT64_MAX - d) / 10)
			return false;
		v = v * 10 + d;
	}
	if (v > max)
		return false;
	*out = v;
	return true;
}

bool
text_u32(struct span s, uint32_t *out)
{
	uint64_t v;

	if (s.n > 10 || !text_u64(s, UINT32_MAX, &v))
		return false;
	*out = (uint32_t)v;
	return true;
}

static int
hex_digit(uint8_t c, char letter_case)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= (uint8_t)letter_case && c < (uint8_t)letter_case + 6)
		return c - (uint8_t)letter_case + 10;
	return -1;
}

bool
text_is_hex(struct span s, char letter_case, size_t digits)
{
	if (s.n != digits)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (hex_digit(s.p[i], letter_case) < 0)
			return false;
	return true;
}

bool
text_unhex(struct span s, char letter_case, uint8_t *out, size_t n)
{
	if (!text_is_hex(s, letter_case, n * 2))
		return false;
	for (size_t i = 0; i < n; i++)
		out[i] = (uint8_t)(hex_digit(s.p[2 * i], letter_case) << 4 |
				   hex_digit(s.p[2 * i + 1], letter_case));
	return true;
}

static void
put_hex(char *out, const uint8_t *p, size_t n, const char digits[17])
{
	for (size_t i = 0; i < n; i++) {
		out[2 * i] = digits[p[i] >> 4];
		out[2 * i + 1] = digits[p[i] & 15];
	}
	out[2 * n] = 0;
}

void
text_hex(char *out, const uint8_t *p, size_t n)
{
	put_hex(out, p, n, "0123456789abcdef");
}

void
text_hex_upper(char *out, const uint8_t *p, size_t n)
{
	put_hex(out, p, n, "0123456789ABCDEF");
}

bool
text_unbase64(struct span s, struct buf *out)
{
	struct buf raw;
	size_t got = 0;
	const char *end = NULL;
	bool ok;

	if (s.n == 0 || s.n % 4 != 0)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] >= 0x80) /* libsodium 1.0.18 takes these for letters where char is signed */
			return false;
	buf_init(&raw, s.n);
	for (size_t i = 0; i < s.n / 4 * 3; i++)
		(void)buf_u8(&raw, 0); /* errors stick and are looked at below */
	ok = raw.err == MQ_OK &&
	    sodium_base642bin(raw.p, raw.n, (const char *)s.p, s.n, NULL, &got, &end,
		sodium_base64_VARIANT_ORIGINAL) == 0 &&
	    end == (const char *)s.p + s.n && buf_put(out, raw.p, got) == MQ_OK;
	buf_done(&raw);
	return ok;
}

enum mq_err
text_base64(struct buf *out, const uint8_t *p, size_t n)
{
	static const char alphabet[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char q[4];

	for (size_t i = 0; i < n; i += 3) {
		size_t left = n - i;
		uint32_t v = (uint32_t)p[i] << 16 | (left > 1 ? (uint32_t)p[i + 1] << 8 : 0) |
		    (left > 2 ? p[i + 2] : 0);

		q[0] = alphabet[v >> 18];
		q[1] = alphabet[v >> 12 & 63];
		q[2] = left > 1 ? alphabet[v >> 6 & 63] : '=';
		q[3] = left > 2 ? alphabet[v & 63] : '=';
		(void)buf_put(out, q, 4);
	}
	return out->err;
}

/* Days from 1970-01-01 to a Gregorian date (the calendar repeats every 400 years). */
static int64_t
days_from_date(int64_t y, int m, int d)
{
	int64_t era, year_of_era, day_of_year;

	y -= m <= 2;
	era = y / 400;
	year_of_era = y - era * 400;
	day_of_year = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
	return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 +
	    day_of_year - 719468;
}

static bool
digits(struct span s, size_t at, size_t n, int *out)
{
	*out = 0;
	for (size_t i = at; i < at + n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		*out = *out * 10 + (s.p[i] - '0');
	}
	return true;
}

bool
text_time(struct span s, int64_t *out)
{
	static const char shape[] = "dddd-dd-ddTdd:dd:ddZ";
	static const int month_days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	int y, mo, d, h, mi, sec, last;

	if (s.n != sizeof shape - 1)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (shape[i] != 'd' && s.p[i] != (uint8_t)shape[i])
			return false;
	if (!digits(s, 0, 4, &y) || !digits(s, 5, 2, &mo) || !digits(s, 8, 2, &d) ||
	    !digits(s, 11, 2, &h) || !digits(s, 14, 2, &mi) || !digits(s, 17, 2, &sec))
		return false;
	if (y < 2000 || y > 2105 || mo < 1 || mo > 12 || h > 23 || mi > 59 || sec > 59)
		return false;
	last = month_days[mo - 1] +
	    (mo == 2 && y % 4 == 0 && (y % 100 != 0 || y % 400 == 0) ? 1 : 0);
	if (d < 1 || d > last)
		return false;
	*out = days_from_date(y, mo, d) * 86400 + h * 3600 + mi * 60 + sec;
	return true;
}

void
text_put_time(char out[TEXT_TIME_MAX], int64_t unix_seconds)
{
	time_t t = (time_t)unix_seconds;
	struct tm tm;

	if (gmtime_r(&t, &tm) == NULL || tm.tm_year > 9999 - 1900 ||
	    strftime(out, TEXT_TIME_MAX, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		memcpy(out, "0000-00-00T00:00:00Z", TEXT_TIME_MAX);
}

void
text_put_time_ms(char out[26], int64_t unix_ms)
{
	int64_t s = unix_ms / 1000, ms = unix_ms % 1000;
	char whole[TEXT_TIME_MAX];

	if (ms < 0) {
		ms += 1000;
		s--;
	}
	text_put_time(whole, s);
	(void)snprintf(out, 26, "%.19s.%03dZ", whole, (int)(ms % 1000));
}

void
text_duration(char out[16], int64_t ms)
{
	int64_t s = ms / 1000;

	if (ms < 0)
		(void)snprintf(out, 16, "-");
	else if (s < 10)
		(void)snprintf(out, 16, "%d.%d s", (int)s, (int)(ms % 1000 / 100));
	else if (s < 60)
		(void)snprintf(out, 16, "%d s", (int)s);
	else if (s < 3600)
		(void)snprintf(out, 16, "%d min %d s", (int)(s / 60), (int)(s % 60));
	else if (s < 2 * 86400)
		(void)snprintf(out, 16, "%d h %d min", (int)(s / 3600), (int)(s / 60 % 60));
	else
		(void)snprintf(out, 16, "%d d", (int)(s / 86400 > 999999 ? 999999 : s / 86400));
}

void
text_count(char out[8], uint64_t n)
{
	static const char unit[] = "kMGTPE";
	uint64_t whole = n, tenth = 0;
	int u = -1;

	while (whole >= 1000 && u < 5) {
		tenth = whole % 1000 / 100;
		whole /= 1000;
		u++;
	}
	if (u < 0)
		(void)snprintf(out, 8, "%u", (unsigned)whole);
	else if (whole < 100)
		(void)snprintf(out, 8, "%u.%u%c", (unsigned)whole, (unsigned)tenth, unit[u]);
	else
		(void)snprintf(out, 8, "%u%c", (unsigned)(whole % 100000), unit[u]);
}
