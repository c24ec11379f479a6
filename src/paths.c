/* Where regtop keeps its own files. */
#include "paths.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/alloc.h"
#include "base/slice.h"

/* mkdir -p; only the last folder is private, those above follow the umask. */
static int make_folders(const char *path)
{
	char *copy = xstrdup(path);
	int rc = 0;

	for (char *p = copy + 1; rc == 0; p++) {
		char was = *p;

		if (was != '/' && was != '\0')
			continue;
		*p = '\0';
		if (mkdir(copy, was ? 0755 : 0700) < 0 && errno != EEXIST)
			rc = -errno;
		*p = was;
		if (was == '\0')
			break;
	}
	free(copy);
	return rc;
}

static const char *home_folder(void)
{
	const char *home = getenv("HOME");
	const struct passwd *pw;

	if (home && home[0] == '/')
		return home;
	pw = getpwuid(geteuid());
	return pw ? pw->pw_dir : "/nonexistent";
}

static char *state_folder(void)
{
	const char *xdg = getenv("XDG_STATE_HOME");

	if (xdg && xdg[0] == '/')
		return xasprintf("%s/regtop", xdg);
	/* One journal for all who become root on this switch, whatever HOME sudo left them. */
	if (geteuid() == 0)
		return xstrdup("/var/lib/regtop");
	return xasprintf("%s/.local/state/regtop", home_folder());
}

char *paths_state_file(const char *name, struct err *e)
{
	char *folder = state_folder(), *path = NULL;
	int rc = make_folders(folder);

	if (rc < 0)
		err_set(e, rc, "Set XDG_STATE_HOME to a folder that you can write to.",
			"the state directory %s cannot be made: %s", folder, strerror(-rc));
	else
		path = xasprintf("%s/%s", folder, name);
	free(folder);
	return path;
}

char *paths_config_file(void)
{
	const char *xdg = getenv("XDG_CONFIG_HOME");
	char *path = xdg && xdg[0] == '/'
			     ? xasprintf("%s/regtop/regtop.conf", xdg)
			     : xasprintf("%s/.config/regtop/regtop.conf", home_folder());

	if (access(path, F_OK) == 0)
		return path;
	free(path);
	return access("/etc/regtop.conf", F_OK) == 0 ? xstrdup("/etc/regtop.conf") : NULL;
}
