/*
 * A fingerprint as a picture that the eye can compare: the bishop's walk that OpenSSH made known,
 * over the bytes of the fingerprint. Pure. Two equal pictures are no proof; the hex digits are.
 */
#ifndef MQGP_SRC_RANDOMART_H
#define MQGP_SRC_RANDOMART_H

#include "core/conf/conf.h"

#define RANDOMART_W 17
#define RANDOMART_H 9
#define RANDOMART_SIZE ((RANDOMART_H + 2) * (RANDOMART_W + 3) + 1) /* frame, line ends, NUL */

void randomart(const uint8_t *p, size_t n, const char *title, char out[RANDOMART_SIZE]);
void randomart_of_gateway(const struct conf_gateway *g, char out[RANDOMART_SIZE]);

#endif
