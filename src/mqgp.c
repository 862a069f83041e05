/* mqgp: the dashboard and the owner's tools. One table of commands; the work is in cmd_*.c. */
#include <pthread.h>
#include <signal.h>

#include "core/trust/pgp.h"
#include "core/trust/secret.h"
#include "src/commands.h"

static const struct opt global_options[] = {
	{ "profile", 'p', "NAME", "the profile of the configuration to use" },
	{ "config", 0, "FILE", "read this configuration file" },
	{ 0 },
};

static const struct opts_command commands[] = {
	{ "watch", "[URL] [TREE...]", 0, OPTS_MANY, "judge and print messages, without a screen",
	    watch_options, cmd_watch },
	{ "claim", "[URL] TREE", 0, 2, "own a gateway that has no owner yet", claim_options, cmd_job },
	{ "edit", "[URL] TREE", 0, 2, "change a conf: edit, check, sign, push", edit_options, cmd_job },
	{ "renew", "[URL] TREE", 0, 2, "new dates for a conf", renew_options, cmd_job },
	{ "rekey", "[URL] TREE", 0, 2, "a new epoch key; what a new owner must do", renew_options,
	    cmd_job },
	{ "offer", "[URL] TREE", 0, 2, "hand a tree over: signed by you, waits for the new owner",
	    offer_options, cmd_job },
	{ "accept", "[URL] TREE", 0, 2, "take an offered tree over", sign_options, cmd_job },
	{ "cosign", "[URL] TREE", 0, 2, "sign a proposal as one more owner", sign_options, cmd_job },
	{ "lint", "FILE", 1, 1, "every error of a conf or bundle", lint_options, cmd_lint },
	{ "diff", "OLD NEW", 2, 2, "what one conf changes about another, in words", lint_options,
	    cmd_diff },
	{ "sign", "FILE", 1, 1, "add your signature to a conf or bundle, offline", sign_file_options,
	    cmd_sign },
	{ "push", "[URL] TREE", 0, 2, "go on with what is signed, or publish a signed bundle",
	    push_options, cmd_job },
	{ "cancel", "[URL] TREE", 0, 2, "void an offer, or drop what was never published",
	    renew_options, cmd_job },
	{ "halt", "[URL] TREE", 0, 2, "stop a gateway", halt_options, cmd_job },
	{ "status", "[URL] [TREE...]", 0, OPTS_MANY, "what trees are, whose turn it is", status_options,
	    cmd_status },
	{ "pin", "[URL] TREE", 1, 2, "trust a tree's gateway after comparing its fingerprint",
	    pin_options, cmd_pin },
	{ "unpin", "[URL] TREE", 1, 2, "forget that trust", pin_options, cmd_unpin },
	{ "ack", "[URL] TREE", 1, 2, "acknowledge a sticky state", pin_options, cmd_ack },
	{ "verify", "FILE", 1, 1, "judge a bundle or an evidence file, offline", verify_options,
	    cmd_verify },
	{ "key list", NULL, 0, 0, "your own keys, and those a profile knows", key_list_options,
	    cmd_key_list },
	{ "key import", "FILE", 1, 1, "keep a public certificate with a profile", key_import_options,
	    cmd_key_import },
	{ "key export", "FPR", 1, 1, "print a public certificate", key_export_options, cmd_key_export },
	{ "key new", NULL, 0, 0, "make a key of your own", key_new_options, cmd_key_new },
	{ "log", "[URL | FILE]", 0, 2, "the audit log, newest last", log_options, cmd_log },
	{ "log verify", "[URL | FILE]", 0, 2, "is the audit log whole?", log_verify_options,
	    cmd_log_verify },
	{ "log export", "[URL | FILE]", 0, 2, "all of the audit log as JSON lines", NULL,
	    cmd_log_export },
	{ "doctor", "[URL]", 0, 1, "what would go wrong here, and what to do", doctor_options,
	    cmd_doctor },
	{ "config show", NULL, 0, 0, "effective values and where they come from", config_options,
	    cmd_config_show },
	{ "config test", NULL, 0, 0, "every error of the configuration", config_options,
	    cmd_config_test },
	{ "demo", NULL, 0, 0, "all of it on a private broker, with throw-away keys", demo_options,
	    cmd_demo },
	{ 0 },
};

static const struct opts_command dashboard = { NULL, "[URL] [TREE...]", 0, OPTS_MANY,
	"the dashboard", dashboard_options, cmd_dashboard };

static const struct opts_program program = {
	.name = "mqgp",
	.version = MQGP_VERSION,
	.summary = "The dashboard for secured MQTT topic trees, and the tools of their owners.",
	.global = global_options,
	.commands = commands,
	.fallback = &dashboard,
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
	(void)sigaddset(&set, SIGXFSZ); /* a file that may not grow is an error, not an end */
	(void)pthread_sigmask(SIG_BLOCK, &set, NULL);
}

int
main(int argc, char **argv)
{
	pgp_child_main(argc, argv);
	block_signals();
	secret_harden_process(); /* also those that only look may hold epoch keys */
	return opts_run(&program, argc, argv);
}
