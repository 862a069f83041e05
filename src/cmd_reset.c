/* mqgp --reset-terminal: gives back a terminal that a killed program left in full-screen mode. */
#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "src/commands.h"
#include "src/setup.h"
#include "ui/term_curses.h"
#include "ui/term_restore.h"

/* What every shell expects; control characters stay as they are. */
static enum mq_err
sane_settings(int fd, struct mq_error *e)
{
	struct termios t;

	if (tcgetattr(fd, &t) != 0)
		return mq_fail_errno(e, MQ_EIO, "cannot read the terminal's settings");
	t.c_iflag |= BRKINT | ICRNL | IXON;
	t.c_iflag &= ~(tcflag_t)(IGNBRK | INLCR | IGNCR | ISTRIP);
	t.c_oflag |= OPOST | ONLCR;
	t.c_lflag |= ISIG | ICANON | IEXTEN | ECHO | ECHOE | ECHOK;
	t.c_lflag &= ~(tcflag_t)(NOFLSH | ECHONL);
	if (tcsetattr(fd, TCSANOW, &t) != 0)
		return mq_fail_errno(e, MQ_EIO, "cannot change the terminal's settings");
	return MQ_OK;
}

int
reset_terminal(void)
{
	int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	struct mq_error e;
	struct buf bytes;
	enum mq_err r;

	if (fd < 0) {
		setup_complain("there is no terminal to reset");
		return EXIT_SYSTEM;
	}
	buf_init(&bytes, TERM_RESTORE_MAX);
	if ((r = sane_settings(fd, &e)) == MQ_OK &&
	    (r = term_curses_reset_bytes(NULL, &bytes, NULL, &e)) == MQ_OK)
		term_restore_write(fd, (const char *)bytes.p, bytes.n);
	if (r != MQ_OK)
		setup_complain(e.text);
	buf_done(&bytes);
	(void)close(fd);
	return r == MQ_OK ? EXIT_GOOD : EXIT_SYSTEM;
}
