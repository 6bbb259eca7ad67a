# Two units whose entries do not say where their code is: .debug_aranges has the first's,
# and only the line table the second's. In DWARF 4, whose readers had to know both.
	.file 1 "/made/first.c"
	.file 2 "/made/second.c"
	.text
	.globl _start
_start:
	.skip 16
second:
	.loc 2 7
	.rept 8
	nop
	.endr
	.loc 2 8
	.rept 8
	nop
	.endr
	.section .debug_info
unit1:	.long end1 - version1
version1:
	.value 4
	.long .debug_abbrev
	.byte 8
	.uleb128 1
	.string "first.c"
	.uleb128 2
	.string "alone"
	.quad _start
	.long 16
	.fill 4096 - (. - version1), 1, 0
end1:
	.long end2 - version2
version2:
	.value 4
	.long .debug_abbrev
	.byte 8
	.uleb128 3
	.string "second.c"
	.long .debug_line
	.uleb128 2
	.string "lined"
	.quad second
	.long 16
	.byte 0
end2:
	.section .debug_abbrev
	.uleb128 1
	.uleb128 0x11 # compile_unit
	.byte 1
	.uleb128 3, 8 # name, string
	.uleb128 0, 0
	.uleb128 2
	.uleb128 0x2e # subprogram
	.byte 0
	.uleb128 3, 8
	.uleb128 0x11, 1 # low_pc, addr
	.uleb128 0x12, 6 # high_pc, data4
	.uleb128 0, 0
	.uleb128 3
	.uleb128 0x11
	.byte 1
	.uleb128 3, 8
	.uleb128 0x10, 0x17 # stmt_list, sec_offset
	.uleb128 0, 0
	.byte 0
	.section .debug_aranges
	.long ends - starts
starts:	.value 2
	.long unit1 - .debug_info
	.byte 8, 0
	.skip 4
	.quad _start, 16, 0, 0
ends:
