// SPDX-License-Identifier: Apache-2.0

// A service with net/http/pprof as people mount it, well and badly. Prints a port for each.
package main

import (
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
	"os"
	"strings"
	"time"
)

func burn() {
	for x := 0; ; x++ {
		if x%1000000 == 0 {
			time.Sleep(time.Millisecond)
		}
	}
}

func serve(name string, server *http.Server) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(name, listener.Addr().(*net.TCPAddr).Port)
	go server.Serve(listener)
}

// What a router does that knows its own paths only.
func router(prefix string, handler http.Handler, missing func(http.ResponseWriter)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if handler != nil && strings.HasPrefix(r.URL.Path, prefix) {
			handler.ServeHTTP(w, r)
		} else {
			missing(w)
		}
	})
}

func gorilla(w http.ResponseWriter) {
	http.Error(w, "404 page not found", http.StatusNotFound)
}

func gin(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/plain")
	w.WriteHeader(http.StatusNotFound)
	fmt.Fprint(w, "404 page not found")
}

func echo(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(http.StatusNotFound)
	fmt.Fprintln(w, `{"message":"Not Found"}`)
}

func main() {
	if len(os.Args) > 1 {
		go burn()
	}
	all := http.DefaultServeMux
	index := http.HandlerFunc(pprof.Index)
	prefix := http.NewServeMux()
	prefix.Handle("/admin/profiles/", index)
	serve("default", &http.Server{Handler: all})
	serve("gorilla-with", &http.Server{Handler: router("/debug/pprof/", all, gorilla)})
	serve("gorilla", &http.Server{Handler: router("", nil, gorilla)})
	serve("gin", &http.Server{Handler: router("", nil, gin)})
	serve("echo-with", &http.Server{Handler: router("/debug/pprof/", all, echo)})
	serve("echo", &http.Server{Handler: router("", nil, echo)})
	serve("index", &http.Server{Handler: router("/debug/pprof/", index, gorilla)})
	serve("prefix", &http.Server{Handler: prefix})
	serve("write", &http.Server{Handler: all, WriteTimeout: 2 * time.Second})
	serve("slow", &http.Server{WriteTimeout: time.Second,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(2 * time.Second)
			fmt.Fprintln(w, "late")
		})})
	fmt.Println("end 0")
	select {}
}
