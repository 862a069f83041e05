/*
 * A payload as people read it: text, JSON with its structure laid out, or hex. Bytes of strangers
 * stay bytes of strangers: the result goes through draw_untrusted line by line. Pure.
 */
#ifndef MQGP_CORE_MODEL_DECODE_H
#define MQGP_CORE_MODEL_DECODE_H

#include <stdbool.h>

#include "core/base/buf.h"

#define DECODE_MAX 16384 /* bytes of a laid-out value: more than any screen shows */

enum decode_mode { DECODE_AUTO, DECODE_TEXT, DECODE_JSON, DECODE_HEX, DECODE_COUNT };

const char *decode_name(enum decode_mode m); /* "text", "json", "hex"; of AUTO "auto" */
/* What AUTO means for this value. cut: more of it exists, so JSON cannot be complete. */
enum decode_mode decode_guess(struct span value, bool cut);
/* Into out (emptied first); *as says what it became, since JSON that is none comes out as text. JSON
 * and hex are lines separated by LF. Text is one line: LF in it is the stranger's and must be drawn
 * escaped, so that data cannot pretend to be another line. */
enum mq_err decode_value(struct buf *out, struct span value, bool cut, enum decode_mode m,
    enum decode_mode *as);

#endif
