/* SPDX-License-Identifier: Apache-2.0 */
#include "tiny.h"

#if defined __x86_64__
enum { SYS_write = 1, SYS_rt_sigaction = 13, SYS_exit = 60 };
#elif defined __i386__
enum { SYS_write = 4, SYS_rt_sigaction = 174, SYS_exit = 1 };
#else
enum { SYS_write = 64, SYS_rt_sigaction = 134, SYS_exit = 93 };
#endif
enum { TRAP_SIGNAL = 4 /* SIGILL */, SA_SIGINFO = 4, SA_RESTORER = 0x04000000 };

callback *volatile indirect;
unsigned long top; /* end of the stack, set by _start */
void restorer(void);
unsigned long leaf_trap(unsigned long x);

struct saved {
	unsigned long n;
	unsigned long reg[33];
};

/* Called by snapshot with what it saved; the last two are sp and pc or so. */
void put(const struct saved *saved, unsigned long sp)
{
	unsigned long size = top - sp;

	call3(SYS_write, 1, (long)saved, (long)(sizeof(long) * (1 + saved->n)));
	call3(SYS_write, 1, (long)&sp, sizeof sp);
	call3(SYS_write, 1, (long)&size, sizeof size);
	call3(SYS_write, 1, (long)sp, (long)size);
}

__attribute__((noinline)) unsigned long with_eh(unsigned depth, unsigned long x)
{
	volatile unsigned char room[16 * (depth + 1)]; /* its CFA is the frame pointer's */

	room[depth] = (unsigned char)x;
	if (!depth) {
		snapshot();
		return room[0];
	}
	return indirect(depth - 1, x + room[depth]) + 1;
}

__attribute__((noinline)) static unsigned long down(unsigned n, unsigned long x)
{
	volatile unsigned long big[300]; /* far from the frame's end on AArch64 */

	big[n] = x;
	if (!n)
		return indirect(2, x) + big[0];
	return down(n - 1, x * 3) + big[n];
}

void on_trap(int number, void *info, void *context);
void on_trap(int number, void *info, void *context)
{
	(void)info;
	(void)context;
	indirect = with_debug;
	down(1, (unsigned long)number);
	call3(SYS_exit, 0, 0, 0);
}

__attribute__((noinline)) static void catch_trap(void)
{
	struct {
		void *handler;
		unsigned long flags;
		void *restorer;
		unsigned long mask[2];
	} action = {(void *)on_trap, SA_SIGINFO | SA_RESTORER, (void *)restorer, {0, 0}};

	call4(SYS_rt_sigaction, TRAP_SIGNAL, (long)&action, 0, 8);
	leaf_trap(7);
}

__attribute__((noinline)) void run(void);
void run(void)
{
	callback *const list[] = {with_eh, with_debug, with_none};

	for (unsigned i = 0; i < 3; i++) {
		indirect = list[i];
		down(2, i);
	}
	catch_trap();
	call3(SYS_exit, 1, 0, 0);
}
