/* mqgp demo: the main job on a private broker with throw-away keys; nothing of the user is touched. */
#include <string.h>
#include <unistd.h>

#include "src/commands.h"
#include "src/demo_run.h"

const struct opt demo_options[] = {
	{ "as", 0, "a|b", "join the demo that runs, as owner A or B" },
	{ 0 },
};

int
cmd_demo(const struct opts *o)
{
	const char *as = opts_value(o, "as");

	if (as != NULL && strcmp(as, "a") != 0 && strcmp(as, "b") != 0)
		return opts_usage(o, "--as takes 'a' or 'b'");
	if (as != NULL)
		return demo_join(as[0]);
	return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) ? demo_interactive() :
							       demo_headless();
}
