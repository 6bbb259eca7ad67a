/* SPDX-License-Identifier: Apache-2.0 */
/* Progress on a terminal. */
#include "common/progress.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "common/ui.h"

enum { FIRST_MS = 1000, EVERY_MS = 100, BAR = 30 };

static int64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void progress_init(struct progress *progress, struct ui *ui, enum progress_when when)
{
	*progress = (struct progress){.ui = ui};
	progress->on = when == PROGRESS_ON ||
		(when == PROGRESS_AUTO && !ui->quiet && isatty(STDERR_FILENO));
	progress_start(progress, "working");
}

void progress_start(struct progress *progress, const char *what)
{
	progress->what = what;
	progress->started = now();
	progress->shown = 0;
}

bool progress_update(double done, void *arg)
{
	static const char bar[] = "##############################";
	struct progress *p = arg;
	int64_t t;

	if (!p->on)
		return false;
	t = now();
	if (t - p->started < FIRST_MS || t - p->shown < EVERY_MS)
		return false;
	p->shown = t;
	p->ui->line_open = true;
	if (done >= 0 && done <= 1)
		fprintf(stderr, "\r%s: %s [%-*.*s] %3.0f %%\033[K", p->ui->tool, p->what,
			BAR, (int)(done * BAR), bar, done * 100);
	else
		fprintf(stderr, "\r%s: %s … %lld s\033[K", p->ui->tool, p->what,
			(long long)((t - p->started) / 1000));
	fflush(stderr);
	return false;
}

void progress_end(struct progress *progress)
{
	if (progress->ui->line_open)
		fputs("\r\033[K", stderr);
	progress->ui->line_open = false;
}
