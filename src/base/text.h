/* Cleaning of outside text, display width, and the words for times and durations. */
#ifndef REGTOP_BASE_TEXT_H
#define REGTOP_BASE_TEXT_H

#include <stdint.h>
#include "base/slice.h"
#include "base/strbuf.h"

/* THE function between outside text and any frame, file or message. Appends s to out as valid
 * UTF-8; C0, C1, DEL, bidirectional and other invisible format controls, and invalid UTF-8 are
 * each replaced by U+FFFD ('?' when ascii_only, which also replaces all that is not ASCII).
 * Returns true when something had to be replaced: show a mark then. */
bool text_clean(struct slice s, bool ascii_only, struct strbuf *out);
/* The same into a caller's buffer, cut at a character boundary; always NUL-terminated. */
bool text_clean_buf(struct slice s, char *dst, size_t size);
/* True when text_clean() would change nothing. */
bool text_is_clean(struct slice s);

/* Decodes one code point from s; *len gets the bytes used (>= 1 when s is not empty).
 * Invalid bytes give U+FFFD and length 1. */
uint32_t text_decode(struct slice s, size_t *len);
/* Encodes cp; returns the number of bytes (1 to 4). */
size_t text_encode(uint32_t cp, char out[4]);
/* Appends s with U+FFFD for each byte that is not UTF-8, and otherwise as it is. */
void text_add_utf8(struct slice s, struct strbuf *out);
/* Columns that a code point takes on a terminal: 0 (combining), 1 or 2 (wide). Own table, so
 * that frames do not depend on the locale. */
int text_cp_width(uint32_t cp);
/* Columns of cleaned UTF-8 text. */
size_t text_width(struct slice s);

/* "2031-05-07T03:12:40Z" from Unix seconds; out has room for 24 bytes; returns out. */
char *text_rfc3339(int64_t unix_s, char out[24]);
/* The same with milliseconds, room for 28 bytes. */
char *text_rfc3339_ms(int64_t unix_ms, char out[28]);
/* RFC 3339 UTC text to Unix milliseconds; false when it is not one. */
bool text_parse_rfc3339(struct slice s, int64_t *unix_ms);
/* Seconds as a person reads them, at most 7 columns: "9s", "4m05s", "1h02m", "3d04h", with a
 * leading '-' when negative. out has room for 16 bytes; returns out. */
char *text_duration(int64_t seconds, char out[16]);
/* "90", "90s", "5m", "2h", "1d", "1h30m" to seconds; false when it is none of these. A leading
 * '-' is allowed. */
bool text_parse_duration(struct slice s, int64_t *seconds);

#endif
