/* Where regtop keeps its own files. */
#ifndef REGTOP_PATHS_H
#define REGTOP_PATHS_H

#include "base/err.h"

/* Path of a file in the state directory, which is made (0700) when it is missing:
 * $XDG_STATE_HOME/regtop, else /var/lib/regtop for root and ~/.local/state/regtop for others.
 * Caller frees. NULL with *e when it cannot be made. */
char *paths_state_file(const char *name, struct err *e);
/* The configuration file: $XDG_CONFIG_HOME/regtop/regtop.conf, else that in ~/.config, else
 * /etc/regtop.conf, whichever is there. Caller frees; NULL when there is none. */
char *paths_config_file(void);
#endif
