// SPDX-License-Identifier: Apache-2.0
use std::collections::BTreeMap;

mod tally {
    pub struct Tally<T> {
        pub seen: Vec<T>,
    }
    impl<T: Copy + Into<u64>> Tally<T> {
        #[inline]
        pub fn sum(&self) -> u64 {
            self.seen.iter().map(|&x| x.into()).filter(|x| x % 3 != 1).sum()
        }
    }
}

#[inline(never)]
fn words(n: u32) -> BTreeMap<u32, String> {
    (0..n).map(|i| (i * 7 % 13, format!("word{}", i))).collect()
}

fn main() {
    let n = std::env::args().count() as u32 * 10;
    let t = tally::Tally { seen: words(n).keys().copied().collect::<Vec<u32>>() };
    println!("{} {:?}", t.sum(), words(n).values().max());
}
