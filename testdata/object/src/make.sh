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
# Linkage tables: lazy with and without IBT, bound at start, lld's, i386, AArch64.
plt() {
	out=../$1.so
	shift
	"$@" -shared -fPIC -O1 -nostdlib -Wl,-z,max-page-size=4096 -Wl,-z,noseparate-code \
		-Wl,--build-id=none plt.c -o "$out"
	"${STRIP:-strip}" --strip-unneeded "$out"
}
plt plt-lazy gcc -fcf-protection=none -Wl,-z,lazy
plt plt-ibt gcc -fcf-protection=full -Wl,-z,lazy -Wl,-z,ibtplt
plt plt-now gcc -fcf-protection=none -Wl,-z,now
plt plt-lld clang -fuse-ld=lld -Wl,-z,lazy
STRIP=llvm-strip plt plt-i386 clang --target=i386-linux-gnu -fuse-ld=lld
STRIP=llvm-strip plt plt-aarch64 clang --target=aarch64-linux-gnu -fuse-ld=lld
# A relocatable file as kernel modules are, and wrapped as distributions ship it.
gcc -g -O1 -ffreestanding -fcf-protection=none -fno-pie -mcmodel=kernel -ffunction-sections \
	-fdebug-prefix-map=$PWD=. -c tiny.c -o ../tiny-module.ko
xz -k -f ../tiny-module.ko
ld -r --build-id=sha1 ../tiny-module.ko -o ../tiny-module-id.ko
