/* SPDX-License-Identifier: Apache-2.0 */
/* show.c: the countdown: seconds left and bytes, on one line of a terminal. */
#include "cpget/cpget.h"

#include <math.h>
#include <stdio.h>

/* Of all captures that run: how many are done, the longest time left, all bytes. */
struct sum {
	size_t running, done, waiting, connecting;
	double left;
	bool known; /* how long they take */
	uint64_t bytes;
	const struct taken *one;
};

static struct sum add_up(const struct cpget *self)
{
	struct sum s = {.known = true};

	for (size_t i = 0; i < self->n_taken; i++) {
		const struct taken *t = self->taken[i];
		const struct fetch_progress *p = &t->progress;

		if (t->reported || !t->capture) {
			s.done++;
			continue;
		}
		s.running++;
		s.one = t;
		s.bytes += p->bytes;
		s.waiting += p->state == FETCH_STATE_WAITING;
		s.connecting += p->state == FETCH_STATE_CONNECTING;
		s.left = fmax(s.left, p->total - p->elapsed);
		s.known &= p->total > 0;
	}
	return s;
}

void cpget_show(struct cpget *self)
{
	struct ui *ui = &self->tool->ui;
	struct sum s = add_up(self);
	char host[80];

	if (!self->tool->progress.on || !s.running)
		return;
	ui->line_open = true;
	fprintf(stderr, "\r%s: ", ui->tool);
	if (s.running == 1)
		fprintf(stderr,
			"%s: ", ui_escape(host, sizeof host, fetch_host(s.one->capture)));
	else
		fprintf(stderr, "%zu captures: ", s.running);
	if (s.waiting == s.running)
		fprintf(stderr, "another profiler is running, trying again");
	else if (s.connecting == s.running)
		fprintf(stderr, "connecting");
	else if (s.known && s.left > 0)
		fprintf(stderr, "%.0f s left", ceil(s.left));
	else
		fprintf(stderr, "%.0f s", s.one->progress.elapsed);
	fprintf(stderr, ", %llu bytes\033[K", (unsigned long long)s.bytes);
	fflush(stderr);
}
