/* SPDX-License-Identifier: Apache-2.0 */
	.text
	.globl	_start, snapshot, call3, call4, restorer, leaf_trap
_start:
	.cfi_startproc
	.cfi_undefined rip
	xor	%ebp, %ebp
	mov	%rsp, top(%rip)
	and	$-16, %rsp
	call	run
	hlt
	.cfi_endproc

/* Saves AX BX CX DX SI DI BP SP IP, R8 … R15: perf's mask 0xff01ff. */
snapshot:
	.cfi_startproc
	mov	%rax, saved+8(%rip)
	mov	%rbx, saved+16(%rip)
	mov	%rcx, saved+24(%rip)
	mov	%rdx, saved+32(%rip)
	mov	%rsi, saved+40(%rip)
	mov	%rdi, saved+48(%rip)
	mov	%rbp, saved+56(%rip)
	mov	%rsp, saved+64(%rip)
	lea	0f(%rip), %rax
0:	mov	%rax, saved+72(%rip)
	mov	%r8, saved+80(%rip)
	mov	%r9, saved+88(%rip)
	mov	%r10, saved+96(%rip)
	mov	%r11, saved+104(%rip)
	mov	%r12, saved+112(%rip)
	mov	%r13, saved+120(%rip)
	mov	%r14, saved+128(%rip)
	mov	%r15, saved+136(%rip)
	movq	$17, saved(%rip)
	lea	saved(%rip), %rdi
	mov	%rsp, %rsi
	sub	$8, %rsp
	.cfi_adjust_cfa_offset 8
	call	put
	add	$8, %rsp
	.cfi_adjust_cfa_offset -8
	ret
	.cfi_endproc

call3:
call4:
	mov	%rdi, %rax
	mov	%rsi, %rdi
	mov	%rdx, %rsi
	mov	%rcx, %rdx
	mov	%r8, %r10
	syscall
	ret

/* A leaf that is interrupted. */
leaf_trap:
	.cfi_startproc
	mov	%rdi, %rax
	ud2
	ret
	.cfi_endproc

/* The kernel's struct ucontext begins at the stack pointer. */
	.cfi_startproc
	.cfi_signal_frame
	.cfi_def_cfa rsp, 0
	.cfi_offset r12, 72
	.cfi_offset r13, 80
	.cfi_offset r14, 88
	.cfi_offset r15, 96
	.cfi_offset rbp, 120
	.cfi_offset rbx, 128
	.cfi_offset rsp, 160
	.cfi_offset rip, 168
	nop
restorer:
	mov	$15, %eax
	syscall
	.cfi_endproc

	.bss
	.balign	8
saved:	.skip	8 * 34
	.section .note.GNU-stack, "", @progbits
