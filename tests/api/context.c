/* SPDX-License-Identifier: Apache-2.0 */
/* Contexts, their limits, and sizes that were forgotten. */
#include <cp/context.h>
#include <cp/read.h>

#include "use.h"

static unsigned said;

static void say(const struct cp_diagnostic *d, void *arg)
{
	(void)arg;
	if (d->severity != CP_WARNING)
		return;
	said++;
	MUST(!strcmp(d->source, "lines") && !strcmp(d->record, "line"));
	MUST(d->number == 2 && d->offset == 6 && !strcmp(d->context, "line 2"));
}

static void damage(int strict)
{
	static const char lines[] = "a;x 1\nbad\nb;y 2\n";
	struct cp_context *context;
	struct cp_input *input;
	struct cp_profile *p = NULL;
	struct cp_error err;

	OPTIONS(cp_context_options, options);
	options.diagnostic = say;
	options.strict = strict != 0;
	context = cp_context_new(&options);
	MUST(context);
	MUST(!cp_input_memory(context, lines, sizeof lines - 1, "lines", &input, &err));
	said = 0;
	if (strict) {
		MUST(cp_profile_read(context, input, NULL, NULL, &p, &err) ==
			CP_ERROR_CORRUPT);
		MUST(!p && !strcmp(err.source, "lines") && err.offset == 6);
	} else {
		MUST(!cp_profile_read(context, input, NULL, NULL, &p, &err));
	}
	MUST(said == 1 && cp_context_warnings(context) == 1);
	cp_profile_free(p);
	cp_input_free(input);
	cp_context_free(context);
}

int main(void)
{
	struct cp_context *context;
	struct cp_input *input;
	struct cp_profile *p = NULL;
	struct cp_error err;

	MUST(cp_version() && strchr(cp_version(), '.'));
	context = cp_context_new(NULL);
	MUST(context);
	MUST(!cp_context_warnings(context) && !cp_context_peak_memory(context));
	cp_context_flush_diagnostics(context);
	cp_context_free(context);
	cp_context_free(NULL);

	OPTIONS(cp_context_options, options);
	options.limits.stack_depth = 2;
	context = cp_context_new(&options);
	MUST(context);
	MUST(!cp_input_memory(context, "a;b;c 1\n", 8, NULL, &input, &err));
	MUST(cp_profile_read(context, input, NULL, NULL, &p, &err) == CP_ERROR_LIMIT);
	cp_input_free(input);
	cp_context_free(context);
	options.size = 0;
	MUST(!cp_context_new(&options));
	MUST(cp_input_memory(NULL, "a 1\n", 4, NULL, &input, &err) == CP_ERROR_ARGUMENT);
	damage(0);
	damage(1);
	return 0;
}
