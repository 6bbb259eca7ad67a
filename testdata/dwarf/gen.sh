#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes the binaries of this folder and of the fuzz corpus from src/tiny.cc:
#	gen.sh OUTPUT-DIR
# With GCC 12.2, Clang 14, binutils 2.40 and llvm-dwp 14. Paths inside are under /src.
set -e
source=$(cd "$(dirname "$0")" && pwd)/src
mkdir -p "$1"
cd "$1"
cp "$source/tiny.cc" "$source/plain.c" .
map="-ffile-prefix-map=$PWD=/src"
flags="-O2 -nostdlib -static -fno-exceptions -fno-rtti -fno-asynchronous-unwind-tables
	-Wl,--build-id=none -Wl,-z,noseparate-code $map"

# One file that holds a skeleton and what its .dwo or .dwp holds.
join() {
	args=
	for s in info abbrev str str_offsets line rnglists loc loclists types; do
		objcopy -O binary --only-section=".debug_$s.dwo" \
			--set-section-flags ".debug_$s.dwo=alloc" "$2" "part-$s" 2>/dev/null || continue
		[ -s "part-$s" ] && args="$args --add-section .debug_$s.dwo=part-$s"
	done
	objcopy -O binary --only-section=.debug_cu_index \
		--set-section-flags .debug_cu_index=alloc "$2" part-index 2>/dev/null || true
	[ -s part-index ] && args="$args --add-section .debug_cu_index=part-index"
	objcopy $args "$1" "$3"
	rm -f part-*
}

# Two units each, C++ and C.
for v in 4 5; do
	gcc -O2 -gdwarf-$v $map -c plain.c -o plain.o
	g++ $flags -gdwarf-$v tiny.cc plain.o -o gcc$v
	clang -O2 -gdwarf-$v $map -c plain.c -o plain.o
	clang++ $flags -gdwarf-$v tiny.cc plain.o -o clang$v
done
as "$source/crafted.s" -o crafted.o
ld -e 0 -z noseparate-code --build-id=none -Ttext=0x401000 crafted.o -o crafted
as "$source/silent.s" -o silent.o
ld -z noseparate-code --build-id=none -Ttext=0x401000 silent.o -o silent
g++ $flags -gdwarf-4 -fdebug-types-section tiny.cc -o types4
g++ -O2 -gdwarf-5 -fno-exceptions -fno-asynchronous-unwind-tables $map -c tiny.cc -o relocatable5
for v in 4 5; do
	g++ $flags -gdwarf-$v -gsplit-dwarf tiny.cc -o skeleton
	dwo=$(echo *.dwo)
	join skeleton "$dwo" "split$v"
	llvm-dwp "$dwo" -o package && join skeleton package "package$v"
	rm -f ./*.dwo package skeleton
done
for f in gcc5 clang4 crafted silent; do
	objcopy --compress-debug-sections=zlib-gabi $f $f-zlib
done
objcopy --compress-debug-sections=zstd gcc5 gcc5-zstd
objcopy --compress-debug-sections=zlib-gnu gcc4 gcc4-zdebug
rm -f tiny.cc plain.c ./*.o
