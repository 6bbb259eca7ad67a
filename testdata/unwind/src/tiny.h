/* SPDX-License-Identifier: Apache-2.0 */
/* A program without a C library that writes its own registers and stack, for fixtures. */
#ifndef TINY_H
#define TINY_H

/* Registers in perf's order, then the stack from sp to the top; made by snapshot (asm). */
void snapshot(void);

long call3(long number, long a, long b, long c);
long call4(long number, long a, long b, long c, long d);

/* With .eh_frame, with .debug_frame only, without any call frame information. */
unsigned long with_eh(unsigned depth, unsigned long x);
unsigned long with_debug(unsigned depth, unsigned long x);
unsigned long with_none(unsigned depth, unsigned long x);

typedef unsigned long callback(unsigned depth, unsigned long x);
extern callback *volatile indirect;

#endif
