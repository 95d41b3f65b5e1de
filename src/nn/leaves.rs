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

        #[cfg(feature = "serde")]
        impl<'de, T: $crate::real::Real + serde::Deserialize<'de>> serde::Deserialize<'de> for $name<nalgebra::DMatrix<T>> {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                #[derive(serde::Deserialize)]
                #[serde(deny_unknown_fields)]
                struct Saved<T> {
                    $($field: $crate::real::SavedMatrix<T>),*
                }
                let saved = Saved::<T>::deserialize(deserializer)?;
                let error = |what| serde::de::Error::custom(format!(concat!(stringify!($name), ": {}"), what));
                Ok($name { $($field: $crate::real::saved_matrix(saved.$field).map_err(error)?),* })
            }
        }
    };
}
pub(super) use leaves;
