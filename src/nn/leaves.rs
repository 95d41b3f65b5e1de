//! Structs of parameters all of whose fields are leaves.

/// Implements [`Params`](crate::autodiff::Params) for a struct of matrices, in the order of the fields told; `(tracked)` marks those
/// without a gradient.
macro_rules! leaves {
    ($name:ident { $($field:ident $(($tracked:ident))?),* }) => {
        impl<T: $crate::real::Real> $crate::autodiff::Params<T> for $name<nalgebra::DMatrix<T>> {
            type Lifted<'t> = $name<$crate::autodiff::Var<'t, T>>;

            fn lift_with<'t>(
                &self,
                leaf: &mut dyn FnMut(&nalgebra::DMatrix<T>) -> $crate::autodiff::Var<'t, T>,
            ) -> Self::Lifted<'t> {
                $name { $($field: leaf(&self.$field)),* }
            }

            fn visit(
                &self,
                at: &$crate::autodiff::Path<'_>,
                leaf: &mut dyn FnMut(&$crate::autodiff::Path<'_>, &nalgebra::DMatrix<T>),
            ) {
                $(leaf(&at.name(stringify!($field))$(.$tracked())?, &self.$field);)*
            }

            fn visit_mut(
                &mut self,
                at: &$crate::autodiff::Path<'_>,
                leaf: &mut dyn FnMut(&$crate::autodiff::Path<'_>, &mut nalgebra::DMatrix<T>),
            ) {
                $(leaf(&at.name(stringify!($field))$(.$tracked())?, &mut self.$field);)*
            }
        }
    };
}
pub(super) use leaves;
