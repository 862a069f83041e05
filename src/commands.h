/* The sub-commands of mqgp: one function and one option table each, in src/cmd_*.c. */
#ifndef MQGP_SRC_COMMANDS_H
#define MQGP_SRC_COMMANDS_H

#include "src/opts.h"

extern const struct opt watch_options[];
int cmd_watch(const struct opts *o);

#endif
