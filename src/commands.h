/* The sub-commands of mqgp: one function and one option table each, in src/cmd_*.c. */
#ifndef MQGP_SRC_COMMANDS_H
#define MQGP_SRC_COMMANDS_H

#include "src/opts.h"

extern const struct opt watch_options[], claim_options[], edit_options[], renew_options[],
    offer_options[], sign_options[], push_options[], halt_options[], status_options[],
    pin_options[];

int cmd_watch(const struct opts *o);
int cmd_status(const struct opts *o);
int cmd_pin(const struct opts *o);
int cmd_unpin(const struct opts *o);
int cmd_ack(const struct opts *o);
int cmd_job(const struct opts *o); /* every act of an owner; told apart by the command's name */

#endif
