// SPDX-License-Identifier: Apache-2.0

// Command profiles works for a moment in ways that show in each kind of Go profile and
// writes them all into the directory given as its argument.
package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"sync"
	"time"
)

var (
	kept [][]byte
	sink uint64
)

//go:noinline
func leaf(n uint64) uint64 {
	x := n
	for i := uint64(0); i < 4000; i++ {
		x = x*6364136223846793005 + 1442695040888963407
	}
	return x
}

func small(n uint64) uint64 { return leaf(n) + 1 } // inlined into its callers

//go:noinline
func work(depth int, n uint64) uint64 {
	if depth == 0 {
		return small(n)
	}
	return work(depth-1, n+1) + small(n)
}

func burn(ctx context.Context, until time.Time) {
	for time.Now().Before(until) {
		sink += work(4, sink)
	}
}

//go:noinline
func allocate() {
	for i := 0; i < 200; i++ {
		b := make([]byte, 8192)
		if i%10 == 0 {
			kept = append(kept, b)
		}
	}
}

func contend(mu *sync.Mutex, wg *sync.WaitGroup) {
	defer wg.Done()
	for i := 0; i < 20; i++ {
		mu.Lock()
		time.Sleep(200 * time.Microsecond)
		mu.Unlock()
	}
}

func save(dir, name string, write func(w *bytes.Buffer) error) {
	var b bytes.Buffer
	if err := write(&b); err != nil {
		panic(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name), b.Bytes(), 0o644); err != nil {
		panic(err)
	}
}

func main() {
	dir := os.Args[1]
	runtime.MemProfileRate = 4096
	runtime.SetBlockProfileRate(1000)
	runtime.SetMutexProfileFraction(1)

	var cpu bytes.Buffer
	if err := pprof.StartCPUProfile(&cpu); err != nil {
		panic(err)
	}
	end := time.Now().Add(600 * time.Millisecond)
	pprof.Do(context.Background(), pprof.Labels("request", "index", "tenant", "a"),
		func(ctx context.Context) { burn(ctx, end.Add(-300*time.Millisecond)) })
	pprof.Do(context.Background(), pprof.Labels("request", "search"),
		func(ctx context.Context) { burn(ctx, end) })
	pprof.StopCPUProfile()
	save(dir, "good-go-cpu.pb.gz", func(w *bytes.Buffer) error { _, err := w.Write(cpu.Bytes()); return err })

	allocate()
	var mu sync.Mutex
	var wg sync.WaitGroup
	for i := 0; i < 4; i++ {
		wg.Add(1)
		go contend(&mu, &wg)
	}
	wg.Wait()
	stop := make(chan bool)
	for i := 0; i < 3; i++ {
		go func() { <-stop }()
	}
	time.Sleep(time.Millisecond)
	runtime.GC()
	for _, name := range []string{"heap", "allocs", "block", "mutex", "goroutine", "threadcreate"} {
		p := pprof.Lookup(name)
		save(dir, "good-go-"+name+".pb.gz", func(w *bytes.Buffer) error { return p.WriteTo(w, 0) })
	}
	close(stop)
}
