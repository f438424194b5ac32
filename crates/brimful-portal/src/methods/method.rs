//! What a method of the REST API is: a name, a scope, and a handler from a call to an output or an error.

use crate::context::{Call, MethodError, MethodName, Output};
use crate::data::PortalData;

/// A method as the registry holds it. Readers run side by side, writers alone.
#[derive(Clone, Copy)]
pub(crate) enum Handler {
    Read(fn(&PortalData, &mut Call<'_>) -> Result<Output, MethodError>),
    Write(fn(&mut PortalData, &mut Call<'_>) -> Result<Output, MethodError>),
}

/// A method and the scope it needs.
#[derive(Clone)]
pub(crate) struct Method {
    /// The name in lower case, as the portal looks it up first.
    pub(crate) name: MethodName,
    /// The scope; empty for methods that everybody may call.
    pub(crate) scope: &'static str,
    pub(crate) handler: Handler,
}

/// A method that only reads.
macro_rules! read {
    ($scope:literal, $name:expr, $handler:expr) => {
        Method {
            name: Cow::Borrowed($name),
            scope: $scope,
            handler: Handler::Read($handler),
        }
    };
}

/// A method that changes something.
macro_rules! write {
    ($scope:literal, $name:expr, $handler:expr) => {
        Method {
            name: Cow::Borrowed($name),
            scope: $scope,
            handler: Handler::Write($handler),
        }
    };
}

pub(crate) use {read, write};
