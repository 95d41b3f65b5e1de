//! One function of many numbers in several loops.

/// Entries taken at a time: what one loop leaves to the next stays in the nearest cache, and loops run often enough to guess right when they end.
pub(crate) const NEAR: usize = 64;

/// What a loop leaves to the next, in whole cache lines: a vector across two of them takes twice as long.
#[repr(align(64))]
pub(super) struct Left<T>(pub(super) [T; NEAR]);

/// Writes a function of every x to the matching y: first two or three numbers, then another in the place of the first, given the first two, and
/// by these the value.
///
/// A loop of its own for each: in one long loop too few entries are under way at a time to hide how long each operation takes.
macro_rules! in_three_loops {
    ($xs:ident, $ys:ident, $x:ident => $first:expr, $middle:ident, [$a:ident, $b:ident $(, $c:ident)?] => $last:expr) => {{
        let (mut $a, mut $b) = (Left([0.0; NEAR]), Left([0.0; NEAR]));
        $(let mut $c = Left([0.0; NEAR]);)?
        for (xs, ys) in $xs.iter().zip($ys) {
            for i in 0..NEAR {
                let $x = xs[i];
                [$a.0[i], $b.0[i] $(, $c.0[i])?] = $first;
            }
            for i in 0..NEAR {
                $a.0[i] = $middle($a.0[i], $b.0[i]);
            }
            for i in 0..NEAR {
                #[allow(unused_variables)]
                let ($x, $a, $b $(, $c)?) = (xs[i], $a.0[i], $b.0[i] $(, $c.0[i])?);
                ys[i] = $last;
            }
        }
    }};
}
pub(super) use in_three_loops;
