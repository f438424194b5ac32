//! Files that go with a call: a name and its content in base64.

use std::fmt;
use std::io;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Value, json};

/// A file to send. It is held whole: the API takes files as base64 inside the parameters.
///
/// ```
/// # async fn example(client: brimful::Client) -> Result<(), brimful::Error> {
/// use brimful::FileData;
/// use serde_json::json;
///
/// let photo = FileData::new("face.png", b"\x89PNG".to_vec());
/// client.call("crm.contact.update", json!({"id": 7, "fields": {"PHOTO": photo.crm_field_value()}})).await?;
/// client.call("disk.folder.uploadfile", photo.upload_params(1)).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct FileData {
    name: String,
    content: Bytes,
}

impl FileData {
    /// A file of this name and content.
    pub fn new(name: impl Into<String>, content: impl Into<Bytes>) -> Self {
        Self {
            name: name.into(),
            content: content.into(),
        }
    }

    /// The file at a path, under the last part of it.
    pub async fn read(path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref();
        let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
        Ok(Self {
            name: name.to_string_lossy().into_owned(),
            content: tokio::fs::read(path).await?.into(),
        })
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// `[name, base64]`: what `fileContent` of `disk.*` and the files of tasks and messages are.
    pub fn name_and_base64(&self) -> Value {
        json!([self.name, STANDARD.encode(&self.content)])
    }

    /// `{"fileData": [name, base64]}`: what a field of type file is in the CRM.
    pub fn crm_field_value(&self) -> Value {
        json!({ "fileData": self.name_and_base64() })
    }

    /// The parameters of `disk.folder.uploadfile` and, with the ID of a storage, `disk.storage.uploadfile`.
    pub fn upload_params(&self, folder_id: u64) -> Value {
        json!({"id": folder_id, "data": {"NAME": self.name}, "fileContent": self.name_and_base64()})
    }
}

impl fmt::Debug for FileData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileData")
            .field("name", &self.name)
            .field("bytes", &self.content.len())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_a_pair_wherever_it_goes() {
        let file = FileData::new("a.txt", "hello");
        let pair = json!(["a.txt", "aGVsbG8="]);
        assert_eq!(file.name_and_base64(), pair);
        assert_eq!(file.crm_field_value(), json!({"fileData": pair}));
        assert_eq!(
            file.upload_params(3),
            json!({"id": 3, "data": {"NAME": "a.txt"}, "fileContent": pair})
        );
    }
}
