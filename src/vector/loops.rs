//! One function of many numbers in several loops.

/// Entries taken at a time: what one loop leaves to the next stays in the nearest cache, and loops run often enough to guess right when they end.
pub(super) const NEAR: usize = 128;

/// The same of what is left over.
pub(super) const SHORT: usize = 64;

/// What a function is to be written of: every y becomes f(x), times its factor, if factors are given.
pub(crate) struct Many<'a, T> {
    pub(crate) xs: &'a [T],
    pub(crate) factors: Option<&'a [T]>,
    pub(crate) ys: &'a mut [T],
}

impl<'a, T> Many<'a, T> {
    /// By blocks of so many, and what is left over.
    #[inline(always)]
    pub(super) fn blocks<const N: usize>(self) -> (Many<'a, [T; N]>, Self) {
        let (xs, last_xs) = self.xs.as_chunks();
        let (ys, last_ys) = self.ys.as_chunks_mut();
        let (factors, last_factors) = match self.factors.map(<[T]>::as_chunks) {
            Some((factors, last_factors)) => (Some(factors), Some(last_factors)),
            None => (None, None),
        };
        (Many { xs, factors, ys }, Self { xs: last_xs, factors: last_factors, ys: last_ys })
    }
}

/// What a loop leaves to the next, in whole cache lines: a vector across two of them takes twice as long.
#[repr(align(64))]
pub(super) struct Left<T, const N: usize>(pub(super) [T; N]);

/// A function of one number, in steps each of which gives names to numbers, and the same of many. The latter returns those that it has not done,
/// fewer than a short block.
///
/// A loop of its own for each step: in one long loop too few entries are under way at a time to hide how long each operation takes.
macro_rules! in_steps {
    (
        $(#[$doc:meta])*
        $one:ident, $many:ident: $float:ident, $x:ident, $names:tt;
        $(let [$($to:ident),*] = $step:expr;)*
        $last:expr
    ) => {
        $(#[$doc])*
        #[inline(always)]
        pub(in crate::vector) fn $one($x: $float) -> $float {
            $(let [$($to),*] = $step;)*
            $last
        }

        #[inline(always)]
        pub(in crate::vector) fn $many(all: Many<'_, $float>) -> Many<'_, $float> {
            #[inline(always)]
            fn by_blocks<const N: usize>(xs: &[[$float; N]], factors: Option<&[[$float; N]]>, ys: &mut [[$float; N]]) {
                if !xs.is_empty() {
                    in_steps!(@room $names);
                    for (block, (xs, ys)) in xs.iter().zip(ys).enumerate() {
                        $(for i in 0..N {
                            let found = {
                                in_steps!(@read i, xs, $x, $names);
                                $step
                            };
                            [$($to.0[i]),*] = found;
                        })*
                        // Multiplied on the way.
                        match factors {
                            None => {
                                for i in 0..N {
                                    in_steps!(@read i, xs, $x, $names);
                                    ys[i] = $last;
                                }
                            }
                            Some(factors) => {
                                let factors = &factors[block];
                                for i in 0..N {
                                    in_steps!(@read i, xs, $x, $names);
                                    ys[i] = $last * factors[i];
                                }
                            }
                        }
                    }
                }
            }

            let (Many { xs, factors, ys }, all) = all.blocks::<NEAR>();
            by_blocks(xs, factors, ys);
            let (Many { xs, factors, ys }, rest) = all.blocks::<SHORT>();
            by_blocks(xs, factors, ys);
            rest
        }
    };
    (@room [$($name:ident),*]) => {
        $(let mut $name = Left([0.0; N]);)*
    };
    (@read $i:ident, $xs:ident, $x:ident, [$($name:ident),*]) => {
        #[allow(unused_variables)]
        let ($x, $($name),*) = ($xs[$i], $($name.0[$i]),*);
    };
}
pub(super) use in_steps;
