/* SPDX-License-Identifier: Apache-2.0 */
/* options.c: how long, of what, and with which credentials. */
#include "fetch/options.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "fetch/target.h"

enum { MAX_SECRET_FILE = 64 * 1024, USUAL_WAIT = 600 };

const struct opt fetch_rows[] = {
	OPT_REAL(struct fetch_options, seconds, "seconds", 0, "N",
		"capture for N seconds (default: the server's, 30 in Go); of heap, "
		"allocs, "
		"block, mutex and goroutine: what changed within N seconds"),
	OPT_COMMAS(struct fetch_options, kinds, "kind", 0, "LIST",
		"cpu, heap, allocs, block, mutex, goroutine, threadcreate, trace, and "
		"gperftools' growth and contention; several are taken in one go"),
	OPT_MAYBE(struct fetch_options, wait, "wait", 0, "SECONDS",
		"while another profiler is running, try again, for ten minutes or "
		"SECONDS"),
	OPT_REAL(struct fetch_options, timeout, "timeout", 0, "N",
		"give up when the answer is not there after N seconds (default: the "
		"length "
		"asked and a half, and ten more)"),
	OPT_LIST(struct fetch_options, headers, "header", 0, "LINE",
		"send this header, too; @FILE: the lines of FILE; repeatable"),
	OPT_STRING(struct fetch_options, bearer_file, "bearer-file", 0, "FILE",
		"send the token in FILE"),
	OPT_STRING(struct fetch_options, user, "user", 0, "NAME",
		"log in as NAME; the password is asked for on the terminal"),
	OPT_STRING(struct fetch_options, password_file, "password-file", 0, "FILE",
		"the password for --user is in FILE"),
	OPT_FLAG(struct fetch_options, insecure, "insecure", 0,
		"do not check certificates, as https+insecure:// does for one URL"),
	OPT_STRING(struct fetch_options, tls_ca, "tls-ca", 0, "FILE",
		"trust the certificates in FILE instead of the system's"),
	OPT_STRING(struct fetch_options, tls_cert, "tls-cert", 0, "FILE",
		"show the server this certificate"),
	OPT_STRING(struct fetch_options, tls_key, "tls-key", 0, "FILE",
		"the key of --tls-cert"),
	OPT_STRING(struct fetch_options, proxy, "proxy", 0, "URL",
		"ask through this proxy (default: none, whatever the environment says)"),
	OPT_FLAG(struct fetch_options, location_trusted, "location-trusted", 0,
		"follow redirects to other hosts, too; credentials are not sent there"),
	OPT_SIZE(struct fetch_options, max_size, "max-size", 0, "SIZE",
		"take at most SIZE of an answer (default 1G)"),
	OPT_END,
};

/* The whole file; the caller frees it. NULL after saying why. */
static char *read_file(struct tool *tool, const char *option, const char *path)
{
	int fd = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC) : STDIN_FILENO;
	char *text = malloc(MAX_SECRET_FILE + 1);
	ssize_t got = 1;
	size_t n = 0;

	while (fd >= 0 && text && got > 0 && n < MAX_SECRET_FILE) {
		got = read(fd, text + n, MAX_SECRET_FILE - n);
		n += got > 0 ? (size_t)got : 0;
	}
	if (fd < 0 || !text || got < 0 || n == MAX_SECRET_FILE) {
		ui_error(&tool->ui, NULL, "--%s: cannot read %s: %s", option, path,
			n == MAX_SECRET_FILE ? "larger than 64 kB" : strerror(errno));
		free(text);
		text = NULL;
	} else {
		text[n] = 0;
	}
	if (fd > STDIN_FILENO)
		close(fd);
	return text;
}

/* The first line of a file. */
static char *read_secret(struct tool *tool, const char *option, const char *path)
{
	char *text = read_file(tool, option, path);

	if (text)
		text[strcspn(text, "\r\n")] = 0;
	if (text && !*text) {
		ui_error(&tool->ui, NULL, "--%s: %s is empty", option, path);
		free(text);
		return NULL;
	}
	return text;
}

static volatile sig_atomic_t interrupted;

static void interrupt(int sig)
{
	interrupted = sig;
}

/* One line without echo; Ctrl-C leaves the terminal as it was, then ends us. */
static char *prompt(struct tool *tool, const char *user)
{
	struct sigaction catch = {.sa_handler = interrupt}, before[2];
	struct termios old, silent;
	char line[1024] = "", shown[200];
	ssize_t n = -1;
	int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);

	if (fd < 0 || tcgetattr(fd, &old)) {
		ui_error(&tool->ui, NULL,
			"there is no terminal to ask for a password: --password-file "
			"FILE");
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	sigaction(SIGINT, &catch, &before[0]);
	sigaction(SIGTERM, &catch, &before[1]);
	silent = old;
	silent.c_lflag &= ~(tcflag_t)ECHO;
	tcsetattr(fd, TCSAFLUSH, &silent);
	dprintf(fd, "Password for %s: ", ui_escape(shown, sizeof shown, user));
	if (!interrupted)
		n = read(fd, line, sizeof line - 1);
	tcsetattr(fd, TCSAFLUSH, &old);
	dprintf(fd, "\n");
	close(fd);
	sigaction(SIGINT, &before[0], NULL);
	sigaction(SIGTERM, &before[1], NULL);
	if (interrupted)
		raise(interrupted);
	line[n > 0 ? n : 0] = 0;
	line[strcspn(line, "\r\n")] = 0;
	return n > 0 ? strdup(line) : NULL;
}

static int get_login(
	struct tool *tool, struct fetch_options *o, struct fetch_settings *ret)
{
	if (o->password_file && !o->user)
		return tool_usage(tool, "--password-file goes with --user NAME");
	if (o->user && o->bearer_file)
		return tool_usage(tool, "--user and --bearer-file do not go together");
	if (o->bearer_file) {
		o->bearer = read_secret(tool, "bearer-file", o->bearer_file);
		ret->bearer = o->bearer;
		return o->bearer ? TOOL_GO : TOOL_USAGE;
	}
	if (!o->user)
		return TOOL_GO;
	if (strchr(o->user, ':'))
		return tool_usage(tool,
			"--user is the name alone: others can see what is on a command "
			"line; "
			"the password is asked for, or read from --password-file");
	o->password = o->password_file
			      ? read_secret(tool, "password-file", o->password_file)
			      : prompt(tool, o->user);
	ret->user = o->user;
	ret->password = o->password;
	return o->password ? TOOL_GO : TOOL_USAGE;
}

static int add_header_file(struct tool *tool, struct fetch_options *o, const char *path)
{
	char *text = read_file(tool, "header", path), *rest = text, *line;
	char **files =
		text ? reallocarray(o->files, o->n_files + 1, sizeof *files) : NULL;

	if (!files) {
		free(text);
		return TOOL_USAGE;
	}
	o->files = files;
	files[o->n_files++] = text;
	while ((line = strsep(&rest, "\n"))) {
		size_t n = strlen(line);

		if (n && line[n - 1] == '\r')
			line[--n] = 0;
		if (n)
			opt_list_add(&o->lines, line);
	}
	return TOOL_GO;
}

static int get_headers(
	struct tool *tool, struct fetch_options *o, struct fetch_settings *ret)
{
	int status = TOOL_GO;

	for (size_t i = 0; status == TOOL_GO && i < o->headers.n; i++) {
		const char *given = o->headers.v[i];

		if (*given == '@')
			status = add_header_file(tool, o, given + 1);
		else
			opt_list_add(&o->lines, given);
	}
	ret->headers = o->lines.v;
	ret->n_headers = o->lines.n;
	return status;
}

static int get_wait(struct tool *tool, const struct fetch_options *o, double *ret)
{
	char *end;

	if (!o->wait)
		return TOOL_GO;
	*ret = *o->wait ? strtod(o->wait, &end) : USUAL_WAIT;
	if (*o->wait && (*end || !(*ret > 0)))
		return tool_usage(
			tool, "--wait is a number of seconds, not '%s'", o->wait);
	return TOOL_GO;
}

static bool is_new_kind(const struct opt_list *kinds, size_t n, const char *path)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(fetch_kind_path(kinds->v[i]), path))
			return false;
	return true;
}

int fetch_options_kinds(struct tool *tool, struct fetch_options *o)
{
	struct opt_list *kinds = &o->kinds;
	size_t n = 0;

	for (size_t i = 0; i < kinds->n; i++) {
		const char *kind = fetch_kind_known(kinds->v[i]);

		if (!kind)
			return tool_usage(tool,
				"--kind is cpu, heap, allocs, block, mutex, goroutine, "
				"threadcreate, trace, growth or contention, not '%s'",
				kinds->v[i]);
		if (is_new_kind(kinds, n, fetch_kind_path(kind)))
			kinds->v[n++] = kind;
	}
	kinds->n = n;
	return TOOL_GO;
}

/* A file that cannot be read is said before a minute has passed. */
static int check_files(struct tool *tool, const struct fetch_options *o)
{
	const char *const files[][2] = {{"tls-cert", o->tls_cert},
		{"tls-key", o->tls_key}, {"tls-ca", o->tls_ca}};

	if (!o->tls_cert != !o->tls_key)
		return tool_usage(tool, "--tls_%s is given, so --tls_%s must be, too",
			o->tls_cert ? "cert" : "key", o->tls_cert ? "key" : "cert");
	for (size_t i = 0; i < 3; i++)
		if (files[i][1] && access(files[i][1], R_OK)) {
			ui_error(&tool->ui, NULL, "--%s: cannot open %s: %s", files[i][0],
				files[i][1], strerror(errno));
			return TOOL_USAGE;
		}
	return TOOL_GO;
}

int fetch_options_get(
	struct tool *tool, struct fetch_options *o, struct fetch_settings *ret)
{
	int status;

	*ret = (struct fetch_settings){
		.proxy = o->proxy,
		.tls_cert = o->tls_cert,
		.tls_key = o->tls_key,
		.tls_ca = o->tls_ca,
		.insecure = o->insecure,
		.location_trusted = o->location_trusted,
		.max_bytes = o->max_size,
		.timeout = o->timeout,
	};
	if (!(o->seconds >= 0) || o->seconds > 86400)
		return tool_usage(
			tool, "--seconds is a number up to 86400, not %g", o->seconds);
	if (!(o->timeout >= 0))
		return tool_usage(
			tool, "--timeout is a number of seconds, not %g", o->timeout);
	status = fetch_options_kinds(tool, o);
	if (status == TOOL_GO)
		status = get_wait(tool, o, &ret->wait);
	if (status == TOOL_GO)
		status = check_files(tool, o);
	if (status == TOOL_GO)
		status = get_headers(tool, o, ret);
	return status == TOOL_GO ? get_login(tool, o, ret) : status;
}

static void forget(char *secret)
{
	if (secret)
		explicit_bzero(secret, strlen(secret));
	free(secret);
}

void fetch_options_release(struct fetch_options *o)
{
	for (size_t i = 0; i < o->n_files; i++)
		free(o->files[i]);
	free(o->files);
	opt_list_release(&o->lines);
	forget(o->bearer);
	forget(o->password);
	o->bearer = o->password = NULL;
	o->files = NULL;
	o->n_files = 0;
}

/* host:port, host:port/path, :port; "[::1]:6060", too. */
static bool has_port(const char *operand)
{
	const char *host = *operand == '[' ? strchr(operand, ']') : operand;
	size_t n = host ? strcspn(host, ":/?#@ ") : 0, digits;

	if (!host || host[n] != ':')
		return false;
	digits = strspn(host + n + 1, "0123456789");
	return digits && digits <= 5 && strchr("/?", host[n + 1 + digits]);
}

bool fetch_is_url(const char *operand)
{
	if (strstr(operand, "://") || !strncmp(operand, "unix:/", 6))
		return true;
	/* As pprof does: what is a file is that file. */
	return access(operand, F_OK) && *operand != '/' && *operand != '.' &&
	       (has_port(operand) || strstr(operand, "/debug/pprof") ||
		       strstr(operand, "/pprof/"));
}
