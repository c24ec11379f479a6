/* What channels that are files share: sockets and FIFOs looked at, and words for what is wrong with
 * them. */
#include "source/rpc/channel_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *channel_server(enum control_flavour f)
{
	return f == CONTROL_KAMAILIO ? "Kamailio" : "OpenSIPS";
}

int channel_file_check(const char *path, mode_t type)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return -errno;
	if ((st.st_mode & S_IFMT) != type)
		return -EPROTOTYPE;
	return access(path, W_OK) < 0 ? -errno : 0;
}

int channel_file_tell(const struct channel_file *f, int code, struct err *e)
{
	char hint[200];

	switch (-code) {
	case ENOENT:
	case ENOTDIR:
		snprintf(hint, sizeof(hint),
			 "Is %s running, with %s? Name its %s with --control %s.", f->server,
			 f->needs, f->what, f->place);
		return err_set(e, -ENOENT, hint, "There is no %s %s.", f->what, f->shown);
	case ECONNREFUSED:
	case ENXIO:
		snprintf(hint, sizeof(hint), "Is %s running?", f->server);
		return err_set(e, -ECONNREFUSED, hint, "Nobody listens on the %s %s.", f->what,
			       f->shown);
	case EACCES:
	case EPERM:
		snprintf(hint, sizeof(hint), "Run regtop as root or as a member of %s's group.",
			 f->server);
		return err_set(e, -EACCES, hint, "The %s %s may not be used by this user.", f->what,
			       f->shown);
	case EPROTOTYPE:
	case ENOTSOCK:
		return err_set(e, -EPROTOTYPE,
			       f->server[0] == 'K'
				       ? "Kamailio's datagram socket is unix:PATH, its ctl socket "
					 "ctl:PATH, its FIFO fifo:PATH."
				       : "OpenSIPS's datagram socket is unix:PATH, its FIFO "
					 "fifo:PATH.",
			       "%s %s.", f->shown, f->not_this);
	case EAGAIN:
	case ENOBUFS:
		return err_set(e, -EAGAIN, "The registrar is busy or hangs; try again.",
			       "The %s %s takes no more requests.", f->what, f->shown);
	case EMSGSIZE:
		return err_set(e, code, NULL, "The request is longer than the %s %s can take.",
			       f->what, f->shown);
	default:
		return err_set(e, code, NULL, "The %s %s: %s.", f->what, f->shown, strerror(-code));
	}
}
