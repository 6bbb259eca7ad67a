// SPDX-License-Identifier: Apache-2.0

// Writes Go's text profiles; see ../README.md.
package main

import (
	"os"
	"runtime"
	"runtime/pprof"
	"sync"
	"time"
)

var kept [][]byte

func allocate() {
	for i := 0; i < 2000; i++ {
		kept = append(kept, make([]byte, 4096))
		_ = make([]byte, 8192)
	}
}

func contend(mu *sync.Mutex, done *sync.WaitGroup) {
	for i := 0; i < 20; i++ {
		mu.Lock()
		time.Sleep(time.Millisecond)
		mu.Unlock()
	}
	done.Done()
}

func wait(ch chan int) { <-ch }

func main() {
	runtime.SetMutexProfileFraction(1)
	runtime.SetBlockProfileRate(1)
	var mu sync.Mutex
	var done sync.WaitGroup
	done.Add(3)
	for i := 0; i < 3; i++ {
		go contend(&mu, &done)
	}
	ch := make(chan int)
	for i := 0; i < 5; i++ {
		go wait(ch)
	}
	allocate()
	done.Wait()
	runtime.GC()
	for _, name := range []string{"goroutine", "threadcreate", "heap", "mutex", "block"} {
		f, err := os.Create(name + ".txt")
		if err != nil {
			panic(err)
		}
		pprof.Lookup(name).WriteTo(f, 1)
		f.Close()
	}
}
