/* Database addresses: kind://user:password@host:port/database?option=value, taken apart. */
#ifndef REGTOP_SOURCE_SQL_DB_URL_H
#define REGTOP_SOURCE_SQL_DB_URL_H

#include <stdbool.h>
#include "base/err.h"
#include "base/slice.h"

struct db_url;

/* NULL with *e (-EINVAL) when text is none. Blanks in it may be written as %20. */
struct db_url *db_url_parse(const char *text, struct err *e);
void db_url_free(struct db_url *u);
/* Parts, decoded; NULL when they were not given. They live as long as u. */
const char *db_url_kind(const struct db_url *u);
const char *db_url_user(const struct db_url *u);
const char *db_url_password(const struct db_url *u);
const char *db_url_host(const struct db_url *u);
const char *db_url_database(const struct db_url *u);
unsigned db_url_port(const struct db_url *u); /* 0: none */
/* The value of an option; NULL when it was not given. Asking makes it known. */
const char *db_url_option(struct db_url *u, const char *name);
/* Refuses options that nobody asked for. */
int db_url_check_options(const struct db_url *u, struct err *e);
/* "kind://user@host:port/database", without the password, cleaned. */
void db_url_show(const struct db_url *u, char *out, size_t size);

#endif
