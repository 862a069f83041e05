#include "src/osc52.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "ui/term_restore.h"

#define SEQUENCE_MAX (2 * OSC52_MAX + 64)

enum mq_err
osc52_put(struct buf *out, struct span text, const char *term)
{
	/* screen hands on what stands between ESC P and ESC \; tmux knows the sequence itself */
	bool wrapped = term != NULL && strncmp(term, "screen", 6) == 0 && getenv("TMUX") == NULL;

	if (text.n > OSC52_MAX)
		return MQ_ELIMIT;
	(void)buf_puts(out, wrapped ? "\033P\033]52;c;" : "\033]52;c;"); /* errors stick in out->err */
	(void)text_base64(out, text.p, text.n);
	return buf_puts(out, wrapped ? "\a\033\\" : "\a");
}

void
osc52_send(int fd, struct span text)
{
	struct buf b;

	buf_init(&b, SEQUENCE_MAX);
	if (osc52_put(&b, text, getenv("TERM")) == MQ_OK)
		term_restore_write(fd, (const char *)b.p, b.n);
	buf_done(&b);
}
