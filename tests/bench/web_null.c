/* SPDX-License-Identifier: Apache-2.0 */
/* web_null BYTES: a libmicrohttpd server that always answers the same, to compare with.
 */
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>

static enum MHD_Result answer(void *arg, struct MHD_Connection *connection,
	const char *url, const char *method, const char *version, const char *upload,
	size_t *n, void **state)
{
	(void)url;
	(void)method;
	(void)version;
	(void)upload;
	(void)n;
	if (!*state) {
		*state = arg;
		return MHD_YES;
	}
	return MHD_queue_response(connection, MHD_HTTP_OK, arg);
}

int main(int argc, char **argv)
{
	size_t n = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
	void *bytes = calloc(1, n ? n : 1);
	struct MHD_Response *response =
		MHD_create_response_from_buffer(n, bytes, MHD_RESPMEM_MUST_FREE);
	struct MHD_Daemon *daemon = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, 0,
		NULL, NULL, answer, response, MHD_OPTION_END);
	const union MHD_DaemonInfo *info;

	if (!daemon)
		return 1;
	info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT);
	printf("%u\n", info->port);
	fflush(stdout);
	getchar();
	MHD_stop_daemon(daemon);
	MHD_destroy_response(response);
	return 0;
}
