/* The sub-commands of mqgp: one function and one option table each, in src/cmd_*.c. */
#ifndef MQGP_SRC_COMMANDS_H
#define MQGP_SRC_COMMANDS_H

#include "src/opts.h"

extern const struct opt watch_options[], claim_options[], edit_options[], renew_options[],
    offer_options[], sign_options[], push_options[], halt_options[], status_options[],
    pin_options[], lint_options[], sign_file_options[], verify_options[], key_list_options[],
    key_import_options[],
    key_export_options[], key_new_options[], log_options[], log_verify_options[],
    doctor_options[], config_options[], dashboard_options[], demo_options[];

int cmd_watch(const struct opts *o);
int cmd_status(const struct opts *o);
int cmd_pin(const struct opts *o);
int cmd_unpin(const struct opts *o);
int cmd_ack(const struct opts *o);
int cmd_demo(const struct opts *o);
int cmd_lint(const struct opts *o);
int cmd_diff(const struct opts *o);
int cmd_sign(const struct opts *o);
int cmd_job(const struct opts *o); /* every act of an owner; told apart by the command's name */
int cmd_verify(const struct opts *o);
int cmd_key_list(const struct opts *o);
int cmd_key_import(const struct opts *o);
int cmd_key_export(const struct opts *o);
int cmd_key_new(const struct opts *o);
int cmd_log(const struct opts *o);
int cmd_log_verify(const struct opts *o);
int cmd_log_export(const struct opts *o);
int cmd_doctor(const struct opts *o);
int cmd_config_show(const struct opts *o);
int cmd_config_test(const struct opts *o);
int cmd_dashboard(const struct opts *o); /* no command at all */
int reset_terminal(void);	    /* --reset-terminal */

#endif
