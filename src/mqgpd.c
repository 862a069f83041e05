/* mqgpd: the gateway daemon, one process a tree. The work is in gw_*.c. */
#include <pthread.h>
#include <signal.h>

#include "core/trust/pgp.h"
#include "core/trust/secret.h"
#include "src/gw.h"

static const struct opts_command commands[] = {
	{ "init", NULL, 0, 0, "make the folder of a gateway, its keys and its claim code",
	    gw_init_options, gw_init },
	{ "run", NULL, 0, 0, "be the gateway", gw_run_options, gw_run },
	{ "show", NULL, 0, 0, "show what one compares before pinning, and the state",
	    gw_show_options, gw_show },
	{ 0 },
};

static const struct opts_program program = {
	.name = "mqgpd",
	.version = MQGP_VERSION,
	.summary = "The gateway of a secured MQTT topic tree.",
	.commands = commands,
};

/* Signals are read with signalfd; they must be blocked before any thread or child exists. */
static void
block_signals(void)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGHUP);
	(void)sigaddset(&set, SIGPIPE);
	(void)pthread_sigmask(SIG_BLOCK, &set, NULL);
}

int
main(int argc, char **argv)
{
	pgp_child_main(argc, argv);
	block_signals();
	secret_harden_process();
	return opts_run(&program, argc, argv);
}
