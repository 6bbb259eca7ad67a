/* SPDX-License-Identifier: Apache-2.0 */
	.text
	.globl	_start, snapshot, call3, call4, restorer, leaf_trap
_start:
	.cfi_startproc
	.cfi_undefined x30
	mov	x29, #0
	mov	x30, #0
	adrp	x0, top
	mov	x1, sp
	str	x1, [x0, :lo12:top]
	bl	run
	brk	#0
	.cfi_endproc

/* Saves X0 … X30, SP, PC: perf's mask 0x1ffffffff. */
snapshot:
	.cfi_startproc
	adrp	x16, saved
	add	x16, x16, :lo12:saved
	mov	x17, #33
	str	x17, [x16], #8
	stp	x0, x1, [x16]
	stp	x2, x3, [x16, #16]
	stp	x4, x5, [x16, #32]
	stp	x6, x7, [x16, #48]
	stp	x8, x9, [x16, #64]
	stp	x10, x11, [x16, #80]
	stp	x12, x13, [x16, #96]
	stp	x14, x15, [x16, #112]
	stp	x16, x17, [x16, #128]
	stp	x18, x19, [x16, #144]
	stp	x20, x21, [x16, #160]
	stp	x22, x23, [x16, #176]
	stp	x24, x25, [x16, #192]
	stp	x26, x27, [x16, #208]
	stp	x28, x29, [x16, #224]
	mov	x17, sp
	stp	x30, x17, [x16, #240]
	adr	x17, 0f
0:	str	x17, [x16, #256]
	sub	x0, x16, #8
	mov	x1, sp
	str	x30, [sp, #-16]!
	.cfi_def_cfa_offset 16
	.cfi_offset x30, -16
	bl	put
	ldr	x30, [sp], #16
	.cfi_def_cfa_offset 0
	.cfi_restore x30
	ret
	.cfi_endproc

call3:
call4:
	mov	x8, x0
	mov	x0, x1
	mov	x1, x2
	mov	x2, x3
	mov	x3, x4
	svc	#0
	ret

/* A leaf whose return address is in a register only, interrupted. */
leaf_trap:
	.cfi_startproc
	udf	#0
	ret
	.cfi_endproc

/* As the vdso's: the frame record that the kernel pushed. */
	.cfi_startproc
	.cfi_signal_frame
	.cfi_def_cfa x29, 0
	.cfi_offset x29, 0
	.cfi_offset x30, 8
	nop
restorer:
	mov	x8, #139
	svc	#0
	.cfi_endproc

	.bss
	.balign	8
saved:	.skip	8 * 34
	.section .note.GNU-stack, "", %progbits
