/*
 * The shipped mqgpd as a process on a real broker, and owner A who talks to it through MQTT.
 */
#ifndef MQGP_TESTS_UNIT_LIB_MQGPD_H
#define MQGP_TESTS_UNIT_LIB_MQGPD_H

#include <sys/types.h>

#include "core/wire/receipt.h"
#include "tests/unit/lib_broker.h"
#include "tests/unit/lib_link.h"
#include "tests/unit/lib_owner.h"

#define MQGPD_TREE "plant/unit1"

struct mqgpd {
	struct broker broker;
	char dir[32], state[48], fifo[48];
	int fifo_fd; /* held open, so that lines outlive a gateway that was killed */
	pid_t pid;   /* 0: not running */
	struct conf_gateway identity;
	uint8_t data_pk[32], claim[32];
	struct buf own_key;
	struct link link;
	struct owner a;
	struct buf body;
	struct conf *conf; /* as published last */
	uint8_t epoch_secret[32];
	struct receipt said; /* the newest receipt */
};

/* Runs the program with these words behind its name until it ends; its exit status. What it wrote
 * to standard output (and error) is appended to out, if given. */
int mqgpd_command(struct buf *out, const char *const *words);
/* Starts broker and owner, and initialises the gateway; nothing runs yet. */
void mqgpd_open(struct mqgpd *m);
void mqgpd_close(struct mqgpd *m);
/* Starts `run` with the FIFO as source. crash_at: a step, or NULL. */
void mqgpd_start(struct mqgpd *m, const char *crash_at);
void mqgpd_start_with(struct mqgpd *m, const char *crash_at, const char *source);
int mqgpd_wait(struct mqgpd *m); /* until it ends by itself; exit status or 128 + signal */
int mqgpd_term(struct mqgpd *m); /* SIGTERM, then the same */

void mqgpd_genesis(struct mqgpd *m); /* drafts the first conf; publishes certificate and blob */
void mqgpd_next(struct mqgpd *m);    /* drafts the successor of the one published last */
void mqgpd_rekey(struct mqgpd *m);
void mqgpd_push(struct mqgpd *m);    /* signs the draft; log/<n> and secure */
void mqgpd_halt(struct mqgpd *m);
/* Waits for a receipt with this state for the conf published last. */
void mqgpd_expect(struct mqgpd *m, enum gateway_state state);
/* Writes a line into the FIFO that is the source. */
void mqgpd_feed(struct mqgpd *m, const char *value);
/* The same, and waits for the value, opened under the last conf. */
void mqgpd_value_arrives(struct mqgpd *m, const char *value);
/* Waits for one data message on TREE/subtopic and opens it. */
void mqgpd_read_value(struct mqgpd *m, const char *subtopic, const char *value);

#endif
