#include "ui/stderr_catch.h"

#include <fcntl.h>
#include <unistd.h>

#define PIPE_BYTES (1 << 20) /* what may be written between two looks; as much as Linux gives */

void
stderr_catch_init(struct stderr_catch *s)
{
	*s = (struct stderr_catch){ -1, -1, -1 };
}

void
stderr_catch_begin(struct stderr_catch *s)
{
	int fd[2];

	if (s->saved >= 0 || !isatty(STDERR_FILENO))
		return;
	if (s->read_fd < 0) {
		if (pipe2(fd, O_CLOEXEC | O_NONBLOCK) != 0)
			return;
		s->read_fd = fd[0];
		s->write_fd = fd[1];
		(void)fcntl(fd[1], F_SETPIPE_SZ, PIPE_BYTES); /* a smaller one loses more lines */
	}
	s->saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (s->saved >= 0)
		(void)dup2(s->write_fd, STDERR_FILENO); /* both are open */
}

void
stderr_catch_end(struct stderr_catch *s)
{
	if (s->saved < 0)
		return;
	(void)dup2(s->saved, STDERR_FILENO); /* both are open */
	(void)close(s->saved);		     /* a copy */
	s->saved = -1;
}

void
stderr_catch_done(struct stderr_catch *s)
{
	stderr_catch_end(s);
	if (s->read_fd >= 0) {
		(void)close(s->read_fd); /* a pipe has nothing to flush */
		(void)close(s->write_fd);
	}
	stderr_catch_init(s);
}

size_t
stderr_catch_read(struct stderr_catch *s, char *out, size_t size)
{
	ssize_t n = s->read_fd < 0 ? 0 : read(s->read_fd, out, size);

	return n > 0 ? (size_t)n : 0;
}
