/* SPDX-License-Identifier: Apache-2.0 */
/* Binding, who has a port that is taken, and addresses that can be opened. */
#include "cpweb/listen.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

bool listener_parse(const char *address, char host[256], uint16_t *ret_port)
{
	const char *colon = strrchr(address, ':'), *port = address;
	size_t n = 0;
	unsigned long value = 0;

	if (colon) {
		port = colon + 1;
		n = (size_t)(colon - address);
		if (n > 1 && address[0] == '[' && address[n - 1] == ']') {
			address++;
			n -= 2;
		} else if (memchr(address, ':', n)) {
			return false;
		}
	}
	if (n >= 256 || strspn(port, "0123456789") != strlen(port) || strlen(port) > 5 ||
		(!colon && !*port))
		return false;
	value = strtoul(port, NULL, 10);
	if (value > 65535)
		return false;
	memcpy(host, address, n);
	host[n] = 0;
	*ret_port = (uint16_t)value;
	return true;
}

/* Who listens ----------------------------------------------------------------------- */

/* The inode of a listening socket of this port, from /proc/net/tcp or tcp6; 0: none. */
static unsigned long listening_inode(const char *table, uint16_t port)
{
	FILE *f = fopen(table, "re");
	unsigned long inode = 0;
	char line[512];

	while (f && !inode && fgets(line, sizeof line, f)) {
		unsigned here, state;
		unsigned long found;

		if (sscanf(line,
			    " %*d: %*[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %x %*s %*s %*s "
			    "%*s %*s %lu",
			    &here, &state, &found) == 3 &&
			here == port && state == 0x0a)
			inode = found;
	}
	if (f)
		fclose(f);
	return inode;
}

static bool has_socket(const char *pid, unsigned long inode)
{
	char path[64], link[64], wanted[64];
	struct dirent *entry;
	bool found = false;
	DIR *dir;

	snprintf(path, sizeof path, "/proc/%.20s/fd", pid);
	snprintf(wanted, sizeof wanted, "socket:[%lu]", inode);
	dir = opendir(path);
	while (dir && !found && (entry = readdir(dir))) {
		ssize_t n = readlinkat(dirfd(dir), entry->d_name, link, sizeof link - 1);

		found = n > 0 && (size_t)n == strlen(wanted) &&
			!memcmp(link, wanted, (size_t)n);
	}
	if (dir)
		closedir(dir);
	return found;
}

static void read_comm(const char *pid, char *comm, size_t size)
{
	char path[64];
	FILE *f;

	snprintf(path, sizeof path, "/proc/%.20s/comm", pid);
	f = fopen(path, "re");
	if (!f || !fgets(comm, (int)size, f))
		snprintf(comm, size, "a program");
	comm[strcspn(comm, "\n")] = 0;
	for (char *p = comm; *p; p++)
		if (!isprint((unsigned char)*p))
			*p = '?';
	if (f)
		fclose(f);
}

/* "pprof (pid 812)", or that it cannot be seen who it is. */
static void who_has(uint16_t port, char *who, size_t size)
{
	unsigned long inode = listening_inode("/proc/net/tcp", port);
	struct dirent *entry;
	char comm[64];
	DIR *proc;

	if (!inode)
		inode = listening_inode("/proc/net/tcp6", port);
	snprintf(who, size, "another program");
	proc = inode ? opendir("/proc") : NULL;
	while (proc && (entry = readdir(proc)))
		if (isdigit((unsigned char)entry->d_name[0]) &&
			has_socket(entry->d_name, inode)) {
			read_comm(entry->d_name, comm, sizeof comm);
			snprintf(who, size, "%s (pid %.20s)", comm, entry->d_name);
			break;
		}
	if (proc)
		closedir(proc);
}

/* Binding --------------------------------------------------------------------------- */

/* Returns 0 or errno. */
static int bind_one(struct listener *l, const struct sockaddr *address, socklen_t n)
{
	int fd =
		socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int on = 1, off = 0, error;

	if (fd < 0)
		return errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (address->sa_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, l->all ? &off : &on, sizeof on);
	if (!bind(fd, address, n) && !listen(fd, 128)) {
		l->fd[l->n++] = fd;
		return 0;
	}
	error = errno;
	close(fd);
	return error;
}

static uint16_t port_of(int fd)
{
	struct sockaddr_storage bound;
	socklen_t n = sizeof bound;

	if (getsockname(fd, (struct sockaddr *)&bound, &n))
		return 0;
	return ntohs(bound.ss_family == AF_INET6
			     ? ((struct sockaddr_in6 *)&bound)->sin6_port
			     : ((struct sockaddr_in *)&bound)->sin_port);
}

/* Both families under one port; a machine without IPv6 has only the first. */
static int bind_localhost(struct listener *l)
{
	struct sockaddr_in four = {.sin_family = AF_INET};
	struct sockaddr_in6 six = {
		.sin6_family = AF_INET6, .sin6_addr = in6addr_loopback};
	uint16_t wanted = l->port;
	int error = 0;

	four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	for (int tries = 0; tries < 16; tries++) {
		four.sin_port = htons(wanted);
		error = bind_one(l, (struct sockaddr *)&four, sizeof four);
		if (error)
			return error;
		l->port = port_of(l->fd[0]);
		six.sin6_port = htons(l->port);
		error = bind_one(l, (struct sockaddr *)&six, sizeof six);
		if (error != EADDRINUSE)
			return 0;
		listener_close(l);
		if (wanted)
			return error;
	}
	return error;
}

static bool is_loopback(const struct sockaddr *address)
{
	if (address->sa_family == AF_INET6)
		return IN6_IS_ADDR_LOOPBACK(&((struct sockaddr_in6 *)address)->sin6_addr);
	return ntohl(((struct sockaddr_in *)address)->sin_addr.s_addr) >> 24 == 127;
}

static bool is_any(const struct sockaddr *address)
{
	if (address->sa_family == AF_INET6)
		return IN6_IS_ADDR_UNSPECIFIED(
			&((struct sockaddr_in6 *)address)->sin6_addr);
	return ((struct sockaddr_in *)address)->sin_addr.s_addr == htonl(INADDR_ANY);
}

static int bind_named(struct listener *l, char *message, size_t size)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE},
			*list;
	char port[8];
	int error;

	snprintf(port, sizeof port, "%u", l->port);
	error = getaddrinfo(l->host, port, &hints, &list);
	if (error) {
		snprintf(message, size, "-http: %s: %s", l->host, gai_strerror(error));
		return -1;
	}
	l->loopback = is_loopback(list->ai_addr);
	l->all = is_any(list->ai_addr);
	error = bind_one(l, list->ai_addr, list->ai_addrlen);
	freeaddrinfo(list);
	if (!error)
		l->port = port_of(l->fd[0]);
	return error;
}

static int bind_it(struct listener *l, char *message, size_t size)
{
	if (strcmp(l->host, "localhost"))
		return bind_named(l, message, size);
	l->loopback = true;
	return bind_localhost(l);
}

static void say_why(const struct listener *l, int error, char *message, size_t size)
{
	const char *host = strcmp(l->host, "localhost") ? l->host : "";
	bool six = strchr(host, ':');
	char who[128];

	if (error == EADDRINUSE) {
		who_has(l->port, who, sizeof who);
		snprintf(message, size,
			"port %u is used by %s: -http=%s%s%s:%u, or -http=%s%s%s: for a "
			"free "
			"one",
			l->port, who, six ? "[" : "", host, six ? "]" : "",
			l->port < 65535 ? l->port + 1u : 22222u, six ? "[" : "", host,
			six ? "]" : "");
	} else if (error == EACCES) {
		snprintf(message, size, "port %u: only root may listen below 1024",
			l->port);
	} else if (error == EADDRNOTAVAIL) {
		snprintf(message, size,
			"%s is no address of this machine; -http=0.0.0.0:%u listens on "
			"all",
			l->host, l->port);
	} else if (error > 0) {
		snprintf(message, size, "cannot listen on %s:%u: %s", l->host, l->port,
			strerror(error));
	}
}

bool listener_open(
	struct listener *l, const char *address, bool any, char *message, size_t size)
{
	int error;

	memset(l, 0, sizeof *l);
	if (!listener_parse(address, l->host, &l->port)) {
		snprintf(message, size, "-http takes HOST:PORT, :PORT or PORT, not '%s'",
			address);
		return false;
	}
	if (!l->host[0])
		strcpy(l->host, "localhost");
	error = bind_it(l, message, size);
	if (error == EADDRINUSE && any) {
		l->port = 0;
		error = bind_it(l, message, size);
	}
	if (error)
		say_why(l, error, message, size);
	return !error;
}

void listener_close(struct listener *l)
{
	while (l->n)
		close(l->fd[--l->n]);
}

/* Telling --------------------------------------------------------------------------- */

static void add_url(
	const struct listener *l, const char *host, const char *query, struct buf *urls)
{
	bool six = strchr(host, ':');

	buf_printf(urls, "http://%s%s%s:%u/%s\n", six ? "[" : "", host, six ? "]" : "",
		l->port, query);
}

/* Link-local addresses need a zone, which no browser takes. */
static bool worth_telling(const struct ifaddrs *i, bool with_six)
{
	const struct sockaddr *a = i->ifa_addr;

	if (!a || !(i->ifa_flags & IFF_UP) ||
		(a->sa_family != AF_INET && (a->sa_family != AF_INET6 || !with_six)))
		return false;
	return !is_loopback(a) &&
	       (a->sa_family == AF_INET ||
		       !IN6_IS_ADDR_LINKLOCAL(
			       &((const struct sockaddr_in6 *)a)->sin6_addr));
}

static void add_interfaces(const struct listener *l, const char *query, struct buf *urls)
{
	struct ifaddrs *list = NULL;
	char host[NI_MAXHOST];

	if (getifaddrs(&list))
		return;
	for (struct ifaddrs *i = list; i; i = i->ifa_next)
		if (worth_telling(i, strchr(l->host, ':') != NULL) &&
			!getnameinfo(i->ifa_addr,
				i->ifa_addr->sa_family == AF_INET
					? sizeof(struct sockaddr_in)
					: sizeof(struct sockaddr_in6),
				host, sizeof host, NULL, 0, NI_NUMERICHOST))
			add_url(l, host, query, urls);
	freeifaddrs(list);
}

/* SSH_CONNECTION is "CLIENT PORT SERVER PORT": the third field is how one gets here. */
static bool ssh_server(const char *ssh, char server[64])
{
	return ssh && sscanf(ssh, "%*s %*s %63s", server) == 1 &&
	       strspn(server, "0123456789abcdefABCDEF.:") == strlen(server);
}

void listener_tell(const struct listener *l, const char *query, const char *code,
	const char *ssh, struct buf *urls, struct buf *words)
{
	char server[64];

	if (l->loopback || l->all)
		add_url(l, "localhost", query, urls);
	if (l->all)
		add_interfaces(l, query, urls);
	else if (!l->loopback)
		add_url(l, l->host, query, urls);
	if (l->loopback) {
		buf_str(words, "reached from this machine only\n");
		if (ssh_server(ssh, server))
			buf_printf(words,
				"from your machine: ssh -L %u:localhost:%u USER@%s, then "
				"the "
				"link above; or -http=0.0.0.0:%u\n",
				l->port, l->port, server, l->port);
	} else {
		buf_printf(words,
			"anyone who %s and can reach port %u can read this profile%s; "
			"a cloud's security group may still block it\n",
			code ? "has this link" : "knows this address", l->port,
			" and the sources it shows");
	}
	if (code)
		buf_printf(words,
			"code for whoever types the address without ?token: %s\n", code);
}
