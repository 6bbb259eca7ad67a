/* SPDX-License-Identifier: Apache-2.0 */
/* listen.c: the table of listening sockets, for whoever asked the wrong port. */
#include "fetch/listen.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <ifaddrs.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LISTENING = 0x0a };

/* Tries for one process's descriptors; a machine may have very many. */
enum { MAX_PROCESSES = 4096, MAX_DESCRIPTORS = 4096 };

static bool is_loopback(const char *hex)
{
	uint32_t word;

	/* Words in the machine's byte order, as the kernel prints them. */
	if (strlen(hex) == 8) {
		word = (uint32_t)strtoul(hex, NULL, 16);
		return (ntohl(word) >> 24) == 127;
	}
	word = (uint32_t)strtoul(hex + 24, NULL, 16);
	return strspn(hex, "0") >= 24 && ntohl(word) == 1;
}

/* Adds one line of /proc/net/tcp; a port that is there already keeps the wider address.
 */
static size_t add(struct fetch_listener *list, size_t n, size_t max, const char *line)
{
	struct fetch_listener l = {0};
	char address[33];
	unsigned port, state;

	if (sscanf(line,
		    " %*u: %32[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %x %*s %*s %*s %*u %*u "
		    "%" SCNu64,
		    address, &port, &state, &l.inode) != 4 ||
		state != LISTENING)
		return n;
	l.port = (uint16_t)port;
	l.any = address[strspn(address, "0")] == 0;
	l.loopback = !l.any && is_loopback(address);
	for (size_t i = 0; i < n; i++)
		if (list[i].port == l.port) {
			if (l.any || (l.loopback && !list[i].any))
				list[i] = l;
			return n;
		}
	if (n < max)
		list[n++] = l;
	return n;
}

static size_t read_table(
	const char *path, struct fetch_listener *list, size_t n, size_t max)
{
	FILE *file = fopen(path, "re");
	char line[512];

	while (file && fgets(line, sizeof line, file))
		n = add(list, n, max, line);
	if (file)
		fclose(file);
	return n;
}

static void read_name(const char *pid, char *name, size_t size)
{
	char path[300];
	FILE *file;

	snprintf(path, sizeof path, "/proc/%s/comm", pid);
	file = fopen(path, "re");
	if (file && fgets(name, (int)size, file))
		name[strcspn(name, "\n")] = 0;
	if (file)
		fclose(file);
}

/* Names the sockets that this process holds; its own, and root's for root, can be seen.
 */
static void name_sockets(const char *pid, struct fetch_listener *list, size_t n)
{
	char path[300], link[64];
	DIR *folder;
	const struct dirent *entry;
	int left = MAX_DESCRIPTORS;

	snprintf(path, sizeof path, "/proc/%s/fd", pid);
	folder = opendir(path);
	while (folder && left-- && (entry = readdir(folder))) {
		ssize_t length =
			readlinkat(dirfd(folder), entry->d_name, link, sizeof link - 1);
		uint64_t inode;

		if (length <= 0)
			continue;
		link[length] = 0;
		if (sscanf(link, "socket:[%" SCNu64 "]", &inode) != 1)
			continue;
		for (size_t i = 0; i < n; i++)
			if (list[i].inode == inode && !*list[i].program)
				read_name(pid, list[i].program, sizeof list[i].program);
	}
	if (folder)
		closedir(folder);
}

static int by_port(const void *a, const void *b)
{
	return ((const struct fetch_listener *)a)->port -
	       ((const struct fetch_listener *)b)->port;
}

size_t fetch_listeners(struct fetch_listener *list, size_t max)
{
	size_t n = read_table("/proc/net/tcp", list, 0, max);
	DIR *processes = opendir("/proc");
	const struct dirent *entry;
	int left = MAX_PROCESSES;

	n = read_table("/proc/net/tcp6", list, n, max);
	while (n && processes && left && (entry = readdir(processes)))
		if (isdigit((unsigned char)entry->d_name[0])) {
			name_sockets(entry->d_name, list, n);
			left--;
		}
	if (processes)
		closedir(processes);
	qsort(list, n, sizeof *list, by_port);
	return n;
}

const struct fetch_listener *fetch_listener_guess(
	const struct fetch_listener *list, size_t n)
{
	static const char known[] = " nginx sshd mysqld mariadbd postgres redis-server "
				    "memcached systemd-resolve "
				    "systemd dockerd containerd cupsd apache2 httpd "
				    "haproxy envoy caddy master exim4 "
				    "rpcbind chronyd dnsmasq chromium chrome firefox cpweb ";

	for (size_t i = 0; i < n; i++) {
		char word[sizeof list->program + 3];

		snprintf(word, sizeof word, " %s ", list[i].program);
		if (*list[i].program && (list[i].any || list[i].loopback) &&
			!strstr(known, word))
			return &list[i];
	}
	return NULL;
}

bool fetch_address_is_local(const struct sockaddr *to)
{
	const struct in_addr *four = &((const struct sockaddr_in *)to)->sin_addr;
	const struct in6_addr *six = &((const struct sockaddr_in6 *)to)->sin6_addr;
	struct ifaddrs *all = NULL;
	bool local = to->sa_family == AF_UNIX ||
		     (to->sa_family == AF_INET && (ntohl(four->s_addr) >> 24) == 127) ||
		     (to->sa_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(six));

	if (local || getifaddrs(&all))
		return local;
	for (const struct ifaddrs *i = all; i && !local; i = i->ifa_next) {
		const struct sockaddr *own = i->ifa_addr;

		if (!own || own->sa_family != to->sa_family)
			continue;
		if (to->sa_family == AF_INET)
			local = four->s_addr ==
				((const struct sockaddr_in *)own)->sin_addr.s_addr;
		else if (to->sa_family == AF_INET6)
			local = IN6_ARE_ADDR_EQUAL(
				six, &((const struct sockaddr_in6 *)own)->sin6_addr);
	}
	freeifaddrs(all);
	return local;
}
