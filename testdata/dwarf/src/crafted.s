# SPDX-License-Identifier: Apache-2.0
# Debug information by hand, for what compilers and linkers seldom do in few bytes.
# Addresses are counted from `code`.
	.text
	.globl code
code:	.fill 0x400, 1, 0x90

	.section .debug_abbrev, "", @progbits
.macro abbrev number, tag, children
	.uleb128 \number
	.uleb128 \tag
	.byte \children
.endm
.macro attr name, form
	.uleb128 \name
	.uleb128 \form
.endm
.macro ends
	.byte 0, 0
.endm
	abbrev 1, 0x11, 1		# compile_unit
	attr 0x03, 0x08
	attr 0x1b, 0x08
	attr 0x11, 0x01
	attr 0x12, 0x06
	attr 0x10, 0x17
	ends
	abbrev 2, 0x2e, 1		# subprogram with code and children
	attr 0x03, 0x08
	attr 0x11, 0x01
	attr 0x12, 0x06
	ends
	abbrev 3, 0x1d, 0		# inlined_subroutine
	attr 0x31, 0x13
	attr 0x11, 0x01
	attr 0x12, 0x06
	attr 0x58, 0x0b
	attr 0x59, 0x0b
	ends
	abbrev 4, 0x2e, 0		# abstract subprogram
	attr 0x03, 0x08
	attr 0x3a, 0x0b
	attr 0x3b, 0x0b
	ends
	abbrev 5, 0x2e, 0		# subprogram that only has an origin
	attr 0x31, 0x13
	ends
	abbrev 6, 0x13, 1		# structure_type
	attr 0x01, 0x13
	attr 0x03, 0x08
	ends
	abbrev 7, 0x2e, 0		# subprogram with ranges
	attr 0x03, 0x08
	attr 0x55, 0x17
	ends
	abbrev 8, 0x39, 1		# namespace
	attr 0x03, 0x08
	ends
	abbrev 9, 0x0b, 1		# lexical_block
	ends
	abbrev 10, 0x2e, 0		# code, origin in this unit
	attr 0x31, 0x13
	attr 0x11, 0x01
	attr 0x12, 0x06
	ends
	abbrev 11, 0x2e, 0		# code, origin anywhere
	attr 0x31, 0x10
	attr 0x11, 0x01
	attr 0x12, 0x06
	ends
	.byte 0

	.section .debug_info, "", @progbits
.macro unit letter, low, size, lines
unit_\letter:
	.4byte end_\letter - . - 4
	.2byte 4
	.4byte 0
	.byte 8
	.uleb128 1
	.asciz "\letter.c"
	.asciz "/made"
	.8byte code + \low
	.4byte \size
	.4byte \lines
.endm
	unit a, 0, 0x100, 0
	.uleb128 2			# overlapping siblings: the first wins
	.asciz "overlap"
	.8byte code
	.4byte 0x40
	.uleb128 3
	.4byte first - unit_a
	.8byte code + 0x10
	.4byte 0x10
	.byte 1, 71
	.uleb128 3
	.4byte second - unit_a
	.8byte code + 0x18
	.4byte 0x10
	.byte 1, 72
	.byte 0
first:	.uleb128 4
	.asciz "first"
	.byte 1, 5
second:	.uleb128 4
	.asciz "second"
	.byte 1, 6
	.uleb128 8			# code inside a class inside a namespace
	.asciz "space"
	.uleb128 6
	.4byte past - unit_a
	.asciz "Class"
	.uleb128 2
	.asciz "method"
	.8byte code + 0x40
	.4byte 0x10
	.byte 0
	.byte 0
past:	.byte 0
	.uleb128 10			# origins in a circle
	.4byte turn - unit_a
	.8byte code + 0x50
	.4byte 0x10
turn:	.uleb128 5
	.4byte back - unit_a
back:	.uleb128 5
	.4byte turn - unit_a
	.uleb128 7			# two ranges and a discarded one
	.asciz "parts"
	.4byte 0
	.uleb128 11			# origin in the next unit, which claims this code, too
	.4byte other
	.8byte code + 0x90
	.4byte 0x10
	.byte 0
end_a:
	unit b, 0x90, 0x170, 0
	.uleb128 2
	.asciz "copy"
	.8byte code + 0x90
	.4byte 0x170
	.byte 0
other:	.uleb128 4
	.asciz "elsewhere"
	.byte 1, 9
	.byte 0
end_b:
	unit c, 0x300, 0x100, 0
	.uleb128 2			# deeper than anything real
	.asciz "deep"
	.8byte code + 0x300
	.4byte 0x80
	.rept 5000
	.uleb128 9
	.endr
	.rept 5001
	.byte 0
	.endr
	.uleb128 2
	.asciz "behind"
	.8byte code + 0x380
	.4byte 0x80
	.byte 0
	.byte 0
end_c:

	.section .debug_ranges, "", @progbits
	.8byte 0x60, 0x70
	.8byte -1, 0			# base 0: code the linker threw away
	.8byte 1, 0x500000
	.8byte -1, code
	.8byte 0x80, 0x90
	.8byte 0, 0

	.section .debug_line, "", @progbits
	.4byte end_lines - . - 4
	.2byte 4
	.4byte program - . - 4
	.byte 1, 1, 1, -5, 14, 13
	.byte 0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1
	.asciz "dir"
	.byte 0
	.asciz "a.c"
	.byte 1, 0, 0
	.asciz "/abs/b.h"
	.byte 1, 0, 0
	.byte 0
program:
.macro at address
	.byte 0, 9, 2
	.8byte \address
.endm
.macro row advance, lines
	.byte 2
	.uleb128 \advance
	.byte 3
	.sleb128 \lines
	.byte 1
.endm
.macro finish advance
	.byte 2
	.uleb128 \advance
	.byte 0, 1, 1
.endm
	at code + 0x60			# sequences need not ascend
	row 0, 59			# line 60
	row 0x20, 20			# 0x80: line 80
	row 0, 1			# the same address again: line 81 counts
	finish 0x80			# to 0x100
	at code
	row 0, 9			# line 10
	.byte 4, 2			# file 2
	.byte 5, 7			# column 7
	row 0x10, 1			# 0x10: line 11
	row 0x20, -11			# 0x30: line 0
	row 0x08, 12			# 0x38: line 12
	finish 0x18			# to 0x50: then a gap
	at 0				# discarded
	row 0, 98
	finish 0x500000
end_lines:
