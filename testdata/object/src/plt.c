/* Calls through both kinds of linkage table. */
int puts(const char *s);
int putchar(int c);
int (*volatile kept)(int) = putchar;

void tiny_entry(void);
void tiny_entry(void)
{
	puts("x");
	putchar('y');
	kept('z');
}
