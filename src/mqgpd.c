/* mqgpd: the gateway daemon, one process a tree. */
#include <stdio.h>

int
main(void)
{
	(void)puts("mqgpd " MQGP_VERSION);
	return 0;
}
