// SPDX-License-Identifier: Apache-2.0
// Rust as profilers meet it: iterators, closures, the library's sort and hash map, recursion,
// panics that are caught.
use std::collections::HashMap;
use std::hint::black_box;

#[inline(never)]
fn tree(depth: u32, x: u64) -> u64 {
    if depth == 0 {
        return (0..50).fold(x, |a, b| a.wrapping_mul(6364136223846793005).wrapping_add(b));
    }
    tree(depth - 1, x ^ 5) ^ tree(depth - 1, x.rotate_left(7))
}

#[inline(never)]
fn words(round: u64) -> usize {
    let mut v: Vec<String> = (0..300).map(|i| format!("{:x}", (i * 2654435761u64) ^ round)).collect();
    v.sort_by(|a, b| a.len().cmp(&b.len()).then_with(|| b.cmp(a)));
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for w in &v {
        *counts.entry(&w[..2.min(w.len())]).or_insert(0) += 1;
    }
    counts.values().copied().max().unwrap_or(0)
}

#[inline(never)]
fn panics(depth: u32) -> u32 {
    if depth == 0 {
        std::panic::resume_unwind(Box::new(7u32));
    }
    black_box(panics(depth - 1)) + 1
}

fn main() {
    let rounds: u64 = std::env::args().nth(1).and_then(|a| a.parse().ok()).unwrap_or(100);
    for i in 0..rounds {
        black_box(tree(10, i));
        black_box(words(i));
        for _ in 0..20 {
            black_box(std::panic::catch_unwind(|| panics(black_box(8))).is_err());
        }
    }
}
