/* What regtop check found out, printed for a person from what it prints as JSON. */
#ifndef REGTOP_CLI_CHECK_REPORT_H
#define REGTOP_CLI_CHECK_REPORT_H

#include <jansson.h>

/* Prints the report to stdout: one line for each thing that was looked at. */
void check_report_print(const json_t *report);

#endif
