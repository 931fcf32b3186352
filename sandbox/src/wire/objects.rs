//! How the objects of the API are declared.

/// Declares structs that are read and written as JSON objects. The names of their fields have the given case in JSON. A
/// field with `?` is absent in JSON when it has no value; a field that is not declared is an error.
///
/// ```ignore
/// objects! {
///     "camelCase";
///
///     struct Context {
///         id: String,
///         title?: String,
///     }
/// }
/// ```
macro_rules! objects {
    ($case:literal; $(
        $(#[$attribute:meta])*
        struct $name:ident {$(
            $(#[$field_attribute:meta])*
            $field:ident $(? : $optional:ty)? $(: $required:ty)?,
        )*}
    )*) => {$(
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        $(#[$attribute])*
        #[serde(rename_all = $case, deny_unknown_fields)]
        pub(crate) struct $name {$(
            $(#[$field_attribute])*
            $(
                #[serde(default, skip_serializing_if = "Option::is_none")]
                pub(crate) $field: Option<$optional>,
            )?
            $(pub(crate) $field: $required,)?
        )*}
    )*};
}

pub(super) use objects;
