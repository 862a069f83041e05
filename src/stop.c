#include "src/stop.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "src/setup.h"

int
stop_open(void)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGHUP);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int
stop_close(int fd, int status)
{
	struct signalfd_siginfo info;

	if (fd < 0)
		return status;
	if (read(fd, &info, sizeof info) == sizeof info && info.ssi_signo == SIGTERM)
		status = EXIT_GOOD;
	(void)close(fd);
	return status;
}
