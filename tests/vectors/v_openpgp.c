#include "tests/vectors/vectors.h"

/* Judged once the module under test is there. */

enum vector_result
vector_openpgp(const struct vector_case *c, struct buf *diff)
{
	(void)c;
	(void)buf_puts(diff, "no judge yet");
	return VECTOR_NOT_JUDGED;
}
