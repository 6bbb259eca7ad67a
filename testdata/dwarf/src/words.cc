// SPDX-License-Identifier: Apache-2.0
#include "words.h"

#include <functional>
#include <sstream>
#include <stdexcept>

namespace {
struct Tally {
	std::map<char, int> seen;
	void add(char c) { seen[c] += words::digits(c); }
	int best() const
	{
		int most = 0;
		for (auto &p : seen)
			most = std::max(most, p.second);
		return most;
	}
};
int hidden(int x)
{
	std::ostringstream out;
	out << x << ':' << words::digits(x);
	return (int)out.str().size();
}
}

namespace words {
namespace {
__attribute__((noinline)) int unnamed(int x)
{
	if (x < -1000000)
		throw std::runtime_error("too small: " + std::to_string(x));
	return hidden(x) + clamp(x, 0, 9);
}
}

int count(const std::string &text)
{
	Tally tally;
	std::vector<int> v;
	for (char c : text) {
		tally.add(c);
		v.push_back(c);
	}
	std::sort(v.begin(), v.end(), [](int a, int b) {
		struct Order {
			static bool before(int x, int y) { return digits(x) * x > digits(y) * y; }
		};
		return Order::before(a, b);
	});
	std::function<int(int)> f = [&](int x) { return unnamed(x) + tally.best(); };
	Box<int> box{v.empty() ? 0 : v[0]};
	Box<std::string> text_box{text};
	return f(box.thrice()) + (int)text_box.thrice().size() + plain_sum(v.data(), (int)v.size());
}
}
