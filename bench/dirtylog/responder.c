/* The least that answers a mirror's dirty-log requests, for comparison: no bitmap, no checks, one mirror, all in sync.
 *
 *   responder REGION_SECTORS REGIONS          answers from descriptor 3
 *   responder REGION_SECTORS REGIONS DEVICE   is a server on the kernel's connector; a flush after a change writes a
 *                                             block of DEVICE and waits for fdatasync(2), as cmirrord writes its log
 *   responder drive COUNT REQUESTS COMMAND... starts a server on descriptor 3, sends it the requests of a file in turn,
 *                                             and prints its processor time and the round trip, in nanoseconds
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/connector.h>
#include <linux/dm-log-userspace.h>
#include <linux/netlink.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ROOM 1024
#define SETUP 2
#define BLOCK 4096

struct message {
	struct nlmsghdr netlink;
	struct cn_msg connector;
	struct dm_ulog_request request;
} __attribute__((packed));

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static int open_connector(void)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK };
	int group = CN_IDX_DM, fd = socket(AF_NETLINK, SOCK_DGRAM, NETLINK_CONNECTOR);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) ||
	    setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)))
		fail("connector");
	return fd;
}

static int put64(struct message *message, uint64_t first, uint64_t second, int count)
{
	uint64_t values[2] = { first, second };

	memcpy(message + 1, values, count * 8);
	return count * 8;
}

static int is_changed;

static void keep(int log)
{
	static char block[BLOCK];

	if (!is_changed || log < 0)
		return;
	is_changed = 0;
	block[0]++;
	if (pwrite(log, block, BLOCK, 0) != BLOCK || fdatasync(log))
		fail("log");
}

/* Answers in place; the size of the reply. */
static int answer(struct message *message, uint64_t region_sectors, uint64_t regions, int log)
{
	int size = 0;

	switch (message->request.request_type & DM_ULOG_REQUEST_MASK) {
	case DM_ULOG_GET_REGION_SIZE: size = put64(message, region_sectors, 0, 1); break;
	case DM_ULOG_IN_SYNC: size = put64(message, 1, 0, 1); break;
	case DM_ULOG_GET_SYNC_COUNT: size = put64(message, regions, 0, 1); break;
	case DM_ULOG_GET_RESYNC_WORK: size = put64(message, 0, 0, 2); break;
	case DM_ULOG_IS_REMOTE_RECOVERING: size = put64(message, 0, regions, 2); break;
	case DM_ULOG_STATUS_INFO: memcpy(message + 1, "1 core", 6); size = 6; break;
	case DM_ULOG_MARK_REGION:
	case DM_ULOG_CLEAR_REGION: is_changed = 1; break;
	case DM_ULOG_FLUSH: keep(log); break;
	}
	message->request.error = 0;
	message->request.data_size = size;
	message->connector.len = sizeof(message->request) + size;
	message->netlink.nlmsg_len = sizeof(*message) + size;
	return sizeof(*message) + size;
}

static void serve(int fd, uint64_t region_sectors, uint64_t regions, int log)
{
	char bytes[ROOM];
	struct message *message = (struct message *)bytes;
	struct pollfd wanted = { .fd = fd, .events = POLLIN };

	for (;;) {
		ssize_t length = recv(fd, bytes, ROOM, MSG_DONTWAIT);

		if (length == 0)
			return;
		if (length < 0) {
			poll(&wanted, 1, 1000);
			continue;
		}
		if (length < (ssize_t)sizeof(*message) || message->connector.id.idx != CN_IDX_DM)
			continue;
		if (send(fd, bytes, answer(message, region_sectors, regions, log), 0) < 0)
			fail("send");
	}
}

static uint64_t nanoseconds(clockid_t clock)
{
	struct timespec time;

	if (clock_gettime(clock, &time))
		fail("clock");
	return time.tv_sec * 1000000000ull + time.tv_nsec;
}

static int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void exchange(int fd, const char *request, uint32_t length)
{
	char reply[ROOM];

	if (send(fd, request, length, 0) < 0 || recv(fd, reply, ROOM, 0) <= 0)
		fail("exchange");
}

static void drive(int count, const char *path, char **command)
{
	static char requests[1 << 20];
	char *places[4096];
	uint32_t lengths[4096];
	int ends[2], file = open(path, O_RDONLY), kinds = 0;
	ssize_t bytes = file < 0 ? -1 : read(file, requests, sizeof(requests));
	uint64_t *trips = malloc(count * sizeof(*trips)), cpu;
	clockid_t clock;
	pid_t child;

	if (bytes < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends))
		fail("drive");
	for (ssize_t at = 0; at < bytes; at += 4 + lengths[kinds++]) {
		memcpy(&lengths[kinds], requests + at, 4);
		places[kinds] = requests + at + 4;
	}
	child = fork();
	if (child == 0) {
		fcntl(ends[0], F_SETFD, FD_CLOEXEC);
		dup2(ends[1], 3);
		execvp(command[0], command);
		fail(command[0]);
	}
	close(ends[1]);
	for (int index = 0; index < SETUP; index++)
		exchange(ends[0], places[index], lengths[index]);
	kinds -= SETUP;
	/* As many before: what compiles while it runs has done so then. */
	for (int index = 0; index < count; index++)
		exchange(ends[0], places[SETUP + index % kinds], lengths[SETUP + index % kinds]);
	if (clock_getcpuclockid(child, &clock))
		fail("clock_getcpuclockid");
	cpu = nanoseconds(clock);
	for (int index = 0; index < count; index++) {
		uint64_t start = nanoseconds(CLOCK_MONOTONIC);

		exchange(ends[0], places[SETUP + index % kinds], lengths[SETUP + index % kinds]);
		trips[index] = nanoseconds(CLOCK_MONOTONIC) - start;
	}
	cpu = nanoseconds(clock) - cpu;
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	qsort(trips, count, sizeof(*trips), by_size);
	printf("{\"cpuNs\":%llu,\"tripNs\":%llu}\n", (unsigned long long)cpu / count, (unsigned long long)trips[count / 2]);
}

int main(int argc, char **argv)
{
	uint64_t region_sectors, regions;

	if (argc >= 5 && strcmp(argv[1], "drive") == 0) {
		drive(atoi(argv[2]), argv[3], argv + 4);
		return 0;
	}
	if (argc < 3)
		return 1;
	region_sectors = strtoull(argv[1], NULL, 0);
	regions = strtoull(argv[2], NULL, 0);
	if (argc == 3) {
		serve(3, region_sectors, regions, -1);
	} else {
		int fd = open_connector(), log = open(argv[3], O_RDWR);

		if (log < 0)
			fail(argv[3]);
		puts("ready");
		fflush(stdout);
		serve(fd, region_sectors, regions, log);
	}
	return 0;
}
