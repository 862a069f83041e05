/* Commands whose tables stand and whose work follows. */
#include "src/commands.h"
#include "src/setup.h"

const struct opt doctor_options[] = { { "json", 'j', NULL, "answer with one JSON object" }, { 0 } };

static int
soon(const struct opts *o)
{
	return opts_usage(o, "this command is not built yet");
}

int cmd_doctor(const struct opts *o) { return soon(o); }
