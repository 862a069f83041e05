/* mqgp: the dashboard and the owner's tools. */
#include <stdio.h>

int
main(void)
{
	(void)puts("mqgp " MQGP_VERSION);
	return 0;
}
