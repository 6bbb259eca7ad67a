#!/bin/sh
# Makes the variants of tiny in the folder above. Needs gcc, binutils and clang.
set -e
cd "$(dirname "$0")"
flags="-g -O1 -nostdlib -static -fno-pie -no-pie -fcf-protection=none
	-fno-asynchronous-unwind-tables -fdebug-prefix-map=$PWD=. -Wl,--build-id=sha1
	-Wl,-z,noseparate-code -Wl,-z,max-page-size=4096"
gcc $flags tiny.c -o ../tiny
objcopy --compress-debug-sections=zlib ../tiny ../tiny-zlib
objcopy --compress-debug-sections=zstd ../tiny ../tiny-zstd
objcopy --compress-debug-sections=zlib-gnu ../tiny ../tiny-zdebug
objcopy --only-keep-debug ../tiny ../tiny.debug
objcopy --strip-all --add-gnu-debuglink=../tiny.debug ../tiny ../tiny-stripped
clang --target=powerpc64-linux-gnu -g -O1 -fdebug-compilation-dir=. -c tiny.c -o ../tiny-big64.o
clang --target=mips-linux-gnu -g -O1 -fdebug-compilation-dir=. -c tiny.c -o ../tiny-big32.o
