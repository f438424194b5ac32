//! One wrapper for all blocking names, and the macro that forwards their methods.

use std::ops::Deref;
use std::sync::Arc;

use futures_core::Stream;
use futures_util::StreamExt;

use super::runtime::Runtime;

/// Something of the asynchronous client whose work is waited for: a [`Client`](super::Client), a
/// [`List`](super::List), the rows of a list.
///
/// A stream becomes an iterator. What a value can tell without the network, such as the
/// [`report`](crate::Pages::report) of a list, it tells as the one underneath.
#[derive(Debug, Clone)]
pub struct Blocking<T> {
    pub(super) inner: T,
    pub(super) runtime: Arc<Runtime>,
}

impl<T> Blocking<T> {
    /// Another value, waited for on the same thread.
    pub(super) fn with<U>(&self, inner: U) -> Blocking<U> {
        Blocking {
            inner,
            runtime: Arc::clone(&self.runtime),
        }
    }

    pub(super) fn map<U>(self, change: impl FnOnce(T) -> U) -> Blocking<U> {
        Blocking {
            inner: change(self.inner),
            runtime: self.runtime,
        }
    }
}

impl<T> Deref for Blocking<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.inner
    }
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

/// Forwards methods to the type underneath; each line says how:
///
/// - `set`: changes a builder,
/// - `wait`, `take`: waits for the result; `take` uses the value up,
/// - `open`: begins what goes on in tasks of its own,
/// - `over`: makes another value to be waited for.
macro_rules! forward {
    (
        impl $inner:ty {
            $( $kind:ident $method:ident ( $( $arg:ident : $type:ty ),* ) $( -> $out:ty )? ; )*
        }
    ) => {
        impl $crate::blocking::Blocking<$inner> {
            $( forward!(@$kind $inner, $method ( $( $arg : $type ),* ) $( -> $out )?); )*
        }
    };
    (@set $inner:ty, $method:ident ( $( $arg:ident : $type:ty ),* )) => {
        #[doc = concat!("See [`", stringify!($inner), "::", stringify!($method), "`].")]
        #[must_use]
        pub fn $method(self, $( $arg: $type ),*) -> Self {
            self.map(|inner| inner.$method($( $arg ),*))
        }
    };
    (@wait $inner:ty, $method:ident ( $( $arg:ident : $type:ty ),* ) -> $out:ty) => {
        #[doc = concat!("See [`", stringify!($inner), "::", stringify!($method), "`].")]
        pub fn $method(&self, $( $arg: $type ),*) -> $out {
            self.runtime.wait(self.inner.$method($( $arg ),*))
        }
    };
    (@take $inner:ty, $method:ident ( $( $arg:ident : $type:ty ),* ) -> $out:ty) => {
        #[doc = concat!("See [`", stringify!($inner), "::", stringify!($method), "`].")]
        pub fn $method(self, $( $arg: $type ),*) -> $out {
            let Self { inner, runtime } = self;
            runtime.wait(inner.$method($( $arg ),*))
        }
    };
    (@open $inner:ty, $method:ident () -> $out:ty) => {
        #[doc = concat!("See [`", stringify!($inner), "::", stringify!($method), "`].")]
        pub fn $method(self) -> Result<$crate::blocking::Blocking<$out>, $crate::Error> {
            let Self { inner, runtime } = self;
            let inner = runtime.within(|| inner.$method())?;
            Ok($crate::blocking::Blocking { inner, runtime })
        }
    };
    (@over $inner:ty, $method:ident ( $( $arg:ident : $type:ty ),* ) -> $out:ty) => {
        #[doc = concat!("See [`", stringify!($inner), "::", stringify!($method), "`].")]
        #[must_use]
        pub fn $method(&self, $( $arg: $type ),*) -> $crate::blocking::Blocking<$out> {
            self.with(self.inner.$method($( $arg ),*))
        }
    };
}

pub(super) use forward;
