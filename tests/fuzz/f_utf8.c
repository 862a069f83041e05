/* Whatever bytes come in, what is put on a screen holds no code point that could move a cursor,
 * hide, or change its neighbours. The list of ranges is written out here on purpose, and is not
 * the table under test. */
#include <string.h>

#include "core/base/utf8.h"
#include "tests/fuzz/fuzz.h"

static bool
is_dangerous(uint32_t cp)
{
	static const struct {
		uint32_t first, last;
	} ranges[] = {
		{ 0x0000, 0x001f }, { 0x007f, 0x009f }, { 0x00ad, 0x00ad }, { 0x034f, 0x034f },
		{ 0x061c, 0x061c }, { 0x115f, 0x1160 }, { 0x17b4, 0x17b5 }, { 0x180b, 0x180f },
		{ 0x200b, 0x200f }, { 0x2028, 0x202e }, { 0x2060, 0x206f }, { 0x3164, 0x3164 },
		{ 0xd800, 0xf8ff }, { 0xfdd0, 0xfdef }, { 0xfe00, 0xfe0f }, { 0xfeff, 0xfeff },
		{ 0xffa0, 0xffa0 }, { 0xfff0, 0xfffb }, { 0xfffe, 0xffff }, { 0x1bca0, 0x1bca3 },
		{ 0x1d173, 0x1d17a }, { 0xe0000, 0xe0fff }, { 0xf0000, 0xffffffff },
	};

	for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++)
		if (cp >= ranges[i].first && cp <= ranges[i].last)
			return true;
	return (cp & 0xfffe) == 0xfffe;
}

static void
check_shown(struct span shown, bool ascii_only)
{
	int marks = 3; /* as if two sat on a base already: the text must begin with its own base */
	enum utf8_kind kind;
	uint32_t cp;
	int width;

	require(utf8_valid(shown));
	while (shown.n != 0) {
		size_t used = utf8_next(shown, &cp, &kind, &width);

		require(used != 0 && used <= shown.n);
		require(kind == UTF8_PLAIN || kind == UTF8_COMBINING);
		require(!is_dangerous(cp));
		require(!ascii_only || (cp >= 0x20 && cp <= 0x7e));
		marks = kind == UTF8_COMBINING ? marks + 1 : 0;
		require(marks <= 2);
		shown.p += used;
		shown.n -= used;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct span s = { data, n };
	char fixed[40];
	struct buf out;

	buf_init(&out, n * 10 + 16);
	require(utf8_put_safe(&out, s, false) == MQ_OK);
	check_shown(buf_span(&out), false);
	buf_reset(&out);
	require(utf8_put_safe(&out, s, true) == MQ_OK);
	check_shown(buf_span(&out), true);
	buf_done(&out);
	for (size_t size = 1; size <= sizeof fixed; size += 3) {
		memset(fixed, 0xff, sizeof fixed);
		utf8_safe(fixed, size, s);
		require(memchr(fixed, 0, size) != NULL);
		check_shown(span_of(fixed), false);
	}
	return 0;
}
