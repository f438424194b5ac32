//! Applications: how a user lets one in, and the store in which its tokens are kept.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use brimful::{
    AppCredentials, BoxFuture, Error, FileTokenStore, Installation, MemoryTokenStore, StoreError,
    TokenStore, Tokens,
};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::pending::{Output, Pending, exception};
use crate::runtime;

/// An application, and the store of its tokens for one user of one portal.
#[pyclass(frozen, module = "brimful._native")]
pub(crate) struct OAuth {
    app: AppCredentials,
    store: Arc<dyn TokenStore>,
}

/// Where Python keeps tokens: functions that take and give them as JSON.
#[derive(FromPyObject)]
enum StoreChoice {
    Path(PathBuf),
    Functions(Py<PyAny>, Py<PyAny>),
}

#[pymethods]
impl OAuth {
    /// `store`: a path, or functions that load and save tokens; without it they are kept in memory.
    #[new]
    #[pyo3(signature = (client_id, client_secret, *, store=None, token_server=None))]
    fn new(
        client_id: &str,
        client_secret: &str,
        store: Option<StoreChoice>,
        token_server: Option<String>,
    ) -> Self {
        let app = AppCredentials::new(client_id, client_secret);
        let app = match token_server {
            Some(address) => app.token_server(address),
            None => app,
        };
        let store: Arc<dyn TokenStore> = match store {
            Some(StoreChoice::Path(path)) => Arc::new(FileTokenStore::new(path)),
            Some(StoreChoice::Functions(load, save)) => Arc::new(PythonStore {
                load: Arc::new(load),
                save: Arc::new(save),
            }),
            None => Arc::new(MemoryTokenStore::default()),
        };
        Self { app, store }
    }

    /// The address where a user of a portal lets the application in, and the `state` in it.
    fn authorize(&self, py: Python<'_>, portal: &str) -> PyResult<(String, String)> {
        let request = self
            .app
            .authorize(portal)
            .map_err(|error| exception(py, &error))?;
        Ok((
            request.url().to_owned(),
            request.state().expose().to_owned(),
        ))
    }

    /// Exchanges the code that a user came back with for tokens, and stores them; the tokens as JSON.
    fn exchange(
        &self,
        py: Python<'_>,
        portal: &str,
        state: &str,
        query: &str,
    ) -> PyResult<Pending> {
        let answer = self
            .app
            .authorize(portal)
            .and_then(|request| request.resume(state).answer(query))
            .map_err(|error| exception(py, &error))?;
        let (app, store) = (self.app.clone(), Arc::clone(&self.store));
        Pending::start(async move {
            let tokens = app.exchange(&answer).await?;
            let begun = brimful::OAuth::begin(app, tokens, store).await?;
            Ok(Output::Bytes(json(begun.tokens())?))
        })
    }

    /// Reads `ONAPPINSTALL` and stores its tokens: `application_token`, and the version of the application.
    fn install(&self, py: Python<'_>, form: &[u8]) -> PyResult<Pending> {
        let told = Installation::parse(form).map_err(|error| exception(py, &error))?;
        let (app, store) = (self.app.clone(), Arc::clone(&self.store));
        Pending::start(async move {
            brimful::OAuth::begin(app, told.tokens, store).await?;
            let facts = serde_json::json!({
                "application_token": told.application_token.expose(),
                "version": told.version,
            });
            Ok(Output::Bytes(facts.to_string().into_bytes()))
        })
    }

    /// Stores tokens that came from elsewhere.
    fn save(&self, tokens: &str) -> PyResult<Pending> {
        let tokens = tokens_of(tokens).map_err(PyValueError::new_err)?;
        let (app, store) = (self.app.clone(), Arc::clone(&self.store));
        Pending::start(async move {
            brimful::OAuth::begin(app, tokens, store).await?;
            Ok(Output::Nothing)
        })
    }
}

impl OAuth {
    pub(crate) fn copy(&self, _: Python<'_>) -> Self {
        Self {
            app: self.app.clone(),
            store: Arc::clone(&self.store),
        }
    }

    /// The application with the tokens that are in the store now.
    pub(crate) fn load(&self) -> Result<brimful::OAuth, Error> {
        let runtime =
            runtime::shared().map_err(|error| Error::config(format!("no runtime: {error}")))?;
        runtime.block_on(brimful::OAuth::load(
            self.app.clone(),
            Arc::clone(&self.store),
        ))
    }
}

fn json(tokens: &Tokens) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(tokens)
        .map_err(|error| Error::config(format!("the tokens could not be written: {error}")))
}

/// Tokens of their JSON. What is wrong with them is said without them.
fn tokens_of(json: &str) -> Result<Tokens, String> {
    serde_json::from_str(json).map_err(|_| {
        "these are no tokens: they are a dict with access_token, refresh_token and client_endpoint"
            .to_owned()
    })
}

/// Keeps tokens where functions of Python keep them.
struct PythonStore {
    load: Arc<Py<PyAny>>,
    save: Arc<Py<PyAny>>,
}

impl fmt::Debug for PythonStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PythonStore")
    }
}

impl TokenStore for PythonStore {
    fn load(&self) -> BoxFuture<'_, Result<Option<Tokens>, StoreError>> {
        let load = Arc::clone(&self.load);
        Box::pin(async move {
            let stored: Option<String> = on_a_thread(move |py| load.call0(py)?.extract(py)).await?;
            Ok(stored.map(|stored| tokens_of(&stored)).transpose()?)
        })
    }

    fn save<'a>(&'a self, tokens: &'a Tokens) -> BoxFuture<'a, Result<(), StoreError>> {
        let save = Arc::clone(&self.save);
        Box::pin(async move {
            let json = serde_json::to_string(tokens)?;
            on_a_thread(move |py| save.call1(py, (json,)).map(drop)).await
        })
    }
}

/// Calls Python on a thread that may block.
async fn on_a_thread<T: Send + 'static>(
    call: impl FnOnce(Python<'_>) -> PyResult<T> + Send + 'static,
) -> Result<T, StoreError> {
    match tokio::task::spawn_blocking(move || Python::try_attach(call)).await? {
        Some(Ok(gave)) => Ok(gave),
        Some(Err(error)) => Err(error.to_string().into()),
        None => Err("the interpreter is ending".into()),
    }
}
