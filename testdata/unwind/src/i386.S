/* SPDX-License-Identifier: Apache-2.0 */
	.text
	.globl	_start, snapshot, call3, call4, restorer, leaf_trap
_start:
	.cfi_startproc
	.cfi_undefined eip
	xor	%ebp, %ebp
	mov	%esp, top
	and	$-16, %esp
	call	run
	hlt
	.cfi_endproc

/* Saves AX BX CX DX SI DI BP SP IP: perf's mask 0x1ff. */
snapshot:
	.cfi_startproc
	mov	%eax, saved+4
	mov	%ebx, saved+8
	mov	%ecx, saved+12
	mov	%edx, saved+16
	mov	%esi, saved+20
	mov	%edi, saved+24
	mov	%ebp, saved+28
	mov	%esp, saved+32
0:	movl	$0b, saved+36
	movl	$9, saved
	mov	%esp, %eax
	push	%eax
	.cfi_adjust_cfa_offset 4
	push	$saved
	.cfi_adjust_cfa_offset 4
	call	put
	add	$8, %esp
	.cfi_adjust_cfa_offset -8
	ret
	.cfi_endproc

call3:
call4:
	push	%ebx
	push	%esi
	mov	12(%esp), %eax
	mov	16(%esp), %ebx
	mov	20(%esp), %ecx
	mov	24(%esp), %edx
	mov	28(%esp), %esi
	int	$0x80
	pop	%esi
	pop	%ebx
	ret

leaf_trap:
	.cfi_startproc
	ud2
	ret
	.cfi_endproc

/* Under the return address, which was popped: signal number, siginfo, ucontext pointers. */
	.cfi_startproc
	.cfi_signal_frame
	/* CFA: the interrupted esp, at 20 + 28 in the ucontext that 8(%esp) points to. */
	.cfi_escape 0x0f, 6, 0x74, 8, 0x06, 0x23, 48, 0x06
	/* eip at + 56: expression; ebp at + 44, ebx at + 52. */
	.cfi_escape 0x10, 8, 5, 0x74, 8, 0x06, 0x23, 76
	.cfi_escape 0x10, 5, 5, 0x74, 8, 0x06, 0x23, 44
	.cfi_escape 0x10, 3, 5, 0x74, 8, 0x06, 0x23, 52
	nop
restorer:
	mov	$173, %eax
	int	$0x80
	.cfi_endproc

	.bss
	.balign	8
saved:	.skip	4 * 34
	.section .note.GNU-stack, "", @progbits
