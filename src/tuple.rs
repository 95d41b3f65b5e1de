//! Arities of the tuples that compose serially.

/// Hands every tuple arity from 1 to 12 to the macro `$emit`, as type names with their indices.
macro_rules! for_each_arity {
    ($emit:ident) => {
        $emit!(A 0);
        $emit!(A 0 B 1);
        $emit!(A 0 B 1 C 2);
        $emit!(A 0 B 1 C 2 D 3);
        $emit!(A 0 B 1 C 2 D 3 E 4);
        $emit!(A 0 B 1 C 2 D 3 E 4 F 5);
        $emit!(A 0 B 1 C 2 D 3 E 4 F 5 G 6);
        $emit!(A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7);
        $emit!(A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8);
        $emit!(A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9);
        $emit!(A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 K 10);
        $emit!(A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 K 10 L 11);
    };
}
pub(crate) use for_each_arity;
