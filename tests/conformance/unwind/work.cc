// SPDX-License-Identifier: Apache-2.0
// C++ as profilers meet it: templates, virtual calls, the library's algorithms, recursion,
// exceptions that unwind several frames. Runs for about as many rounds as asked.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

static volatile unsigned long sink;

struct Shape {
	virtual ~Shape() = default;
	virtual unsigned long area(unsigned depth) const = 0;
};

struct Square : Shape {
	unsigned long side;
	explicit Square(unsigned long s) : side(s) {}
	__attribute__((noinline)) unsigned long area(unsigned depth) const override
	{
		unsigned long x = side;

		for (unsigned i = 0; i < 200; i++)
			x = x * 6364136223846793005UL + depth;
		return x;
	}
};

struct Nested : Shape {
	std::vector<Shape *> parts;
	__attribute__((noinline)) unsigned long area(unsigned depth) const override
	{
		unsigned long sum = 0;

		for (auto *p : parts)
			sum += p->area(depth + 1);
		return sum;
	}
};

static Shape *make(unsigned depth)
{
	auto *n = new Nested;

	for (unsigned i = 0; i < 3; i++)
		n->parts.push_back(depth ? make(depth - 1) : new Square(i + 7));
	return n;
}

template <typename T> __attribute__((noinline)) static unsigned long sorted(std::vector<T> v)
{
	std::sort(v.begin(), v.end(),
		[](const T &a, const T &b) { return a.size() * 31 + a[0] < b.size() * 31 + b[0]; });
	return v.front().size();
}

__attribute__((noinline)) static unsigned long thrower(unsigned depth)
{
	std::string guard(depth + 20, 'x');

	if (!depth)
		throw std::runtime_error(guard);
	return thrower(depth - 1) + guard.size();
}

__attribute__((noinline)) static unsigned long catcher(unsigned depth)
{
	try {
		return thrower(depth);
	} catch (const std::exception &e) {
		return std::string(e.what()).size();
	}
}

__attribute__((noinline)) static unsigned long deep(unsigned n, unsigned long x)
{
	char local[96];

	snprintf(local, sizeof local, "%lu", x);
	sink += local[0];
	return n ? deep(n - 1, x * 3 + 1) + local[1] : x;
}

int main(int argc, char **argv)
{
	unsigned rounds = argc > 1 ? (unsigned)atoi(argv[1]) : 200;
	Shape *shape = make(5);
	std::vector<std::string> words;
	std::map<std::string, unsigned> counts;
	std::function<unsigned long(unsigned)> indirect = [&](unsigned i) {
		return catcher(i % 12) + counts[words[i % words.size()]]++;
	};

	for (unsigned i = 0; i < 500; i++)
		words.push_back(std::string(i % 17 + 1, 'a' + i % 26));
	for (unsigned i = 0; i < rounds; i++) {
		sink += shape->area(0);
		sink += sorted(words);
		for (unsigned j = 0; j < 60; j++)
			sink += indirect(i + j);
		sink += deep(40, i);
	}
	return 0;
}
