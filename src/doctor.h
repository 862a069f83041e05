/*
 * mqgp doctor, in parts: cmd_doctor.c runs the checks and tells; doctor_here.c looks at this
 * machine, doctor_state.c at the files of a profile, doctor_pgp.c at gpg, doctor_broker.c at every
 * broker address. Only for those.
 *
 * A check says one line or more; it never stops the others. Each line that is not ok says what to
 * do. Nothing is repaired here.
 */
#ifndef MQGP_SRC_DOCTOR_H
#define MQGP_SRC_DOCTOR_H

#include "core/base/clock.h"
#include "src/setup.h"

#define DOCTOR_LINES_MAX 256 /* 8 brokers, each with what it presents, and some for every file */

enum health { HEALTH_OK, HEALTH_ATTENTION, HEALTH_BAD };

struct doctor_line {
	enum health health;
	const char *what;	  /* "terminal", "gpg", ...: static */
	char text[MQ_ERROR_TEXT]; /* may quote strangers */
	const char *todo;	  /* static; NULL: nothing to do */
};

struct doctor {
	struct setup s;
	const struct config_errors *errors; /* of the configuration */
	struct clock clock;
	int stop; /* readable: end early */
	struct doctor_line *line;
	size_t n;
};

void doctor_say(struct doctor *d, enum health h, const char *what, const char *todo,
    const char *fmt, ...) __attribute__((format(printf, 5, 6)));

void doctor_terminal(struct doctor *d);
void doctor_machine(struct doctor *d);	   /* clock, memory, core dumps */
void doctor_state(struct doctor *d);	   /* state folder and what lies in it */
void doctor_credentials(struct doctor *d); /* password, certificates, keys for the broker */
void doctor_pgp(struct doctor *d);
void doctor_brokers(struct doctor *d);

#endif
