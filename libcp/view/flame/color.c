/* SPDX-License-Identifier: Apache-2.0 */
/* Palettes. */
#include "view/flame/flame.h"

#include <math.h>

/* One channel of a plain palette: base + span * v[of]. */
struct channel {
	uint8_t base, span, of;
};

struct ramp {
	struct channel r, g, b;
};

/* flamegraph.pl's ramps; v[0], v[1], v[2] come from the name. */
static const struct ramp hot = {{205, 50, 2}, {0, 230, 0}, {0, 55, 1}};
static const struct ramp mem = {{0, 0, 0}, {190, 50, 1}, {0, 210, 0}};
static const struct ramp io = {{80, 60, 0}, {80, 60, 0}, {190, 55, 1}};
static const struct ramp red = {{200, 55, 0}, {50, 80, 0}, {50, 80, 0}};
static const struct ramp green = {{50, 60, 0}, {200, 55, 0}, {50, 60, 0}};
static const struct ramp blue = {{80, 60, 0}, {80, 60, 0}, {205, 50, 0}};
static const struct ramp yellow = {{175, 55, 0}, {175, 55, 0}, {50, 20, 0}};
static const struct ramp purple = {{190, 65, 0}, {80, 60, 0}, {190, 65, 0}};
static const struct ramp aqua = {{50, 60, 0}, {165, 55, 0}, {165, 55, 0}};
static const struct ramp orange = {{190, 65, 0}, {90, 65, 0}, {0, 0, 0}};

#define HAS(name, literal) \
	(memmem((name).p, (name).n, (literal), sizeof(literal) - 1) != NULL)
#define STARTS(name, literal) cpi_text_starts((name), CPI_TEXT(literal))
#define ENDS(name, literal) cpi_text_ends((name), CPI_TEXT(literal))

static const struct ramp *java(struct cp_text name)
{
	static const char *const packages[] = {
		"java/", "javax/", "jdk/", "net/", "org/", "com/", "io/", "sun/"};
	struct cp_text bare = name;

	if (ENDS(name, "_[j]"))
		return &green;
	if (ENDS(name, "_[i]"))
		return &aqua;
	if (bare.n && *bare.p == 'L')
		bare.p++, bare.n--;
	for (size_t i = 0; i < sizeof packages / sizeof *packages; i++)
		if (cpi_text_starts(bare, cpi_text(packages[i])))
			return &green;
	if (HAS(name, ":::"))
		return &green;
	if (HAS(name, "::"))
		return &yellow;
	return ENDS(name, "_[k]") ? &orange : &red;
}

static const struct ramp *perl(struct cp_text name)
{
	if (HAS(name, "::"))
		return &yellow;
	if (HAS(name, "Perl:") || HAS(name, ".pl"))
		return &green;
	return ENDS(name, "_[k]") ? &orange : &red;
}

static const struct ramp *js(struct cp_text name)
{
	const char *slash = memchr(name.p, '/', name.n);

	if (ENDS(name, "_[j]"))
		return slash ? &green : &aqua;
	if (HAS(name, "::"))
		return &yellow;
	if (slash && memmem(slash, (size_t)(name.p + name.n - slash), ".js", 3))
		return &green;
	if (memchr(name.p, ':', name.n))
		return &aqua;
	if (cpi_text_equal(name, CPI_TEXT(" ")))
		return &green;
	return HAS(name, "_[k]") ? &orange : &red;
}

static const struct ramp *python(struct cp_text name)
{
	if (HAS(name, "site-packages/") || HAS(name, "site-packages\\"))
		return &aqua;
	if (HAS(name, "/python3.") || HAS(name, "/python2.") ||
		STARTS(name, "<built-in") || STARTS(name, "<method") ||
		STARTS(name, "<frozen"))
		return &yellow;
	return &red;
}

static const struct ramp *rust(struct cp_text name)
{
	static const char *const own[] = {
		"core::", "std::", "alloc::", "<core::", "<std::", "<alloc::"};

	for (size_t i = 0; i < sizeof own / sizeof *own; i++)
		if (cpi_text_starts(name, cpi_text(own[i])))
			return &orange;
	return HAS(name, "::") ? &aqua : &yellow;
}

static const struct ramp *chain(struct cp_text name)
{
	return ENDS(name, "_[w]") ? &aqua : &blue;
}

/*
 * Captures of waits, whose leaves are their states (--tagleaf=state): blocked, waiting for
 * a CPU, running. The letters tell them apart without colour.
 */
static const struct ramp *waits(struct cp_text name)
{
	static const char *const blocked[] = {"S", "S|D", "D", "T", "t", "I", "P", "?"};

	if (cpi_text_equal(name, CPI_TEXT("R")))
		return &orange;
	for (size_t i = 0; i < sizeof blocked / sizeof *blocked; i++)
		if (cpi_text_equal(name, cpi_text(blocked[i])))
			return &blue;
	return &green;
}

struct palette {
	const char *name;
	const struct ramp *ramp;                          /* one ramp for all, or */
	const struct ramp *(*choose)(
		struct cp_text name); /* one by name; NULL both: package */
	const char *background; /* flamegraph.pl's for this palette */
};

static const struct palette palettes[] = {
	{"package", NULL, NULL, NULL},
	{"hot", &hot, NULL, "yellow"},
	{"mem", &mem, NULL, "green"},
	{"io", &io, NULL, "blue"},
	{"wakeup", &aqua, NULL, "blue"},
	{"chain", NULL, chain, "blue"},
	{"waits", NULL, waits, "grey"},
	{"java", NULL, java, "yellow"},
	{"js", NULL, js, "yellow"},
	{"perl", NULL, perl, "yellow"},
	{"python", NULL, python, "yellow"},
	{"rust", NULL, rust, "yellow"},
	{"red", &red, NULL, "grey"},
	{"green", &green, NULL, "grey"},
	{"blue", &blue, NULL, "grey"},
	{"aqua", &aqua, NULL, "grey"},
	{"yellow", &yellow, NULL, "grey"},
	{"purple", &purple, NULL, "grey"},
	{"orange", &orange, NULL, "grey"},
};

enum { N_PALETTES = sizeof palettes / sizeof *palettes };

static const struct palette *find_palette(const char *name)
{
	for (size_t i = 0; i < N_PALETTES; i++)
		if (!strcmp(palettes[i].name, name))
			return &palettes[i];
	return NULL;
}

bool cpi_flame_palette_known(const char *name)
{
	return find_palette(name) != NULL;
}

const char *cpi_flame_palette_at(size_t i)
{
	return i < N_PALETTES ? palettes[i].name : NULL;
}

/* Perl's rand() after srand(sum of the characters): drand48's first number. */
static double first_random(struct cp_text name)
{
	uint32_t sum = 0, rune;
	uint64_t x;

	for (size_t i = 0; i < name.n;) {
		i += cpi_utf8_decode(name.p + i, name.n - i, &rune);
		sum += rune;
	}
	x = ((uint64_t)sum << 16) + 0x330e;
	x = (x * 0x5deece66dULL + 11) & ((1ULL << 48) - 1);
	return ldexp((double)x, -48);
}

/* flamegraph.pl --hash: the first three characters, the first one mattering most. */
static double name_hash(const uint32_t *rune, size_t n, bool backward)
{
	double vector = 0, weight = 1, max = 1;

	for (size_t i = 0; i < n && i < 3; i++) {
		unsigned mod = 10 + (unsigned)i;
		uint32_t c = rune[backward ? n - 1 - i : i];

		vector += (double)(c % mod) / (mod - 1) * weight;
		max += weight;
		weight *= 0.7;
	}
	return 1 - vector / max;
}

static void hashed(struct cp_text name, double *v)
{
	const char *tick = name.n > 1 ? memchr(name.p + 1, '`', name.n - 1) : NULL;
	uint32_t first[3] = {0}, last[3] = {0}, rune;
	size_t n = 0, kept;

	if (tick) {
		name.n -= (size_t)(tick + 1 - name.p);
		name.p = tick + 1;
	}
	for (size_t i = 0; i < name.n; n++) {
		i += cpi_utf8_decode(name.p + i, name.n - i, &rune);
		if (n < 3)
			first[n] = rune;
		last[n % 3] = rune;
	}
	kept = n < 3 ? n : 3;
	v[0] = name_hash(first, kept, false);
	if (n > 3) {
		uint32_t tail[3] = {last[n % 3], last[(n + 1) % 3], last[(n + 2) % 3]};

		v[1] = v[2] = name_hash(tail, 3, true);
	} else {
		v[1] = v[2] = name_hash(first, kept, true);
	}
}

static uint32_t mix(const struct channel *c, const double *v)
{
	return (uint32_t)(c->base + c->span * v[c->of]);
}

static uint32_t ramp_color(const struct ramp *ramp, struct cp_text name, bool hash)
{
	double v[3];

	if (cpi_text_equal(name, CPI_TEXT("--")))
		return 0xa0a0a0;
	if (cpi_text_equal(name, CPI_TEXT("-")))
		return 0xc8c8c8;
	if (hash)
		hashed(name, v);
	else
		v[0] = v[1] = v[2] = first_random(name);
	return mix(&ramp->r, v) << 16 | mix(&ramp->g, v) << 8 | mix(&ramp->b, v);
}

static uint32_t srgb(double x)
{
	x = x <= 0.0031308 ? 12.92 * x : 1.055 * pow(x, 1 / 2.4) - 0.055;
	return x <= 0 ? 0 : x >= 1 ? 255 : (uint32_t)(x * 255 + 0.5);
}

/*
 * OKLCH to sRGB: equal lightness looks equally light for all hues. Lightness stays above
 * 0.76, a luminance of 0.4 and more, where black text has a contrast of 9:1 and more.
 */
static uint32_t oklch(double lightness, double chroma, double hue)
{
	double a = chroma * cos(hue * M_PI / 180), b = chroma * sin(hue * M_PI / 180);
	double l = lightness + 0.3963377774 * a + 0.2158037573 * b;
	double m = lightness - 0.1055613458 * a - 0.0638541728 * b;
	double s = lightness - 0.0894841775 * a - 1.2914855480 * b;

	l = l * l * l;
	m = m * m * m;
	s = s * s * s;
	return srgb(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s) << 16 |
		srgb(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s) << 8 |
		srgb(-0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s);
}

/*
 * The first word of a C name: up to an underscore or the end of a first CamelCase
 * hump.
 */
static struct cp_text first_word(struct cp_text name)
{
	size_t i = 0;

	while (i < name.n && (name.p[i] == '_' || name.p[i] == '['))
		i++;
	name.p += i;
	name.n -= i;
	for (i = 1; i < name.n; i++)
		if (name.p[i] == '_' || name.p[i] == '.' || name.p[i] == '(' ||
			(name.p[i] >= 'A' && name.p[i] <= 'Z' && name.p[i - 1] >= 'a' &&
				name.p[i - 1] <= 'z'))
			break;
	return (struct cp_text){name.p, i < name.n ? i : name.n};
}

/*
 * The package of a name that spells one: namespace::…, dir/package.Function,
 * com.company.Class.method. Empty for plain C names.
 */
static struct cp_text package(struct cp_text name)
{
	const char *scope = memmem(name.p, name.n, "::", 2);
	const char *slash, *dot = NULL;
	size_t dots = 0;

	while (name.n && (*name.p == '<' || *name.p == '&'))
		name.p++, name.n--;
	if (scope && scope > name.p)
		return (struct cp_text){name.p, (size_t)(scope - name.p)};
	for (size_t i = 0; i < name.n && name.p[i] != '(' && name.p[i] != ' '; i++)
		if (name.p[i] == '/')
			dots = 0, dot = NULL;
		else if (name.p[i] == '.')
			dots++, dot = dot ? dot : name.p + i;
	slash = memrchr(name.p, '/', name.n);
	/* Go's net/http.Get, but Java's org/app/Class.method. */
	if (slash && dot && dot > slash && !(slash[1] >= 'A' && slash[1] <= 'Z'))
		return (struct cp_text){name.p, (size_t)(dot - name.p)};
	if (slash)
		return (struct cp_text){name.p, (size_t)(slash - name.p)};
	if (dots >= 2 || (dots == 1 && dot > name.p && name.p[name.n - 1] != ']'))
		return (struct cp_text){name.p, (size_t)(dot - name.p)};
	return (struct cp_text){name.p, 0};
}

static double unit_hash(struct cp_text text, uint64_t salt)
{
	return (double)(cpi_hash_fixed(text.p, text.n, salt) >> 11) * 0x1p-53;
}

/*
 * Hue by package; C names have none and take their module's hue, spread by their first
 * word, so that one static binary does not become one colour. The kernel keeps to warm
 * hues. Lightness and chroma by name tell neighbours apart.
 */
static uint32_t package_color(
	const struct cpi_tree *tree, const struct cpi_tree_frame *frame)
{
	struct cp_text name = cpi_flame_shown(tree->text.v[frame->name]);
	struct cp_text module = cpi_text_basename(tree->text.v[frame->module]);
	struct cp_text key = package(name);
	double hue;

	if (frame->flags & CPI_FRAME_KERNEL)
		hue = 20 + 60 * unit_hash(first_word(name), 1);
	else if (key.n)
		hue = 90 + 290 * unit_hash(key, 1);
	else if (module.n)
		hue = 90 + 290 * unit_hash(module, 1) +
		      150 * (unit_hash(first_word(name), 2) - 0.5);
	else
		hue = 90 + 290 * unit_hash(first_word(name), 1);
	return oklch(
		0.78 + 0.1 * unit_hash(name, 3), 0.075 + 0.045 * unit_hash(name, 4), hue);
}

static uint32_t frame_color(const struct cpi_flame *flame, const struct palette *palette,
	const struct cpi_tree_frame *frame)
{
	const struct cpi_tree *tree = &flame->tree;
	struct cp_text name = tree->text.v[frame->name];
	char waker[CPI_TREE_NAME_MAX + 4];

	if (!palette->choose && !palette->ramp)
		return package_color(tree, frame);
	/* flamegraph.pl appends this below "--" before it looks at the name. */
	if ((frame->flags & CPI_FRAME_WAKER) && !ENDS(name, "_[w]")) {
		memcpy(waker, name.p, name.n);
		memcpy(waker + name.n, "_[w]", 4);
		name = (struct cp_text){waker, name.n + 4};
	}
	return ramp_color(palette->choose ? palette->choose(name) : palette->ramp, name,
		flame->options.hash);
}

enum cp_code cpi_flame_colors(struct cpi_flame *flame, struct cp_error *err)
{
	const struct palette *palette = find_palette(flame->options.colors);
	const struct cpi_tree *tree = &flame->tree;
	const struct ramp *ramp = palette->choose ? palette->choose(CPI_TEXT("all"))
						  : palette->ramp;

	flame->color =
		cpi_alloc_array(&flame->env->mem, tree->frame.n, sizeof *flame->color);
	if (!flame->color)
		return cpi_error_memory(err);
	flame->color[0] = ramp ? ramp_color(ramp, CPI_TEXT("all"), flame->options.hash)
			       : 0xd9d9d9;
	for (size_t i = 1; i < tree->frame.n; i++)
		flame->color[i] = frame_color(flame, palette, &tree->frame.v[i]);
	return CP_OK;
}

static double linear(uint32_t channel)
{
	double v = channel / 255.0;

	return v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4);
}

/*
 * WCAG's contrasts of black, (L + 0.05) / 0.05, and white, 1.05 / (L + 0.05), meet
 * here.
 */
bool cpi_flame_is_dark(uint32_t color)
{
	return 0.2126 * linear(color >> 16) + 0.7152 * linear(color >> 8 & 255) +
		0.0722 * linear(color & 255) < 0.179;
}

/* From `from` to `to` by t in [0, 1]. */
static uint32_t between(uint32_t from, uint32_t to, double t)
{
	uint32_t out = 0;

	for (unsigned shift = 0; shift < 24; shift += 8) {
		double a = from >> shift & 255, b = to >> shift & 255;

		out |= (uint32_t)(a + (b - a) * t + 0.5) << shift;
	}
	return out;
}

/*
 * Both sides are sums of weighted samples, so the difference after − f·before has the
 * variance w·after + f²·v·before for sample weights w and v; less than three standard
 * errors is no change. assets/flame_draw.js has the same rule for zoomed frames; a test
 * compares the two on a grid of values.
 */
double cpi_flame_change(const struct cpi_flame *flame, int64_t after, int64_t before)
{
	double f = flame->before_factor, was = (double)before * f;
	double change = (double)after - was;
	double noise =
		3 * sqrt(flame->weight[0] * (double)after + flame->weight[1] * f * was);

	return fabs(change) <= noise ? 0 : change;
}

uint32_t cpi_flame_diff_color(const struct cpi_flame *flame, uint32_t node)
{
	int64_t after = flame->tree.total[0][node], before = flame->tree.total[1][node];
	double change = cpi_flame_change(flame, after, before);
	double was = (double)before * flame->before_factor;
	double most = (double)after > was ? (double)after : was;

	if (!(change > 0) && !(change < 0))
		return 0xdadada;
	return (change > 0) != flame->options.negate
		? between(0xfbe3c8, 0xee7b1c, fabs(change) / most)
		: between(0xd6e6fa, 0x5b9bea, fabs(change) / most);
}

void cpi_flame_background(const struct cpi_flame *flame, char top[8], char bottom[8])
{
	static const struct {
		const char *name, *top, *bottom;
	} rows[] = {
		{"yellow", "#eeeeee", "#eeeeb0"},
		{"blue", "#eeeeee", "#e0e0ff"},
		{"green", "#eef2ee", "#e0ffe0"},
		{"grey", "#f8f8f8", "#e8e8e8"},
	};
	const struct palette *palette = find_palette(flame->options.colors);
	const char *name = flame->options.background ? flame->options.background
						     : palette->background;

	top[0] = bottom[0] = 0;
	for (size_t i = 0; name && i < sizeof rows / sizeof *rows; i++)
		if (!strcmp(name, rows[i].name)) {
			memcpy(top, rows[i].top, 8);
			memcpy(bottom, rows[i].bottom, 8);
		}
	if (name && name[0] == '#') {
		memcpy(top, name, 8);
		memcpy(bottom, name, 8);
	}
}
