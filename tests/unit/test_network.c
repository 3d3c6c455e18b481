/* Chapter 06: subnets, leases, resolv.conf; nothing that needs a network. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "address_pool.h"
#include "link.h"
#include "path.h"
#include "port.h"
#include "resolver.h"
#include "subnet.h"
#include "tap.h"
#include "text.h"

static struct subnet subnet(const char *text)
{
	struct subnet parsed = {0};
	struct error err;

	if (subnet_parse(text, &parsed, &err) < 0)
		printf("# %s\n", err.text);
	return parsed;
}

static struct address address(const char *text)
{
	struct address parsed = {0};

	address_parse(text, &parsed);
	return parsed;
}

static struct route route(const char *text)
{
	struct subnet to = subnet(text);

	return (struct route){subnet_first(&to), to.prefix_length, 1};
}

/* --- subnets ------------------------------------------------------------------------------- */

static void test_parse(void)
{
	static const char *const wrong[] = {"",
					    "172.30.0.0",
					    "172.30.0.0/",
					    "172.30.0.0/31",
					    "172.30.0.0/7",
					    "172.30.0.0/-8",
					    "172.30.0.1/16",
					    "172.30.0/16",
					    "1172.300.100.100/16",
					    "fd00::1/16",
					    "fd00::/7",
					    "fd00::/127",
					    "fd00::",
					    "172.30.0.0/16x"};
	struct subnet parsed = subnet("172.30.0.0/16"), untouched = parsed;
	struct error err;

	is(address_text(parsed.gateway).text, "172.30.0.1", "the gateway is the first host");
	is(address_text(subnet_first(&parsed)).text, "172.30.0.0", "the network's address");
	is(address_text(subnet_last(&parsed)).text, "172.30.255.255", "the broadcast address");
	is(subnet_text(&parsed).text, "172.30.0.0/16", "a subnet as text");
	parsed = subnet("fd00:1::/56");
	is(address_text(parsed.gateway).text, "fd00:1::1", "the same of IPv6");
	is(address_text(subnet_last(&parsed)).text, "fd00:1:0:ff:ffff:ffff:ffff:ffff", "its last");
	ok(subnet_contains(&parsed, address("fd00:1:0:ff::7")) &&
		   !subnet_contains(&parsed, address("fd00:1:0:100::")) &&
		   !subnet_contains(&parsed, address("0.0.0.7")),
	   "what is in it");
	is(address_text(address_next(address("fd00::ffff:ffff"))).text, "fd00::1:0:0", "the next");
	is(address_text(address_next(address("10.0.255.255"))).text, "10.1.0.0", "of IPv4");
	parsed = untouched;
	for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++)
		ok(subnet_parse(wrong[i], &parsed, &err) < 0 && err.code == EINVAL, wrong[i]);
	ok(memcmp(&parsed, &untouched, sizeof(parsed)) == 0, "and nothing is stored then");
}

static void test_choice(void)
{
	struct route items[20] = {{address_any(IPV4), 0, 1}};
	struct routes routes = {items, 1};
	struct subnet chosen;
	struct error err;

	subnet_choose(IPV4, &routes, 0, &chosen, &err);
	is(subnet_text(&chosen).text, "172.30.0.0/16", "a default route is in nobody's way");
	items[routes.count++] = (struct route){address_any(IPV4), 1, 1};
	items[routes.count++] = (struct route){address("128.0.0.0"), 1, 1};
	subnet_choose(IPV4, &routes, 0, &chosen, &err);
	is(subnet_text(&chosen).text, "172.30.0.0/16", "nor is one in two halves, as of a VPN");
	items[routes.count++] = route("172.30.7.0/24");
	subnet_choose(IPV4, &routes, 0, &chosen, &err);
	is(subnet_text(&chosen).text, "172.31.0.0/16", "a route into a part is");
	ok(subnet_choose(IPV4, &routes, 1, &chosen, &err) == 0 && chosen.prefix_length == 16 &&
		   strcmp(subnet_text(&chosen).text, "172.30.0.0/16") == 0,
	   "but not by our own bridge");
	items[routes.count++] = route("172.16.0.0/12");
	subnet_choose(IPV4, &routes, 0, &chosen, &err);
	is(subnet_text(&chosen).text, "192.168.0.0/20", "a wider route is");
	items[routes.count++] = route("192.168.1.0/24");
	subnet_choose(IPV4, &routes, 0, &chosen, &err);
	is(subnet_text(&chosen).text, "192.168.16.0/20", "the next");
	items[routes.count++] = route("192.168.0.0/16");
	ok(subnet_choose(IPV4, &routes, 0, &chosen, &err) < 0 && err.code == EADDRNOTAVAIL,
	   "and at last there is none");
	ok(subnet_choose(IPV6, &routes, 0, &chosen, &err) == 0 && chosen.prefix_length == 64 &&
		   chosen.gateway.bytes[0] == 0xfd && chosen.gateway.bytes[15] == 1,
	   "of IPv6 one in fd00::/8");
	items[0] = (struct route){address("fc00::"), 7, 1};
	ok(subnet_choose(IPV6, &routes, 0, &chosen, &err) < 0,
	   "if there is no route into all of it");
}

/* --- leases -------------------------------------------------------------------------------- */

static bool is_not_dead(void *context, const char *id)
{
	(*(int *)context)++;
	return strcmp(id, "dead") != 0;
}

static const char *lease(const struct address_pool *pool, const char *id)
{
	static struct short_text text;
	struct address address = {0};
	struct error err;

	if (address_pool_lease(pool, id, &address, &err) < 0)
		return err.code == EADDRNOTAVAIL ? "none" : "error";
	text = address_text(address);
	return text.text;
}

/* In 192.0.2.0/29, where c has .2, b .3, f .4, d .5, e .6. */
static void test_wanted(struct address_pool *pool)
{
	struct address wanted = address("192.0.2.3");
	struct error err;

	ok(address_pool_lease(pool, "g", &wanted, &err) < 0 && err.code == EADDRINUSE,
	   "a wanted address that is taken is refused");
	address_pool_release(pool, "b", &err);
	ok(address_pool_lease(pool, "g", &wanted, &err) == 0 &&
		   address_compare(wanted, address("192.0.2.3")) == 0,
	   "and leased when it is free");
	wanted = address("192.0.2.1");
	ok(address_pool_lease(pool, "h", &wanted, &err) < 0, "the gateway's is not");
	wanted = address("192.0.2.7");
	ok(address_pool_lease(pool, "h", &wanted, &err) < 0 && err.code == EINVAL,
	   "nor is the broadcast address");
	address_pool_release(pool, "c", &err);
	address_pool_release(pool, "d", &err);
	pool->range = subnet("192.0.2.4/30");
	is(lease(pool, "i"), "192.0.2.5", "of a range, the lowest of that");
	is(lease(pool, "j"), "none", "and no other");
}

static void test_leases(void)
{
	char dir[] = "/tmp/test-leases-XXXXXX";
	struct address_pool pool = {subnet("192.0.2.0/29"), mkdtemp(dir), -1, NULL, NULL};
	struct leases leases = {0};
	struct error err;
	int asked = 0;

	pool.dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	is(lease(&pool, "a"), "192.0.2.2", "the lowest after the gateway");
	is(lease(&pool, "b"), "192.0.2.3", "the next");
	is(lease(&pool, "dead"), "192.0.2.4", "and the next");
	is_number(address_pool_release(&pool, "a", &err), 0, "one is given back");
	is_number(address_pool_release(&pool, "a", &err), 0, "twice is fine");
	is(lease(&pool, "c"), "192.0.2.2", "and leased again, being the lowest");
	is(lease(&pool, "d"), "192.0.2.5", "those in use are passed over");
	is(lease(&pool, "e"), "192.0.2.6", "up to the last but the broadcast address");
	is(lease(&pool, "f"), "none", "then there is none");
	pool.in_use = is_not_dead;
	pool.context = &asked;
	is(lease(&pool, "f"), "192.0.2.4", "one whose holder is gone is taken over");
	ok(asked > 0, "after asking");
	ok(symlinkat("x", pool.dir_fd, "not-an-address") == 0 &&
		   address_pool_list(&pool, &leases, &err) == 0 && leases.count == 5,
	   "what is no lease is not listed");
	free(leases.items);
	test_wanted(&pool);
	close(pool.dir_fd);
	path_remove_tree(dir, &err);
}

/* --- many at once -------------------------------------------------------------------------- */

#define RUNNERS 20
#define ROUNDS 50

/* Shared by all runners: how many have an address now, of each kind, and what went wrong. */
struct crowd {
	int holders[IP_VERSIONS][64];
	int mistakes;
};

static bool is_alive(void *context, const char *id)
{
	(void)context;
	return kill(atoi(id), 0) == 0;
}

/* Leases an address, and notes that nobody else has it. A runner that dies has given its own back to
 * no one: whoever takes it over finds it noted, unless it is cleared as here. */
static int hold_one(const struct address_pool *pool, const char *id, struct crowd *crowd)
{
	enum ip_version version = address_version(pool->subnet.gateway);
	struct address leased = {0};
	struct error err;
	unsigned last;

	if (address_pool_lease(pool, id, &leased, &err) < 0)
		return -1;
	last = leased.bytes[leased.length - 1];
	if (__atomic_add_fetch(&crowd->holders[version][last], 1, __ATOMIC_SEQ_CST) != 1)
		__atomic_add_fetch(&crowd->mistakes, 1, __ATOMIC_SEQ_CST);
	return (int)last;
}

/* One runner, a process: as containers do, it leases both under the lock, and gives them back under it.
 * Each seventh dies with what it has. */
static void run_around(struct address_pool *pools, unsigned number, struct crowd *crowd)
{
	AUTO_FREE char *id = memory_format("%d", getpid());
	struct error err;

	for (unsigned round = 0; round < ROUNDS; round++) {
		/* A description of its own, or all would have one lock. flock(2) */
		int lock = open(pools->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), last[IP_VERSIONS];

		flock(lock, LOCK_EX);
		for (unsigned i = 0; i < IP_VERSIONS; i++) {
			pools[i].dir_fd = lock;
			last[i] = hold_one(&pools[i], id, crowd);
			if (last[i] < 0)
				__atomic_add_fetch(&crowd->mistakes, 1, __ATOMIC_SEQ_CST);
		}
		flock(lock, LOCK_UN);
		for (unsigned i = 0; i < IP_VERSIONS; i++)
			__atomic_sub_fetch(&crowd->holders[i][last[i]], 1, __ATOMIC_SEQ_CST);
		if (number % 7 == 0 && round == ROUNDS / 2)
			_exit(0);
		flock(lock, LOCK_EX);
		address_pool_release(pools, id, &err);
		close(lock);
	}
	_exit(0);
}

static void test_crowd(void)
{
	char dir[] = "/tmp/test-leases-XXXXXX";
	struct crowd *crowd = mmap(NULL, sizeof(*crowd), PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct address_pool pools[IP_VERSIONS] = {
		{subnet("192.0.2.0/27"), mkdtemp(dir), -1, is_alive, NULL, {{0}, 0}},
		{subnet("fd00::/123"), dir, -1, is_alive, NULL, {{0}, 0}},
	};
	AUTO_CLOSE int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct leases left = {0};
	struct error err;

	for (unsigned i = 0; i < RUNNERS; i++)
		if (fork() == 0)
			run_around(pools, i, crowd);
	while (wait(NULL) > 0)
		;
	is_number(crowd->mistakes, 0, "of 1,000 leases by 20 processes none was given twice");
	pools[0].dir_fd = pools[1].dir_fd = fd;
	address_pool_list(&pools[0], &left, &err);
	ok(left.count <= 3 * IP_VERSIONS, "and none is left but of those who died");
	for (unsigned i = 0; i < 29; i++)
		crowd->mistakes += strcmp(lease(&pools[0], "1"), "none") == 0;
	is_number(crowd->mistakes, 0, "which the next to come have");
	is(lease(&pools[0], "1"), "none", "to the last");
	free(left.items);
	munmap(crowd, sizeof(*crowd));
	path_remove_tree(dir, &err);
}

/* --- resolv.conf --------------------------------------------------------------------------- */

static void test_resolv_conf(void)
{
	static const struct {
		const char *host, *kept;
		int servers;
	} cases[] = {
		{"", "", 0},
		{"nameserver 192.0.2.1\n", "nameserver 192.0.2.1\n", 1},
		{"nameserver 192.0.2.1", "nameserver 192.0.2.1\n", 1},
		{"\t nameserver\t192.0.2.1 \r\n", "nameserver 192.0.2.1\n", 1},
		{"nameserver 127.0.0.53\nnameserver 127.1.2.3\n", "", 0},
		{"nameserver ::1\nnameserver fe80::1%eth0\nnameserver 2001:db8::1\n", "", 0},
		{"nameserver\nnameserver x\nnameserver 1.2.3\n", "", 0},
		{"# c\n; c\n\n  # c\n", "", 0},
		{"search a b\noptions ndots:2\nsortlist 1.2.3.4\n",
		 "search a b\noptions ndots:2\nsortlist 1.2.3.4\n", 0},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		AUTO_TEXT struct text kept = {0};

		is_number(resolver_filter(cases[i].host, &kept), cases[i].servers, "servers left");
		is(text_string(&kept), cases[i].kept, "lines left");
	}
}

/* --- published ports ----------------------------------------------------------------------- */

static void test_ports(void)
{
	static const struct {
		const char *text, *specs;
	} cases[] = {
		{"80", "::80/tcp"},
		{"8080:80", ":8080:80/tcp"},
		{"127.0.0.1::53/UDP", "127.0.0.1::53/udp"},
		{"127.0.0.1:5353:53/udp", "127.0.0.1:5353:53/udp"},
		{"0.0.0.0:80:80", "0.0.0.0:80:80/tcp"},
		{"[fd00::7]:8080:80", "[fd00::7]:8080:80/tcp"},
		{"fd00::7:8080:80", "[fd00::7]:8080:80/tcp"},
		{"[::]::80", "[::]::80/tcp"},
		{"1-2:3-4", ":1:3/tcp :2:4/tcp"},
		{"8000-9000:80", ":8000-9000:80/tcp"},
		{"7-8", "::7/tcp ::8/tcp"},
		{"target=80,published=8080,protocol=sctp", ":8080:80/sctp"},
	};
	static const char *const wrong[] = {"",		"x",	       "0",
					    "65536",	"80/icmp",     "2-1",
					    "1:2:3",	"1-2:1-3",     "target=80,x=1",
					    "[::1:1:2", "[1.2.3.4:1:2"};
	struct error err;

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		AUTO_PORTS struct ports ports = {0};
		AUTO_TEXT struct text specs = {0};

		ports_add(&ports, cases[i].text, &err);
		for (size_t j = 0; j < ports.count; j++) {
			AUTO_FREE char *spec = port_spec(&ports.items[j]);

			text_add_format(&specs, "%s%s", j ? " " : "", spec);
		}
		is(text_string(&specs), cases[i].specs, cases[i].text);
	}
	for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
		AUTO_PORTS struct ports ports = {0};

		ok(ports_add(&ports, wrong[i], &err) < 0 && ports.count == 0, wrong[i]);
	}
}

int main(void)
{
	test_parse();
	test_choice();
	test_ports();
	test_leases();
	test_crowd();
	test_resolv_conf();
	return tap_done();
}
