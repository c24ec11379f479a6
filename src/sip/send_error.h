/* A failed send in words: what ICMP or the kernel said, and who said it. */
#ifndef REGTOP_SIP_SEND_ERROR_H
#define REGTOP_SIP_SEND_ERROR_H

#include "sip/transport.h"

/* "ICMP port unreachable from 192.0.2.1", or the kernel's words for the errno; cut to fit. */
void sip_send_error_words(const struct sip_send_error *e, char *dst, size_t size);

#endif
