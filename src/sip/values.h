/* The values of SIP headers taken apart: lists, addresses, parameters, Via. */
#ifndef REGTOP_SIP_VALUES_H
#define REGTOP_SIP_VALUES_H

#include "sip/message.h"

/* The next element of a comma list, or of a parameter list (";a;b" or "a;b"), trimmed; *rest gets
 * what follows. Separators inside quotes do not separate, nor do commas inside angle brackets.
 * Empty elements are passed over; an empty slice is the end. */
struct slice value_list_next(struct slice *rest);
struct slice value_param_next(struct slice *rest);

/* Splits "Name" <uri>;params or uri;params; uri keeps its bytes. False when brackets or quotes are
 * left open, or a URI that needs the brackets stands without them. */
bool value_split_address(struct slice v, struct slice *uri, struct slice *params);
/* Splits one Via value; false when it names no SIP/2.0, no host, or a port out of range. */
bool value_split_via(struct slice v, struct sip_via *out);

#endif
