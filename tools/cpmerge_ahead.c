/* SPDX-License-Identifier: Apache-2.0 */
/* The next input is read while this one is merged. */
#include "cpmerge_ahead.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <string.h>
#include <unistd.h>

#include "cpmerge_stream.h"

/* More readers than this only wait for the one thread that merges, and hold inputs. */
enum { MOST_READERS = 4 };

/*
 * Files of this size together are read at a time, but one at least: memory must not grow
 * with threads where inputs are large, and allocators keep some for each thread.
 */
enum { MOST_BYTES = 4 << 20 };

/* One input that is read or waits to be taken. */
struct slot {
	bool ready;
	bool failed;  /* a warning was said while strict */
	bool archive; /* not read here, whose thread would hold several profiles */
	int status;
	enum cp_code failure; /* the tool's, as of this input */
	char why[sizeof((struct tool *)0)->failed];
	struct cp_profile *profile;
	char *text; /* what the reader said */
	size_t n;
};

struct reader {
	struct ahead *ahead;
	struct tool tool; /* a copy with a context and a ui of its own */
	pthread_t thread;
};

struct ahead {
	struct tool *tool;
	const struct cp_read_options *read;
	const struct cp_symbolize_options *symbolize;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	size_t next;  /* input to be read */
	size_t taken; /* inputs handed out */
	bool stop;
	unsigned n; /* readers and slots */
	struct slot slot[MOST_READERS];
	struct reader reader[MOST_READERS];
};

static void read_one(struct reader *reader, size_t i, struct slot *ret)
{
	struct ahead *ahead = reader->ahead;
	struct ui *ui = &reader->tool.ui;
	const char *path = ahead->tool->options.inputs.v[i];

	*ret = (struct slot){.ready = true, .status = TOOL_GO};
	ret->archive = stream_is_tar(path);
	if (ret->archive)
		return;
	ui->to = open_memstream(&ret->text, &ret->n);
	ret->status = tool_read(
		&reader->tool, path, ahead->read, ahead->symbolize, &ret->profile);
	ret->failure = reader->tool.failure;
	memcpy(ret->why, reader->tool.failed, sizeof ret->why);
	if (ui->to)
		fclose(ui->to);
	ui->to = NULL;
	ret->failed = ui->failed;
	ui->failed = false;
}

static void *run(void *arg)
{
	struct reader *reader = arg;
	struct ahead *ahead = reader->ahead;
	size_t n = ahead->tool->options.inputs.n;

	pthread_mutex_lock(&ahead->lock);
	for (;;) {
		struct slot slot;
		size_t i;

		while (!ahead->stop && ahead->next < n &&
			ahead->next >= ahead->taken + ahead->n)
			pthread_cond_wait(&ahead->changed, &ahead->lock);
		if (ahead->stop || ahead->next >= n)
			break;
		i = ahead->next++;
		pthread_mutex_unlock(&ahead->lock);
		read_one(reader, i, &slot);
		pthread_mutex_lock(&ahead->lock);
		ahead->slot[i % ahead->n] = slot;
		pthread_cond_broadcast(&ahead->changed);
	}
	pthread_mutex_unlock(&ahead->lock);
	return NULL;
}

/* A tool of its own for each thread: a context serves one thread. */
static bool start_reader(struct ahead *ahead, struct reader *reader)
{
	struct cp_context_options options = {
		.size = sizeof options,
		.threads = 1,
		.diagnostic = ui_diagnostic,
		.diagnostic_arg = &reader->tool.ui,
	};

	reader->ahead = ahead;
	reader->tool = *ahead->tool;
	progress_init(&reader->tool.progress, &reader->tool.ui, PROGRESS_OFF);
	reader->tool.context = tool_context_new(&options);
	if (reader->tool.context && !pthread_create(&reader->thread, NULL, run, reader))
		return true;
	tool_context_free(reader->tool.context);
	reader->tool.context = NULL;
	return false;
}

/* What is no regular file may hold anything. */
static uint64_t largest_file(const struct opt_list *inputs)
{
	uint64_t largest = 1;

	for (size_t i = 0; i < inputs->n; i++) {
		struct stat st;

		if (stat(inputs->v[i], &st) || !S_ISREG(st.st_mode))
			return MOST_BYTES;
		if ((uint64_t)st.st_size > largest)
			largest = (uint64_t)st.st_size;
	}
	return largest;
}

/* One of the threads is the one that merges. */
static unsigned wanted_readers(const struct tool *tool)
{
	long n = tool->options.threads ? (long)tool->options.threads
				       : sysconf(_SC_NPROCESSORS_ONLN);

	if (tool->options.memory_limit || tool->options.inputs.n < 2 || n < 2)
		return 0;
	n--;
	if ((size_t)n > tool->options.inputs.n - 1)
		n = (long)tool->options.inputs.n - 1;
	if (n > MOST_READERS)
		n = MOST_READERS;
	while (n > 1 && (uint64_t)n * largest_file(&tool->options.inputs) > MOST_BYTES)
		n--;
	return (unsigned)n;
}

struct ahead *ahead_new(struct tool *tool, const struct cp_read_options *read,
	const struct cp_symbolize_options *symbolize)
{
	unsigned wanted = wanted_readers(tool), started = 0;
	struct ahead *ahead = wanted ? calloc(1, sizeof *ahead) : NULL;

	if (!ahead)
		return NULL;
	ahead->tool = tool;
	ahead->read = read;
	ahead->symbolize = symbolize;
	ahead->n = wanted;
	pthread_mutex_init(&ahead->lock, NULL);
	pthread_cond_init(&ahead->changed, NULL);
	while (started < wanted && start_reader(ahead, &ahead->reader[started]))
		started++;
	if (started)
		return ahead;
	ahead_free(ahead);
	return NULL;
}

int ahead_next(struct ahead *ahead, struct cp_profile **ret_profile, bool *ret_archive)
{
	struct tool *tool = ahead->tool;
	struct slot slot, *from;

	pthread_mutex_lock(&ahead->lock);
	from = &ahead->slot[ahead->taken % ahead->n];
	while (!from->ready)
		pthread_cond_wait(&ahead->changed, &ahead->lock);
	slot = *from;
	*from = (struct slot){.ready = false};
	ahead->taken++;
	pthread_cond_broadcast(&ahead->changed);
	pthread_mutex_unlock(&ahead->lock);
	if (slot.n) {
		ui_wipe(&tool->ui);
		fwrite(slot.text, 1, slot.n, stderr);
	}
	free(slot.text);
	tool->ui.failed |= slot.failed;
	(void)progress_update(
		(double)ahead->taken / (double)tool->options.inputs.n, &tool->progress);
	*ret_profile = slot.profile;
	*ret_archive = slot.archive;
	tool->failure = slot.failure;
	memcpy(tool->failed, slot.why, sizeof slot.why);
	return slot.status;
}

void ahead_free(struct ahead *ahead)
{
	if (!ahead)
		return;
	pthread_mutex_lock(&ahead->lock);
	ahead->stop = true;
	pthread_cond_broadcast(&ahead->changed);
	pthread_mutex_unlock(&ahead->lock);
	for (unsigned i = 0; i < ahead->n; i++)
		if (ahead->reader[i].tool.context)
			pthread_join(ahead->reader[i].thread, NULL);
	for (unsigned i = 0; i < ahead->n; i++) {
		cp_profile_free(ahead->slot[i].profile);
		free(ahead->slot[i].text);
	}
	for (unsigned i = 0; i < ahead->n; i++)
		tool_context_free(ahead->reader[i].tool.context);
	pthread_cond_destroy(&ahead->changed);
	pthread_mutex_destroy(&ahead->lock);
	free(ahead);
}
