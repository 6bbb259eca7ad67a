/* SPDX-License-Identifier: Apache-2.0 */
static inline int square(int x)
{
	return x * x + x / 7;
}

static inline int weigh(int x, int i)
{
	if (i % 3)
		return square(x) - i;
	return square(x + i) / (i + 1);
}

int plain_sum(const int *v, int n)
{
	int sum = 0;

	for (int i = 0; i < n; i++)
		sum += weigh(v[i], i);
	return sum;
}
