// SPDX-License-Identifier: Apache-2.0
// No library: gives files of a few KB that still hold what the decoders meet.
namespace outer {
namespace {
struct Counter {
	int n;
	__attribute__((always_inline)) inline int add(int x) { return n += x * 3; }
	__attribute__((noinline)) int twice(int x) { return add(x) + add(x + 1); }
};
}
template <typename T> inline T larger(T a, T b)
{
	return a > b ? a : b;
}
struct Base {
	virtual int value(int x) const { return larger(x, 3); }
};
struct Derived : Base {
	int value(int x) const override;
};
int Derived::value(int x) const
{
	auto f = [x](int y) {
		struct Local {
			static int shift(int z) { return z << 2; }
		};
		return Local::shift(x) + y;
	};
	return f(larger(x, 5));
}
static __attribute__((noinline, cold)) int unlikely(int x)
{
	return larger(x / 3, -x);
}
__attribute__((noinline)) int work(int x)
{
	Counter c{x};
	Derived d;
	if (__builtin_expect(x > 1000, 0))
		return unlikely(c.twice(x));
	return c.twice(x) + static_cast<const Base &>(d).value(x);
}
}

extern "C" void _start()
{
	volatile int sink = outer::work((int)(long)__builtin_frame_address(0));
	(void)sink;
	for (;;)
		;
}
