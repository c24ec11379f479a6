/* What the kernel says of TCP connections, and when one only looks open. */
#include "test.h"

#include <errno.h>
#include <linux/filter.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <unistd.h>
#include "base/tcp_state.h"

struct pair {
	int listener, near, far;
	struct netaddr near_addr, far_addr;
};

static void name_of(int fd, bool peer, struct netaddr *out)
{
	out->len = sizeof(out->ss);
	assert_int_equal((peer ? getpeername : getsockname)(fd, &out->sa, &out->len), 0);
}

static bool open_pair(struct pair *p, const char *host)
{
	struct netaddr a;

	assert_int_equal(netaddr_parse(slice_of(host), 0, &a), 0);
	p->listener = socket(a.sa.sa_family, SOCK_STREAM, 0);
	if (p->listener < 0 || bind(p->listener, &a.sa, a.len) < 0)
		return false;
	assert_int_equal(listen(p->listener, 1), 0);
	name_of(p->listener, false, &a);
	p->near = socket(a.sa.sa_family, SOCK_STREAM, 0);
	assert_int_equal(connect(p->near, &a.sa, a.len), 0);
	p->far = accept(p->listener, NULL, NULL);
	assert_true(p->far >= 0);
	name_of(p->near, false, &p->near_addr);
	name_of(p->near, true, &p->far_addr);
	return true;
}

static void close_pair(struct pair *p)
{
	close(p->near);
	close(p->far);
	close(p->listener);
}

/* The kernel of the other side drops what comes in, as a NAT that forgot the connection does. */
static void stop_hearing(int fd)
{
	struct sock_filter nothing = BPF_STMT(BPF_RET | BPF_K, 0);
	struct sock_fprog program = {.len = 1, .filter = &nothing};

	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)),
			 0);
}

static void both_ends_are_found(const char *host)
{
	struct tcp_state s;
	struct pair p;

	if (!open_pair(&p, host)) {
		print_message("# %s is not here\n", host);
		return;
	}
	assert_int_equal(tcp_state_find(&p.near_addr, &p.far_addr, &s), 0);
	assert_true(s.known && s.established);
	assert_int_equal(s.send_queue, 0);
	assert_int_equal(s.retransmits, 0);
	assert_true(s.rto_ms >= 200);
	assert_false(tcp_state_half_open(&s));
	assert_int_equal(tcp_state_find(&p.far_addr, &p.near_addr, &s), 0);
	assert_true(s.established);
	close_pair(&p);
	assert_int_equal(tcp_state_find(&p.near_addr, &p.far_addr, &s), 0);
	assert_true(s.known);
	assert_false(s.established);
}

TEST(a_connection_is_found_by_its_two_addresses)
{
	UNUSED_STATE;
	both_ends_are_found("127.0.0.1");
	both_ends_are_found("::1");
}

TEST(without_a_local_address_the_port_and_the_peer_tell)
{
	struct netaddr any;
	struct tcp_state s;
	struct pair p;

	UNUSED_STATE;
	assert_true(open_pair(&p, "127.0.0.1"));
	assert_int_equal(netaddr_parse(slice_of("0.0.0.0"), netaddr_port(&p.far_addr), &any), 0);
	assert_int_equal(tcp_state_find(&any, &p.near_addr, &s), 0);
	assert_true(s.established);
	assert_int_equal(tcp_state_find(NULL, &p.near_addr, &s), 0);
	assert_true(s.established);
	netaddr_set_port(&any, 1);
	assert_int_equal(tcp_state_find(&any, &p.near_addr, &s), 0);
	assert_true(s.known);
	assert_false(s.established);
	close_pair(&p);
}

/* What only listens there is no connection. */
TEST(a_listener_is_not_a_connection)
{
	struct netaddr peer;
	struct tcp_state s;
	struct pair p;

	UNUSED_STATE;
	assert_true(open_pair(&p, "127.0.0.1"));
	assert_int_equal(netaddr_parse(slice_of("127.0.0.9"), 9, &peer), 0);
	assert_int_equal(tcp_state_find(&p.far_addr, &peer, &s), 0);
	assert_true(s.known);
	assert_false(s.established);
	assert_true(s.listening);
	assert_int_equal(tcp_state_find(&p.far_addr, &p.near_addr, &s), 0);
	assert_false(s.listening);
	close_pair(&p);
	assert_int_equal(tcp_state_find(&p.far_addr, &peer, &s), 0);
	assert_false(s.listening);
}

TEST(who_listens_everywhere_says_nothing_of_another_machine)
{
	struct netaddr any, there, peer;
	struct tcp_state s;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	UNUSED_STATE;
	assert_int_equal(netaddr_parse(slice_of("0.0.0.0"), 0, &any), 0);
	assert_int_equal(bind(fd, &any.sa, any.len), 0);
	assert_int_equal(listen(fd, 1), 0);
	name_of(fd, false, &any);
	assert_int_equal(netaddr_parse(slice_of("127.0.0.9"), 9, &peer), 0);
	assert_int_equal(netaddr_parse(slice_of("127.0.0.1"), netaddr_port(&any), &there), 0);
	assert_int_equal(tcp_state_find(&there, &peer, &s), 0);
	assert_true(s.listening);
	assert_int_equal(netaddr_parse(slice_of("192.0.2.77"), netaddr_port(&any), &there), 0);
	assert_int_equal(tcp_state_find(&there, &peer, &s), 0);
	assert_false(s.listening);
	close(fd);
}

TEST(addresses_of_two_families_are_refused)
{
	struct netaddr four, six, none = {.len = 0};
	struct tcp_state s;

	UNUSED_STATE;
	assert_int_equal(netaddr_parse(slice_of("127.0.0.1"), 1, &four), 0);
	assert_int_equal(netaddr_parse(slice_of("::1"), 1, &six), 0);
	assert_int_equal(tcp_state_find(&four, &six, &s), -EINVAL);
	assert_false(s.known);
	assert_int_equal(tcp_state_find(&four, &none, &s), -EINVAL);
}

TEST(a_connection_that_nobody_acknowledges_is_half_open)
{
	char words[TCP_STATE_WORDS];
	struct tcp_state s;
	struct pair p;

	UNUSED_STATE;
	assert_true(open_pair(&p, "127.0.0.1"));
	stop_hearing(p.far);
	assert_int_equal(write(p.near, "OPTIONS", 7), 7);
	assert_int_equal(tcp_state_find(&p.near_addr, &p.far_addr, &s), 0);
	assert_int_equal(s.send_queue, 7);
	/* Once lost is nothing. */
	assert_false(tcp_state_half_open(&s));
	for (int i = 0; i < 200 && !tcp_state_half_open(&s); i++) {
		poll(NULL, 0, 50);
		assert_int_equal(tcp_state_find(&p.near_addr, &p.far_addr, &s), 0);
	}
	assert_true(tcp_state_half_open(&s));
	assert_true(s.established);
	assert_true(s.unacked > 0);
	tcp_state_half_open_words(&s, words);
	assert_non_null(strstr(words, "half-open: 7 bytes wait, sent again "));
	/* Its other side has nothing on the way, and looks well. */
	assert_int_equal(tcp_state_find(&p.far_addr, &p.near_addr, &s), 0);
	assert_false(tcp_state_half_open(&s));
	close_pair(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_connection_is_found_by_its_two_addresses),
		T(without_a_local_address_the_port_and_the_peer_tell),
		T(a_listener_is_not_a_connection),
		T(who_listens_everywhere_says_nothing_of_another_machine),
		T(addresses_of_two_families_are_refused),
		T(a_connection_that_nobody_acknowledges_is_half_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
