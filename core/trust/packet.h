/*
 * Headers of OpenPGP packets and lengths of subpackets (RFC 4880).
 *
 * What the strict readers in front of gpg have in common. Pure, allocation-free, bounded by the
 * reader it is given.
 */
#ifndef MQGP_CORE_TRUST_PACKET_H
#define MQGP_CORE_TRUST_PACKET_H

#include "core/base/buf.h"

#define PACKET_PKESK 1	   /* session key for a public key */
#define PACKET_SIGNATURE 2
#define PACKET_SKESK 3	   /* session key for a passphrase */
#define PACKET_SED 9	   /* encrypted without integrity protection */
#define PACKET_SEIPD 18	   /* encrypted and integrity protected */

struct packet_head {
	unsigned tag;
	bool definite; /* false: partial or indeterminate length, n is 0 */
	uint32_t n;    /* octets of content, not yet compared with what is left */
};

/* Reads one packet header, old or new format. False: no packet begins here, or it is cut. */
bool packet_head(struct rd *r, struct packet_head *out);
/* Reads the length of a subpacket: 1, 2 or 5 octets. */
bool packet_sublength(struct rd *r, uint32_t *n);

#endif
