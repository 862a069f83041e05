/*
 * The small canonical notations of the protocol: decimal, hex, base64, percent, time.
 *
 * Every reader takes bytes with a length, accepts exactly one spelling and rejects everything
 * else: no sign, no leading zero, no blank, no other case, no trailing byte. Pure; any thread.
 */
#ifndef MQGP_CORE_BASE_TEXT_H
#define MQGP_CORE_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/buf.h"

#define TEXT_TIME_MAX 21 /* "2026-11-20T10:00:00Z" and NUL */

/* "0" or digits without a leading zero, at most max. PROTOCOL 3.3 u32 is text_u64(s, UINT32_MAX). */
bool text_u64(struct span s, uint64_t max, uint64_t *out);
bool text_u32(struct span s, uint32_t *out);
/* Exactly n bytes from 2n hex digits of one case ('a' or 'A'). */
bool text_unhex(struct span s, char letter_case, uint8_t *out, size_t n);
/* Writes 2n digits and a NUL. */
void text_hex(char *out, const uint8_t *p, size_t n);
void text_hex_upper(char *out, const uint8_t *p, size_t n);
bool text_is_hex(struct span s, char letter_case, size_t digits);
/* Standard base64 with padding and zero pad bits, nothing else. Appends to out. */
bool text_unbase64(struct span s, struct buf *out);
enum mq_err text_base64(struct buf *out, const uint8_t *p, size_t n);
/* "YYYY-MM-DDTHH:MM:SSZ", a real Gregorian date, years 2000..2105; Unix seconds. PROTOCOL 3.3. */
bool text_time(struct span s, int64_t *out);
void text_put_time(char out[TEXT_TIME_MAX], int64_t unix_seconds);
/* Unix milliseconds as "2026-11-20T19:42:07.123Z" (25 bytes with NUL). */
void text_put_time_ms(char out[26], int64_t unix_ms);
/* "3 d 4 h", "2 min 5 s", "0.4 s": a duration for people, at most 16 bytes with NUL. */
void text_duration(char out[16], int64_t ms);
/* "984", "12.4k", "3.1M": a count for people in at most 6 columns. */
void text_count(char out[8], uint64_t n);

#endif
