/* A FIFO into which a registrar writes one answer: made, shared with it alone, read, and always
 * removed. */
#include "source/rpc/reply_fifo.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/alloc.h"
#include "base/hash.h"
#include "base/slice.h"
#include "base/strbuf.h"

#define PREFIX "regtop_reply_"
/* A folder with more entries is not searched: that would take too long for the loop. */
#define SWEEP_ENTRIES 20000
/* Older than any request. */
#define SWEEP_AGE_S 60
/* The most that an unprivileged process may ask for: the registrar writes it in one go and serves
 * its next client, instead of waiting for us (facts/kamailio-opensips 3.2). */
#define PIPE_SIZE (1 << 20)

static bool in_group(gid_t wanted)
{
	gid_t groups[256];
	int n = getgroups(256, groups);

	if (wanted == getegid())
		return true;
	for (int i = 0; i < n; i++)
		if (groups[i] == wanted)
			return true;
	return false;
}

/* The registrar's FIFO belongs to the user it runs as, or, when it was started as root and gave
 * that up afterwards, to root: then nobody can tell who will write. Who else might do so does not
 * know the id that the answer must bear. */
static int share(int fd, const struct stat *server)
{
	uid_t me = geteuid();

	if (server->st_uid != 0 && server->st_uid == me)
		return 0;
	if (me == 0 && server->st_uid != 0)
		return fchown(fd, server->st_uid, server->st_gid) < 0 ? -errno : 0;
	if (me != 0 && server->st_gid != 0 && in_group(server->st_gid) &&
	    fchown(fd, (uid_t)-1, server->st_gid) == 0)
		return fchmod(fd, 0620) < 0 ? -errno : 0;
	return fchmod(fd, 0622) < 0 ? -errno : 0;
}

int reply_fifo_open(struct reply_fifo *r, const char *folder, const struct stat *server)
{
	struct strbuf path = STRBUF_INIT;
	struct stat st;
	char token[20];
	int rc = 0;

	random_token(token, sizeof(token) - 1);
	*r = REPLY_FIFO_NONE;
	snprintf(r->name, sizeof(r->name), PREFIX "%s", token);
	strbuf_addf(&path, "%s/%s", folder, r->name);
	if (mkfifo(strbuf_str(&path), 0600) < 0) {
		rc = -errno;
		strbuf_free(&path);
		return rc;
	}
	r->path = strbuf_take(&path);
	r->fd = open(r->path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	if (r->fd < 0 || fstat(r->fd, &st) < 0)
		rc = -errno;
	else if (!S_ISFIFO(st.st_mode) || st.st_uid != geteuid())
		rc = -EPERM; /* another one's took its place */
	else
		rc = share(r->fd, server);
	if (rc < 0)
		reply_fifo_close(r);
	else
		fcntl(r->fd, F_SETPIPE_SZ, PIPE_SIZE);
	return rc;
}

void reply_fifo_unlink(struct reply_fifo *r)
{
	if (r->path)
		unlink(r->path);
	free(r->path);
	r->path = NULL;
}

void reply_fifo_close(struct reply_fifo *r)
{
	reply_fifo_unlink(r);
	if (r->fd >= 0)
		close(r->fd);
	r->fd = -1;
}

void reply_fifo_sweep(const char *folder, int64_t now_s)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	struct stat st;

	if (!dir)
		return;
	for (int i = 0; i < SWEEP_ENTRIES && (entry = readdir(dir)); i++)
		if (slice_starts_with(slice_of(entry->d_name), PREFIX) &&
		    fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISFIFO(st.st_mode) && st.st_mtime < now_s - SWEEP_AGE_S)
			/* In a shared folder others' cannot be removed, by its sticky bit. */
			unlinkat(dirfd(dir), entry->d_name, 0);
	closedir(dir);
}
