#include "ui/advice.h"

static const char unused[] = "It does not prove where it comes from. Its value is not used.";

static const char *const advice[V_COUNT] = {
	[V_MALFORMED_TOPIC] = "No client may use such a topic name. It was counted and not kept.",
	[V_OVERSIZE] = "Too large to be looked at. Its length was noted; its value is not used.",
	[V_RATE_LIMITED] = "More arrived at once than may be checked. What was not examined is not "
			   "shown as a value; the next message will be.",
	[V_BROKER_CLAIM] = "The broker says this about itself. Nobody signed it.",
	[V_PLAIN] = "Nobody secured this topic. Anybody who may publish here can write what it says.",
	[V_INFO] = "A copy for people and tools that cannot check signatures. Never evidence: the "
		   "signed conf is the one that counts.",
	[V_INFO_MISMATCH] = "The unprotected copy differs from the signed conf. Somebody changed it, or "
			    "the gateway has not renewed it yet. The signed conf is the one that counts.",
	[V_LINK_HINT] = "The broker published this for the gateway when its link went down. It is a hint "
			"and no proof.",
	[V_CLEARED] = "Somebody emptied this topic. What was verified before stays known here.",
	[V_UNSIGNED] = "This tree is secured, and this message is not. Somebody who may publish at the "
		       "broker wrote it. Its value is not used.",
	[V_MALFORMED] = "It looks like a protected message and breaks the rules of its form. Damaged on "
			"the way, or made up. Its value is not used.",
	[V_NEEDS_CONF] = "It names a revision that is not known here yet. It is judged again as soon as "
			 "that revision has been verified.",
	[V_DOWNGRADE] = "It is protected more weakly than the owners demand. Its value is not used.",
	[V_UNKNOWN_KEY] = "The key that made it is not one the owners of this tree authorised. Its value "
			  "is not used.",
	[V_NEEDS_KEY] = "The key to check or open it is not held here, or is locked. It says nothing "
			"about the message itself.",
	[V_BAD_SIG] = "The bytes are not what was signed: forged, or changed on the way. Its value is "
		      "not used.",
	[V_DECRYPT_FAIL] = "It does not open with the key of this tree: forged, or changed on the way. "
			   "Its value is not used.",
	[V_WRONG_TOPIC] = "An authentic message of another topic was published here. Somebody moved it. "
			  "Its value is not used.",
	[V_STALE_REV] = "It was made under a revision that is over. The gateway has not taken up the new "
			"one, or an old message was kept back. Its value is not used.",
	[V_EQUIVOCATION] = "The gateway's key made two different messages with one number. Treat the "
			   "key as compromised: halt the tree and rotate it.",
	[V_REPLAY] = "An authentic message was sent again. The broker, or somebody who may publish here, "
		     "repeated it. Its value is not used.",
	[V_DUPLICATE] = "The same message arrived once more, as happens on bad links. It counts once.",
	[V_OVER_POLICY] = "It is authentic, and more than the owners allow here. Its value is not used.",
	[V_VERIFIED_GROUP] = "Somebody who holds the epoch key of this tree made it: the gateway, or "
			     "one of its readers.",
	[V_VERIFIED_SEALED] = "The gateway signed it. Its content is sealed to readers, and this one "
			      "is none of them.",
	[V_VERIFIED] = "The gateway of this tree made it, under the conf its owners signed.",
	[V_SYS_ERROR] = "It could not be checked on this machine. It says nothing about the message; "
			"the log says what is missing.",
};

const char *
advice_of(enum verdict v)
{
	if (v > V_NONE && v < V_COUNT && advice[v] != NULL)
		return advice[v];
	return verdict_class(v) == CLASS_BAD ? unused : verdict_sentence(v);
}
