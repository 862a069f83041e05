#include "core/trust/msgwalk.h"

#include "core/trust/packet.h"

const char *
msgwalk_read(struct span message, size_t *recipients)
{
	struct rd r = rd_of(message.p, message.n);
	struct packet_head h;
	const uint8_t *body;
	size_t n = 0;

	for (;;) {
		if (!packet_head(&r, &h))
			return "not an OpenPGP message";
		if (h.tag != PACKET_PKESK)
			break;
		if (!h.definite || !rd_bytes(&r, h.n, &body))
			return "a session key packet is cut";
		if (++n > MSGWALK_RECIPIENTS_MAX)
			return "too many recipients";
	}
	if (h.tag == PACKET_SKESK)
		return "encrypted with a passphrase";
	if (h.tag != PACKET_SEIPD && h.tag != PACKET_SED)
		return "not encrypted";
	if (n == 0)
		return "encrypted to no public key";
	*recipients = n;
	return NULL;
}
