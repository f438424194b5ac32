//! One wrapper for all blocking names, and the macro that forwards their methods. Both are macros of this crate that the
//! crate of R7-Office uses too: methods can only be added to a type by the crate that defines it.

use futures_core::Stream;
use futures_util::StreamExt;

/// Defines the wrapper where it is called.
#[doc(hidden)]
#[macro_export]
macro_rules! __blocking_wrapper {
    ($(#[$doc:meta])*) => {
        $(#[$doc])*
        #[derive(Debug, Clone)]
        pub struct Blocking<T> {
            pub(super) inner: T,
            pub(super) runtime: std::sync::Arc<$crate::blocking::Runtime>,
        }

        impl<T> Blocking<T> {
            /// Another value, waited for on the same thread.
            pub(super) fn with<U>(&self, inner: U) -> Blocking<U> {
                Blocking {
                    inner,
                    runtime: std::sync::Arc::clone(&self.runtime),
                }
            }

            pub(super) fn map<U>(self, change: impl FnOnce(T) -> U) -> Blocking<U> {
                Blocking {
                    inner: change(self.inner),
                    runtime: self.runtime,
                }
            }
        }

        impl<T> std::ops::Deref for Blocking<T> {
            type Target = T;

            fn deref(&self) -> &T {
                &self.inner
            }
        }
    };
}

__blocking_wrapper! {
    /// Something of the asynchronous client whose work is waited for: a [`Client`](super::Client), a
    /// [`List`](super::List), the rows of a list.
    ///
    /// A stream becomes an iterator. What a value can tell without the network, such as the
    /// [`report`](crate::Pages::report) of a list, it tells as the one underneath.
}

impl<S> Iterator for Blocking<S>
where
    S: Stream<Item: Send> + Unpin + Send,
{
    type Item = S::Item;

    fn next(&mut self) -> Option<S::Item> {
        self.runtime.wait(self.inner.next())
    }
}

/// Forwards methods to the type underneath, `impl<'i>` where that has a lifetime; each line says how:
///
/// - `set`: changes a builder,
/// - `wait`, `take`: waits for the result; `take` uses the value up,
/// - `open`: begins what goes on in tasks of its own,
/// - `over`: makes another value to be waited for.
#[doc(hidden)]
#[macro_export]
macro_rules! __blocking_forward {
    ( impl $( <$life:lifetime> )? $( $part:ident )::+ { $( $methods:tt )* } ) => {
        impl $( <$life> )? Blocking<$( $part )::+ $( <$life> )?> {
            $crate::__blocking_forward! { @methods ($( $part )+) $( $methods )* }
        }
    };
    (
        @methods $inner:tt
        $( $kind:ident $method:ident ( $( $arg:ident : $type:ty ),* ) $( -> $out:ty )? ; )*
    ) => {
        $( $crate::__blocking_forward! { @$kind $inner $method ( $( $arg : $type ),* ) $( -> $out )? } )*
    };
    (@set ( $( $part:ident )+ ) $method:ident ( $( $arg:ident : $type:ty ),* )) => {
        #[doc = concat!("See [`", $( stringify!($part), "::", )+ stringify!($method), "`].")]
        #[must_use]
        pub fn $method(self, $( $arg: $type ),*) -> Self {
            self.map(|inner| inner.$method($( $arg ),*))
        }
    };
    (@wait ( $( $part:ident )+ ) $method:ident ( $( $arg:ident : $type:ty ),* ) -> $out:ty) => {
        #[doc = concat!("See [`", $( stringify!($part), "::", )+ stringify!($method), "`].")]
        pub fn $method(&self, $( $arg: $type ),*) -> $out {
            self.runtime.wait(self.inner.$method($( $arg ),*))
        }
    };
    (@take ( $( $part:ident )+ ) $method:ident ( $( $arg:ident : $type:ty ),* ) -> $out:ty) => {
        #[doc = concat!("See [`", $( stringify!($part), "::", )+ stringify!($method), "`].")]
        pub fn $method(self, $( $arg: $type ),*) -> $out {
            let Self { inner, runtime } = self;
            runtime.wait(inner.$method($( $arg ),*))
        }
    };
    (@open ( $( $part:ident )+ ) $method:ident () -> $out:ty) => {
        #[doc = concat!("See [`", $( stringify!($part), "::", )+ stringify!($method), "`].")]
        pub fn $method(self) -> Result<Blocking<$out>, $crate::Error> {
            let Self { inner, runtime } = self;
            let inner = runtime.within(|| inner.$method())?;
            Ok(Blocking { inner, runtime })
        }
    };
    (@over ( $( $part:ident )+ ) $method:ident ( $( $arg:ident : $type:ty ),* ) -> $out:ty) => {
        #[doc = concat!("See [`", $( stringify!($part), "::", )+ stringify!($method), "`].")]
        #[must_use]
        pub fn $method(&self, $( $arg: $type ),*) -> Blocking<$out> {
            self.with(self.inner.$method($( $arg ),*))
        }
    };
}

pub(super) use __blocking_forward as forward;
