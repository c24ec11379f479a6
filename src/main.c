/* The door: reads the command line, finds the sub-command, and turns its result into the exit
 * status. */
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include "cli/cli.h"
#include "options.h"

int main(int argc, char **argv)
{
	struct options o;
	struct err e;
	int rc;

	setlocale(LC_ALL, "");
	/* Numbers in JSON, CSV and SIP have a point, whatever the locale. */
	setlocale(LC_NUMERIC, "C");
	/* A reader that went away is told by write(), not by a signal in mid-action. */
	signal(SIGPIPE, SIG_IGN);
	/* So is a file that has reached its limit (ulimit -f). */
	signal(SIGXFSZ, SIG_IGN);
	rc = options_parse(argc, argv, &o, &e);
	if (rc == 0)
		rc = options_read_config(&o, &e);
	if (rc == 0) {
		rc = o.command->run(&o);
	} else if (rc > 0) {
		rc = REGTOP_OK; /* --help or --version: printed, done */
	} else {
		err_print(&e);
		rc = REGTOP_USAGE;
	}
	/* A full disk or a closed pipe behind stdout must not look like success. */
	if (fflush(stdout) != 0 && rc == REGTOP_OK)
		rc = REGTOP_INCOMPLETE;
	options_free(&o);
	return rc;
}
