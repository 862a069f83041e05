/*
 * A real mosquitto for tests: own folder in /tmp, own configuration, on 127.0.0.1 at a port that
 * was free a moment ago, ended by its pid. Certificates are made by the openssl command.
 */
#ifndef MQGP_TESTS_UNIT_LIB_BROKER_H
#define MQGP_TESTS_UNIT_LIB_BROKER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct broker_options {
	bool tls;	    /* DIR/ca.pem signed DIR/server.pem for localhost and 127.0.0.1 */
	const char *names;  /* of the server certificate; NULL: DNS:localhost,IP:127.0.0.1 */
	bool client_certs;  /* demanded; DIR/client.pem and client.key (passphrase "open sesame") */
	const char *user;   /* NULL: anybody may connect */
	const char *password;
	const char *acl;    /* text of an acl_file, or NULL */
	const char *extra;  /* more lines of mosquitto.conf, or NULL */
};

struct broker {
	char dir[64];
	uint16_t port;
	pid_t pid;
	char url[64]; /* mqtt://127.0.0.1:PORT or mqtts://localhost:PORT */
};

/* A port of 127.0.0.1 that nobody listens on. */
uint16_t free_port(void);
/* True when it answers. On false everything is cleaned up. */
bool broker_start(struct broker *b, const struct broker_options *o);
void broker_kill(struct broker *b);    /* SIGKILL */
bool broker_restart(struct broker *b); /* after broker_kill: same port, same files */
void broker_stop(struct broker *b);    /* ends it and removes its folder; once is enough */
/* DIR/name in a static buffer of the caller. */
const char *broker_file(const struct broker *b, const char *name, char out[128]);
/* Makes DIR/name.pem and name.key signed by DIR/ca.pem (made if needed). */
bool make_certificate(const char *dir, const char *name, const char *alt_names,
    const char *passphrase);

#endif
