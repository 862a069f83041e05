/* mqgp without a command. */
#include "src/commands.h"

const struct opt bare_options[] = {
	{ "reset-terminal", 0, NULL, "give back a terminal that a killed program left behind" },
	{ 0 },
};

int
cmd_bare(const struct opts *o)
{
	return opts_given(o, "reset-terminal") ? reset_terminal() : opts_usage(o, "which command?");
}
