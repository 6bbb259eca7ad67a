/* A program small enough to keep as a test file in a dozen variants. */
static int inner(int x)
{
	return x * 3 + 1;
}

static __attribute__((noinline)) int outer(int x)
{
	int sum = 0;

	for (int i = 0; i < x; i++)
		sum += inner(i);
	return sum;
}

int tiny_weak(int x) __attribute__((weak));
int tiny_weak(int x)
{
	return outer(x) + 1;
}

int tiny_alias(int x) __attribute__((alias("tiny_weak")));

void _start(void)
{
	volatile int kept = tiny_weak(7);

	(void)kept;
	for (;;)
		;
}
