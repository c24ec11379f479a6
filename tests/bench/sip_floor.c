/* The least code that sends and answers SIP over UDP: what probes and registrations are measured
 * against, and with. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BATCH 64
#define SIZE  2048

static char text[BATCH][SIZE];
static struct iovec slots[BATCH];
static struct mmsghdr messages[BATCH];
static struct sockaddr_in peers[BATCH];

static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double cpu_s(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static struct sockaddr_in loopback(unsigned port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return a;
}

static int open_socket(unsigned port)
{
	struct sockaddr_in a = loopback(port);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), size = 4 << 20;

	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0) {
		perror("sip_floor: bind");
		exit(1);
	}
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	return fd;
}

/* Up to BATCH datagrams into text[], with their ends marked; 0 after wait_ms without one. */
static int receive(int fd, int wait_ms)
{
	struct timeval wait = {wait_ms / 1000, wait_ms % 1000 * 1000};
	int n;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	for (int i = 0; i < BATCH; i++) {
		slots[i] = (struct iovec){text[i], SIZE - 1};
		messages[i] = (struct mmsghdr){.msg_hdr = {.msg_iov = &slots[i],
							   .msg_iovlen = 1,
							   .msg_name = &peers[i],
							   .msg_namelen = sizeof(peers[i])}};
	}
	n = recvmmsg(fd, messages, BATCH, MSG_WAITFORONE, NULL);
	for (int i = 0; i < n; i++)
		text[i][messages[i].msg_len] = '\0';
	return n < 0 ? 0 : n;
}

static void send_all(int fd, int n)
{
	for (int done = 0, now; done < n; done += now) {
		now = sendmmsg(fd, messages + done, (unsigned)(n - done), 0);
		if (now <= 0 && errno != EINTR && errno != EAGAIN && errno != ECONNREFUSED)
			exit(1);
		now = now < 0 ? 0 : now;
	}
}

/* A phone that answers every request at once: the request's headers under another first line. */
static int answer(unsigned port)
{
	static char out[BATCH][SIZE];
	int fd = open_socket(port);

	for (;;) {
		int n = receive(fd, 1000);

		for (int i = 0; i < n; i++) {
			const char *rest = strstr(text[i], "\r\n");
			int len = snprintf(out[i], SIZE, "SIP/2.0 200 OK%s", rest ? rest : "\r\n");

			slots[i] = (struct iovec){out[i], len < SIZE ? (size_t)len : SIZE - 1};
		}
		send_all(fd, n);
		if (getppid() == 1)
			return 0;
	}
}

static int silent(unsigned port)
{
	int fd = open_socket(port);

	while (getppid() != 1)
		receive(fd, 1000);
	close(fd);
	return 0;
}

static size_t write_options(char *to, unsigned long i, unsigned local, unsigned port)
{
	return (size_t)snprintf(
		to, SIZE,
		"OPTIONS sip:user%07lu@127.0.0.1:%u SIP/2.0\r\n"
		"Via: SIP/2.0/UDP 127.0.0.1:%u;rport;branch=z9hG4bK%016lx\r\n"
		"Max-Forwards: 70\r\nFrom: <sip:ops@acme.example>;tag=%08lx\r\n"
		"To: <sip:user%07lu@acme.example>\r\nCall-ID: %016lx@127.0.0.1\r\n"
		"CSeq: 1 OPTIONS\r\nContact: <sip:ops@127.0.0.1:%u>\r\nAccept: application/sdp\r\n"
		"User-Agent: floor\r\nContent-Length: 0\r\n\r\n",
		i, port, local, i, i, i, i, local);
}

static size_t write_register(char *to, unsigned long i, unsigned local, unsigned port,
			     unsigned long aors, unsigned long run)
{
	unsigned long aor = i % aors;

	return (size_t)snprintf(
		to, SIZE,
		"REGISTER sip:127.0.0.1:%u SIP/2.0\r\n"
		"Via: SIP/2.0/UDP 127.0.0.1:%u;rport;branch=z9hG4bK%lx.%016lx\r\n"
		"Max-Forwards: 70\r\nFrom: <sip:bench%06lu@127.0.0.1>;tag=%08lx\r\n"
		"To: <sip:bench%06lu@127.0.0.1>\r\nCall-ID: %012lx@127.0.0.1\r\n"
		"CSeq: %lu REGISTER\r\nContact: <sip:bench%06lu@127.0.0.1:%u>;expires=3600\r\n"
		"User-Agent: Yealink SIP-T46S 66.86.0.15\r\nContent-Length: 0\r\n\r\n",
		port, local, run, i, aor, i, aor, aor, run + i / aors, aor, local);
}

struct job {
	bool registers;
	unsigned port;
	unsigned long count, window, aors;
	double rate; /* 0: as fast as answers come */
};

/* When each request was sent; then how long its answer took; 0 for no answer. */
static double *times;

static int by_time(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The number of the request stands at the end of its branch. */
static void note_answer(const char *answer, unsigned long count, double *took, unsigned long *n)
{
	const char *branch = strstr(answer, "branch=z9hG4bK");
	size_t len = branch ? strcspn(branch, ";\r\n ,") : 0;
	unsigned long i = len > 16 ? strtoul(branch + len - 16, NULL, 16) : count;

	if (i < count && times[i] > 0) {
		took[(*n)++] = now_s() - times[i];
		times[i] = 0;
	}
}

/* Sends count requests with at most window unanswered, and tells how they were answered. */
static int ask(const struct job *j)
{
	int fd = open_socket(0);
	struct sockaddr_in to = loopback(j->port), me;
	socklen_t len = sizeof(me);
	unsigned long sent = 0, good = 0, refused = 0, lost = 0;
	unsigned long run = (unsigned long)time(NULL);
	double start = now_s(), cpu = cpu_s(), last = start, *took;
	unsigned long timed = 0;
	unsigned local;

	times = calloc(j->count, sizeof(*times));
	took = calloc(j->count + 1, sizeof(*took));
	if (!times || !took)
		return 1;

	getsockname(fd, (struct sockaddr *)&me, &len);
	local = ntohs(me.sin_port);
	while (good + refused + lost < j->count) {
		unsigned long open = sent - good - refused - lost, n = j->window - open;
		bool wait = false;
		int got;

		if (n > BATCH)
			n = BATCH;
		if (n > j->count - sent)
			n = j->count - sent;
		if (j->rate > 0) {
			double due = (now_s() - start) * j->rate - (double)sent;

			wait = due < 1 && n > 0;
			if (due < (double)n)
				n = due > 0 ? (unsigned long)due : 0;
		}
		for (unsigned long i = 0; i < n; i++, sent++) {
			size_t size = j->registers ? write_register(text[i], sent, local, j->port,
								    j->aors, run)
						   : write_options(text[i], sent, local, j->port);

			times[sent] = now_s();
			slots[i] = (struct iovec){text[i], size};
			messages[i] = (struct mmsghdr){.msg_hdr = {.msg_iov = &slots[i],
								   .msg_iovlen = 1,
								   .msg_name = &to,
								   .msg_namelen = sizeof(to)}};
		}
		if (n > 0)
			send_all(fd, (int)n);
		got = receive(fd, wait ? 2 : 200);
		for (int i = 0; i < got; i++) {
			note_answer(text[i], j->count, took, &timed);
			if (strncmp(text[i], "SIP/2.0 2", 9) == 0)
				good++;
			else if (strncmp(text[i], "SIP/2.0 1", 9) != 0)
				refused++;
		}
		if (got > 0)
			last = now_s();
		else if (now_s() - last > 5 && sent > good + refused + lost)
			lost = sent - good - refused, last = now_s();
	}
	qsort(took, timed, sizeof(*took), by_time);
	printf("median_us %.1f\np99_us %.1f\n", took[timed / 2] * 1e6,
	       took[timed * 99 / 100] * 1e6);
	printf("seconds %.4f\nrate %.1f\ncpu_us %.3f\ngood %lu\nrefused %lu\nlost %lu\n",
	       last - start, (double)(good + refused) / (last - start),
	       (cpu_s() - cpu) * 1e6 / (double)j->count, good, refused, lost);
	free(times);
	free(took);
	return 0;
}

int main(int argc, char **argv)
{
	struct job j = {.window = 512, .aors = 1000};

	if (argc >= 3) {
		j.port = (unsigned)strtoul(argv[2], NULL, 10);
		if (strcmp(argv[1], "answer") == 0)
			return answer(j.port);
		if (strcmp(argv[1], "silent") == 0)
			return silent(j.port);
	}
	if (argc < 5) {
		fprintf(stderr, "usage: sip_floor answer|silent PORT\n"
				"       sip_floor probe PORT COUNT WINDOW\n"
				"       sip_floor register PORT COUNT WINDOW AORS [RATE]\n");
		return 2;
	}
	j.registers = strcmp(argv[1], "register") == 0;
	j.count = strtoul(argv[3], NULL, 10);
	j.window = strtoul(argv[4], NULL, 10);
	if (argc > 5)
		j.aors = strtoul(argv[5], NULL, 10);
	if (argc > 6)
		j.rate = strtod(argv[6], NULL);
	if (j.aors == 0 || j.window == 0)
		return 2;
	return ask(&j);
}
