/*
 * SIGTERM, SIGINT and SIGHUP as a descriptor, for commands that wait.
 *
 * The signals are blocked since the start of main; a command that was told to go ends its waiting
 * with MQ_ECANCEL. Main thread only.
 */
#ifndef MQGP_SRC_STOP_H
#define MQGP_SRC_STOP_H

/* Readable as soon as one of the signals came; -1 without descriptors (then nothing ends a wait). */
int stop_open(void);
/* Closes it. The exit status: EXIT_GOOD if SIGTERM asked for the end, else status. */
int stop_close(int fd, int status);

#endif
