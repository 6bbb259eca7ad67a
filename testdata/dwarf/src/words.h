/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by both C++ sources, so that COMDAT copies and inlines cross units. */
#pragma once
#include <algorithm>
#include <map>
#include <string>
#include <vector>

extern "C" int plain_sum(const int *v, int n);

namespace words {
struct Shape {
	virtual ~Shape() {}
	virtual int area() const = 0;
};
struct Named {
	virtual ~Named() {}
	virtual std::string name() const { return "named"; }
};
struct Square : Named, Shape {
	int side;
	explicit Square(int s) : side(s) {}
	int area() const override { return side * side; }
	std::string name() const override { return "square" + std::to_string(side); }
};
template <typename T> struct Box {
	T value;
	T twice() const { return value + value; }
	__attribute__((noinline)) T thrice() const { return twice() + value; }
};
inline int clamp(int x, int low, int high)
{
	return std::max(low, std::min(x, high));
}
inline int digits(int x)
{
	int n = 0;
	for (; x; x /= 10)
		n += clamp(x % 10, 0, 1);
	return n;
}
int count(const std::string &text);
}
