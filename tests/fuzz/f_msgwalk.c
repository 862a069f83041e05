/* Any bytes as an encrypted message: what passes begins with a session key for a public key. */
#include <stdlib.h>

#include "core/trust/msgwalk.h"
#include "core/trust/packet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rd r = rd_of(data, size);
	struct packet_head h;
	size_t n = 0;

	if (msgwalk_read((struct span){ data, size }, &n) == NULL &&
	    (n == 0 || n > MSGWALK_RECIPIENTS_MAX || !packet_head(&r, &h) || h.tag != PACKET_PKESK))
		abort();
	return 0;
}
