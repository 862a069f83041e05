#include "core/net/mqtt_int.h"

#include <stdio.h>

static const char *const event_names[] = {
	[MQTT_EVENT_CONNECTING] = "connecting",
	[MQTT_EVENT_CERTIFICATE] = "certificate",
	[MQTT_EVENT_CONNECTED] = "connected",
	[MQTT_EVENT_REFUSED] = "refused",
	[MQTT_EVENT_LOST] = "lost",
	[MQTT_EVENT_SUBSCRIBED] = "subscribed",
	[MQTT_EVENT_DENIED] = "denied",
	[MQTT_EVENT_PUBLISHED] = "published",
	[MQTT_EVENT_UNPUBLISHED] = "unpublished",
	[MQTT_EVENT_ROOM] = "room",
	[MQTT_EVENT_STOPPED] = "stopped",
};

const char *
mqtt_event_name(enum mqtt_event_kind k)
{
	return event_names[k];
}

/* What an operator can do something about; everything else is named by its number. */
static const struct {
	int version; /* 0: in every version */
	int code;
	const char *words;
} sentences[] = {
	{ 4, 1, "the broker does not speak MQTT 3.1.1" },
	{ 4, 2, "the broker does not accept our client id" },
	{ 4, 3, "the broker says that it is not available now" },
	{ 4, 4, "the broker does not accept user and password: check user and password-file" },
	{ 4, 5, "the broker does not let us in: check user, password-file and its access rules" },
	{ 5, 0x01, "the broker does not speak MQTT 5" },
	{ 0, 0x80, "the broker refused without saying why" },
	{ 0, 0x81, "the broker says that we sent a malformed packet" },
	{ 0, 0x82, "the broker says that we broke the protocol" },
	{ 0, 0x83, "the broker's configuration forbids it" },
	{ 0, 0x84, "the broker does not speak MQTT 5" },
	{ 0, 0x85, "the broker does not accept our client id" },
	{ 0, 0x86, "the broker does not accept user and password: check user and password-file" },
	{ 0, 0x87, "the broker's access rules do not allow it: check user and its rules" },
	{ 0, 0x88, "the broker says that it is not available now" },
	{ 0, 0x89, "the broker is busy" },
	{ 0, 0x8a, "the broker has banned this client" },
	{ 0, 0x8b, "the broker shuts down" },
	{ 0, 0x8d, "the broker heard nothing from us for too long" },
	{ 0, 0x8e, "another client took our client id" },
	{ 0, 0x8f, "the broker does not accept this topic filter" },
	{ 0, 0x90, "the broker does not accept this topic name" },
	{ 0, 0x93, "the broker's receive maximum was exceeded" },
	{ 0, 0x95, "the message is larger than the broker allows" },
	{ 0, 0x96, "the broker says that we send too fast" },
	{ 0, 0x97, "a quota of the broker is used up" },
	{ 0, 0x98, "the broker's administrator ended the connection" },
	{ 0, 0x99, "the broker does not accept this payload" },
	{ 0, 0x9a, "the broker does not store retained messages" },
	{ 0, 0x9b, "the broker does not allow this QoS" },
	{ 0, 0x9c, "the broker says: use another server" },
	{ 0, 0x9d, "the broker says: the server has moved" },
	{ 0, 0x9e, "the broker has no shared subscriptions" },
	{ 0, 0x9f, "the broker's limit of connections per time was exceeded" },
	{ 0, 0xa2, "the broker has no wildcard subscriptions" },
};

void
mqtt_code_words(char *out, size_t size, int code, int version, const char *user)
{
	const char *found = NULL;

	for (size_t i = 0; i < sizeof sentences / sizeof sentences[0] && found == NULL; i++)
		if (sentences[i].code == code &&
		    (sentences[i].version == 0 || sentences[i].version == version))
			found = sentences[i].words;
	if (code < 0)
		(void)snprintf(out, size, "the connection ended before it was answered");
	else if (found == NULL)
		(void)snprintf(out, size, "the broker refused with code %d", code);
	else
		(void)snprintf(out, size, "%s%s%s (code %d)", found, *user != 0 ? "; user " : "", user,
		    code);
}
