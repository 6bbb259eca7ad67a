/* SPDX-License-Identifier: Apache-2.0 */
/* The files that are shown and the profiles read from them. */
#include "cpweb/inputs.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cpweb/web.h"

/* Profiles that nobody uses are kept up to so many bytes, the last one always. */
static const uint64_t idle_bytes = 512ull << 20;

void inputs_init(struct inputs *inputs, struct web *web)
{
	*inputs = (struct inputs){.web = web};
	pthread_mutex_init(&inputs->lock, NULL);
	pthread_cond_init(&inputs->changed, NULL);
}

static void loaded_free(struct loaded *loaded)
{
	cp_profile_free(loaded->profile);
	cp_context_free(loaded->context);
	buf_release(&loaded->remarks);
	free(loaded->path);
	free(loaded->time);
	free(loaded);
}

void inputs_release(struct inputs *inputs)
{
	while (inputs->loaded) {
		struct loaded *next = inputs->loaded->next;

		loaded_free(inputs->loaded);
		inputs->loaded = next;
	}
	for (size_t i = 0; i < inputs->n; i++) {
		free(inputs->v[i]->path);
		free(inputs->v[i]->name);
		free(inputs->v[i]);
	}
	free(inputs->v);
	pthread_cond_destroy(&inputs->changed);
	pthread_mutex_destroy(&inputs->lock);
}

/* Names ------------------------------------------------------------------------------ */

static struct input *find_locked(struct inputs *inputs, const char *name)
{
	for (size_t i = 0; i < inputs->n; i++)
		if (!name || !strcmp(inputs->v[i]->name, name))
			return inputs->v[i];
	return NULL;
}

/* The file's name alone, with a number when another one has it. */
static char *unique_name(struct inputs *inputs, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *base = slash && slash[1] ? slash + 1 : path;
	size_t size = strlen(base) + 16;
	char *name = malloc(size);

	if (!name)
		return NULL;
	snprintf(name, size, "%s", strcmp(path, "-") ? base : "stdin");
	for (unsigned i = 2; find_locked(inputs, name); i++)
		snprintf(name, size, "%s~%u", base, i);
	return name;
}

static void take_stamp(struct input *input)
{
	struct stat st;

	input->gone = strcmp(input->path, "-") && stat(input->path, &st);
	if (!input->gone && strcmp(input->path, "-"))
		input->stamp =
			(struct stamp){st.st_dev, st.st_ino, st.st_size, st.st_mtim};
}

bool inputs_add(struct inputs *inputs, const char *path)
{
	struct input *input = calloc(1, sizeof *input);
	bool ok = input != NULL;

	pthread_mutex_lock(&inputs->lock);
	if (ok && inputs->n == inputs->cap) {
		size_t cap = inputs->cap ? 2 * inputs->cap : 16;
		struct input **v = realloc(inputs->v, cap * sizeof *v);

		ok = v != NULL;
		inputs->v = ok ? v : inputs->v;
		inputs->cap = ok ? cap : inputs->cap;
	}
	if (ok) {
		input->path = strdup(path);
		input->name = unique_name(inputs, path);
		ok = input->path && input->name;
	}
	if (ok) {
		take_stamp(input);
		inputs->v[inputs->n++] = input;
		inputs->listing++;
	} else if (input) {
		free(input->path);
		free(input->name);
		free(input);
	}
	pthread_mutex_unlock(&inputs->lock);
	return ok;
}

struct input *inputs_find(struct inputs *inputs, const char *name)
{
	struct input *input;

	pthread_mutex_lock(&inputs->lock);
	input = find_locked(inputs, name);
	pthread_mutex_unlock(&inputs->lock);
	return input;
}

unsigned inputs_look(struct inputs *inputs, struct input *input)
{
	struct stamp before;
	unsigned generation;

	pthread_mutex_lock(&inputs->lock);
	before = input->stamp;
	take_stamp(input);
	if (!input->gone &&
		(before.dev != input->stamp.dev || before.ino != input->stamp.ino ||
			before.size != input->stamp.size ||
			before.mtime.tv_sec != input->stamp.mtime.tv_sec ||
			before.mtime.tv_nsec != input->stamp.mtime.tv_nsec))
		input->generation++;
	generation = input->generation * 2 + input->gone;
	pthread_mutex_unlock(&inputs->lock);
	return generation;
}

void inputs_again(struct inputs *inputs, struct input *input)
{
	pthread_mutex_lock(&inputs->lock);
	input->generation++;
	pthread_mutex_unlock(&inputs->lock);
}

/* Reading ---------------------------------------------------------------------------- */

static void keep_remark(const struct cp_diagnostic *d, void *arg)
{
	struct buf *remarks = arg, text = {0};

	if (!remarks || remarks->n > 16 << 10)
		return;
	if (*d->context)
		buf_printf(&text, "%s: ", d->context);
	buf_str(&text, d->message);
	buf_char(remarks, ',');
	buf_json(remarks, text.p ? text.p : "", text.n);
	buf_release(&text);
}

static bool want_end(double done, void *arg)
{
	(void)done;
	return atomic_load(&((struct web *)arg)->ending);
}

struct cp_context *inputs_context(struct web *web, struct buf *remarks)
{
	const struct tool_options *o = &web->tool->options;
	struct cp_context_options options = {
		.size = sizeof options,
		.limits.memory = o->memory_limit,
		.threads = (unsigned)o->threads,
		.strict = o->strict,
		.diagnostic = keep_remark,
		.diagnostic_arg = remarks,
		.progress = want_end,
		.progress_arg = web,
	};

	return cp_context_new(&options);
}

static atomic_ulong truncations;

/* Only calls the kernel: a page of zeros takes the place of the one that is gone. */
static void on_bus_error(int number, siginfo_t *info, void *context)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	void *at = (void *)((uintptr_t)info->si_addr & ~(page - 1));

	(void)context;
	if (info->si_code == BUS_ADRERR &&
		mmap(at, page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
			0) == at) {
		atomic_fetch_add(&truncations, 1);
		return;
	}
	signal(number, SIG_DFL);
}

void inputs_survive_truncation(void)
{
	struct sigaction action = {.sa_sigaction = on_bus_error, .sa_flags = SA_SIGINFO};

	sigaction(SIGBUS, &action, NULL);
}

bool inputs_time(const char *text, struct cp_time_span *ret)
{
	double end[2] = {0, INFINITY}, scale = 1e9;
	bool share = false;
	const char *p = text;

	for (int i = 0; i < 2; i++) {
		char *after;

		if (*p && *p != ',') {
			end[i] = strtod(p, &after);
			if (after == p || !(end[i] >= 0))
				return false;
			share |= *after == '%';
			p = after + (*after == '%');
		}
		if (*p != (i ? 0 : ','))
			return false;
		p++;
	}
	scale = share ? 0.01 : 1e9;
	*ret = (struct cp_time_span){.unit = share ? CP_TIME_SHARE : CP_TIME_OFFSET,
		.from = end[0] * scale,
		.to = end[1] * scale};
	return end[0] < end[1];
}

/* Reads into *loaded; the caller alone has it. */
static void read_it(struct inputs *inputs, struct loaded *l)
{
	struct web *web = inputs->web;
	struct cp_read_options read = *web->read;
	struct cp_input *input = NULL;
	unsigned long before = atomic_load(&truncations);
	const char *format;

	l->context = inputs_context(web, &l->remarks);
	if (!l->context) {
		l->code = l->error.code = CP_ERROR_MEMORY;
		snprintf(l->error.message, sizeof l->error.message, "out of memory");
		return;
	}
	if (*l->time && !inputs_time(l->time, &read.time)) {
		l->code = l->error.code = CP_ERROR_ARGUMENT;
		snprintf(l->error.message, sizeof l->error.message,
			"time: FROM,TO in seconds since the first sample");
		return;
	}
	l->code = cp_input_open(l->context, l->path, &input, &l->error);
	if (l->code)
		return;
	format = cp_input_format(input);
	snprintf(l->format, sizeof l->format, "%s", format ? format : "");
	l->code = cp_profile_read(l->context, input, &read,
		web->use_symbols ? web->symbolize : NULL, &l->profile, &l->error);
	cp_input_free(input);
	cp_context_flush_diagnostics(l->context);
	if (!l->code && atomic_load(&truncations) != before) {
		l->code = l->error.code = CP_ERROR_TRUNCATED;
		snprintf(l->error.message, sizeof l->error.message,
			"the file became shorter while it was read");
	}
	l->bytes = cp_context_peak_memory(l->context);
}

static struct loaded *loaded_new(const struct input *input, const char *time)
{
	struct loaded *l = calloc(1, sizeof *l);

	if (!l)
		return NULL;
	l->path = strdup(input->path);
	l->time = strdup(time);
	l->generation = input->generation;
	l->users = 1;
	l->busy = true;
	if (l->path && l->time)
		return l;
	loaded_free(l);
	return NULL;
}

/* What there is of this part of the file; of several the latest that fits. */
static struct loaded *find_loaded(struct inputs *inputs, const struct input *input,
	const char *time, bool any_generation)
{
	struct loaded *best = NULL;

	for (struct loaded *l = inputs->loaded; l; l = l->next) {
		if (strcmp(l->path, input->path) || strcmp(l->time, time))
			continue;
		if (any_generation ? !l->busy && !l->code
				   : l->generation == input->generation)
			if (!best || l->generation > best->generation)
				best = l;
	}
	return best;
}

/*
 * Frees what nobody uses: older generations of what was read well, failures, and the
 * longest unused beyond idle_bytes.
 */
static void sweep(struct inputs *inputs)
{
	for (;;) {
		struct loaded **oldest = NULL;
		uint64_t idle = 0;
		unsigned n = 0;

		for (struct loaded **at = &inputs->loaded; *at; at = &(*at)->next) {
			struct loaded *l = *at;

			if (l->users || !strcmp(l->path, "-"))
				continue;
			idle += l->bytes;
			n++;
			if (!oldest || l->used < (*oldest)->used)
				oldest = at;
		}
		if (!oldest || (n <= 1 || (idle <= idle_bytes && n <= 32)))
			return;
		struct loaded *dead = *oldest;

		*oldest = dead->next;
		loaded_free(dead);
	}
}

static struct loaded *wait_for(struct inputs *inputs, struct loaded *l)
{
	l->users++;
	while (l->busy)
		pthread_cond_wait(&inputs->changed, &inputs->lock);
	return l;
}

/* An older one in place of what could not be read, if there is one. */
static struct loaded *fall_back(struct inputs *inputs, struct input *input,
	struct loaded *failed, bool *ret_stale, struct cp_error *err)
{
	struct loaded *older = find_loaded(inputs, input, failed->time, true);

	*err = failed->error;
	failed->users--;
	*ret_stale = older != NULL;
	if (older)
		older->users++;
	return older;
}

struct loaded *inputs_get(struct inputs *inputs, struct input *input, const char *time,
	bool *ret_stale, struct cp_error *err)
{
	struct loaded *l;

	*ret_stale = false;
	pthread_mutex_lock(&inputs->lock);
	l = find_loaded(inputs, input, time, false);
	if (l) {
		wait_for(inputs, l);
	} else if ((l = loaded_new(input, time))) {
		l->next = inputs->loaded;
		inputs->loaded = l;
		pthread_mutex_unlock(&inputs->lock);
		read_it(inputs, l);
		pthread_mutex_lock(&inputs->lock);
		l->busy = false;
		pthread_cond_broadcast(&inputs->changed);
	} else {
		*err = (struct cp_error){
			.code = CP_ERROR_MEMORY, .message = "out of memory"};
	}
	if (l)
		l->used = ++inputs->clock;
	if (l && l->code)
		l = fall_back(inputs, input, l, ret_stale, err);
	pthread_mutex_unlock(&inputs->lock);
	return l;
}

void inputs_put(struct inputs *inputs, struct loaded *loaded)
{
	if (!loaded)
		return;
	pthread_mutex_lock(&inputs->lock);
	loaded->users--;
	sweep(inputs);
	pthread_mutex_unlock(&inputs->lock);
}
