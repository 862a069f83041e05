/* Broker addresses: what is accepted must read the same from what is printed. */
#include <stdio.h>
#include <string.h>

#include "core/net/url.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char address[URL_HOST_MAX + 16], again[URL_HOST_MAX + URL_USER_MAX + 32];
	struct mq_error e;
	struct url u, back;

	if (url_read(&u, (struct span){ data, n }, &e) != MQ_OK)
		return 0;
	url_put_address(address, sizeof address, &u);
	(void)snprintf(again, sizeof again, "mqtt%s://%s%s%s", u.tls ? "s" : "", u.user,
	    u.user[0] != 0 ? "@" : "", address);
	require(u.port != 0 && memchr(data, 0, n) == NULL);
	require(url_read(&back, span_of(again), NULL) == MQ_OK);
	require(strcmp(back.host, u.host) == 0 && strcmp(back.user, u.user) == 0);
	require(back.port == u.port && back.tls == u.tls);
	return 0;
}
