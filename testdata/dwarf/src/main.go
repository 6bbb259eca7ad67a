// SPDX-License-Identifier: Apache-2.0
package main

import (
	"fmt"
	"os"
	"sort"
	"strings"
)

type shape interface{ area() int }

type square struct{ side int }

func (s square) area() int { return times(s.side, s.side) }

func times(a, b int) int { return a*b + digits(a) }

func digits(n int) int {
	count := 1
	for ; n > 9; n /= 10 {
		count++
	}
	return count
}

func words(n int) map[string]int {
	seen := map[string]int{}
	for i := 0; i < n; i++ {
		seen[strings.Repeat("ab", i%7)] += square{i}.area()
	}
	return seen
}

func main() {
	var names []string
	for name, n := range words(len(os.Args) * 10) {
		names = append(names, fmt.Sprint(name, n))
	}
	sort.Slice(names, func(i, k int) bool { return names[i] < names[k] })
	fmt.Println(names)
}
