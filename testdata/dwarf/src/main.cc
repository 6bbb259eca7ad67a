// SPDX-License-Identifier: Apache-2.0
#include "words.h"

#include <cstdio>
#include <memory>

static int run(const words::Shape &shape, const words::Named &named)
{
	return shape.area() + words::count(named.name()) + words::digits(shape.area());
}

int main(int argc, char **argv)
{
	int total = 0;
	std::vector<std::unique_ptr<words::Square>> squares;
	for (int i = 0; i < argc * 3; i++)
		squares.push_back(std::make_unique<words::Square>(i));
	try {
		for (auto &s : squares)
			total += run(*s, *s) + words::Box<int>{argc}.thrice();
	} catch (const std::exception &e) {
		std::puts(e.what());
	}
	std::printf("%d %s\n", total, argv[0]);
	return 0;
}
