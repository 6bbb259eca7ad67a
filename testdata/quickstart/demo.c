/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program with something to see in a flame graph: it parses numbers from a text, sorts
 * them, counts words in a hash table and draws a fractal, for about a second of CPU time.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { NUMBERS = 20000, WORDS = 1 << 12, ROWS = 60, COLUMNS = 120, STEPS = 400 };

static uint32_t seed = 2463534242u;

static inline uint32_t next_random(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return seed;
}

static inline int is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline const char *skip_blanks(const char *p)
{
	while (*p == ' ')
		p++;
	return p;
}

static inline const char *parse_number(const char *p, uint32_t *ret)
{
	uint32_t x = 0;

	for (; is_digit(*p); p++)
		x = x * 10 + (uint32_t)(*p - '0');
	*ret = x;
	return p;
}

__attribute__((noipa)) static size_t parse_text(const char *text, uint32_t *numbers)
{
	size_t n = 0;

	for (text = skip_blanks(text); *text; text = skip_blanks(text))
		text = parse_number(text, &numbers[n++]);
	return n;
}

static inline void swap(uint32_t *a, uint32_t *b)
{
	uint32_t t = *a;

	*a = *b;
	*b = t;
}

static inline size_t partition(uint32_t *v, size_t n)
{
	uint32_t pivot = v[n / 2];
	size_t i = 0, j = n - 1;

	for (;;) {
		while (v[i] < pivot)
			i++;
		while (v[j] > pivot)
			j--;
		if (i >= j)
			return j + 1;
		swap(&v[i++], &v[j--]);
	}
}

__attribute__((noipa)) static void sort_numbers(uint32_t *v, size_t n)
{
	while (n > 1) {
		size_t left = partition(v, n);

		if (left == 0 || left == n)
			return;
		sort_numbers(v, left);
		v += left;
		n -= left;
	}
}

static inline uint32_t hash_word(uint32_t word)
{
	uint32_t h = 2166136261u;

	for (int i = 0; i < 4; i++)
		h = (h ^ (word >> 8 * i & 0xff)) * 16777619u;
	return h;
}

__attribute__((noipa)) static uint32_t count_words(const uint32_t *v, size_t n)
{
	static uint32_t key[WORDS], count[WORDS];
	uint32_t most = 0;

	memset(key, 0, sizeof key);
	memset(count, 0, sizeof count);
	for (size_t i = 0; i < n; i++) {
		uint32_t word = v[i] % 3000 + 1, at = hash_word(word) % WORDS;

		while (key[at] && key[at] != word)
			at = (at + 1) % WORDS;
		key[at] = word;
		if (++count[at] > most)
			most = count[at];
	}
	return most;
}

static inline int escape_time(double cr, double ci)
{
	double r = 0, i = 0;
	int n = 0;

	while (n < STEPS && r * r + i * i < 4) {
		double t = r * r - i * i + cr;

		i = 2 * r * i + ci;
		r = t;
		n++;
	}
	return n;
}

__attribute__((noipa)) static uint32_t draw_row(int y)
{
	uint32_t sum = 0;

	for (int x = 0; x < COLUMNS; x++)
		sum += (uint32_t)escape_time(-2 + 3.0 * x / COLUMNS, -1 + 2.0 * y / ROWS);
	return sum;
}

__attribute__((noipa)) static uint32_t draw_fractal(void)
{
	uint32_t sum = 0;

	for (int y = 0; y < ROWS; y++)
		sum += draw_row(y);
	return sum;
}

static inline char *put_number(char *p, uint32_t x)
{
	char digits[12];
	int n = 0;

	do
		digits[n++] = (char)('0' + x % 10);
	while (x /= 10);
	while (n)
		*p++ = digits[--n];
	return p;
}

__attribute__((noipa)) static void make_text(char *text)
{
	for (int i = 0; i < NUMBERS; i++) {
		text = put_number(text, next_random());
		*text++ = ' ';
	}
	*text = 0;
}

__attribute__((noipa)) static uint32_t do_round(char *text, uint32_t *numbers)
{
	size_t n;
	uint32_t sum;

	make_text(text);
	n = parse_text(text, numbers);
	sum = count_words(numbers, n);
	sort_numbers(numbers, n);
	return sum + numbers[n / 2] + draw_fractal();
}

int main(void)
{
	static char text[NUMBERS * 12];
	static uint32_t numbers[NUMBERS];
	uint32_t sum = 0;

	while (clock() < CLOCKS_PER_SEC)
		sum += do_round(text, numbers);
	printf("%u\n", sum);
	return 0;
}
